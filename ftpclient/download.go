package ftpclient

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// Retrieve opens a file from byte offset on. Reads end with io.EOF only after
// the whole file came, with close_notify where there is TLS, and the server
// said so; else with an InterruptedError, or a ReplyError of 5yz. ctx counts
// until the reader is closed. Closing it early aborts the transfer; the Conn
// can be used afterwards, or its Err tells why it cannot.
func (c *Conn) Retrieve(ctx context.Context, path string, offset int64) (io.ReadCloser, error) {
	if err := checkArgument(path); err != nil {
		return nil, err
	}
	return c.download(ctx, order{verb: "RETR", arg: path, offset: offset, mode: "I"})
}

func (c *Conn) download(ctx context.Context, o order) (*download, error) {
	if err := c.begin(); err != nil {
		return nil, err
	}
	t, err := c.start(ctx, o)
	if err != nil {
		c.end()
		return nil, err
	}
	t.data.wire.ReadMore()
	return &download{t: t}, nil
}

// download reads a data connection. Close may come while Read waits.
type download struct {
	t    *transfer
	over atomic.Bool // somebody ends the transfer

	mu  sync.Mutex // guards what follows, and the data connection
	at  int64
	err error // of the end
}

func (d *download) Read(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.read(p)
}

func (d *download) read(p []byte) (int, error) {
	if d.err != nil || len(p) == 0 {
		return 0, d.err
	}
	n, err := d.t.data.Read(p)
	d.at += int64(n)
	if err != nil {
		d.end(err)
	}
	if n > 0 {
		return n, nil
	}
	return n, d.err
}

// end ends the transfer after the last read, unless Close was quicker.
func (d *download) end(err error) {
	switch {
	case !d.over.CompareAndSwap(false, true):
		err = net.ErrClosed
	case err == io.EOF:
		d.t.data.received()
		if err = d.t.finish(whole, d.at, nil); err == nil {
			err = io.EOF
		}
	default:
		err = d.t.finish(broken, d.at, timedOut(err))
	}
	d.err = err
}

// WriteTo writes in large pieces, of what has come.
func (d *download) WriteTo(w io.Writer) (written int64, err error) {
	buffer := chunkBuffers.Get().(*[]byte)
	defer chunkBuffers.Put(buffer)
	for {
		n, readErr := d.readMany(*buffer)
		if n > 0 {
			m, err := w.Write((*buffer)[:n])
			written += int64(m)
			if err != nil {
				return written, err
			}
		}
		if readErr == io.EOF {
			return written, nil
		}
		if readErr != nil {
			return written, readErr
		}
	}
}

// readMany reads until p is full or the next read might wait.
func (d *download) readMany(p []byte) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n < len(p) && err == nil {
		var m int
		m, err = d.read(p[n:])
		n += m
		if d.err == nil && !d.t.data.wire.Buffered() {
			break
		}
	}
	return n, err
}

// Close ends the download. Before the end of the file it aborts the transfer,
// which is no error.
func (d *download) Close() error {
	if d.over.CompareAndSwap(false, true) {
		d.t.how <- givenUp
		<-d.t.done // by now a Read that waited has failed
		d.mu.Lock()
		defer d.mu.Unlock()
		d.t.data.wire.Release()
		d.err = net.ErrClosed
	}
	return nil
}
