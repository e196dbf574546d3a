package accounttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"

	"github.com/sealift/sealift/account"
)

var certificateTests = []test{
	{"a certificate finds its account by each kind of rule", func(s *suite) {
		cert := s.certificate("Alice", "alice@example.org", "spiffe://example.org/alice")
		for i, rule := range account.CertificateNames(cert) {
			a := plain(fmt.Sprint("user", i))
			a.CertificateRules = []string{"cn:Somebody", rule}
			s.add(a)
			s.finds(cert, a.Name)
			s.ok(s.store.Remove(s.Context(), a.Name))
		}
	}},
	{"two rules that match are one account", func(s *suite) {
		s.add(full())
		s.finds(s.certificate("Alice", "alice@example.org", ""), full().Name)
	}},
	{"rules are compared exactly", func(s *suite) {
		s.add(full())
		for _, cert := range []*x509.Certificate{
			s.certificate("alice", "Alice@example.org", ""),
			s.certificate("Alice ", "alice@example.org.evil.org", ""),
			s.certificate("alice@example.org", "", "cn:Alice"),
			s.certificate("%", "", ""),
			nil,
		} {
			_, err := s.store.FindByCertificate(s.Context(), cert)
			s.wants(err, account.ErrNotFound)
		}
	}},
	{"a certificate of several accounts names none", func(s *suite) {
		other := plain("bob")
		other.CertificateRules = []string{"email:alice@example.org"}
		s.add(full(), other)
		_, err := s.store.FindByCertificate(s.Context(), s.certificate("Alice", "alice@example.org", ""))
		s.wants(err, account.ErrAmbiguous)
		s.finds(s.certificate("Alice", "", ""), full().Name)
	}},
	{"a rule that is gone finds nothing", func(s *suite) {
		s.add(full())
		cert := s.certificate("Alice", "", "")
		s.ok(s.other.Update(s.Context(), full().Name, func(a *account.Account) error {
			a.CertificateRules = []string{"cn:Alicia"}
			return nil
		}))
		_, err := s.store.FindByCertificate(s.Context(), cert)
		s.wants(err, account.ErrNotFound)
		s.finds(s.certificate("Alicia", "", ""), full().Name)
		s.ok(s.other.Remove(s.Context(), full().Name))
		s.add(plain(full().Name))
		_, err = s.store.FindByCertificate(s.Context(), s.certificate("Alicia", "", ""))
		s.wants(err, account.ErrNotFound)
	}},
	{"a rule that stands twice is one", func(s *suite) {
		a := plain("bob")
		a.CertificateRules = []string{"cn:Bob", "cn:Bob"}
		s.add(a)
		s.finds(s.certificate("Bob", "", ""), "bob")
	}},
	{"a certificate with many names is looked up whole", func(s *suite) {
		cert := *s.certificate("", "", "")
		for i := range 1000 {
			cert.EmailAddresses = append(cert.EmailAddresses, fmt.Sprintf("a%d@example.org", i))
		}
		a, b := plain("a"), plain("b")
		a.CertificateRules, b.CertificateRules = []string{"email:a999@example.org"}, []string{"email:a1@example.org"}
		s.add(a)
		s.finds(&cert, "a")
		s.add(b)
		_, err := s.store.FindByCertificate(s.Context(), &cert)
		s.wants(err, account.ErrAmbiguous)
	}},
}

func (s *suite) finds(cert *x509.Certificate, want string) {
	s.Helper()
	a, err := s.store.FindByCertificate(s.Context(), cert)
	s.ok(err)
	if a.Name != want {
		s.Errorf("found %s, want %q", a, want)
	}
}

// certificate signs itself; empty names are left out.
func (s *suite) certificate(cn, email, uri string) *x509.Certificate {
	s.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.ok(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cn}}
	if email != "" {
		template.EmailAddresses = []string{email}
	}
	if uri != "" {
		u, err := url.Parse(uri)
		s.ok(err)
		template.URIs = []*url.URL{u}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	s.ok(err)
	cert, err := x509.ParseCertificate(der)
	s.ok(err)
	return cert
}
