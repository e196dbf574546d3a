package certs

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// start is when the tests begin: the clock of synctest, so that they do not
// depend on the day they run.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// made fails the test if a fixture could not be made.
func made[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newTestKey(t *testing.T) crypto.Signer {
	t.Helper()
	return made[crypto.Signer](t)(newKey())
}

func newTestAuthority(t *testing.T) *Authority {
	t.Helper()
	return made[*Authority](t)(NewAuthority("Test CA", start))
}

// writePair writes a certificate of the authority for names, and its key.
func writePair(t *testing.T, a *Authority, names ...string) Pair {
	t.Helper()
	dir := t.TempDir()
	p := Pair{CertFile: filepath.Join(dir, "chain.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	overwrite(t, p, a, start, names...)
	return p
}

// overwrite puts another certificate into p, issued at now.
func overwrite(t *testing.T, p Pair, a *Authority, now time.Time, names ...string) *x509.Certificate {
	t.Helper()
	key := newTestKey(t)
	leaf := made[*x509.Certificate](t)(a.IssueServer(key.Public(), names, nil, now))
	writeTestChain(t, p.CertFile, leaf, a.Certificate)
	writeTestKey(t, p.KeyFile, key)
	return leaf
}

func writeTestChain(t *testing.T, name string, chain ...*x509.Certificate) {
	t.Helper()
	if err := writeChain(name, chain...); err != nil {
		t.Fatal(err)
	}
}

func writeTestKey(t *testing.T, name string, key crypto.Signer) {
	t.Helper()
	if err := writeKey(name, key); err != nil {
		t.Fatal(err)
	}
}

func writeTestFile(t *testing.T, name, content string, mode os.FileMode) string {
	t.Helper()
	if err := writeFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func readTestFile(t *testing.T, name string) string {
	t.Helper()
	return string(made[[]byte](t)(os.ReadFile(name)))
}

// testCRL is a list signed by a.
func testCRL(t *testing.T, a *Authority, next time.Time, serials ...*big.Int) []byte {
	t.Helper()
	var entries []x509.RevocationListEntry
	for _, serial := range serials {
		entries = append(entries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: start})
	}
	return made[[]byte](t)(x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: start, NextUpdate: next, RevokedCertificateEntries: entries,
	}, a.Certificate, a.Key))
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// rsaPair is a self-signed certificate of so many bits.
func rsaPair(t *testing.T, bits int) (*x509.Certificate, crypto.Signer) {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	key := made[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, bits))
	cert := made[*x509.Certificate](t)(sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "rsa"}, NotAfter: start.Add(day), DNSNames: []string{"rsa.test"},
	}, nil, key.Public(), key))
	return cert, key
}

// logged is a log that tests read.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// count is how many lines have the part in them.
func (l *logged) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for line := range strings.Lines(l.buf.String()) {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

func ips(literals ...string) []net.IP {
	var list []net.IP
	for _, s := range literals {
		list = append(list, net.ParseIP(s))
	}
	return list
}
