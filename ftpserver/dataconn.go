package ftpserver

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"github.com/sealift/sealift/storage"
)

// dataConn is an open data connection. All its failures are cutErrors, except
// those of what is sent or stored.
type dataConn interface {
	// Read receives; io.EOF is the authenticated end of the file, as far as
	// the protection level has one.
	io.Reader
	// Write sends up to one chunk, at the latest with the next one, Flush or
	// end.
	io.Writer
	Flush() error
	// sendFrom sends src to its end and counts the bytes.
	sendFrom(src io.Reader, moved *atomic.Int64) error
	// receiving prepares for an upload.
	receiving()
	// end says that nothing more comes from here, and waits for the peer's
	// end, for some seconds.
	end() error
	// Release frees the connection. It may follow end, or a failure.
	Release()
	// cut makes all that is pending fail; from another goroutine.
	cut()
	facts() dataFacts
}

// clearConn is a data connection without protection: the end of the TCP
// stream is the end of the file, and nobody can tell a cut from it.
type clearConn struct{ *wire }

func (c *clearConn) Read(p []byte) (int, error) {
	n, err := c.wire.Read(p)
	return n, cutOrEnd(err)
}

func (c *clearConn) Write(p []byte) (int, error) {
	n, err := c.wire.Write(p)
	return n, cut(err)
}

// sendFrom lets the kernel copy where src is a file.
func (c *clearConn) sendFrom(src io.Reader, moved *atomic.Int64) error {
	file, isFile := src.(*os.File)
	tcp, isTCP := c.wire.Conn.Conn.(*net.TCPConn)
	if !isFile || !isTCP {
		return sendChunks(c, src, moved)
	}
	at, err := file.Seek(0, io.SeekCurrent)
	for err == nil {
		if err := c.Moving(); err != nil {
			return cut(err)
		}
		n, copyErr := io.CopyN(tcp, file, 1<<20)
		moved.Add(n)
		at += n
		switch {
		case copyErr == io.EOF:
			return nil
		case copyErr == nil:
		case c.Slow(n, copyErr): // what was read and not sent is read again
			_, err = file.Seek(at, io.SeekStart)
		default:
			return cut(copyErr)
		}
	}
	return err
}

func (c *clearConn) receiving() {}

func (c *clearConn) end() error {
	c.wire.end()
	return nil
}

func (c *clearConn) cut() { c.Cut() }

func (c *clearConn) facts() dataFacts { return dataFacts{} }

// privateConn is a data connection in TLS. Its file ends with close_notify.
type privateConn struct {
	*wire
	tls             *tls.Conn
	missed          bool
	acceptTruncated bool
}

// Read takes an end of the TCP stream without close_notify for what it is:
// tls.Conn gives io.EOF for both (RFC 8446 §6.1).
func (c *privateConn) Read(p []byte) (int, error) {
	n, err := c.tls.Read(p)
	if (err == io.EOF || err == io.ErrUnexpectedEOF) && c.wire.Ended() && !c.acceptTruncated {
		return n, cutError{errTruncated}
	}
	if err == io.ErrUnexpectedEOF && c.acceptTruncated {
		err = io.EOF
	}
	return n, cutOrEnd(err)
}

// Write sends p in one system call, with the next Write or the end: the last
// bytes of a file go out together with close_notify.
func (c *privateConn) Write(p []byte) (int, error) {
	c.wire.JoinWrites()
	if err := c.wire.Flush(); err != nil {
		return 0, cut(err)
	}
	n, err := c.tls.Write(p)
	return n, cut(err)
}

func (c *privateConn) sendFrom(src io.Reader, moved *atomic.Int64) error {
	return sendChunks(c, src, moved)
}

func (c *privateConn) receiving() { c.wire.ReadMore() }

func (c *privateConn) end() error {
	if err := c.tls.CloseWrite(); err != nil {
		return cut(err)
	}
	if err := c.wire.Flush(); err != nil {
		return cut(err)
	}
	c.wire.end()
	return nil
}

func (c *privateConn) cut() { c.Cut() }

func (c *privateConn) facts() dataFacts {
	return dataFacts{resumed: c.tls.ConnectionState().DidResume, missed: c.missed}
}

var chunkBuffers = sync.Pool{New: func() any {
	b := make([]byte, chunk)
	return &b
}}

// sendChunks copies src to the connection, a chunk at a time. io.EOF alone is
// the end of src: a store that breaks in the middle of a file must not make
// half of it look whole. With a rate limit each piece is sent at once.
func sendChunks(c dataConn, src io.Reader, moved *atomic.Int64) error {
	buffer := chunkBuffers.Get().(*[]byte)
	defer chunkBuffers.Put(buffer)
	_, slowly := src.(*limitedReader)
	for {
		n, readErr := src.Read(*buffer)
		if n > 0 {
			if _, err := c.Write((*buffer)[:n]); err != nil {
				return err
			}
			moved.Add(int64(n))
		}
		switch {
		case readErr == io.EOF:
			return nil
		case readErr != nil:
			return readErr
		case slowly:
			if err := c.Flush(); err != nil {
				return cut(err)
			}
		}
	}
}

// receiveInto copies the connection to dst, in large pieces.
func receiveInto(dst storage.Writer, c io.Reader, moved *atomic.Int64) error {
	buffer := chunkBuffers.Get().(*[]byte)
	defer chunkBuffers.Put(buffer)
	for {
		n, readErr := readFull(c, *buffer, moved)
		if n > 0 {
			if _, err := dst.Write((*buffer)[:n]); err != nil {
				return err
			}
		}
		if readErr == io.EOF {
			return nil
		}
		if readErr != nil {
			return readErr
		}
	}
}

// readFull reads until p is full or an error comes, and counts.
func readFull(r io.Reader, p []byte, moved *atomic.Int64) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
		moved.Add(int64(m))
	}
	return n, err
}

// cut marks an error of the connection.
func cut(err error) error {
	if err == nil {
		return nil
	}
	return cutError{err}
}

// cutOrEnd leaves io.EOF as it is.
func cutOrEnd(err error) error {
	if err == io.EOF {
		return err
	}
	return cut(err)
}
