package ftpserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver"
)

// certAuthority issues the certificates of the tests.
type certAuthority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool

	mu     sync.Mutex
	issued map[string]tls.Certificate
}

// authority is the one that server and clients trust, foreigner another.
var (
	authority = sync.OnceValue(newAuthority)
	foreigner = sync.OnceValue(newAuthority)
)

func newAuthority() *certAuthority {
	a := &certAuthority{key: newKey(), pool: x509.NewCertPool(), issued: map[string]tls.Certificate{}}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert = sign(template, template, a.key, a.key)
	a.pool.AddCert(a.cert)
	return a
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

// issue is a certificate for this common name, that of loopback included.
func (a *certAuthority) issue(name string) tls.Certificate {
	a.mu.Lock()
	defer a.mu.Unlock()
	if done, ok := a.issued[name]; ok {
		return done
	}
	key, names := newKey(), []string{"ftp.example.com", "files.example.com"}
	if strings.Contains(name, ".") {
		names = []string{name}
	}
	cert := sign(&x509.Certificate{
		SerialNumber: big.NewInt(int64(len(a.issued)) + 2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, a.cert, key, a.key)
	a.issued[name] = tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
	return a.issued[name]
}

// nextPort is where freePorts goes on: below the ports that the system gives
// away by itself, so that nobody else gets one in between.
var nextPort atomic.Int32

// freePorts is a range of n ports that are free now.
func freePorts(t testing.TB, n int) ftpserver.PortRange {
	t.Helper()
	for range 500 {
		first := 20_000 + (os.Getpid()*97+int(nextPort.Add(int32(n))))%12_000
		if allFree(first, n) {
			return ftpserver.PortRange{First: uint16(first), Last: uint16(first + n - 1)}
		}
	}
	t.Fatalf("no %d free ports in a row", n)
	return ftpserver.PortRange{}
}

func allFree(first, n int) bool {
	for port := first; port < first+n; port++ {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}

// ticketBox is the TLS session that a client resumes: the last one that the
// control connection was given.
type ticketBox struct {
	mu   sync.Mutex
	last *tls.ClientSessionState
}

func (b *ticketBox) Get(string) (*tls.ClientSessionState, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last, b.last != nil
}

func (b *ticketBox) Put(_ string, s *tls.ClientSessionState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s != nil {
		b.last = s
	}
}

// readOnly is the box for data connections, which leave it as it is.
type readOnly struct{ *ticketBox }

func (readOnly) Put(string, *tls.ClientSessionState) {}
