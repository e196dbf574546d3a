package certs

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func namesOfTest(t *testing.T, hosts ...string) Names {
	t.Helper()
	return made[Names](t)(ParseNames(hosts, nil, nil))
}

func TestIssueClient(t *testing.T) {
	a := newTestAuthority(t)
	n := made[Names](t)(ParseNames([]string{"not.for.clients"}, []string{"alice@example.org"}, []string{"spiffe://example.org/alice"}))
	for _, kind := range []KeyType{P256, Ed25519, RSA2048} {
		key := made[crypto.Signer](t)(NewKey(kind))
		leaf := made[*x509.Certificate](t)(a.IssueClient(key.Public(), "Alice Müller", n, 90*day, start))
		verify := func(usage x509.ExtKeyUsage) error {
			roots := x509.NewCertPool()
			roots.AddCert(a.Certificate)
			_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: start, KeyUsages: []x509.ExtKeyUsage{usage}})
			return err
		}
		if err := verify(x509.ExtKeyUsageClientAuth); err != nil {
			t.Errorf("%s: a server does not take it: %v", kind, err)
		}
		if verify(x509.ExtKeyUsageServerAuth) == nil {
			t.Errorf("%s: a client could pose as a server", kind)
		}
		if leaf.Subject.CommonName != "Alice Müller" || !slices.Equal(leaf.EmailAddresses, n.Emails) || len(leaf.URIs) != 1 || hasHosts(leaf) || leaf.IsCA {
			t.Errorf("%s: it is for %q %q", kind, leaf.Subject, altNames(leaf))
		}
		if leaf.KeyUsage != x509.KeyUsageDigitalSignature {
			t.Errorf("%s: its key usage is %b", kind, leaf.KeyUsage)
		}
		if !leaf.NotBefore.Equal(start.Add(-backdated)) || !leaf.NotAfter.Equal(start.Add(90*day)) {
			t.Errorf("%s: it is valid from %v to %v", kind, leaf.NotBefore, leaf.NotAfter)
		}
	}
}

func TestWhatIsNotIssued(t *testing.T) {
	a, key := newTestAuthority(t), newTestKey(t)
	over := a.Certificate.NotAfter.Add(time.Second)
	for _, tt := range []struct {
		why  string
		make func() (any, error)
		says string
	}{
		{"a client without a name", func() (any, error) { return a.IssueClient(key.Public(), "", Names{}, day, start) }, "is empty"},
		{"a client of a CA that has ended", func() (any, error) { return a.IssueClient(key.Public(), "a", Names{}, day, over) }, "has ended"},
		{"a server of a CA that has ended", func() (any, error) { return a.IssueServer(key.Public(), []string{"a"}, nil, over) }, "has ended"},
		{"a server without a host", func() (any, error) { return NewSelfSigned(key, Names{}, day, start) }, "needs a host"},
		{"a request without a host", func() (any, error) { return NewRequest(key, Names{Emails: []string{"a@b.test"}}, "") }, "needs a host"},
		{"a request with a common name that is too long", func() (any, error) {
			return NewRequest(key, namesOfTest(t, "a.test"), strings.Repeat("a", 65))
		}, "longer than 64"},
	} {
		if _, err := tt.make(); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want: … %s …", tt.why, err, tt.says)
		}
	}
}

func TestNothingOutlivesTheCA(t *testing.T) {
	a, key := newTestAuthority(t), newTestKey(t)
	last := a.Certificate.NotAfter.Add(-day)
	for why, leaf := range map[string]*x509.Certificate{
		"client": made[*x509.Certificate](t)(a.IssueClient(key.Public(), "a", Names{}, 10*day, last)),
		"server": made[*x509.Certificate](t)(a.IssueServer(key.Public(), []string{"a"}, nil, last)),
	} {
		if !leaf.NotAfter.Equal(a.Certificate.NotAfter) {
			t.Errorf("the %s ends on %v, the CA on %v", why, leaf.NotAfter, a.Certificate.NotAfter)
		}
	}
}

func TestNewSelfSigned(t *testing.T) {
	key := newTestKey(t)
	cert := made[*x509.Certificate](t)(NewSelfSigned(key, namesOfTest(t, "*.example.org", "192.0.2.7"), 30*day, start))
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	for _, host := range []string{"ftp.example.org", "192.0.2.7"} {
		if _, err := cert.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: start}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	other := made[*x509.Certificate](t)(sign(&x509.Certificate{Subject: pkix.Name{CommonName: "other"}, NotAfter: start.Add(day)}, cert, newTestKey(t).Public(), key))
	if _, err := other.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: start}); err == nil {
		t.Error("whoever trusts it trusts what its key signs, too")
	}
}

func TestNewRequest(t *testing.T) {
	n := made[Names](t)(ParseNames([]string{"bücher.example", "2001:db8::7"}, []string{"a@b.test"}, []string{"urn:x"}))
	for _, kind := range []KeyType{P256, P384, Ed25519, RSA2048} {
		key := made[crypto.Signer](t)(NewKey(kind))
		request := made[*x509.CertificateRequest](t)(x509.ParseCertificateRequest(made[[]byte](t)(NewRequest(key, n, "bücher"))))
		if err := request.CheckSignature(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		got := slices.Concat(request.DNSNames, texts(request.IPAddresses), request.EmailAddresses, texts(request.URIs), []string{request.Subject.String()})
		if want := []string{"xn--bcher-kva.example", "2001:db8::7", "a@b.test", "urn:x", "CN=bücher"}; !slices.Equal(got, want) {
			t.Errorf("%s: it asks for %q, want %q", kind, got, want)
		}
	}
}

func TestNameErrorsHaveHints(t *testing.T) {
	_, err := ParseNames([]string{"ftp.example.org:990"}, nil, nil)
	var wrong *NameError
	if !errors.As(err, &wrong) || !strings.Contains(wrong.Hint(), "ftp.example.org") || strings.Contains(wrong.Hint(), "990") {
		t.Errorf("the hint of %v is not the host alone", err)
	}
}
