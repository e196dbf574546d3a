package account

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestParseCertificateRule(t *testing.T) {
	print := strings.Repeat("ab", 32)
	for _, tt := range []struct{ why, text, want string }{
		{"a fingerprint as it is stored", "fingerprint:" + print, "fingerprint:" + print},
		{"as OpenSSL prints it", "fingerprint:" + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"), "fingerprint:" + print},
		{"an address", "email:Alice@example.org", "email:Alice@example.org"},
		{"a SPIFFE identity", "uri:spiffe://example.org/alice", "uri:spiffe://example.org/alice"},
		{"a URN", "uri:urn:uuid:0", "uri:urn:uuid:0"},
		{"a common name with a colon", "cn:a:b c", "cn:a:b c"},
		{"SHA-1", "fingerprint:" + print[:40], ""},
		{"no hexadecimal digits", "fingerprint:" + strings.Repeat("xy", 32), ""},
		{"no address", "email:alice", ""},
		{"half an address", "email:@example.org", ""},
		{"a relative URI", "uri:/alice", ""},
		{"no value", "cn:", ""},
		{"no kind", "alice", ""},
		{"an unknown kind", "ou:Sales", ""},
		{"a kind in capitals", "CN:alice", ""},
		{"a control character", "cn:a\nb", ""},
		{"too much once it is escaped", "uri:http://a/" + strings.Repeat(" ", 500), ""},
		{"too much", "cn:" + strings.Repeat("a", 1024), ""},
	} {
		got, err := ParseCertificateRule(tt.text)
		if (err == nil) != (tt.want != "") || got != tt.want {
			t.Errorf("%s: %q (%v), want %q", tt.why, got, err, tt.want)
		}
		if err == nil {
			if again, err := ParseCertificateRule(got); err != nil || again != got {
				t.Errorf("%s: %q is not stable: %q (%v)", tt.why, got, again, err)
			}
		}
	}
}

func FuzzParseCertificateRule(f *testing.F) {
	for _, seed := range []string{"cn:a", "uri:http://a/%2e?#", "uri:A:b c", "email:a@b", "fingerprint:" + strings.Repeat("0:A", 32)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := ParseCertificateRule(text)
		if err != nil {
			return
		}
		if again, err := ParseCertificateRule(rule); err != nil || again != rule {
			t.Errorf("%q is %q is %q (%v)", text, rule, again, err)
		}
	})
}

func TestCertificateNames(t *testing.T) {
	raw := []byte("a certificate")
	sum := sha256.Sum256(raw)
	print := "fingerprint:" + hex.EncodeToString(sum[:])
	uri := &url.URL{Scheme: "spiffe", Host: "example.org", Path: "/alice"}
	cn := func(name string) pkix.AttributeTypeAndValue {
		return pkix.AttributeTypeAndValue{Type: commonName, Value: name}
	}
	for _, tt := range []struct {
		why  string
		cert *x509.Certificate
		want []string
	}{
		{"no certificate", nil, nil},
		{"no names", &x509.Certificate{Raw: raw}, []string{print}},
		{"all names", &x509.Certificate{
			Raw: raw, EmailAddresses: []string{"a@b", "c@d"}, URIs: []*url.URL{uri}, Subject: pkix.Name{CommonName: "Alice"},
		}, []string{print, "email:a@b", "email:c@d", "uri:spiffe://example.org/alice", "cn:Alice"}},
		{"host names are for servers", &x509.Certificate{Raw: raw, DNSNames: []string{"alice"}}, []string{print}},
		{"of two common names none counts", &x509.Certificate{Raw: raw, Subject: pkix.Name{
			CommonName: "admin", Names: []pkix.AttributeTypeAndValue{cn("alice"), cn("admin")},
		}}, []string{print}},
	} {
		if got := CertificateNames(tt.cert); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
		for _, rule := range tt.want {
			a := Account{CertificateRules: []string{"cn:Somebody", rule}}
			if !a.Match(tt.cert) {
				t.Errorf("%s: no match for %s", tt.why, rule)
			}
		}
		if (Account{CertificateRules: []string{"cn:alice", "email:A@b", "cn:admin"}}).Match(tt.cert) || (Account{}).Match(tt.cert) {
			t.Errorf("%s: a match that is not exact", tt.why)
		}
	}
}
