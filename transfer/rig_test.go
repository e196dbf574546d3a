package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
)

// rig is a server, and what an Engine needs to use it.
type rig struct {
	t       *testing.T
	server  *ftpservertest.Server
	files   *mem.FS
	o       Options
	journal string
	most    int // connections
	wire    *wire
	clear   bool // the server is one in clear

	interrupt *atomic.Pointer[interrupt]
	ended     chan struct{} // gets one when the server has noticed that an upload ended

	mu      sync.Mutex
	results []Result
}

func newRig(t *testing.T, server ftpservertest.Options) *rig {
	t.Helper()
	files := mem.New(mem.Options{Owner: "user"})
	if server.Files == nil {
		server.Files = files
	}
	ended := make(chan struct{}, 100)
	var interrupted atomic.Pointer[interrupt]
	server.Files = watchFS{server.Files, ended, &interrupted}
	r := &rig{t: t, server: ftpservertest.Start(t, server), files: files, most: 8, ended: ended, interrupt: &interrupted, wire: &wire{}, journal: t.TempDir()}
	r.wire.control = r.server.Addr
	r.o = Options{Retries: 5, Backoff: func(int) time.Duration { return time.Millisecond }, Report: r.took}
	return r
}

// watchFS tells when an upload has ended, in one way or the other.
type watchFS struct {
	storage.FS
	ended     chan<- struct{}
	interrupt *atomic.Pointer[interrupt]
}

func (w watchFS) Create(ctx context.Context, p storage.Path, m storage.Mode) (storage.Writer, error) {
	inner, err := w.FS.Create(ctx, p, m)
	if err != nil {
		return nil, err
	}
	return &watchWriter{inner, w, 0}, nil
}

// interrupt is what happens when an upload has brought so many bytes: somebody
// breaks it off, and the server goes on when it is broken off.
type interrupt struct {
	after  int64
	now    func()
	broken <-chan struct{}
}

type watchWriter struct {
	storage.Writer
	fs watchFS
	n  int64
}

func (w *watchWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.n += int64(n)
	if i := w.fs.interrupt.Load(); i != nil && w.n >= i.after {
		w.fs.interrupt.Store(nil)
		i.now()
		<-i.broken
	}
	return n, err
}

func (w *watchWriter) Suspend() error {
	defer w.tell()
	return w.Writer.Suspend()
}

// Commit is what comes of a break too, where it cannot be told from the end.
func (w *watchWriter) Commit() error {
	defer w.tell()
	return w.Writer.Commit()
}

func (w *watchWriter) tell() {
	select {
	case w.fs.ended <- struct{}{}:
	default:
	}
}

func (r *rig) took(result Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results = append(r.results, result)
}

// taken are the results since the last call.
func (r *rig) taken() []Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.results
	r.results = nil
	return all
}

// one is the only result since the last call.
func (r *rig) one() Result {
	r.t.Helper()
	all := r.taken()
	if len(all) != 1 {
		r.t.Fatalf("%d results, not one: %+v", len(all), all)
	}
	return all[0]
}

func (r *rig) options() ftpclient.Options {
	return ftpclient.Options{
		TLS: r.server.ClientTLS(), User: r.server.User, Password: r.server.Password,
		DialContext: r.wire.dial, Timeout: 20 * time.Second, StallTimeout: 20 * time.Second,
	}
}

// engine is a new one, as that of another run would be.
func (r *rig) engine() *Engine {
	r.t.Helper()
	if r.o.Journal == nil {
		j, err := OpenJournal(r.journal)
		if err != nil {
			r.t.Fatal(err)
		}
		r.o.Journal = j
	}
	o := r.options()
	if r.clear {
		o = r.clearOptions()
	}
	pool := ftpclient.NewPool(r.server.Addr, o, r.most)
	r.t.Cleanup(func() { pool.Close() })
	return New(pool, "user@test", r.o)
}

// has stores a file on the server.
func (r *rig) has(name string, content []byte) {
	r.t.Helper()
	p := onServer(r.t, name)
	if p.Dir() != storage.Root {
		r.mkdir(string(p.Dir()))
	}
	w, err := r.files.Create(r.t.Context(), p, storage.Mode{Allow: storage.AllowAll})
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) mkdir(dir string) {
	r.t.Helper()
	at := ""
	for _, name := range strings.Split(strings.Trim(dir, "/"), "/") {
		at += "/" + name
		if err := r.files.Mkdir(r.t.Context(), onServer(r.t, at)); err != nil && !errors.Is(err, os.ErrExist) {
			r.t.Fatal(err)
		}
	}
}

func onServer(t *testing.T, name string) storage.Path {
	t.Helper()
	p, err := storage.Resolve(storage.Root, name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// got is the content of a file of the server.
func (r *rig) got(name string) []byte {
	r.t.Helper()
	f, err := r.files.Open(r.t.Context(), onServer(r.t, name), 0)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		r.t.Fatal(err)
	}
	return content
}

// names are those of a folder of the server.
func (r *rig) names(dir string) (names []string) {
	r.t.Helper()
	for info, err := range r.files.List(r.t.Context(), onServer(r.t, dir)) {
		if err != nil {
			r.t.Fatal(err)
		}
		names = append(names, info.Name)
	}
	return names
}

func (r *rig) sameThere(name string, want []byte) {
	r.t.Helper()
	if !bytes.Equal(r.got(name), want) {
		r.t.Errorf("%s on the server is not what was sent", name)
	}
}

func sameHere(t *testing.T, name string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the server has: %d bytes, not %d", name, len(got), len(want))
	}
}

func writeHere(t *testing.T, name string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// noise is content that cannot be guessed.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)}).Read(b)
	return b
}

// noneLeft makes sure that no unfinished file is left in a folder.
func noneLeft(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if isOurs(entry.Name()) {
			t.Errorf("%s is left", entry.Name())
		}
	}
}

// wire makes connections that break when they are told to.
type wire struct {
	control string
	hidden  []string // commands that the server does not know
	cuts    cuts
	// breakAfter is how many bytes data connections move until one breaks;
	// 0: never. It is used up by the break.
	breakAfter atomic.Int64
	breaks     atomic.Int64 // how many did
	// closed, if not nil, is told when a data connection is closed.
	closed chan struct{}
	// broken is run at each break.
	broken func()
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err == nil && address == w.control {
		c = &cuttable{c, w}
	}
	switch {
	case err != nil:
		return nil, err
	case address == w.control && len(w.hidden) > 0:
		return newNarrow(c, w.hidden), nil
	case address == w.control:
		return c, nil
	}
	return &frail{c, w}, nil
}

// frail is a data connection.
type frail struct {
	net.Conn
	w *wire
}

var errBroken = net.ErrClosed

func (f *frail) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if f.w.moved(n) {
		f.Conn.Close()
		return 0, errBroken
	}
	return n, err
}

func (f *frail) Close() error {
	err := f.Conn.Close()
	if f.w.closed != nil {
		select {
		case f.w.closed <- struct{}{}:
		default:
		}
	}
	return err
}

func (f *frail) CloseWrite() error { return f.Conn.(*net.TCPConn).CloseWrite() }

func (f *frail) Write(p []byte) (int, error) {
	if f.w.moved(len(p)) {
		half, _ := f.Conn.Write(p[:len(p)/2])
		f.Conn.Close()
		return half, errBroken
	}
	return f.Conn.Write(p)
}

// moved reports whether the connection breaks now.
func (w *wire) moved(n int) bool {
	for {
		left := w.breakAfter.Load()
		if left <= 0 {
			return false
		}
		if w.breakAfter.CompareAndSwap(left, max(left-int64(n), 0)) {
			if left-int64(n) > 0 {
				return false
			}
			w.breaks.Add(1)
			if w.broken != nil {
				w.broken()
			}
			return true
		}
	}
}
