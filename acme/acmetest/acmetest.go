// Package acmetest is a real ACME server, Let's Encrypt's Pebble, for tests,
// with a DNS server where every name is this machine.
package acmetest

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Options say what kind of CA it is.
type Options struct {
	// Life is how long its certificates count; 0 means 90 days.
	Life time.Duration
	// EABKeyID and EABKey (base64url): the CA demands an external account.
	EABKeyID, EABKey string
}

// A Server is a CA.
type Server struct {
	Directory string // URL
	CAPEM     []byte // of its own HTTPS certificate
	Roots     *x509.CertPool
	// Issuers are the roots of the certificates that it gives.
	Issuers *x509.CertPool
	// Port is where it comes to ask, for http-01 and tls-alpn-01.
	Port int
	// HookURL takes what a Hook is told, as a POST of its three arguments in
	// lines.
	HookURL string
	DNS     *challtestsrv.ChallSrv

	management http.Handler
	log        buffer
}

// Start is a CA that ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{Port: FreePort(t), Roots: x509.NewCertPool(), Issuers: x509.NewCertPool()}
	for name, value := range map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"} {
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the CA's log:\n%s", s.log.String())
		}
	})
	resolver := s.startDNS(t)
	s.startCA(t, o, resolver)
	s.startHook(t)
	return s
}

// Address is where the CA comes to ask.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }

func (s *Server) startCA(t testing.TB, o Options, resolver string) {
	t.Helper()
	logger, store := log.New(&s.log, "", log.Lmicroseconds), db.NewMemoryStore()
	if o.EABKeyID != "" {
		if err := store.AddExternalAccountKeyByID(o.EABKeyID, o.EABKey); err != nil {
			t.Fatal(err)
		}
	}
	profiles := map[string]ca.Profile{"default": {Description: "for tests", ValidityPeriod: uint64(o.Life / time.Second)}}
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, profiles)
	front := wfe.New(logger, store, va.New(logger, s.Port, s.Port, false, resolver, store), authority,
		[]string{"pebble.test"}, false, o.EABKeyID != "", 1, 1)
	s.management = front.ManagementHandler()
	s.Issuers.AddCert(authority.GetRootCert(0).Cert)
	server := httptest.NewUnstartedServer(front.Handler())
	server.Config.ErrorLog = logger
	server.StartTLS()
	t.Cleanup(server.Close)
	s.Directory = server.URL + wfe.DirectoryPath
	s.Roots.AddCert(server.Certificate())
	s.CAPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// startDNS starts the DNS server, and waits until it answers.
func (s *Server) startDNS(t testing.TB) (address string) {
	t.Helper()
	address = net.JoinHostPort("127.0.0.1", strconv.Itoa(FreePort(t)))
	var err error
	if s.DNS, err = challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{address}, Log: log.New(&s.log, "DNS ", 0)}); err != nil {
		t.Fatal(err)
	}
	s.DNS.SetDefaultDNSIPv4("127.0.0.1")
	s.DNS.SetDefaultDNSIPv6("")
	go s.DNS.Run()
	t.Cleanup(s.DNS.Shutdown)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-tick.C {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address
		}
	}
	t.Fatal("the DNS server does not start")
	return ""
}

func (s *Server) startHook(t testing.TB) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		words := strings.Split(string(body), "\n")
		switch {
		case len(words) == 3 && words[0] == "present":
			s.DNS.AddDNSTXTRecord(words[1]+".", words[2])
		case len(words) == 3 && words[0] == "cleanup":
			s.DNS.DeleteDNSTXTRecord(words[1] + ".")
		default:
			http.Error(w, fmt.Sprintf("what is %q?", body), http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	s.HookURL = server.URL
}

// Advise makes the CA want a certificate renewed in that window (RFC 9773).
func (s *Server) Advise(t testing.TB, leaf *x509.Certificate, start, end time.Time) {
	t.Helper()
	window := fmt.Sprintf(`{"suggestedWindow":{"start":%q,"end":%q}}`, start.UTC().Format(time.RFC3339), end.UTC().Format(time.RFC3339))
	body, err := json.Marshal(map[string]string{
		"certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})), "ariResponse": window,
	})
	if err != nil {
		t.Fatal(err)
	}
	if answer := s.manage(http.MethodPost, "/set-renewal-info/", bytes.NewReader(body)); answer.Code != http.StatusOK {
		t.Fatalf("the CA takes no advice: %d %s", answer.Code, answer.Body)
	}
}

// Gave tells whether the CA has issued the certificate.
func (s *Server) Gave(leaf *x509.Certificate) bool {
	between := x509.NewCertPool()
	between.AppendCertsFromPEM(s.manage(http.MethodGet, "/intermediates/0", nil).Body.Bytes())
	_, err := leaf.Verify(x509.VerifyOptions{Roots: s.Issuers, Intermediates: between})
	return err == nil
}

// manage asks the CA's interface for those who run it.
func (s *Server) manage(method, path string, body io.Reader) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, body)
	request.Header.Set("User-Agent", "acmetest")
	answer := httptest.NewRecorder()
	s.management.ServeHTTP(answer, request)
	return answer
}

// PlayHook is what a Hook does in tests: it tells url its arguments.
func PlayHook(url string, args []string) error {
	answer, err := http.Post(url, "text/plain", strings.NewReader(strings.Join(args, "\n")))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: %s", answer.Status, said)
	}
	return nil
}

var nextPort atomic.Int32

// FreePort is a port of 127.0.0.1 that nobody has now, below those that the
// system gives away by itself.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 500 {
		port := 12_000 + (os.Getpid()*31+int(nextPort.Add(1)))%8_000
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// buffer is a log that goes on after a test has ended.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
