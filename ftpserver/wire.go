package ftpserver

import (
	"encoding/binary"
	"io"
	"net"
	"time"

	"github.com/sealift/sealift/internal/stream"
)

// chunk is how much is read and sent at once.
const chunk = stream.Chunk

// wire is the TCP connection under a data connection. It holds back the
// session ticket that a handshake sends, until the next write: a client that
// writes, closes and never reads would otherwise reset the connection and lose
// the end of its upload.
type wire struct {
	*stream.Conn
	drain    time.Duration // for the peer's end
	holdNext bool          // the last record of the next write is a ticket
}

func newWire(conn net.Conn, l *Limits) *wire {
	return &wire{Conn: stream.New(conn, l.StallTimeout), drain: l.DrainTimeout}
}

// Write sends b behind what is held, or keeps it until Flush.
func (w *wire) Write(b []byte) (int, error) {
	if !w.holdNext {
		return w.Conn.Write(b)
	}
	w.holdNext = false
	now, later := splitLastRecord(b)
	if _, err := w.Conn.Write(now); err != nil {
		return 0, err
	}
	w.Keep(later)
	return len(b), nil
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

// end half-closes the TCP connection and waits for the peer to do the same.
func (w *wire) end() {
	if w.HalfClose() && !w.Ended() && w.Wait(w.drain) == nil {
		discard(w.Conn.Conn)
	}
}

// discard reads to the end, or until the deadline.
func discard(conn net.Conn) {
	io.Copy(io.Discard, io.LimitReader(conn, maxFlood))
}
