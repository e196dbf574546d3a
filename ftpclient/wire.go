package ftpclient

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/sealift/sealift/internal/stream"
)

// chunk is how much is read and sent at once.
const chunk = stream.Chunk

var chunkBuffers = sync.Pool{New: func() any {
	b := make([]byte, chunk)
	return &b
}}

// wire is the TCP connection under a data connection. One goroutine reads and
// writes; Cut, finish and kill may come from another.
type wire struct {
	*stream.Conn

	mu       sync.Mutex // guards what follows, and the deadline of a drain
	finished bool       // the server has said its last word: no use to read on
}

func newWire(conn net.Conn, stall time.Duration) *wire {
	return &wire{Conn: stream.New(conn, stall)}
}

// kill is Cut, and ends the connection in a way that no peer takes for the
// end of a file.
func (w *wire) kill() {
	w.Cut()
	if tcp, ok := w.Conn.Conn.(interface{ SetLinger(int) error }); ok {
		tcp.SetLinger(0)
	}
	w.Close()
}

// finish ends the drain of end.
func (w *wire) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finished = true
	w.SetReadDeadline(time.Unix(1, 0))
}

// drainTime and drainSize bound what is read after the end of an upload.
const (
	drainTime = 5 * time.Second
	drainSize = 1 << 20
)

// end half-closes the TCP connection, waits for the peer to do the same, and
// closes. r reads from w, on whatever level. A connection that cannot be
// half-closed waits for the end on the level of TLS, if there is one, and else
// must be closed.
func (w *wire) end(r io.Reader) {
	defer w.Close()
	half := w.HalfClose()
	if !half && r == io.Reader(w) || !w.startDrain() {
		return
	}
	io.Copy(io.Discard, io.LimitReader(r, drainSize))
	if half && !w.Ended() {
		io.Copy(io.Discard, io.LimitReader(w, drainSize))
	}
}

func (w *wire) startDrain() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.finished && w.Wait(drainTime) == nil
}
