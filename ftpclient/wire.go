package ftpclient

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	recordPayload = 16 << 10
	// chunk is how much is encrypted at once: three full records, which go
	// out in one system call. Four would just pass 64 KiB, and cost more.
	chunk = 3 * recordPayload
	// joined is what a chunk takes on the wire, and close_notify behind it.
	joined = chunk + 4*256
	// readAhead is how much is read from the socket at once.
	readAhead = 256 << 10
)

func bufferPool(size int) *sync.Pool {
	return &sync.Pool{New: func() any {
		b := make([]byte, size)
		return &b
	}}
}

var (
	chunkBuffers = bufferPool(chunk)
	joinBuffers  = bufferPool(joined)
	readBuffers  = bufferPool(readAhead)
)

var past = time.Unix(1, 0)

// wire is the TCP connection under a data connection. It knows what tls.Conn
// does not tell: whether the TCP stream ended. It reads and writes in large
// pieces, and fails when nothing moves for too long. One goroutine reads and
// writes; cut, finish and kill may come from another.
type wire struct {
	net.Conn
	stall   time.Duration // without a byte; 0: for ever
	renewed time.Time     // when the deadline was set
	ended   bool          // the end of the TCP stream was read

	join   bool
	out    []byte // not yet written
	pooled *[]byte
	ahead  []byte // read from the socket, not yet handed out
	buffer *[]byte

	mu       sync.Mutex // guards what follows, and the deadline
	stopped  bool       // reads and writes fail
	finished bool       // the server has said its last word: no use to read on
}

func newWire(conn net.Conn, stall time.Duration) *wire {
	return &wire{Conn: conn, stall: stall}
}

// readMore makes Read ask the socket for more than its caller does.
func (w *wire) readMore() {
	if w.buffer == nil {
		w.buffer = readBuffers.Get().(*[]byte)
	}
}

// Read gives what has come; the end of the stream is remembered.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.ahead) == 0 {
		if w.buffer == nil || len(p) >= readAhead {
			return w.receive(p)
		}
		n, err := w.receive(*w.buffer)
		if n == 0 {
			return 0, err
		}
		w.ahead = (*w.buffer)[:n]
	}
	n := copy(p, w.ahead)
	w.ahead = w.ahead[n:]
	return n, nil
}

func (w *wire) receive(p []byte) (int, error) {
	if err := w.moving(); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(p)
	if err == io.EOF {
		w.ended = true
	}
	return n, err
}

// Write sends b, or keeps it for flush if joinWrites was called.
func (w *wire) Write(b []byte) (int, error) {
	if w.join {
		w.out = append(w.out, b...)
		return len(b), nil
	}
	return len(b), w.send(b)
}

// joinWrites makes Write wait for flush.
func (w *wire) joinWrites() {
	if w.join {
		return
	}
	w.pooled = joinBuffers.Get().(*[]byte)
	w.out, w.join = (*w.pooled)[:0], true
}

func (w *wire) flush() error {
	err := w.send(w.out)
	w.out = w.out[:0]
	return err
}

func (w *wire) send(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := w.moving(); err != nil {
		return err
	}
	for {
		n, err := w.Conn.Write(b)
		if b = b[n:]; err == nil || !w.slow(n, err) {
			return err
		}
	}
}

// slow reports whether the time was up for a write of which n bytes went out:
// who is slow but moves is given more.
func (w *wire) slow(n int, err error) bool {
	return n > 0 && errors.Is(err, os.ErrDeadlineExceeded) && w.setDeadline(time.Now().Add(w.stall)) == nil
}

// moving renews the deadline now and then: setting it for each read would
// cost more than it is worth.
func (w *wire) moving() error {
	if w.stall == 0 {
		return nil
	}
	now := time.Now()
	if now.Sub(w.renewed) < w.stall/16 {
		return nil
	}
	w.renewed = now
	return w.setDeadline(now.Add(w.stall))
}

func (w *wire) setDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return os.ErrDeadlineExceeded
	}
	return w.Conn.SetDeadline(t)
}

// SetWriteDeadline does nothing: tls.Conn would leave a deadline in the past
// behind its close_notify, which is not written yet.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// cut makes what is pending fail, and all that comes after it.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.Conn.SetDeadline(past)
}

// kill is cut, and ends the connection in a way that no peer takes for the
// end of a file.
func (w *wire) kill() {
	w.cut()
	if tcp, ok := w.Conn.(interface{ SetLinger(int) error }); ok {
		tcp.SetLinger(0)
	}
	w.Conn.Close()
}

// finish ends drain.
func (w *wire) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished = true
	w.Conn.SetReadDeadline(past)
}

// drainTime and drainSize bound what is read after the end of an upload.
const (
	drainTime = 5 * time.Second
	drainSize = 1 << 20
)

// end half-closes the TCP connection, waits for the peer to do the same, and
// closes: closing at once, with bytes unread, would reset it and take back
// what is on its way. r reads from w, on whatever level. A connection that
// cannot be half-closed waits for the end on the level of TLS, if there is
// one, and else must be closed.
func (w *wire) end(r io.Reader) {
	defer w.Conn.Close()
	half, ok := w.Conn.(interface{ CloseWrite() error })
	ok = ok && half.CloseWrite() == nil
	if !ok && r == io.Reader(w) || !w.startDrain() {
		return
	}
	io.Copy(io.Discard, io.LimitReader(r, drainSize))
	if ok && !w.ended {
		io.Copy(io.Discard, io.LimitReader(w, drainSize))
	}
}

func (w *wire) startDrain() bool {
	w.stall = 0
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.stopped && !w.finished && w.Conn.SetReadDeadline(time.Now().Add(drainTime)) == nil
}

// release gives back what was borrowed. Nothing may follow.
func (w *wire) release() {
	w.Conn.Close()
	if w.buffer != nil {
		readBuffers.Put(w.buffer)
		w.buffer, w.ahead = nil, nil
	}
	if w.pooled != nil {
		joinBuffers.Put(w.pooled)
		w.pooled, w.out = nil, nil
	}
}
