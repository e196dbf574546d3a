package daemon

import (
	"bufio"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pires/go-proxyproto"
)

// headerTimeout is how long a load balancer may take for its header.
const headerTimeout = 5 * time.Second

// maxHeaders is how many connections may be without their header at once.
const maxHeaders = 1024

// proxied takes connections of load balancers alone, and each only with a
// header of the PROXY protocol, version 2, that says who the client is
// (security.md L10). Others are closed.
type proxied struct {
	net.Listener
	from  func() []netip.Prefix // those in force; none: every connection is a client's own
	log   func() *slog.Logger
	conns chan net.Conn
	slots chan struct{}
	ended chan struct{} // closed with err set
	err   error
	close func() error  // once
	done  chan struct{} // closed by close
}

func behindProxies(l net.Listener, from func() []netip.Prefix, log func() *slog.Logger) net.Listener {
	p := &proxied{
		Listener: l, from: from, log: log, conns: make(chan net.Conn), slots: make(chan struct{}, maxHeaders),
		ended: make(chan struct{}), done: make(chan struct{}),
	}
	p.close = sync.OnceValue(func() error {
		close(p.done)
		return l.Close()
	})
	go p.run()
	return p
}

// Accept implements net.Listener.
func (p *proxied) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.ended:
		return nil, p.err
	}
}

// Close implements net.Listener.
func (p *proxied) Close() error { return p.close() }

// hand gives a connection to Accept, or closes it when nobody asks any more.
func (p *proxied) hand(conn net.Conn) {
	select {
	case p.conns <- conn:
	case <-p.done:
		conn.Close()
	}
}

// run accepts; one slow header holds up nobody else.
func (p *proxied) run() {
	defer close(p.ended)
	for {
		conn, err := p.Listener.Accept()
		if err != nil {
			if passing, ok := err.(interface{ Temporary() bool }); ok && passing.Temporary() {
				time.Sleep(50 * time.Millisecond)
				continue
			}
			p.err = err
			return
		}
		from := p.from()
		if len(from) == 0 {
			p.hand(conn)
			continue
		}
		select {
		case p.slots <- struct{}{}:
			go p.admit(conn, from)
		default:
			conn.Close()
		}
	}
}

func (p *proxied) admit(conn net.Conn, from []netip.Prefix) {
	defer func() { <-p.slots }()
	client, err := identify(conn, from)
	if err != "" {
		p.log().Warn("connection closed", "from", conn.RemoteAddr().String(), "reason", err)
		conn.Close()
		return
	}
	p.hand(client)
}

// identify reads the header. LOCAL ones are health checks of the load
// balancer itself.
func identify(conn net.Conn, from []netip.Prefix) (client net.Conn, problem string) {
	peer, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil || !slices.ContainsFunc(from, func(n netip.Prefix) bool { return n.Contains(peer.Addr().Unmap()) }) {
		return nil, "it is not from a network in listen.proxy_protocol_from"
	}
	if err := conn.SetReadDeadline(time.Now().Add(headerTimeout)); err != nil {
		return nil, err.Error()
	}
	r := bufio.NewReaderSize(conn, 256)
	header, err := proxyproto.Read(r)
	switch {
	case err != nil || header.Version != 2:
		return nil, "it did not begin with a header of the PROXY protocol, version 2"
	case conn.SetReadDeadline(time.Time{}) != nil:
		return nil, "it ended"
	}
	c := &proxiedConn{Conn: conn, r: r, remote: conn.RemoteAddr()}
	if !header.Command.IsLocal() {
		source, ok := header.SourceAddr.(*net.TCPAddr)
		if !ok {
			return nil, "its PROXY header names no TCP address"
		}
		c.remote = source
	}
	return c, ""
}

// proxiedConn is a connection whose header was read.
type proxiedConn struct {
	net.Conn
	r      *bufio.Reader
	remote net.Addr
}

func (c *proxiedConn) Read(b []byte) (int, error) {
	if c.r.Buffered() > 0 {
		return c.r.Read(b)
	}
	return c.Conn.Read(b)
}

// RemoteAddr is the client's address, as the header says.
func (c *proxiedConn) RemoteAddr() net.Addr { return c.remote }

// CloseWrite ends the stream in order.
func (c *proxiedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}
