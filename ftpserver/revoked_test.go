package ftpserver

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"
)

// security.md T9 and §8.6: VerifyConnection runs for resumed handshakes too,
// with the certificate and its chain from the ticket. So what is revoked in
// mid-session gets no data connection, and no new session.
func TestRevokedInMidSession(t *testing.T) {
	t.Parallel()
	for _, version := range tlsVersions {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			r, revoked := revocable(t)
			client := resuming(version)
			client.Certificates = []tls.Certificate{proofOf("alice")}
			p := secured(t, r.addr, client)
			p.want(257, "PWD")
			p.privately()
			if err := p.put("before", []byte("content")); err != nil {
				t.Fatal(err)
			}

			revoked.Store(true)
			addr := p.passive()
			p.want(150, "STOR after")
			if data, err := open(addr, p.config); err == nil {
				defer data.Close()
			}
			if entersAnew(t, r, client) {
				t.Error("a new session began, resumed")
			}
			client.ClientSessionCache = nil
			if entersAnew(t, r, client) {
				t.Error("a new session began, unresumed")
			}
			p.await(522)
			if _, found := r.stored("/after"); found {
				t.Error("a file was stored")
			}

			revoked.Store(false)
			if !entersAnew(t, r, client) {
				t.Error("the certificate of good standing is not taken")
			}
		})
	}
}

// revocable is a server that takes alice's certificate until the flag is set.
func revocable(t *testing.T) (*running, *atomic.Bool) {
	revoked := &atomic.Bool{}
	config := trusting()
	config.VerifyConnection = func(cs tls.ConnectionState) error {
		switch {
		case len(cs.VerifiedChains) == 0 || !cs.VerifiedChains[0][0].Equal(proofOf("alice").Leaf):
			return errors.New("the chain of the certificate is not there")
		case revoked.Load():
			return errors.New("revoked")
		}
		return nil
	}
	policy := Policy{ClientCertificate: CertificateRequire, CertificateLogin: true}
	r := &running{files: treeOf(t, "alice", nil)}
	r.serve(t, mapped{grants{"alice": {Files: r.files, Perm: PermAll}}, false}, Config{TLS: config, Policy: policy})
	return r, revoked
}

// entersAnew tells whether a new session with this certificate is logged in.
func entersAnew(t *testing.T, r *running, client *tls.Config) bool {
	t.Helper()
	p := dialPeer(t, r.addr)
	p.want(234, "AUTH TLS")
	conn := tls.Client(p.conn, client)
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte("PWD\r\n")); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && line[:4] == "257 "
}

// A CA that has been taken off the list is not trusted any more when a ticket
// is resumed that it once stood behind (CVE-2025-68121).
func TestResumptionAfterTheCAIsGone(t *testing.T) {
	t.Parallel()
	for _, version := range tlsVersions {
		policy := Policy{ClientCertificate: CertificateRequest, CertificateLogin: true}
		r := &running{}
		b := mapped{grants{"alice": {Files: treeOf(t, "alice", nil), Perm: PermAll}}, false}
		r.serve(t, b, Config{TLS: trusting(), Policy: policy})
		client := resuming(version)
		client.Certificates = []tls.Certificate{proofOf("alice")}
		if first, again := entersAnew(t, r, client), entersAnew(t, r, client); !first || !again {
			t.Fatal("the certificate is not taken")
		}
		strange := trusting()
		strange.ClientCAs = x509.NewCertPool()
		strange.ClientCAs.AddCert(proofOf("bob").Leaf)
		r.SetConfig(Config{TLS: strange, Policy: policy})
		if entersAnew(t, r, client) {
			t.Errorf("%s: a ticket stands for a CA that is gone", tls.VersionName(version))
		}
	}
}

// Kick finds sessions by the client's certificate, also after CCC.
func TestPeerCertificateIsKnown(t *testing.T) {
	t.Parallel()
	r := &running{}
	b := mapped{grants{"alice": {Files: treeOf(t, "alice", nil), Perm: PermAll}}, false}
	r.serve(t, b, Config{TLS: trusting(), Policy: Policy{ClientCertificate: CertificateRequest, CertificateLogin: true, CCC: true}})
	client := resuming(tls.VersionTLS13)
	client.Certificates = []tls.Certificate{proofOf("alice")}
	p := secured(t, r.addr, client)
	p.want(257, "PWD")
	isAlice := func(i SessionInfo) bool { return i.TLS.Peer != nil && i.TLS.Peer.Equal(proofOf("alice").Leaf) }
	if all := r.Sessions(); len(all) != 1 || !isAlice(all[0]) {
		t.Errorf("the sessions are %+v", all)
	}
	p.want(200, "CCC")
	control := p.conn.(*tls.Conn)
	if err := control.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if n, err := control.Read(make([]byte, 1)); n > 0 {
		t.Fatalf("%d bytes in TLS, %v", n, err)
	}
	p.conn = control.NetConn()
	p.conn.SetDeadline(time.Now().Add(patience))
	p.in = bufio.NewReader(p.conn)
	p.want(257, "PWD")
	if n := r.Kick("Your certificate has been revoked", isAlice); n != 1 {
		t.Errorf("%d sessions ended", n)
	}
	p.await(421)
}

// An account may demand a certificate where clients are not asked for one.
// Nobody gets in, and the log says why.
func TestAnAccountDemandsWhatNobodyIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		server ClientCertificate
		hints  int
	}{
		{"clients are not asked", CertificateOff, 1},
		{"this one has none", CertificateRequest, 0},
	} {
		log := &logged{}
		r := &running{}
		demands := Policy{ClientCertificate: CertificateRequire}
		b := grants{"alice": {Files: treeOf(t, "alice", nil), Perm: PermAll, Policy: &demands}}
		r.serve(t, b, Config{TLS: trusting(), Policy: Policy{ClientCertificate: test.server}, Log: slog.New(log)})
		p := secured(t, r.addr, resuming(tls.VersionTLS13))
		p.want(331, "USER alice")
		p.want(530, "PASS x")
		if hints := log.of("login refused", "hint"); len(hints) != test.hints || len(log.of("login refused", "reason")) != 1 {
			t.Errorf("%s: hints %v", test.why, hints)
		}
	}
}
