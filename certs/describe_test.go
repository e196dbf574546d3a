package certs

import (
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"net"
	"net/url"
	"slices"
	"testing"
	"time"
)

func TestDescribe(t *testing.T) {
	p := newPKI(t)
	leaf := p.leaf(t, func(c *x509.Certificate) {
		c.SerialNumber = big.NewInt(0xABCDEF)
		c.IPAddresses, c.EmailAddresses = []net.IP{net.IPv6loopback}, []string{"a@ftp.test"}
		c.URIs = []*url.URL{{Scheme: "ftp", Host: "ftp.test"}}
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3}}
		c.IssuingCertificateURL, c.CRLDistributionPoints = []string{"http://ca.test/a"}, []string{"http://ca.test/crl"}
	})
	f := Describe(leaf, start)
	for _, tt := range []struct{ why, got, want string }{
		{"subject", f.Subject, "CN=ftp.test"},
		{"issuer", f.Issuer, "CN=Test Sub"},
		{"serial, as openssl shows it", f.Serial, "AB:CD:EF"},
		{"key", f.Key, "ECDSA P-256"},
		{"signature", f.Signature, "ECDSA-SHA256"},
		{"where the issuer is", f.IssuerURL, "http://ca.test/a"},
		{"where the list is", f.CRLURL, "http://ca.test/crl"},
		{"fingerprint", f.Fingerprint, Fingerprint(leaf)},
		{"pin", f.Pin, Pin(leaf)},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, tt.got, tt.want)
		}
	}
	if want := []string{"DNS:ftp.test", "IP:::1", "email:a@ftp.test", "URI:ftp://ftp.test"}; !slices.Equal(f.Names, want) {
		t.Errorf("names are %v, want %v", f.Names, want)
	}
	if want := []string{"serverAuth", "1.2.3"}; !slices.Equal(f.Usage, want) {
		t.Errorf("usage is %v, want %v", f.Usage, want)
	}
	if f.CA || f.SelfSigned || f.DaysLeft != 90 || f.Strength != 128 {
		t.Errorf("%+v", f)
	}
	if ca := Describe(p.root.Certificate, start); !ca.CA || !ca.SelfSigned {
		t.Errorf("the root is %+v", ca)
	}
}

func TestDaysLeft(t *testing.T) {
	for _, tt := range []struct {
		why  string
		left time.Duration
		want int
	}{
		{"a day and a bit", 25 * time.Hour, 1},
		{"the last day", 23 * time.Hour, 0},
		{"ended a moment ago", -time.Minute, -1},
		{"ended more than a day ago", -25 * time.Hour, -2},
	} {
		if got := daysLeft(&x509.Certificate{NotAfter: start.Add(tt.left)}, start); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.why, got, tt.want)
		}
	}
}

func TestKeyStrength(t *testing.T) {
	for _, tt := range []struct {
		why  string
		bits int
		want int
	}{
		{"too weak", 1024, 80}, {"far too weak", 512, 40}, {"the least", 2048, 112}, {"as strong as P-256", 3072, 128},
		{"4096 is no more than that", 4096, 128}, {"a very long one", 15360, 256},
	} {
		if got := modulusStrength(tt.bits); got != tt.want {
			t.Errorf("%s: RSA %d is %d, want %d", tt.why, tt.bits, got, tt.want)
		}
	}
}
