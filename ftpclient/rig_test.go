package ftpclient_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

// TestMain fails when goroutines of connections are left.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && !quiet() {
		code = 1
	}
	os.Exit(code)
}

// quiet waits until no goroutine of this package runs.
func quiet() bool {
	stacks := make([]byte, 1<<20)
	deadline := time.Now().Add(10 * time.Second)
	for {
		running := string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(running, "sealift/ftpclient.(*") {
			return true
		}
		if time.Now().After(deadline) {
			os.Stderr.WriteString("goroutines are left:\n" + running)
			return false
		}
		runtime.Gosched()
	}
}

// options log in to a server of ftpservertest.
func options(s *ftpservertest.Server) ftpclient.Options {
	return ftpclient.Options{TLS: s.ClientTLS(), User: s.User, Password: s.Password}
}

func dial(t testing.TB, address string, o ftpclient.Options) *ftpclient.Conn {
	t.Helper()
	c, err := ftpclient.Dial(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// connect is the usual beginning: a server and a client that is logged in.
func connect(t testing.TB) (*ftpservertest.Server, *ftpclient.Conn) {
	t.Helper()
	s := ftpservertest.Start(t, ftpservertest.Options{})
	return s, dial(t, s.Addr, options(s))
}

func random(size int) []byte {
	b := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(size), byte(size >> 8)})
	source.Read(b)
	return b
}

func store(t testing.TB, c *ftpclient.Conn, path string, content []byte) {
	t.Helper()
	n, err := c.Store(t.Context(), path, 0, bytes.NewReader(content))
	if err != nil || n != int64(len(content)) {
		t.Fatalf("Store %s: %d bytes, %v", path, n, err)
	}
}

func retrieve(t testing.TB, c *ftpclient.Conn, path string, offset int64) []byte {
	t.Helper()
	got, err := read(t.Context(), c, path, offset)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func read(ctx context.Context, c *ftpclient.Conn, path string, offset int64) ([]byte, error) {
	r, err := c.Retrieve(ctx, path, offset)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// usable proves that commands and their replies still belong together.
func usable(t testing.TB, c *ftpclient.Conn) {
	t.Helper()
	if dir, err := c.CurrentDir(t.Context()); err != nil || dir != "/" {
		t.Fatalf("PWD: %q, %v", dir, err)
	}
}

// tape keeps the lines of a control connection.
type tape struct {
	mu    sync.Mutex
	lines []ftpclient.Line
}

func (p *tape) add(l ftpclient.Line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, l)
}

// sent are the commands.
func (p *tape) sent() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, l := range p.lines {
		if l.Sent {
			all = append(all, l.Text)
		}
	}
	return all
}

// verbs are the first words of the commands.
func (p *tape) verbs() string {
	var all []string
	for _, line := range p.sent() {
		verb, _, _ := strings.Cut(line, " ")
		all = append(all, verb)
	}
	return strings.Join(all, " ")
}
