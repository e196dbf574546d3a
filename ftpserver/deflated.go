package ftpserver

import (
	"bufio"
	"compress/zlib"
	"errors"
	"io"
	"sync/atomic"

	"github.com/sealift/sealift/internal/stream"
)

const (
	defaultDeflate = 6 // zlib's level, 1 to 9
	// mostInflated is how many bytes one byte of a MODE Z upload may become,
	// once there are more than a mebibyte of them (security.md P9).
	mostInflated = 1000
)

var (
	errInflates = errors.New("ftpserver: the upload inflates too much")
	errTrailing = errors.New("ftpserver: bytes behind the end of a zlib stream")
)

// deflated is a data connection in MODE Z: each transfer is one zlib stream
// (draft-preston-ftpext-deflate-04, RFC 1950). The end of the stream is not
// the end of the file; that is the connection's, as without it.
type deflated struct {
	dataConn
	level    int
	upload   bool
	came     int64 // compressed bytes
	inflated int64
	buffered *bufio.Reader
	in       io.ReadCloser
	sink     *bufio.Writer
	out      *zlib.Writer
}

func (c *deflated) receiving() {
	c.upload = true
	c.dataConn.receiving()
}

// Read inflates. A connection without a byte is an empty file.
func (c *deflated) Read(p []byte) (int, error) {
	if c.in == nil {
		c.buffered = bufio.NewReaderSize(countedReader{c.dataConn, &c.came}, stream.RecordPayload)
		if _, err := c.buffered.Peek(1); err != nil {
			return 0, err
		}
		in, err := zlib.NewReader(c.buffered)
		if err != nil {
			return 0, cut(err)
		}
		c.in = in
	}
	n, err := c.in.Read(p)
	c.inflated += int64(n)
	switch {
	case c.inflated > 1<<20 && c.inflated > mostInflated*c.came:
		return n, errInflates
	case err == io.EOF:
		return n, c.tail()
	case err != nil:
		return n, cut(err)
	}
	return n, nil
}

// tail is what comes behind the zlib stream: the end of the connection, and
// nothing else.
func (c *deflated) tail() error {
	_, err := c.buffered.ReadByte()
	if err == nil {
		return cut(errTrailing)
	}
	return err
}

// Write deflates.
func (c *deflated) Write(p []byte) (int, error) {
	if err := c.startWriting(); err != nil {
		return 0, err
	}
	return c.out.Write(p)
}

func (c *deflated) startWriting() (err error) {
	if c.out == nil {
		c.sink = bufio.NewWriterSize(c.dataConn, chunk)
		c.out, err = zlib.NewWriterLevel(c.sink, c.level)
	}
	return err
}

func (c *deflated) Flush() error {
	if err := c.startWriting(); err != nil {
		return err
	}
	if err := errors.Join(c.out.Flush(), c.sink.Flush()); err != nil {
		return err
	}
	return c.dataConn.Flush()
}

func (c *deflated) sendFrom(src io.Reader, moved *atomic.Int64) error {
	return sendChunks(c, src, moved)
}

// end ends a download's zlib stream, which an empty file has as well.
func (c *deflated) end() error {
	if !c.upload {
		if err := c.startWriting(); err != nil {
			return err
		}
		if err := errors.Join(c.out.Close(), c.sink.Flush()); err != nil {
			return err
		}
	}
	return c.dataConn.end()
}

// countedReader counts what is read.
type countedReader struct {
	io.Reader
	n *int64
}

func (r countedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	*r.n += int64(n)
	return n, err
}
