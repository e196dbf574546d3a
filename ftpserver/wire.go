package ftpserver

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	recordPayload = 16 << 10
	// chunk is how much is encrypted at once: three full records, which go
	// out in one system call. Four would just pass 64 KiB, and cost more.
	chunk = 3 * recordPayload
	// joined is what a chunk takes on the wire, and the ticket before it.
	joined = chunk + 3*256 + 4<<10
)

// wire is the TCP connection under a data connection. It knows what tls.Conn
// does not tell: whether the TCP stream ended (without close_notify, if
// tls.Conn sees no end). It joins records into one write while join is set,
// and holds back the session ticket that a handshake sends, until the next
// write: a client that writes, closes and never reads would otherwise reset
// the connection and lose the end of its upload.
type wire struct {
	net.Conn
	stall time.Duration // without a byte; then the read or write fails
	drain time.Duration // for the peer's end

	ended    atomic.Bool // the end of the TCP stream was read
	holdNext bool        // the last record of the next write is a ticket
	join     bool
	out      []byte // not yet written
	pooled   *[]byte
	renewed  time.Time // when the deadline was set

	mu  sync.Mutex // guards the deadline
	cut bool       // it stays in the past

	ahead  []byte // read from the socket, not yet handed out
	buffer *[]byte
}

func newWire(conn net.Conn, l *Limits) *wire {
	return &wire{Conn: conn, stall: l.StallTimeout, drain: l.DrainTimeout}
}

var joinBuffers = sync.Pool{New: func() any {
	b := make([]byte, 0, joined)
	return &b
}}

// readAhead is how much an upload reads from the socket at once.
const readAhead = 128 << 10

var readBuffers = sync.Pool{New: func() any {
	b := make([]byte, readAhead)
	return &b
}}

// readMore makes Read ask the socket for more than tls.Conn would.
func (w *wire) readMore() { w.buffer = readBuffers.Get().(*[]byte) }

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
		w.ended.Store(true)
	}
	return n, err
}

// Write sends b behind what is held, or keeps it until flush.
func (w *wire) Write(b []byte) (int, error) {
	switch {
	case w.holdNext:
		w.holdNext = false
		now, later := splitLastRecord(b)
		if err := w.send(now); err != nil {
			return 0, err
		}
		w.out = append(w.out, later...)
	case w.join:
		w.out = append(w.out, b...)
	case len(w.out) > 0:
		w.out = append(w.out, b...)
		return len(b), w.flush()
	default:
		return len(b), w.send(b)
	}
	return len(b), nil
}

// joinWrites makes Write wait for flush.
func (w *wire) joinWrites() {
	if w.join {
		return
	}
	w.pooled = joinBuffers.Get().(*[]byte)
	w.out = append((*w.pooled)[:0], w.out...)
	w.join = true
}

func (w *wire) flush() error {
	if len(w.out) == 0 {
		return nil
	}
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
		if b = b[n:]; err == nil || !w.slow(int64(n), err) {
			return err
		}
	}
}

// slow reports whether the time was up for a write of which n bytes went out:
// who is slow but moves is given more.
func (w *wire) slow(n int64, err error) bool {
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
	if w.cut {
		return os.ErrDeadlineExceeded
	}
	return w.Conn.SetDeadline(t)
}

// SetWriteDeadline does nothing: tls.Conn would leave a deadline in the past
// behind its close_notify, which is not written yet.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// cutOff makes what is pending fail, and all that comes after it; from
// another goroutine.
func (w *wire) cutOff() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	w.Conn.SetDeadline(past)
}

// splitLastRecord parts TLS records, of which there is at least one, before
// the last.
func splitLastRecord(b []byte) (before, last []byte) {
	start := 0
	for next := 0; next+recordHeader <= len(b); {
		start = next
		next += recordHeader + int(binary.BigEndian.Uint16(b[next+3:]))
	}
	return b[:start], b[start:]
}

// end half-closes the TCP connection and waits for the peer to do the same:
// closing at once could reset it, and take back what is on its way.
func (w *wire) end() {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	if w.ended.Load() {
		return
	}
	if w.setDeadline(time.Now().Add(w.drain)) == nil {
		discard(w.Conn)
	}
}

// discard reads to the end, or until the deadline.
func discard(conn net.Conn) {
	io.Copy(io.Discard, io.LimitReader(conn, maxFlood))
}

// close frees the connection and what it borrowed.
func (w *wire) close() {
	w.Conn.Close()
	if w.buffer != nil {
		readBuffers.Put(w.buffer)
		w.buffer, w.ahead = nil, nil
	}
	if w.pooled != nil {
		*w.pooled = w.out[:0]
		joinBuffers.Put(w.pooled)
		w.pooled, w.out = nil, nil
	}
}
