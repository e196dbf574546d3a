package knownhost

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// issuer signs certificates of the tests; nil: each signs itself.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key := newKey(t)
	return &issuer{(*issuer)(nil).issue(t, key, func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.BasicConstraintsValid = "Test CA", true, true
		c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageCertSign, nil
	}), key}
}

// issue makes a certificate for ftp.test and 192.0.2.1 that is valid now,
// unless change makes it another one.
func (i *issuer) issue(t *testing.T, key *ecdsa.PrivateKey, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "ftp.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"ftp.test"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	change(c)
	parent, signer := c, key
	if i != nil {
		parent, signer = i.cert, i.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func as(*x509.Certificate) {}

func expired(c *x509.Certificate) {
	c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
}

func early(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) }

func onlyCN(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }

func elsewhere(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"other.test"}, nil }

func TestGuard(t *testing.T) {
	ca, stranger := newIssuer(t), newIssuer(t)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	key := newKey(t)
	good, self := ca.issue(t, key, as), (*issuer)(nil).issue(t, key, as)
	pin := func(s string) Pin {
		p, err := ParsePin(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	lower := strings.ToLower(strings.ReplaceAll(certs.Fingerprint(self), ":", ""))
	for _, tt := range []struct {
		why  string
		g    Guard
		cert *x509.Certificate
		want string // "" trusted, else a part of the error
	}{
		{"an authority that is named", Guard{Roots: roots}, good, ""},
		{"and an address", Guard{Roots: roots, Host: "192.0.2.1"}, good, ""},
		{"another authority", Guard{Roots: roots}, stranger.issue(t, key, as), "no authority that this computer trusts has signed it"},
		{"signed by itself", Guard{Roots: roots}, self, "signed by nobody but itself"},
		{"another name", Guard{Roots: roots, Host: "evil.test"}, good, "NOT FOR evil.test, but for ftp.test, 192.0.2.1"},
		{"a name alone in CN does not count (RFC 6125)", Guard{Roots: roots}, ca.issue(t, key, onlyCN), "NOT FOR ftp.test, but for no host name at all"},
		{"expired", Guard{Roots: roots}, ca.issue(t, key, expired), "EXPIRED"},
		{"not valid yet", Guard{Roots: roots}, ca.issue(t, key, early), "not valid before"},
		{"expired, of nobody, and another's: all is told", Guard{Strict: true}, stranger.issue(t, key, func(c *x509.Certificate) { expired(c); elsewhere(c) }),
			"EXPIRED on " + time.Now().Add(-24*time.Hour).UTC().Format(time.DateOnly) + "; it is NOT FOR ftp.test, but for other.test; no authority"},
		{"a client's certificate is no server's", Guard{Roots: roots}, ca.issue(t, key, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), "key usage"},
		{"the fingerprint as the server prints it", Guard{Pins: []Pin{pin(certs.Fingerprint(self))}}, self, ""},
		{"and as sha256sum does", Guard{Pins: []Pin{pin(lower)}}, self, ""},
		{"the key, as curl has it", Guard{Pins: []Pin{pin(certs.Pin(self))}}, self, ""},
		{"a pin stands in place of name and dates", Guard{Pins: []Pin{pin(certs.Pin(self))}, Host: "x.test"}, ca.issue(t, key, expired), ""},
		{"one of several", Guard{Pins: []Pin{pin(certs.Pin(ca.cert)), pin(certs.Pin(self))}}, self, ""},
		{"a valid certificate with a wrong pin", Guard{Roots: roots, Pins: []Pin{pin(certs.Pin(ca.cert))}}, good, "another certificate than --pin says"},
		{"a pin of the authority is none of the server", Guard{Pins: []Pin{pin(certs.Fingerprint(ca.cert))}}, good, "another certificate than --pin says"},
		{"strict asks nobody", Guard{Strict: true}, self, "signed by nobody"},
		{"insecure trusts all", Guard{Insecure: true}, stranger.issue(t, key, expired), ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if tt.g.Host == "" {
				tt.g.Host = "ftp.test"
			}
			tt.g.Address = tt.g.Host + ":21"
			tt.g.Known = File(filepath.Join(t.TempDir(), "known_hosts"))
			err := tt.g.Verify(tls.ConnectionState{PeerCertificates: []*x509.Certificate{tt.cert}})
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || fault.CodeOf(err) != fault.NotTrusted):
				t.Errorf("%v, exit code %d, want %q", err, fault.CodeOf(err), tt.want)
			}
		})
	}
}

// No person is asked where one may not decide; where one may, the answer
// counts from then on, for this server alone.
func TestFirstUse(t *testing.T) {
	dir := t.TempDir()
	g := Guard{Host: "ftp.test", Address: "ftp.test:21", Known: File(filepath.Join(dir, "sealift", "known_hosts"))}
	key := newKey(t)
	self := (*issuer)(nil).issue(t, key, as)
	state := func(c *x509.Certificate) tls.ConnectionState {
		return tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}
	}
	unknown, ok := errors.AsType[*Unknown](g.Verify(state(self)))
	if !ok {
		t.Fatal("nobody is asked")
	}
	if hint := fault.Of(unknown.Refusal())[0].Hint; !strings.Contains(hint, "--pin "+certs.Fingerprint(self)) {
		t.Errorf("the hint does not help: %s", hint)
	}
	if len(unknown.Facts()) != 5 {
		t.Errorf("facts: %v", unknown.Facts())
	}
	if err := unknown.Accept(); err != nil {
		t.Fatal(err)
	}
	if err := g.Verify(state(self)); err != nil {
		t.Errorf("accepted, and refused: %v", err)
	}
	renewed := (*issuer)(nil).issue(t, key, as)
	if err := g.Verify(state(renewed)); err != nil {
		t.Errorf("a renewal with the same key: %v", err)
	}
	other := g
	other.Address = "ftp.test:990"
	if _, asks := errors.AsType[*Unknown](other.Verify(state(self))); !asks {
		t.Error("another port is another server")
	}
	changedCert := (*issuer)(nil).issue(t, newKey(t), as)
	err := g.Verify(state(changedCert))
	for _, part := range []string{"HAS CHANGED", string(g.Known) + ":1", certs.Fingerprint(self), certs.Fingerprint(changedCert)} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %s", err, part)
		}
	}
	if _, asks := errors.AsType[*Unknown](err); asks || fault.CodeOf(err) != fault.NotTrusted {
		t.Error("a change is not asked about, it is refused")
	}
	strict := g
	strict.Strict = true
	if strict.Verify(state(self)) == nil {
		t.Error("strict looks into known_hosts")
	}
	if info, err := os.Stat(string(g.Known)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("known_hosts: %v, %v", info.Mode(), err)
	}
}

func TestNoCertificate(t *testing.T) {
	if err := (Guard{}).Verify(tls.ConnectionState{}); fault.CodeOf(err) != fault.NotTrusted {
		t.Error(err)
	}
}
