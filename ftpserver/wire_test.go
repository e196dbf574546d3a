package ftpserver

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// writes is a connection that notes each write.
type writes struct {
	net.Conn
	all [][]byte
}

func (w *writes) Write(p []byte) (int, error) {
	w.all = append(w.all, bytes.Clone(p))
	return len(p), nil
}
func (w *writes) SetDeadline(time.Time) error { return nil }
func (w *writes) Close() error                { return nil }

func (w *writes) sent() string { return string(bytes.Join(w.all, []byte("|"))) }

func TestSplitLastRecord(t *testing.T) {
	t.Parallel()
	a, b, c := record('a', 3), record('b', 0), record('c', 300)
	join := func(records ...[]byte) []byte { return bytes.Join(records, nil) }
	for _, test := range []struct {
		why         string
		all         []byte
		before, end []byte
	}{
		{"one record, alone in its write when a certificate was asked for", a, nil, a},
		{"the last of a flight", join(a, b, c), join(a, b), c},
		{"an empty one at the end", join(a, b), a, b},
	} {
		if before, last := splitLastRecord(test.all); !bytes.Equal(before, test.before) || !bytes.Equal(last, test.end) {
			t.Errorf("%s: %d and %d bytes, want %d and %d", test.why, len(before), len(last), len(test.before), len(test.end))
		}
	}
}

func TestWireHoldsTheTicket(t *testing.T) {
	t.Parallel()
	flight, ticket := string(record('f', 2)), string(record('t', 3))
	for _, test := range []struct {
		why  string
		use  func(w *wire)
		sent string
	}{
		{"the flight leaves, the ticket stays", func(w *wire) {}, flight},
		{"it leaves with the next write", func(w *wire) { io.WriteString(w, "end") }, flight + "|" + ticket + "end"},
		{"and with no other", func(w *wire) { io.WriteString(w, "a"); io.WriteString(w, "b") }, flight + "|" + ticket + "a|b"},
		{"it comes before joined writes", func(w *wire) {
			w.JoinWrites()
			io.WriteString(w, "a")
			io.WriteString(w, "b")
			w.Flush()
		}, flight + "|" + ticket + "ab"},
		{"a connection that is closed sends none", func(w *wire) { w.Release() }, flight},
	} {
		conn := &writes{}
		w := newWire(conn, &Limits{})
		w.holdNext = true
		if n, err := io.WriteString(w, flight+ticket); n != len(flight+ticket) || err != nil {
			t.Fatalf("%s: wrote %d, %v", test.why, n, err)
		}
		test.use(w)
		if conn.sent() != test.sent {
			t.Errorf("%s: sent %q, want %q", test.why, conn.sent(), test.sent)
		}
	}
}

func TestWireJoinsWrites(t *testing.T) {
	t.Parallel()
	conn := &writes{}
	w := newWire(conn, &Limits{})
	w.JoinWrites()
	w.JoinWrites()
	for _, s := range []string{"a", "b", "c"} {
		if n, err := io.WriteString(w, s); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if conn.sent() != "" {
		t.Errorf("sent %q before flush", conn.sent())
	}
	w.Flush()
	w.Flush()
	io.WriteString(w, "d")
	w.Flush()
	if conn.sent() != "abc|d" {
		t.Errorf("sent %q, want abc and d", conn.sent())
	}
	w.Release()
}

// A chunk of a download goes out in one write, the last one together with
// close_notify.
func TestDownloadWritesOncePerChunk(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	counted := &countedConn{Conn: ours}
	w := newWire(counted, &Limits{StallTimeout: time.Minute})
	got := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(tls.Client(theirs, &tls.Config{InsecureSkipVerify: true}))
		got <- all
	}()
	config := serverTLS().Clone()
	config.DynamicRecordSizingDisabled = true
	conn := tls.Server(w, config)
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	before := counted.writes.Load()
	content := bytes.Repeat([]byte("0123456789abcdef"), 10*chunk/16)
	var moved atomic.Int64
	c := &privateConn{wire: w, tls: conn}
	if err := c.sendFrom(bytes.NewReader(content), &moved); err != nil {
		t.Fatal(err)
	}
	if err := c.end(); err != nil {
		t.Fatal(err)
	}
	ours.Close()
	if all := <-got; !bytes.Equal(all, content) {
		t.Errorf("%d bytes came of %d", len(all), len(content))
	}
	if n := counted.writes.Load() - before; n != 10 {
		t.Errorf("10 chunks went out in %d writes", n)
	}
	if moved.Load() != int64(len(content)) {
		t.Errorf("%d bytes were counted", moved.Load())
	}
	c.Release()
}

type countedConn struct {
	net.Conn
	writes atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// Four records that came at once are read at once, and handed out piecemeal.
func TestWireReadsAhead(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("x"), 1000)
	w := newWire(&scripted{pieces: pieces{rest: text}}, &Limits{})
	w.ReadMore()
	p := make([]byte, 400)
	for _, want := range []int{400, 400, 200} {
		if n, err := w.Read(p); n != want || err != nil {
			t.Fatalf("read %d, %v; want %d", n, err, want)
		}
		if w.Ended() {
			t.Fatal("the end was seen before it was read")
		}
	}
	if n, err := w.Read(p); n != 0 || err != io.EOF || !w.Ended() {
		t.Errorf("at the end: %d, %v, %v", n, err, w.Ended())
	}
}

const stall = time.Minute

// stalled runs f on a wire whose peer does what it is told, under a clock of
// its own.
func stalled(t *testing.T, peer func(net.Conn), f func(t *testing.T, w *wire)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		over := make(chan struct{})
		var other sync.WaitGroup
		other.Go(func() {
			peer(theirs)
			<-over
			theirs.Close()
		})
		f(t, newWire(ours, &Limits{StallTimeout: stall, DrainTimeout: 5 * time.Second}))
		ours.Close()
		close(over)
		other.Wait()
	})
}

func silent(net.Conn) {}

func TestStalledRead(t *testing.T) {
	t.Parallel()
	stalled(t, silent, func(t *testing.T, w *wire) {
		began := time.Now()
		_, err := w.Read(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != stall {
			t.Errorf("a peer that sends nothing: %v after %v", err, time.Since(began))
		}
	})
}

// Who sends a byte now and then is slow, and lives (security.md L4).
func TestSlowRead(t *testing.T) {
	t.Parallel()
	stalled(t, func(c net.Conn) {
		for range 100 {
			<-time.After(stall * 9 / 10)
			c.Write([]byte{1})
		}
		c.Close()
	}, func(t *testing.T, w *wire) {
		if n, err := io.Copy(io.Discard, w); n != 100 || err != nil {
			t.Errorf("a slow peer was cut after %d bytes: %v", n, err)
		}
	})
}

func TestStalledWrite(t *testing.T) {
	t.Parallel()
	stalled(t, func(c net.Conn) {
		io.ReadFull(c, make([]byte, 10))
	}, func(t *testing.T, w *wire) {
		began := time.Now()
		_, err := w.Write(make([]byte, 100))
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took < stall || took > 2*stall {
			t.Errorf("a peer that reads no more: %v after %v", err, took)
		}
	})
}

func TestSlowWrite(t *testing.T) {
	t.Parallel()
	stalled(t, func(c net.Conn) {
		for p := make([]byte, 1); ; {
			<-time.After(stall * 9 / 10)
			if _, err := c.Read(p); err != nil {
				return
			}
		}
	}, func(t *testing.T, w *wire) {
		if n, err := w.Write(make([]byte, 100)); n != 100 || err != nil {
			t.Errorf("a slow peer was cut after %d bytes: %v", n, err)
		}
	})
}

// cutOff ends what is pending and what comes, for good.
func TestCutOff(t *testing.T) {
	t.Parallel()
	stalled(t, silent, func(t *testing.T, w *wire) {
		began := time.Now()
		ended := make(chan error)
		go func() {
			_, err := w.Read(make([]byte, 1))
			ended <- err
		}()
		synctest.Wait()
		w.Cut()
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 0 {
			t.Errorf("what was pending ended with %v, after %v", err, time.Since(began))
		}
		<-time.After(stall)
		_, readErr := w.Read(make([]byte, 1))
		_, writeErr := w.Write(make([]byte, 1))
		for _, err := range []error{readErr, writeErr} {
			if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != stall {
				t.Errorf("what came behind it ended with %v, after %v", err, time.Since(began)-stall)
			}
		}
	})
}

// Plain downloads go through the kernel; there too a slow client is given
// more time, and not a byte is lost or doubled.
func TestSlowDownloadOfAFile(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcde\n"), 1<<20/16)
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server, client := tcpPair(t)
	server.SetWriteBuffer(32 << 10)
	client.SetReadBuffer(32 << 10)
	const short = 600 * time.Millisecond
	w := newWire(server, &Limits{StallTimeout: short})
	var moved atomic.Int64
	sent := make(chan error, 1)
	began := time.Now()
	go func() {
		sent <- (&clearConn{w}).sendFrom(file, &moved)
		server.CloseWrite()
	}()
	var got bytes.Buffer
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for err = error(nil); err == nil; {
		_, err = io.CopyN(&got, client, 6<<10)
		<-pace.C
	}
	if err := <-sent; err != nil {
		t.Fatalf("cut after %d bytes, %v: %v", moved.Load(), time.Since(began), err)
	}
	if !bytes.Equal(got.Bytes(), content) || moved.Load() != int64(len(content)) {
		t.Errorf("%d bytes came, %d were counted, want %d", got.Len(), moved.Load(), len(content))
	}
	if time.Since(began) < 2*short {
		t.Errorf("it took %v: too fast to show anything", time.Since(began))
	}
}

// tcpPair is both ends of a connection on loopback.
func tcpPair(t testing.TB) (server, client *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); c.Close() })
	return s.(*net.TCPConn), c.(*net.TCPConn)
}
