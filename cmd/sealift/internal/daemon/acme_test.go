package daemon

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sealift/sealift/acme/acmetest"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// process is a server that runs in the test.
type process struct {
	t       *testing.T
	dir     string // of its state; sealift.toml is beside it
	address string // explicit
	signals chan os.Signal
	ended   chan error
	log     logLines
}

// logLines is a log that tests wait for.
type logLines struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{} // closed when something has come
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
	}
	l.more = make(chan struct{})
	return l.buf.Write(p)
}

func (l *logLines) read() (text string, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return l.buf.String(), l.more
}

// launch starts a server with that sealift.toml, and waits until it is ready.
func launch(t *testing.T, dir, document string) *process {
	t.Helper()
	p := &process{t: t, dir: dir, signals: make(chan os.Signal, 1), ended: make(chan error, 1)}
	p.configure(document)
	ready := make(chan Ready, 1)
	o := Options{File: dir + ".toml", Env: []string{"HOME=" + dir}, Version: "test", Log: &p.log, Ready: func(r Ready) { ready <- r }}
	go func() { p.ended <- Run(context.Background(), o, p.signals) }()
	t.Cleanup(func() { p.end() })
	select {
	case r := <-ready:
		p.address = r.Explicit[0]
	case err := <-p.ended:
		p.ended <- err
		t.Fatalf("it does not start: %v", err)
	case <-time.After(patience):
		t.Fatal("it is not ready")
	}
	p.wait("msg=ready", 1)
	return p
}

func (p *process) configure(document string) {
	p.t.Helper()
	all := fmt.Sprintf("data_dir = %q\n[listen]\nexplicit = [\"127.0.0.1:0\"]\n%s", p.dir, document)
	if err := os.WriteFile(p.dir+".toml", []byte(all), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// reload puts another sealift.toml into force.
func (p *process) reload(document string) {
	p.t.Helper()
	p.configure(document)
	if _, err := control.Dial(p.dir).Reload(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

// end stops the server, once.
func (p *process) end() {
	select {
	case p.signals <- syscall.SIGTERM:
	default:
	}
	err := <-p.ended
	p.ended <- nil
	if err != nil {
		p.t.Errorf("it ended with %v", err)
	}
}

// wait returns when the log has so many lines with these words.
func (p *process) wait(words string, times int) {
	p.t.Helper()
	for timeout := time.After(patience); ; {
		text, more := p.log.read()
		if strings.Count(text, words) >= times {
			return
		}
		select {
		case <-more:
		case <-timeout:
			p.t.Fatalf("no %q in the log:\n%s", words, text)
		}
	}
}

func (p *process) status() control.Status {
	p.t.Helper()
	st, err := control.Dial(p.dir).Status(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return st
}

// session is a control connection in TLS.
type session struct {
	*textproto.Conn
	leaf *x509.Certificate // the server's
}

// secure opens a session; the client asks for that name.
func (p *process) secure(name string) *session {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	clear := textproto.NewConn(conn)
	_, _, err1 := clear.ReadResponse(220)
	err2 := clear.PrintfLine("AUTH TLS")
	_, _, err3 := clear.ReadResponse(234)
	secured := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ServerName: name})
	if err := errors.Join(err1, err2, err3, secured.Handshake()); err != nil {
		p.t.Fatal(err)
	}
	return &session{textproto.NewConn(secured), secured.ConnectionState().PeerCertificates[0]}
}

// lives checks that the session answers.
func (s *session) lives(t *testing.T) {
	t.Helper()
	err := s.PrintfLine("NOOP")
	if _, _, answer := s.ReadResponse(200); err != nil || answer != nil {
		t.Errorf("the session does not go on: %v, %v", err, answer)
	}
}

// The own certificate serves until the CA has given one; why it has not is in
// the log and the status. A server that runs takes the new one up, and
// sessions go on. One that starts again shows it at once, and asks nobody.
func TestTheServerGetsItsCertificateFromACA(t *testing.T) {
	ca := acmetest.Start(t, acmetest.Options{})
	dir := filepath.Join(t.TempDir(), "data")
	root := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(root, ca.CAPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(listen string) string {
		return fmt.Sprintf("[acme]\nhosts = [\"ftp.example.test\"]\naccept_terms = true\ndirectory = %q\nca = %q\nlisten = %q\n", ca.Directory, root, listen)
	}
	p := launch(t, dir, with("127.0.0.1:0"))
	p.wait("the server's own certificate serves until the CA has given one", 1)
	p.wait(`msg="no certificate obtained"`, 1)
	old := p.secure("ftp.example.test")
	st := p.status()
	if ca.Gave(old.leaf) || st.Certificate.Origin != control.Own || st.Health != "degraded" {
		t.Errorf("before: certificate of %s, status %+v", old.leaf.Issuer, st)
	}
	if st.ACME == nil || st.ACME.Failures != 1 || !strings.Contains(st.ACME.Problem, "ftp.example.test: the CA says") || st.ACME.Hint == "" {
		t.Errorf("before: ACME %+v", st.ACME)
	}
	if said := strings.Join(st.Warnings, "\n"); !strings.Contains(said, "own certificate serves until") || !strings.Contains(said, "connection refused") {
		t.Errorf("before: the warnings are %s", said)
	}

	p.reload(with(ca.Address()))
	p.wait("certificate obtained", 2) // "no certificate obtained" is one
	p.wait(`msg="certificate reloaded"`, 1)
	fresh := p.secure("ftp.example.test")
	if !ca.Gave(fresh.leaf) {
		t.Errorf("after: certificate of %s", fresh.leaf.Issuer)
	}
	old.lives(t)
	st = p.status()
	if st.Certificate.Origin != control.Fetched || st.ACME.Failures != 0 || st.ACME.Problem != "" || time.Until(st.ACME.Next) < 40*24*time.Hour {
		t.Errorf("after: status %+v, ACME %+v", st, st.ACME)
	}
	p.end()

	again := launch(t, dir, with(ca.Address()))
	if leaf := again.secure("ftp.example.test").leaf; !leaf.Equal(fresh.leaf) {
		t.Errorf("after a restart: certificate of %s", leaf.Issuer)
	}
	again.reload("")
	if st := again.status(); st.ACME != nil || st.Certificate.Origin != control.Own {
		t.Errorf("ACME is off: %+v", st)
	}
	if log, _ := again.log.read(); strings.Contains(log, "certificate obtained") {
		t.Error("it asked again")
	}
}

// A configured certificate comes first, and an installed one.
func TestACMEComesLast(t *testing.T) {
	leaf, key := newPair(t, []string{"other.test"})
	pair := writePair(t, leaf, key)
	const acme = "[acme]\nhosts = [\"ftp.example.test\"]\naccept_terms = true\ndirectory = \"https://127.0.0.1:1/\"\nchallenge = \"dns-01\"\ndns_command = [\"true\"]\n"
	p := launch(t, filepath.Join(t.TempDir(), "data"), fmt.Sprintf("[tls]\ncertificate = %q\nkey = %q\n", pair.CertFile, pair.KeyFile)+acme)
	if st := p.status(); st.ACME != nil || st.Certificate.Origin != control.Configured || !strings.Contains(strings.Join(st.Warnings, "\n"), "acme.hosts: without effect") {
		t.Errorf("%+v", st)
	}
}

// Other names have certificates of their own, which are followed too; what
// cannot be loaded is told until it can.
func TestMoreCertificates(t *testing.T) {
	first, key := newPair(t, []string{"first.test"})
	pair := writePair(t, first, key)
	second, key := newPair(t, []string{"second.test"})
	other := writePair(t, second, key)
	p := launch(t, filepath.Join(t.TempDir(), "data"), fmt.Sprintf("[tls]\ncertificate = %q\nkey = %q\n[[tls.more]]\ncertificate = %q\nkey = %q\n",
		pair.CertFile, pair.KeyFile, other.CertFile, other.KeyFile))
	for name, want := range map[string]*x509.Certificate{"first.test": first, "second.test": second, "": first, "third.test": first} {
		if got := p.secure(name).leaf; !got.Equal(want) {
			t.Errorf("%q: the certificate is for %v", name, got.DNSNames)
		}
	}
	clear, err := textproto.Dial("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer clear.Close()
	if _, _, err := clear.ReadResponse(220); err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]int{"second.test": 220, "third.test": 504} {
		if err := clear.PrintfLine("HOST %s", name); err != nil {
			t.Fatal(err)
		}
		if _, _, err := clear.ReadResponse(code); err != nil {
			t.Errorf("HOST %s: %v", name, err)
		}
	}

	if err := os.WriteFile(other.KeyFile, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.wait("certificate not reloaded, the former one stays", 1)
	if st := p.status(); st.Health != "degraded" || !strings.Contains(strings.Join(st.Warnings, "\n"), "cannot be loaded") {
		t.Errorf("%+v", st)
	}
	if got := p.secure("second.test").leaf; !got.Equal(second) {
		t.Error("the certificate was thrown away")
	}
}
