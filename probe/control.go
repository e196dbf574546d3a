package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/sealift/sealift/ftp"
)

// errPipelined: bytes in clear came behind the reply to AUTH. They may be
// forged, so the handshake is not begun.
var errPipelined = errors.New("the server sent more in clear behind its reply to AUTH")

// control is a raw control connection. It sends what it is told and judges
// nothing. Every wait ends after wait at the latest.
type control struct {
	conn    net.Conn // what is read and written: raw, or TLS over it
	raw     net.Conn
	cfg     *tls.Config // of the control connection, once it is in TLS
	wait    time.Duration
	pending []byte // read, and no line yet
	parser  ftp.ReplyParser
	astray  bool // an answer is missing: the next one may belong to an earlier command
	closed  bool // the server has ended the connection, or it has failed
}

func newControl(raw net.Conn, wait time.Duration) *control {
	return &control{conn: raw, raw: raw, wait: wait}
}

// bounded runs io with a deadline on conn of d from now, and of this moment
// when ctx ends.
func bounded(ctx context.Context, conn net.Conn, d time.Duration, io func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	err := io()
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// write sends bytes as they are.
func (c *control) write(ctx context.Context, b []byte) error {
	err := bounded(ctx, c.raw, c.wait, func() error {
		_, err := c.conn.Write(b)
		return err
	})
	if err != nil {
		c.closed = true
	}
	return err
}

// send sends one command line.
func (c *control) send(ctx context.Context, line string) error {
	return c.write(ctx, []byte(line+"\r\n"))
}

// read waits for one reply.
func (c *control) read(ctx context.Context) (ftp.Reply, error) { return c.readWithin(ctx, c.wait) }

// readWithin waits d for one reply. Where none comes, what came of it is
// kept for the next call.
func (c *control) readWithin(ctx context.Context, d time.Duration) (ftp.Reply, error) {
	var r ftp.Reply
	err := bounded(ctx, c.raw, d, func() error {
		for {
			line, err := c.line()
			if err != nil {
				return err
			}
			done, err := c.parser.Line(line)
			if err != nil {
				return err
			}
			if done {
				r = c.parser.Reply()
				return nil
			}
		}
	})
	var late net.Error
	switch {
	case err == nil:
	case errors.As(err, &late) && late.Timeout(), errors.Is(err, context.DeadlineExceeded):
		c.astray = true
	default:
		c.closed = true
	}
	return r, err
}

// longestLine ends a reply that never ends.
const longestLine = 256 << 10

func (c *control) line() (string, error) {
	buf := make([]byte, 4096)
	for {
		if line, rest, whole := bytes.Cut(c.pending, []byte("\n")); whole {
			c.pending = rest
			return string(bytes.TrimSuffix(line, []byte("\r"))), nil
		}
		if len(c.pending) > longestLine {
			return "", ftp.ErrReply
		}
		n, err := c.conn.Read(buf)
		c.pending = append(c.pending, buf[:n]...)
		if err != nil && n == 0 {
			return "", err
		}
	}
}

// ask sends a command and waits for its reply.
func (c *control) ask(ctx context.Context, line string) (ftp.Reply, error) {
	if err := c.send(ctx, line); err != nil {
		return ftp.Reply{}, err
	}
	return c.read(ctx)
}

// must is ask, where a reply that is no success (2yz, 3yz) is an error.
func (c *control) must(ctx context.Context, line string) (ftp.Reply, error) {
	r, err := c.ask(ctx, line)
	if err == nil && r.Code >= 400 {
		err = r
	}
	return r, err
}

// secure does the TLS handshake. The connection is useless if it fails.
func (c *control) secure(ctx context.Context, cfg *tls.Config) error {
	if len(c.pending) > 0 {
		c.closed = true
		return errPipelined
	}
	ctx, cancel := context.WithTimeout(ctx, c.wait)
	defer cancel()
	if err := c.raw.SetDeadline(time.Time{}); err != nil {
		return err
	}
	conn := tls.Client(c.raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		c.closed = true
		return err
	}
	c.conn, c.cfg = conn, cfg
	return nil
}

// auth sends AUTH TLS and does the handshake. A refusal is the reply.
func (c *control) auth(ctx context.Context, cfg *tls.Config) error {
	r, err := c.ask(ctx, "AUTH TLS")
	switch {
	case err != nil:
		return err
	case r.Code != ftp.CodeAuth:
		return r
	}
	return c.secure(ctx, cfg)
}

// state is that of the TLS connection; the zero value in clear.
func (c *control) state() tls.ConnectionState {
	if conn, secure := c.conn.(*tls.Conn); secure {
		return conn.ConnectionState()
	}
	return tls.ConnectionState{}
}

// healthy tells whether the next reply will belong to the next command.
func (c *control) healthy() bool { return !c.astray && !c.closed && len(c.pending) == 0 }

// quit says goodbye, without waiting for more than a moment, and closes.
func (c *control) quit() {
	if c.healthy() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if c.send(ctx, "QUIT") == nil {
			c.readWithin(ctx, time.Second)
		}
	}
	c.raw.Close()
}
