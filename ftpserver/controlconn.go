package ftpserver

import (
	"encoding/binary"
	"io"
	"net"
)

const recordHeader = 5 // bytes: type, version, length (RFC 8446 §5.1)

// controlConn is the TCP connection of a control connection. Under TLS it
// hands out one record at a time, so that what a client sends in clear behind
// its close_notify (REIN, CCC) is still here when TLS has ended: tls.Conn
// itself would have read it.
type controlConn struct {
	net.Conn
	records bool // TLS runs on top
	ended   bool // the end of the TCP stream was read

	left   int // bytes of the current record that were not handed out
	ahead  []byte
	buffer [lineBuffer]byte
}

// startTLS begins to hand out records.
func (c *controlConn) startTLS() { c.records, c.left = true, 0 }

// endTLS goes back to a stream of bytes, after a whole record.
func (c *controlConn) endTLS() { c.records = false }

// Read gives what has come, but under TLS not more than the current record.
func (c *controlConn) Read(p []byte) (int, error) {
	if !c.records {
		if len(c.ahead) == 0 {
			return c.receive(p)
		}
		n := copy(p, c.ahead)
		c.ahead = c.ahead[n:]
		return n, nil
	}
	if c.left == 0 {
		if err := c.header(); err != nil {
			return 0, err
		}
	}
	p = p[:min(len(p), c.left)]
	n := copy(p, c.ahead)
	c.ahead = c.ahead[n:]
	var err error
	if n == 0 {
		n, err = c.receive(p)
	}
	c.left -= n
	return n, err
}

// header reads until the length of the next record is known.
func (c *controlConn) header() error {
	for len(c.ahead) < recordHeader {
		c.ahead = c.buffer[:copy(c.buffer[:], c.ahead)]
		n, err := c.receive(c.buffer[len(c.ahead):])
		c.ahead = c.buffer[:len(c.ahead)+n]
		if n == 0 && err != nil {
			return err
		}
	}
	c.left = recordHeader + int(binary.BigEndian.Uint16(c.ahead[3:]))
	return nil
}

func (c *controlConn) receive(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.ended = true
	}
	return n, err
}
