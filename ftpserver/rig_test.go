package ftpserver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
)

// A rig is a server on loopback, for one test: accounts alice and bob, whose
// password is pw, and one tree of files that both see.
type rig struct {
	srv      *ftpserver.Server
	addr     string
	implicit bool
	tree     *mem.FS
	log      *logBuffer
	accounts *accounts
	setup    *setup
}

// startRig starts a server with the settings of a config section (see
// setup); it ends with the test, which fails if a session panicked.
func startRig(t testing.TB, config string) *rig {
	t.Helper()
	set, err := parseSetup(config)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{log: &logBuffer{}, implicit: set.implicit, setup: set}
	r.tree = newTree(set)
	r.accounts = &accounts{set: set, tree: r.tree}
	r.srv = ftpserver.New(r.accounts, set.serverConfig(t, r.log))
	if err := set.plant(r.tree); err != nil {
		t.Fatal(err)
	}
	r.listen(t)
	return r
}

// newTree is where the files of a test are.
func newTree(set *setup) *mem.FS {
	return mem.New(mem.Options{Meter: &set.meter, Capacity: set.capacity})
}

func (r *rig) listen(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(r.setup.host, "0"))
	if err != nil && r.setup.host != "127.0.0.1" {
		t.Skipf("this machine has no %s: %v", r.setup.host, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r.addr = l.Addr().String()
	serve := r.srv.Serve
	if r.implicit {
		serve = r.srv.ServeImplicit
	}
	done := make(chan error, 1)
	go func() { done <- serve(l) }()
	t.Cleanup(func() {
		r.srv.Close()
		if err := <-done; !errors.Is(err, ftpserver.ErrServerClosed) {
			t.Error(err)
		}
		if n := r.srv.Panics(); n != 0 {
			t.Errorf("%d panics:\n%s", n, r.log)
		}
	})
}

// accounts is the Backend of a rig. Beside alice and bob there are carol, who
// has been disabled, throttled, for whom the answer is ErrThrottled, and
// broken, for whom the store fails.
type accounts struct {
	set  *setup
	tree *mem.FS

	wrap func(storage.FS) storage.FS // nil: the tree as it is

	mu      sync.Mutex
	revoked map[string]bool // who may not log in any more
	asked   int             // how often a password was looked at
}

var errStore = errors.New("the store of accounts is away")

func (a *accounts) Login(_ context.Context, c ftpserver.Credentials) (ftpserver.Grant, error) {
	if c.HasPassword {
		a.mu.Lock()
		a.asked++
		a.mu.Unlock()
	}
	shown := ""
	if c.Certificate != nil {
		shown = c.Certificate.Subject.CommonName
	}
	name := c.User
	if name == "" {
		name = shown
	}
	acc := a.set.accounts[name]
	switch {
	case name == "throttled":
		return ftpserver.Grant{}, ftpserver.ErrThrottled
	case name == "broken" && c.HasPassword:
		return ftpserver.Grant{}, errStore
	case c.TLS == nil && a.set.needsTLS(acc):
		return ftpserver.Grant{}, ftpserver.ErrNeedTLS
	case shown != "" && shown != name:
		return ftpserver.Grant{}, ftpserver.ErrCertificate
	case acc == nil:
		return ftpserver.Grant{}, ftpserver.ErrRefused
	}
	return a.decide(acc, c, shown == name)
}

// decide is for an account that exists; proved says that the client has shown
// its certificate.
func (a *accounts) decide(acc *account, c ftpserver.Credentials, proved bool) (ftpserver.Grant, error) {
	switch {
	case acc.wantsBoth && c.HasPassword && !proved:
		return ftpserver.Grant{}, ftpserver.ErrCertificate
	case c.HasPassword && c.Password == acc.password, !c.HasPassword && proved && !acc.wantsBoth:
		return a.grant(acc), nil
	}
	return ftpserver.Grant{}, ftpserver.ErrRefused
}

func (a *accounts) grant(acc *account) ftpserver.Grant {
	g := acc.grant
	g.User, g.Files = acc.name, a.tree.As(acc.name)
	if a.wrap != nil {
		g.Files = a.wrap(g.Files)
	}
	g.Usage = a.set.meter.usage
	g.Renew = func() (ftpserver.Grant, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.revoked[acc.name] {
			return ftpserver.Grant{}, ftpserver.ErrRefused
		}
		return g, nil
	}
	g.SetPassword = func(_ context.Context, old, _ string) error {
		if old != acc.password {
			return ftpserver.ErrRefused
		}
		return nil
	}
	return g
}

// revoke disables an account while it is logged in.
func (a *accounts) revoke(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.revoked = map[string]bool{name: true}
}

// meter counts what the tree holds, and holds it to a quota.
type meter struct {
	mu  sync.Mutex
	now ftpserver.Usage
}

func (m *meter) Add(bytes, files int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.now
	u.Bytes, u.Files = u.Bytes+bytes, u.Files+files
	switch {
	case bytes > 0 && u.MaxBytes > 0 && u.Bytes > u.MaxBytes, files > 0 && u.MaxFiles > 0 && u.Files > u.MaxFiles:
		return storage.ErrQuota
	}
	m.now = u
	return nil
}

func (m *meter) usage() ftpserver.Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// logBuffer keeps the server's log, a JSON object per line.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// holds reports whether a line of the log has words that match the pattern.
func (l *logBuffer) holds(pattern string) bool {
	match := globber("*"+pattern+"*", nil)
	for line := range strings.Lines(l.String()) {
		if match.MatchString(strings.TrimSuffix(line, "\n")) {
			return true
		}
	}
	return false
}

// write puts a complete file into the tree.
func write(tree *mem.FS, name, content string) error {
	ctx := context.Background()
	p := storage.Path("/" + strings.TrimSuffix(name, "/"))
	dir := p.Dir()
	if strings.HasSuffix(name, "/") {
		dir = p
	}
	if err := makeDirs(tree, dir); err != nil || dir == p {
		return err
	}
	w, err := tree.Create(ctx, p, storage.Mode{Allow: storage.AllowAll})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Commit()
}

func makeDirs(tree *mem.FS, p storage.Path) error {
	if info, err := tree.Stat(context.Background(), p); err == nil && info.Type == storage.Dir {
		return nil
	}
	if err := makeDirs(tree, p.Dir()); err != nil {
		return err
	}
	return tree.Mkdir(context.Background(), p)
}

// content is a complete file, as everybody sees it.
func (r *rig) content(name string) (string, error) {
	f, err := r.tree.Open(context.Background(), storage.Path("/"+name), 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	return string(b), err
}
