package certs

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Facts are what people want to know of a certificate.
type Facts struct {
	Subject     string    `json:"subject"`
	Names       []string  `json:"names"` // subjectAltName: "DNS:ftp.example.org", "IP:192.0.2.1", "email:…", "URI:…"
	Issuer      string    `json:"issuer"`
	Serial      string    `json:"serial"` // hex, with colons
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	DaysLeft    int       `json:"days_left"` // whole days; negative once it has ended
	Key         string    `json:"key"`       // "ECDSA P-256"
	Strength    int       `json:"strength"`  // of the key, in bits of a symmetric one
	Signature   string    `json:"signature"` // "ECDSA-SHA256"
	Usage       []string  `json:"usage"`     // extended key usage, "serverAuth"; empty: any
	CA          bool      `json:"ca"`
	SelfSigned  bool      `json:"self_signed"`
	Fingerprint string    `json:"fingerprint"` // SHA-256 of the certificate
	Pin         string    `json:"pin"`         // SHA-256 of the public key, for curl --pinnedpubkey
	IssuerURL   string    `json:"issuer_url,omitempty"`
	CRLURL      string    `json:"crl_url,omitempty"`
}

// Describe reads a certificate. The words in it are those of whoever made it:
// escape them before they reach a terminal.
func Describe(cert *x509.Certificate, now time.Time) Facts {
	return Facts{
		Subject: cert.Subject.String(), Names: append([]string{}, altNames(cert)...), Issuer: cert.Issuer.String(),
		Serial: Serial(cert), NotBefore: cert.NotBefore.UTC(), NotAfter: cert.NotAfter.UTC(), DaysLeft: daysLeft(cert, now),
		Key: KeyKind(cert), Strength: KeyStrength(cert), Signature: cert.SignatureAlgorithm.String(),
		Usage: append([]string{}, Usages(cert)...), CA: cert.IsCA, SelfSigned: isSelfSigned(cert),
		Fingerprint: Fingerprint(cert), Pin: Pin(cert),
		IssuerURL: first(cert.IssuingCertificateURL), CRLURL: first(cert.CRLDistributionPoints),
	}
}

func first(list []string) string { return strings.Join(list[:min(1, len(list))], "") }

// daysLeft counts whole days: 0 on the last one, -1 on the one after.
func daysLeft(cert *x509.Certificate, now time.Time) int {
	left := cert.NotAfter.Sub(now)
	if left < 0 {
		return -1 - int(-left/day)
	}
	return int(left / day)
}

// Serial is the serial number in hex with colons, as openssl shows it.
func Serial(cert *x509.Certificate) string {
	return strings.ReplaceAll(fmt.Sprintf("% X", cert.SerialNumber.Bytes()), " ", ":")
}

// HostNames are the names and addresses that the certificate is for.
func HostNames(cert *x509.Certificate) []string {
	return slices.Concat(cert.DNSNames, texts(cert.IPAddresses))
}

// altNames is the whole of the subjectAltName.
func altNames(cert *x509.Certificate) (all []string) {
	for _, kind := range []struct {
		prefix string
		names  []string
	}{
		{"DNS:", cert.DNSNames}, {"IP:", texts(cert.IPAddresses)}, {"email:", cert.EmailAddresses}, {"URI:", texts(cert.URIs)},
	} {
		for _, name := range kind.names {
			all = append(all, kind.prefix+name)
		}
	}
	return all
}

// Usages are the names of the extended key usage as openssl writes them; what
// it has no name for is an object identifier.
func Usages(cert *x509.Certificate) (names []string) {
	known := map[x509.ExtKeyUsage]string{
		x509.ExtKeyUsageAny: "anyExtendedKeyUsage", x509.ExtKeyUsageServerAuth: "serverAuth", x509.ExtKeyUsageClientAuth: "clientAuth",
		x509.ExtKeyUsageCodeSigning: "codeSigning", x509.ExtKeyUsageEmailProtection: "emailProtection",
		x509.ExtKeyUsageTimeStamping: "timeStamping", x509.ExtKeyUsageOCSPSigning: "OCSPSigning",
	}
	for _, usage := range cert.ExtKeyUsage {
		if name, ok := known[usage]; ok {
			names = append(names, name)
		} else {
			names = append(names, fmt.Sprintf("another (%d)", usage))
		}
	}
	return append(names, texts(cert.UnknownExtKeyUsage)...)
}
