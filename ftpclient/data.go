package ftpclient

import (
	"context"
	"crypto/tls"
	"io"
	"net"
)

// dataConn is an open data connection.
type dataConn struct {
	wire   *wire
	tls    *tls.Conn // nil in clear
	accept bool      // an end without close_notify
}

// openData makes the data connection of one transfer.
func (c *Conn) openData(ctx context.Context, w way) (*dataConn, error) {
	conn, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	d := &dataConn{wire: newWire(conn, c.o.StallTimeout), accept: c.o.AcceptMissingCloseNotify}
	if !c.private() {
		c.keepState(nil)
		return d, nil
	}
	if err := c.protectData(ctx, d); err != nil {
		d.wire.kill()
		d.wire.Release()
		return nil, err
	}
	return d, nil
}

func (c *Conn) protectData(ctx context.Context, d *dataConn) error {
	cache := &dataCache{sessions: &c.sessions}
	config := c.dataConfig(cache)
	d.tls = tls.Client(d.wire, config)
	if err := d.tls.HandshakeContext(ctx); err != nil {
		return handshakeError(ctx, err, true, config.ServerName)
	}
	state := d.tls.ConnectionState()
	c.sessions.tried(cache.taken, state.DidResume)
	c.keepState(&state)
	return nil
}

func (c *Conn) keepState(state *tls.ConnectionState) {
	c.dataMu.Lock()
	defer c.dataMu.Unlock()
	c.hasData = state != nil
	c.dataState = tls.ConnectionState{}
	if state != nil {
		c.dataState = *state
	}
}

// Read receives. io.EOF is the end of the file, proved by close_notify where
// there is TLS: tls.Conn gives io.EOF for the end of the TCP stream as well
// (RFC 8446 §6.1).
func (d *dataConn) Read(p []byte) (int, error) {
	if d.tls == nil {
		return d.wire.Read(p)
	}
	n, err := d.tls.Read(p)
	if (err == io.EOF || err == io.ErrUnexpectedEOF) && d.wire.Ended() {
		if err = ErrTruncated; d.accept {
			err = io.EOF
		}
	}
	return n, err
}

// received ends a connection of which all was read.
func (d *dataConn) received() {
	if d.tls != nil {
		d.tls.CloseWrite()
	}
	d.wire.Close()
}

// sendFrom sends src to its end and counts the bytes that went out. A src
// that can seek gives what it has at once, so that its last bytes can wait for
// close_notify; what others gave is sent before more is asked for.
func (d *dataConn) sendFrom(src io.Reader) (sent int64, srcErr, err error) {
	quick := seeks(src)
	buffer := chunkBuffers.Get().(*[]byte)
	defer chunkBuffers.Put(buffer)
	if d.tls != nil {
		d.wire.JoinWrites()
	}
	for {
		n, readErr := fill(src, *buffer, quick)
		if n > 0 {
			if err := d.write((*buffer)[:n], !quick); err != nil {
				return sent, nil, err
			}
			sent += int64(n)
		}
		if readErr == io.EOF {
			return sent, nil, nil
		}
		if readErr != nil {
			return sent, readErr, nil
		}
	}
}

func seeks(src io.Reader) bool {
	seeker, ok := src.(io.Seeker)
	if !ok {
		return false
	}
	_, err := seeker.Seek(0, io.SeekCurrent)
	return err == nil
}

// fill reads a whole buffer from a quick source, else what comes.
func fill(src io.Reader, p []byte, whole bool) (n int, err error) {
	for {
		var m int
		m, err = src.Read(p[n:])
		n += m
		if err != nil || n == len(p) || !whole && n > 0 {
			return n, err
		}
	}
}

// write sends p, after what waited; p itself may wait for the next write or
// the end.
func (d *dataConn) write(p []byte, now bool) error {
	if d.tls == nil {
		_, err := d.wire.Write(p)
		return err
	}
	if err := d.wire.Flush(); err != nil {
		return err
	}
	if _, err := d.tls.Write(p); err != nil {
		return err
	}
	if now {
		return d.wire.Flush()
	}
	return nil
}

// sent ends an upload: close_notify, half-close, and the wait for the peer's
// end. Reading on the level of TLS takes in the tickets that came.
func (d *dataConn) sent() error {
	if d.tls == nil {
		d.wire.end(d.wire)
		return nil
	}
	if err := d.tls.CloseWrite(); err != nil {
		return err
	}
	if err := d.wire.Flush(); err != nil {
		return err
	}
	d.wire.end(d.tls)
	return nil
}

// discard frees a connection that nobody needs, if there is one.
func (d *dataConn) discard() {
	if d != nil {
		d.wire.kill()
		d.wire.Release()
	}
}

var _ net.Conn = (*wire)(nil)
