package acme

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/acme/acmetest"
	"github.com/sealift/sealift/certs"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// hookVariable makes of the test binary a Hook: it holds the URL that a
// Server takes records at.
const hookVariable = "SEALIFT_TEST_HOOK"

func TestMain(m *testing.M) {
	url := os.Getenv(hookVariable)
	if url == "" {
		os.Exit(m.Run())
	}
	if err := acmetest.PlayHook(url, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "no record was set:\n", err)
		os.Exit(3)
	}
}

// fixture is a CA, and what a Keeper of a test is told.
type fixture struct {
	*acmetest.Server
	t        *testing.T
	options  Options
	obtained chan *x509.Certificate
	log      logged
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

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// newFixture is for a certificate for two names, by http-01.
func newFixture(t *testing.T, o acmetest.Options) *fixture {
	t.Helper()
	f := &fixture{Server: acmetest.Start(t, o), t: t, obtained: make(chan *x509.Certificate, 10)}
	f.options = Options{
		Dir: t.TempDir() + "/acme", Hosts: []string{"ftp.example.test", "files.example.test"},
		Directory: f.Directory, AcceptTerms: true, Roots: f.Roots, Email: "op@example.test",
		Challenge: HTTP01, Solver: nil, Log: slog.New(slog.NewTextHandler(&f.log, nil)),
	}
	f.options.Solver = f.responder(HTTP01)
	f.options.Obtained = func() { f.obtained <- present(f.options.Dir) }
	return f
}

// responder answers the CA, until the test ends.
func (f *fixture) responder(c Challenge) *Responder {
	r := NewResponder(c, f.Address())
	f.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return r
}

// elsewhere has the Responder answer at a port where the CA does not ask.
func (f *fixture) elsewhere() {
	r := NewResponder(HTTP01, "127.0.0.1:0")
	f.t.Cleanup(func() { r.Close() })
	f.options.Solver = r
}

func (f *fixture) keeper() *Keeper {
	f.t.Helper()
	k, err := New(f.options)
	if err != nil {
		f.t.Fatal(err)
	}
	return k
}

// run runs a Keeper until the test ends, or stop is called.
func (f *fixture) run(k *Keeper) (stop func()) {
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	f.t.Cleanup(stop)
	return stop
}

// await is the next certificate.
func (f *fixture) await() *x509.Certificate {
	f.t.Helper()
	select {
	case leaf := <-f.obtained:
		if leaf == nil {
			f.t.Fatal("nothing stands in the directory")
		}
		return leaf
	case <-time.After(patience):
		f.t.Fatalf("no certificate came:\n%s", f.log.String())
	}
	return nil
}

// fails is what one try ends with.
func (f *fixture) fails(k *Keeper) *Error {
	f.t.Helper()
	k.try(f.t.Context())
	why := k.Status().Failure
	if why == nil {
		f.t.Fatal("it went well")
	}
	return why
}

func shows(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("no %q in: %s", word, text)
		}
	}
}

// chain are the certificates that stand in the directory.
func (f *fixture) chain() []*x509.Certificate {
	f.t.Helper()
	p, _ := Pair(f.options.Dir)
	id, err := certs.ReadIdentity([]string{p.CertFile}, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return id.Chain
}
