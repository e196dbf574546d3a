// Package stream is the TCP connection under a data connection, as both ends
// of one want it.
package stream

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// RecordPayload is what a full record of TLS carries, in bytes (RFC 8446
	// §5.1).
	RecordPayload = 16 << 10
	// Chunk is how much is best encrypted at once: three full records, which
	// go out in one system call. Four would just pass 64 KiB, and cost more.
	Chunk = 3 * RecordPayload
	// joined is what a chunk takes on the wire, a ticket before it and a
	// close_notify behind.
	joined = Chunk + 4*256 + 4<<10
	// readAhead is how much is read from the socket at once.
	readAhead = 128 << 10
)

var joinBuffers, readBuffers = bufferPool(joined), bufferPool(readAhead)

func bufferPool(size int) *sync.Pool {
	return &sync.Pool{New: func() any {
		b := make([]byte, size)
		return &b
	}}
}

// past is a deadline that makes what is pending fail at once.
var past = time.Unix(1, 0)

// A Conn knows what tls.Conn does not tell: whether the TCP stream ended
// (without close_notify, if tls.Conn sees no end). It reads and writes in
// large pieces, and fails when nothing moves for too long. One goroutine reads
// and writes; Cut may come from another.
type Conn struct {
	net.Conn
	stall   time.Duration // without a byte; 0: for ever
	renewed time.Time     // when the deadline was set
	ended   atomic.Bool

	join   bool
	out    []byte // not yet written
	pooled *[]byte
	ahead  []byte // read from the socket, not yet handed out
	buffer *[]byte

	mu  sync.Mutex // guards the deadline
	cut bool       // it stays in the past
}

// New is a Conn whose reads and writes fail with os.ErrDeadlineExceeded after
// the time stall without a byte; 0: never. Release frees it.
func New(conn net.Conn, stall time.Duration) *Conn { return &Conn{Conn: conn, stall: stall} }

// ReadMore makes Read ask the socket for more than its caller does.
func (c *Conn) ReadMore() {
	if c.buffer == nil {
		c.buffer = readBuffers.Get().(*[]byte)
	}
}

// Buffered reports whether the next Read does not wait.
func (c *Conn) Buffered() bool { return len(c.ahead) > 0 }

// Ended reports whether the end of the TCP stream was read.
func (c *Conn) Ended() bool { return c.ended.Load() }

// Read gives what has come; the end of the stream is remembered.
func (c *Conn) Read(p []byte) (int, error) {
	if len(c.ahead) == 0 {
		if c.buffer == nil || len(p) >= readAhead {
			return c.receive(p)
		}
		n, err := c.receive(*c.buffer)
		if n == 0 {
			return 0, err
		}
		c.ahead = (*c.buffer)[:n]
	}
	n := copy(p, c.ahead)
	c.ahead = c.ahead[n:]
	return n, nil
}

func (c *Conn) receive(p []byte) (int, error) {
	if err := c.Moving(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.ended.Store(true)
	}
	return n, err
}

// Write sends b behind what is kept, or keeps it for Flush after JoinWrites.
func (c *Conn) Write(b []byte) (int, error) {
	if !c.join && len(c.out) == 0 {
		return len(b), c.send(b)
	}
	c.Keep(b)
	if c.join {
		return len(b), nil
	}
	return len(b), c.Flush()
}

// JoinWrites makes Write wait for Flush.
func (c *Conn) JoinWrites() {
	if c.join {
		return
	}
	c.pooled = joinBuffers.Get().(*[]byte)
	c.out, c.join = append((*c.pooled)[:0], c.out...), true
}

// Keep holds b back until the next Write or Flush.
func (c *Conn) Keep(b []byte) { c.out = append(c.out, b...) }

// Flush sends what is kept.
func (c *Conn) Flush() error {
	err := c.send(c.out)
	c.out = c.out[:0]
	return err
}

func (c *Conn) send(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := c.Moving(); err != nil {
		return err
	}
	for {
		n, err := c.Conn.Write(b)
		if b = b[n:]; err == nil || !c.Slow(int64(n), err) {
			return err
		}
	}
}

// Slow reports whether the time was up for a write of which n bytes went out:
// who is slow but moves is given more.
func (c *Conn) Slow(n int64, err error) bool {
	return n > 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.Until(time.Now().Add(c.stall)) == nil
}

// Moving renews the deadline now and then: setting it for each read would
// cost more than it is worth. Read and Write call it.
func (c *Conn) Moving() error {
	if c.stall == 0 {
		return nil
	}
	now := time.Now()
	if now.Sub(c.renewed) < c.stall/16 {
		return nil
	}
	c.renewed = now
	return c.Until(now.Add(c.stall))
}

// Until sets the deadline of reads and writes; after Cut it is
// os.ErrDeadlineExceeded.
func (c *Conn) Until(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return os.ErrDeadlineExceeded
	}
	return c.Conn.SetDeadline(t)
}

// SetWriteDeadline does nothing: tls.Conn would leave a deadline in the past
// behind its close_notify, which is not written yet.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// Cut makes what is pending fail, and all that comes after it.
func (c *Conn) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	c.Conn.SetDeadline(past)
}

// HalfClose ends the TCP stream in this direction (closing at once, with bytes
// unread, would reset it and take back what is on its way). It reports whether
// it could: not every kind of connection can be closed half.
func (c *Conn) HalfClose() bool {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// Wait gives the peer a time of its own, in place of that for a stall, for
// what is read from now on.
func (c *Conn) Wait(d time.Duration) error {
	c.stall = 0
	return c.Until(time.Now().Add(d))
}

// Release closes the connection and gives back what was borrowed. Nothing may
// follow.
func (c *Conn) Release() {
	c.Conn.Close()
	if c.buffer != nil {
		readBuffers.Put(c.buffer)
		c.buffer, c.ahead = nil, nil
	}
	if c.pooled != nil {
		joinBuffers.Put(c.pooled)
		c.pooled, c.out = nil, nil
	}
}
