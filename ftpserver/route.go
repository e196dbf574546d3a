package ftpserver

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// errRouteUsed: an active route gives one connection and no more.
var errRouteUsed = errors.New("ftpserver: the data address is used up")

// errPortsTaken: no port of the range is free.
var errPortsTaken = errors.New("ftpserver: no passive port is free")

// route is the way to one data connection. It knows no protection level.
type route struct {
	// next is a connection from the control peer's address; from a passive
	// route more may follow. It fails with the cause of ctx.
	next   func(ctx context.Context) (net.Conn, error)
	drop   func() // frees the port; may be called again
	single bool   // next gives one connection: an active route
}

// setRoute replaces the route; there is at most one.
func (s *session) setRoute(r *route) {
	s.dropRoute()
	s.route, s.state.HasRoute = r, true
}

func (s *session) dropRoute() {
	if s.route != nil {
		s.route.drop()
	}
	s.route, s.state.HasRoute = nil, false
}

// active dials the client's data port, from the address that it has reached
// (RFC 1123 §4.1.2.12).
func active(local netip.Addr, remote netip.AddrPort, timeout time.Duration) *route {
	used := false
	return &route{
		single: true,
		drop:   func() {},
		next: func(ctx context.Context) (net.Conn, error) {
			if used {
				return nil, errRouteUsed
			}
			used = true
			dialer := net.Dialer{Timeout: timeout, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))}
			conn, err := dialer.DialContext(ctx, "tcp", remote.String())
			if cause := context.Cause(ctx); err != nil && cause != nil {
				return nil, cause
			}
			if err != nil {
				return nil, errBadAddress
			}
			return conn, nil
		},
	}
}

// passive listens for the client's connection. Connections from other
// addresses are closed without a byte (RFC 2577 §8, security.md T4). The port
// is freed after timeout if no transfer begins to use it.
func passive(local, peer netip.Addr, ports PortRange, timeout time.Duration) (*route, uint16, error) {
	l, err := listen(local, ports)
	if err != nil {
		return nil, 0, err
	}
	unused := time.AfterFunc(timeout, func() { l.Close() })
	r := &route{
		drop: sync.OnceFunc(func() {
			unused.Stop()
			l.Close()
		}),
		next: func(ctx context.Context) (net.Conn, error) {
			unused.Stop()
			return acceptFrom(ctx, l, peer)
		},
	}
	return r, addrPort(l.Addr()).Port(), nil
}

func acceptFrom(ctx context.Context, l *net.TCPListener, peer netip.Addr) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { l.SetDeadline(past) })
	defer stop()
	for {
		conn, err := l.Accept()
		if cause := context.Cause(ctx); err != nil && cause != nil {
			return nil, cause
		}
		if err != nil {
			return nil, errNobody
		}
		if addrPort(conn.RemoteAddr()).Addr() == peer {
			return conn, nil
		}
		conn.Close()
	}
}

// listen opens a port of the range, chosen at random: who can guess the next
// port can steal the connection (RFC 2577 §8). Where it is taken, the next one
// tried is not its neighbour.
func listen(local netip.Addr, ports PortRange) (*net.TCPListener, error) {
	if ports == (PortRange{}) {
		return listenOn(local, 0)
	}
	size := int(ports.Last) - int(ports.First) + 1
	start, err := rand.Int(rand.Reader, big.NewInt(int64(size)))
	if err != nil {
		return nil, err
	}
	for i := range size {
		port := int(ports.First) + (int(start.Int64())+i*stride(size))%size
		if l, err := listenOn(local, uint16(port)); err == nil {
			return l, nil
		}
	}
	return nil, errPortsTaken
}

// stride is a step that visits each of size places once: the one nearest to
// 5/8 of size, so that no neighbour comes next where there is another place.
func stride(size int) int {
	for start, off := size*5/8+1, 0; ; off++ {
		for _, step := range []int{start - off, start + off} {
			if gcd(step, size) == 1 {
				return step
			}
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func listenOn(local netip.Addr, port uint16) (*net.TCPListener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(local.String(), strconv.Itoa(int(port))))
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}
