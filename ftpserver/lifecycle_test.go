package ftpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"iter"
	"net"
	"os"
	"testing"
	"time"

	"github.com/sealift/sealift/storage"
)

// gone demands that the server has closed the connection.
func (p *peer) gone() {
	p.t.Helper()
	p.conn.SetReadDeadline(time.Now().Add(patience))
	if b, err := p.in.ReadByte(); err == nil {
		p.t.Fatalf("byte %q came, the connection should be closed", b)
	} else if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		p.t.Fatal("the connection is still open")
	}
}

// security.md E13: Shutdown lets transfers end, and tells who is idle.
func TestShutdownDrains(t *testing.T) {
	t.Parallel()
	r := run(t, Config{})
	idle := entered(t, r.addr, "alice", resuming(tls.VersionTLS13))
	stranger := dialPeer(t, r.addr)
	busy := entered(t, r.addr, "alice", resuming(tls.VersionTLS13))
	data := busy.begin("STOR f")
	if _, err := data.Write([]byte("first half, ")); err != nil {
		t.Fatal(err)
	}
	until(t, "the transfer runs", func() bool { return r.verbs()["STOR"] == 1 })
	done := make(chan error, 1)
	go func() { done <- r.Shutdown(context.Background()) }()
	idle.await(421)
	stranger.await(421)
	idle.gone()
	stranger.gone()
	idle.conn.Close()
	stranger.conn.Close()
	if conn, err := net.Dial("tcp", r.addr); err == nil {
		conn.Close()
		t.Error("the server still listens")
	}
	if _, err := io.WriteString(data, "second half"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		t.Fatalf("Shutdown returned %v in the middle of a transfer", err)
	default:
	}
	finish(t, data)
	busy.await(226)
	busy.await(421)
	busy.gone()
	busy.conn.Close()
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if got, _ := r.stored("/f"); got != "first half, second half" {
		t.Errorf("stored is %q", got)
	}
	if err := r.Serve(listener(t)); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve behind Shutdown: %v", err)
	}
}

func (r *running) verbs() map[string]int {
	all := map[string]int{}
	for _, i := range r.Sessions() {
		all[i.Verb]++
	}
	return all
}

func listener(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// What does not end in time is cut: by Shutdown's context, by Close, by Kick.
// Half an upload is never published.
func TestTransfersAreCut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why string
		cut func(t *testing.T, r *running)
	}{
		{"Shutdown, whose context is done", func(t *testing.T, r *running) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if err := r.Shutdown(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("Shutdown: %v", err)
			}
		}},
		{"Close", func(t *testing.T, r *running) { r.Close() }},
		{"Kick", func(t *testing.T, r *running) {
			if n := r.Kick("You are to leave", func(i SessionInfo) bool { return i.User == "alice" }); n != 1 {
				t.Errorf("%d sessions were kicked", n)
			}
		}},
	} {
		for _, verb := range []string{"STOR f", "RETR much", "LIST"} {
			t.Run(test.why+"/"+verb, func(t *testing.T) {
				t.Parallel()
				r := run(t, Config{})
				fill(t, r.files, map[string]string{"much": string(megabytes)})
				p := entered(t, r.addr, "alice", resuming(tls.VersionTLS13))
				if verb == "LIST" {
					p.passive()
					p.want(150, verb) // and nobody comes
				} else {
					data := p.begin(verb)
					io.WriteString(data, "half of it")
					defer data.Close()
				}
				until(t, "the transfer runs", func() bool { return r.verbs()[verb[:4]] == 1 })
				ended := make(chan struct{})
				go func() {
					test.cut(t, r)
					close(ended)
				}()
				p.await(426)
				if text := p.await(421); text == "" {
					t.Error("no reason is given")
				}
				p.gone()
				p.conn.Close()
				<-ended
				if _, ok := r.stored("/f"); ok {
					t.Error("half an upload was published")
				}
			})
		}
	}
}

// Kick ends those that it is told to end, whatever they do.
func TestKick(t *testing.T) {
	t.Parallel()
	r := run(t, Config{})
	kicked := entered(t, r.addr, "mallory", resuming(tls.VersionTLS13))
	spared := entered(t, r.addr, "alice", resuming(tls.VersionTLS13))
	shaking := dialPeer(t, r.addr)
	shaking.want(234, "AUTH TLS")
	if n := r.Kick("Out", func(i SessionInfo) bool { return i.User != "alice" }); n != 2 {
		t.Errorf("%d sessions were kicked, want 2", n)
	}
	if text := kicked.await(421); text != "Out" {
		t.Errorf("the reason is %q", text)
	}
	kicked.gone()
	shaking.gone()
	spared.want(200, "NOOP")
}

// faulty is an FS that panics in one of its methods.
type faulty struct {
	storage.FS
	where string
}

func (f faulty) fail(where string) {
	if f.where == where {
		panic("fault in " + where)
	}
}

func (f faulty) Stat(ctx context.Context, p storage.Path) (storage.Info, error) {
	f.fail("Stat")
	return f.FS.Stat(ctx, p)
}

func (f faulty) List(ctx context.Context, dir storage.Path) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		f.fail("List")
		f.FS.List(ctx, dir)(yield)
	}
}

func (f faulty) Open(ctx context.Context, p storage.Path, offset int64) (io.ReadCloser, error) {
	f.fail("Open")
	file, err := f.FS.Open(ctx, p, offset)
	return faultyFile{file, f}, err
}

func (f faulty) Create(ctx context.Context, p storage.Path, m storage.Mode) (storage.Writer, error) {
	f.fail("Create")
	w, err := f.FS.Create(ctx, p, m)
	return faultyWriter{w, f}, err
}

type faultyFile struct {
	io.ReadCloser
	f faulty
}

func (f faultyFile) Read(p []byte) (int, error) {
	f.f.fail("Read")
	return f.ReadCloser.Read(p)
}

type faultyWriter struct {
	storage.Writer
	f faulty
}

func (w faultyWriter) Write(p []byte) (int, error) {
	w.f.fail("Write")
	return w.Writer.Write(p)
}

func (w faultyWriter) Commit() error {
	w.f.fail("Commit")
	return w.Writer.Commit()
}

// A fault in the storage ends the command or the session that met it, is
// counted, and leaves everybody else alone (security.md §3).
func TestPanicsAreContained(t *testing.T) {
	withoutGC(t)
	for _, test := range []struct {
		where, line string
		inTransfer  bool // in its goroutine: the session lives
	}{
		{"Stat", "SIZE f", false},
		{"Open", "RETR f", false},
		{"Create", "STOR g", false},
		{"Read", "RETR f", true},
		{"List", "MLSD", true},
		{"Write", "STOR g", true},
		{"Commit", "STOR g", true},
	} {
		t.Run(test.where, func(t *testing.T) {
			r := &running{files: treeOf(t, "alice", map[string]string{"f": "content"})}
			b := grants{"alice": {Files: faulty{r.files, test.where}, Perm: PermAll}, "bob": {Files: r.files.As("bob"), Perm: PermAll}}
			r.serve(t, b, Config{TLS: serverTLS()})
			other := entered(t, r.addr, "bob", resuming(tls.VersionTLS13))
			before := holdings(t)
			p := entered(t, r.addr, "alice", resuming(tls.VersionTLS13))
			if test.inTransfer {
				data := p.begin(test.line)
				io.WriteString(data, "content")
				data.CloseWrite()
				if _, err := io.Copy(io.Discard, data); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatal("the data connection is still open")
				}
				data.Close()
				p.await(451)
				p.want(200, "NOOP")
				p.want(221, "QUIT")
			} else {
				p.passive()
				p.want(421, test.line)
			}
			p.gone()
			p.conn.Close()
			if n := r.Panics(); n != 1 {
				t.Errorf("%d panics are counted, want 1", n)
			}
			if _, ok := r.stored("/g"); ok {
				t.Error("something was published")
			}
			other.want(200, "NOOP")
			until(t, "all is given back", func() bool {
				now := holdings(t)
				return len(r.Sessions()) == 1 && now.goroutines <= before.goroutines && now.descriptors <= before.descriptors
			})
		})
	}
}
