package ftpclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/sealift/sealift/ftp"
)

// A way is a data address that was agreed with the server, for one transfer.
type way struct {
	// connect gives the TCP connection, once.
	connect func(ctx context.Context) (net.Conn, error)
	// drop frees what connect did not take.
	drop func()
}

// route agrees on a data address. As long as no route has worked, each is
// tried to the TCP connection, where that can be done before the transfer.
func (c *Conn) route(ctx context.Context) (way, error) {
	var failed []error
	for i, r := range c.routes {
		w, err := c.agree(ctx, r)
		if err == nil && !c.routed && r != Active {
			w, err = c.early(ctx, w)
		}
		if err == nil {
			c.routes = c.routes[i:]
			c.routed = c.routed || r != Active
			return w, nil
		}
		if ctx.Err() != nil || c.Err() != nil || c.routed {
			return way{}, err
		}
		failed = append(failed, err)
	}
	if len(failed) == 1 {
		return way{}, failed[0]
	}
	return way{}, fmt.Errorf("no data connection: %w", errors.Join(failed...))
}

// early connects before the transfer command.
func (c *Conn) early(ctx context.Context, w way) (way, error) {
	timed, cancel := c.timed(ctx)
	defer cancel()
	conn, err := w.connect(timed)
	if err != nil {
		return way{}, err
	}
	return way{
		connect: func(context.Context) (net.Conn, error) { return conn, nil },
		drop:    func() { conn.Close() },
	}, nil
}

func (c *Conn) agree(ctx context.Context, r Route) (way, error) {
	switch r {
	case ExtendedPassive:
		return c.passive(ctx, "EPSV", ftp.CodeExtendedPassive, ftp.ParseExtendedPassive)
	case Passive:
		return c.passive(ctx, "PASV", ftp.CodePassive, passivePort)
	case Active:
		return c.active(ctx)
	}
	return way{}, fmt.Errorf("ftpclient: no such Route: %d", r)
}

// passivePort is the port in a 227 reply. The address there is not looked at:
// behind a NAT it is wrong, and a hostile server could point anywhere.
func passivePort(text string) (uint16, error) {
	address, err := ftp.ParsePassive(text)
	return address.Port(), err
}

func (c *Conn) passive(ctx context.Context, verb string, want ftp.Code, portOf func(string) (uint16, error)) (way, error) {
	r, err := c.expect(ctx, verb, "", want)
	if err != nil {
		return way{}, err
	}
	port, err := portOf(r.Text)
	if err != nil {
		return way{}, fmt.Errorf("%w: %s: %s", ErrProtocol, verb, printable(r.Error()))
	}
	address := net.JoinHostPort(c.dataHost(), strconv.Itoa(int(port)))
	return way{
		connect: func(ctx context.Context) (net.Conn, error) {
			conn, err := c.o.DialContext(ctx, "tcp", address)
			if err != nil {
				return nil, connectError(address, ended(ctx, err))
			}
			return conn, nil
		},
		drop: func() {},
	}, nil
}

// dataHost is the machine that the control connection reached, since a name
// may stand for several. Behind a proxy only its name is known: what is
// connected there has another port than was asked for.
func (c *Conn) dataHost() string {
	if peer, ok := addrPort(c.raw.RemoteAddr()); ok && strconv.Itoa(int(peer.Port())) == c.port {
		return peer.Addr().String()
	}
	return c.host
}

func addrPort(a net.Addr) (netip.AddrPort, bool) {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || tcp == nil {
		return netip.AddrPort{}, false
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), true
}

// active listens for the server.
func (c *Conn) active(ctx context.Context) (way, error) {
	local, ok := addrPort(c.raw.LocalAddr())
	peer, ok2 := addrPort(c.raw.RemoteAddr())
	if !ok || !ok2 {
		return way{}, errors.New("ftpclient: no active mode over a connection that is not TCP")
	}
	listen := netip.AddrPortFrom(local.Addr(), c.o.ActiveAddress.Port())
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen.String())
	if err != nil {
		return way{}, fmt.Errorf("ftpclient: active mode: %w", err)
	}
	told, _ := addrPort(l.Addr())
	if c.o.ActiveAddress.Addr().IsValid() && !c.o.ActiveAddress.Addr().IsUnspecified() {
		told = netip.AddrPortFrom(c.o.ActiveAddress.Addr().Unmap(), told.Port())
	}
	if err := c.announce(ctx, told); err != nil {
		l.Close()
		return way{}, err
	}
	return way{
		connect: func(ctx context.Context) (net.Conn, error) { return acceptFrom(ctx, l, peer.Addr()) },
		drop:    func() { l.Close() },
	}, nil
}

func (c *Conn) announce(ctx context.Context, told netip.AddrPort) error {
	verb, arg := "EPRT", ftp.FormatExtended(told)
	if told.Addr().Is4() {
		verb, arg = "PORT", ftp.FormatHostPort(told)
	}
	_, err := c.command(ctx, verb, arg)
	return err
}

// acceptFrom waits for a connection from peer; all others are closed. The
// listener is closed in the end.
func acceptFrom(ctx context.Context, l net.Listener, peer netip.Addr) (net.Conn, error) {
	defer l.Close()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			return nil, &ConnectError{Address: "us, in active mode", Err: timedOut(ended(ctx, err))}
		}
		if from, ok := addrPort(conn.RemoteAddr()); ok && from.Addr().WithZone("") == peer.WithZone("") {
			return conn, nil
		}
		conn.Close()
	}
}
