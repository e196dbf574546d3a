package account

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// commonName is the attribute type of CN (X.520).
var commonName = asn1.ObjectIdentifier{2, 5, 4, 3}

// Match reports whether one of the account's rules is a name of cert. That
// the certificate is trusted is for the caller to have verified.
func (a Account) Match(cert *x509.Certificate) bool {
	names := CertificateNames(cert)
	return slices.ContainsFunc(a.CertificateRules, func(rule string) bool { return slices.Contains(names, rule) })
}

// CertificateNames are the rules that cert matches: its fingerprint, the
// e-mail addresses and URIs of its subject alternative name, and its common
// name if there is exactly one. The subject's e-mail attribute does not count
// (RFC 5280 §4.1.2.6 deprecates it). Nil has no names.
func CertificateNames(cert *x509.Certificate) []string {
	if cert == nil {
		return nil
	}
	sum := sha256.Sum256(cert.Raw)
	names := []string{"fingerprint:" + hex.EncodeToString(sum[:])}
	for _, address := range cert.EmailAddresses {
		names = append(names, "email:"+address)
	}
	for _, uri := range cert.URIs {
		names = append(names, "uri:"+uri.String())
	}
	if cn := onlyCommonName(cert); cn != "" {
		names = append(names, "cn:"+cn)
	}
	return names
}

func onlyCommonName(cert *x509.Certificate) string {
	n := 0
	for _, attribute := range cert.Subject.Names {
		if attribute.Type.Equal(commonName) {
			n++
		}
	}
	if n > 1 {
		return ""
	}
	return cert.Subject.CommonName
}

// ruleKinds are the kinds of certificate rules, each with the function that
// gives its value the one form that is compared.
var ruleKinds = []struct {
	kind      string
	canonical func(string) (string, error)
}{
	{"fingerprint", canonicalFingerprint},
	{"email", canonicalEmail},
	{"uri", canonicalURI},
	{"cn", func(s string) (string, error) { return s, nil }},
}

// ParseCertificateRule reads a rule that maps client certificates to an
// account and returns it in the form that is stored:
//
//	fingerprint:HEX  SHA-256 of the certificate; colons and case do not matter
//	email:a@b        an e-mail address of the subject alternative name
//	uri:spiffe://…   a URI of the subject alternative name
//	cn:NAME          the common name
//
// Values are compared exactly, case included.
func ParseCertificateRule(text string) (string, error) {
	kind, value, found := strings.Cut(text, ":")
	if !found || value == "" || !shortText(text) {
		return "", fmt.Errorf("certificate rule %.64q is not of the form %s", text, ruleForms())
	}
	for _, k := range ruleKinds {
		if k.kind != kind {
			continue
		}
		canonical, err := k.canonical(value)
		if err != nil {
			return "", fmt.Errorf("certificate rule %q: %w", text, err)
		}
		return kind + ":" + canonical, nil
	}
	return "", fmt.Errorf("certificate rule %q has the unknown kind %q; valid: %s", text, kind, ruleForms())
}

func ruleForms() string {
	var forms []string
	for _, k := range ruleKinds {
		forms = append(forms, k.kind+":…")
	}
	return strings.Join(forms, ", ")
}

func canonicalFingerprint(s string) (string, error) {
	s = strings.ToLower(strings.ReplaceAll(s, ":", ""))
	if raw, err := hex.DecodeString(s); err != nil || len(raw) != sha256.Size {
		return "", fmt.Errorf("a SHA-256 fingerprint is %d hexadecimal digits", 2*sha256.Size)
	}
	return s, nil
}

func canonicalEmail(s string) (string, error) {
	if local, domain, found := strings.Cut(s, "@"); !found || local == "" || domain == "" {
		return "", fmt.Errorf("%q is no e-mail address", s)
	}
	return s, nil
}

// canonicalURI is the form that a certificate's parsed URI prints as.
func canonicalURI(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() {
		return "", fmt.Errorf("%q is no absolute URI", s)
	}
	if s = u.String(); len(s) > maxText-len("uri:") {
		return "", fmt.Errorf("the URI is too long; at most %d bytes", maxText-len("uri:"))
	}
	return s, nil
}
