package ftpserver

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
)

// proofs are client certificates, each its own authority.
var proofs = sync.OnceValue(func() map[string]tls.Certificate {
	all := map[string]tls.Certificate{}
	for i, name := range []string{"alice", "bob", "stranger"} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i) + 10), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true, IsCA: true,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			panic(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			panic(err)
		}
		all[name] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	}
	return all
})

func proofOf(name string) tls.Certificate { return proofs()[name] }

// trusting is serverTLS with trust in the certificates of alice and bob.
func trusting() *tls.Config {
	c := serverTLS().Clone()
	c.ClientCAs = x509.NewCertPool()
	c.ClientCAs.AddCert(proofOf("alice").Leaf)
	c.ClientCAs.AddCert(proofOf("bob").Leaf)
	return c
}

// mapped is a Backend where a certificate belongs to the account that it
// names.
type mapped struct {
	grants
	both bool // certificate and password
}

func (m mapped) Login(ctx context.Context, c Credentials) (Grant, error) {
	if c.Certificate == nil {
		return m.grants.Login(ctx, c)
	}
	owner := c.Certificate.Subject.CommonName
	g := m.grants[owner]
	g.User = owner
	switch {
	case c.User != "" && c.User != owner:
		return Grant{}, ErrCertificate
	case m.both && !c.HasPassword:
		return Grant{}, ErrRefused
	}
	return g, nil
}

// security.md §9.5, protocol.md §2 and §3, 4.
func TestCertificateLogin(t *testing.T) {
	t.Parallel()
	instead := Policy{ClientCertificate: CertificateRequest, CertificateLogin: true}
	must := Policy{ClientCertificate: CertificateRequire, CertificateLogin: true}
	type step struct {
		line string
		code ftp.Code
	}
	for _, test := range []struct {
		why    string
		policy Policy
		both   bool
		shown  string // whose certificate; "" for none
		steps  []step
	}{
		{"the handshake alone logs in", instead, false, "alice", []step{{"PWD", 257}}},
		{"USER of its owner is welcome", instead, false, "alice", []step{{"USER alice", 232}, {"PASS x", 202}, {"PWD", 257}}},
		{"USER of another is not, and the login is gone", instead, false, "alice", []step{{"USER bob", 530}, {"PWD", 530}, {"USER alice", 232}, {"PWD", 257}}},
		{"without one a password will do", instead, false, "", []step{{"PWD", 530}, {"USER alice", 331}, {"PASS x", 230}}},
		{"unless one is required", must, false, "", []step{{"USER alice", 530}, {"PASS x", 503}}},
		{"certificate and password", instead, true, "alice", []step{{"PWD", 530}, {"USER alice", 331}, {"PASS x", 230}, {"PWD", 257}}},
		{"the certificate of one, the name of another", instead, true, "alice", []step{{"USER bob", 530}, {"PASS x", 503}}},
		{"where it does not stand for a password", Policy{ClientCertificate: CertificateRequire}, false, "alice", []step{{"PWD", 530}, {"USER alice", 331}, {"PASS x", 230}}},
	} {
		for _, version := range tlsVersions {
			r := &running{}
			b := mapped{grants{"alice": {Files: treeOf(t, "alice", nil), Perm: PermAll}, "bob": {Files: treeOf(t, "bob", nil), Perm: PermAll}}, test.both}
			r.serve(t, b, Config{TLS: trusting(), Policy: test.policy})
			client := resuming(version)
			if test.shown != "" {
				client.Certificates = []tls.Certificate{proofOf(test.shown)}
			}
			p := secured(t, r.addr, client)
			for _, step := range test.steps {
				if got := p.do(step.line); got.Code != step.code {
					t.Errorf("%s, %s: %s is answered %v, want %d", tls.VersionName(version), test.why, step.line, got, step.code)
				}
			}
		}
	}
}

// A certificate that is not trusted ends the handshake.
func TestCertificateOfAStranger(t *testing.T) {
	t.Parallel()
	r := &running{}
	r.serve(t, mapped{grants{}, false}, Config{TLS: trusting(), Policy: Policy{ClientCertificate: CertificateRequest, CertificateLogin: true}})
	for _, version := range tlsVersions {
		client := resuming(version)
		stranger := proofOf("stranger")
		client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger, nil }
		p := dialPeer(t, r.addr)
		p.want(234, "AUTH TLS")
		conn := tls.Client(p.conn, client)
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write([]byte("NOOP\r\n")); err == nil {
			if n, err := conn.Read(make([]byte, 1)); err == nil {
				t.Errorf("%s: %d bytes came", tls.VersionName(version), n)
			}
		}
	}
}

// A session with a certificate resumes on its data connections. Who comes
// unresumed must show the same one.
func TestDataConnectionsOfACertifiedSession(t *testing.T) {
	t.Parallel()
	content := []byte("content")
	for _, version := range tlsVersions {
		certified := func(shown string) *tls.Config {
			c := fresh(version)
			if shown != "" {
				c.Certificates = []tls.Certificate{proofOf(shown)}
			}
			return c
		}
		for _, test := range []struct {
			why    string
			policy Policy
			data   func(control *tls.Config) *tls.Config
			code   ftp.Code
		}{
			{"resumed", require, func(c *tls.Config) *tls.Config { return c }, 226},
			{"resumed, auto", auto, func(c *tls.Config) *tls.Config { return c }, 226},
			{"unresumed, with the same certificate", auto, func(*tls.Config) *tls.Config { return certified("alice") }, 226},
			{"unresumed, with another", auto, func(*tls.Config) *tls.Config { return certified("bob") }, 522},
			{"unresumed, with none", auto, func(*tls.Config) *tls.Config { return certified("") }, 522},
			{"unresumed, with none, where nobody looks", off, func(*tls.Config) *tls.Config { return certified("") }, 226},
		} {
			t.Run(tls.VersionName(version)+"/"+test.why, func(t *testing.T) {
				t.Parallel()
				test.policy.ClientCertificate, test.policy.CertificateLogin = CertificateRequire, true
				r := &running{files: treeOf(t, "alice", nil)}
				r.serve(t, mapped{grants{"alice": {Files: r.files, Perm: PermAll}}, false}, Config{TLS: trusting(), Policy: test.policy})
				client := resuming(version)
				client.Certificates = []tls.Certificate{proofOf("alice")}
				p := secured(t, r.addr, client)
				p.privately()
				p.config = test.data(client)
				addr := p.passive()
				p.want(150, "STOR f")
				data, err := open(addr, p.config)
				if err == nil {
					_, err = data.Write(content)
				}
				if test.code == 226 {
					if err != nil {
						t.Fatal(err)
					}
					finish(t, data)
				} else if data != nil {
					defer data.Close()
					data.CloseWrite()
				}
				p.await(test.code)
				if got, _ := r.stored("/f"); bytes.Equal([]byte(got), content) != (test.code == 226) {
					t.Errorf("stored is %q", got)
				}
			})
		}
	}
}
