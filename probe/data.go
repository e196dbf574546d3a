package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/ftp"
)

// mostData is how much of a download is read, in bytes.
const mostData = 8 << 20

// endWatch remembers whether the peer has ended TCP: crypto/tls reports the
// same io.EOF for that and for a close_notify.
type endWatch struct {
	net.Conn
	ended atomic.Bool
}

func (w *endWatch) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if err != nil {
		w.ended.Store(true)
	}
	return n, err
}

// link is one data connection.
type link struct {
	raw    *endWatch
	conn   net.Conn // raw, or TLS over it
	wait   time.Duration
	secure bool
}

func (l *link) handshake(ctx context.Context, cfg *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, l.wait)
	defer cancel()
	if err := l.raw.SetDeadline(time.Time{}); err != nil {
		return err
	}
	conn := tls.Client(l.raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	l.conn, l.secure = conn, true
	return nil
}

func (l *link) state() tls.ConnectionState {
	if conn, secure := l.conn.(*tls.Conn); secure {
		return conn.ConnectionState()
	}
	return tls.ConnectionState{}
}

// readAll reads to the end. notified tells whether TLS ended before TCP.
func (l *link) readAll(ctx context.Context) (data []byte, notified bool, err error) {
	err = bounded(ctx, l.raw, l.wait, func() error {
		data, err = io.ReadAll(io.LimitReader(l.conn, mostData))
		return err
	})
	return data, err == nil && l.secure && !l.raw.ended.Load(), err
}

func (l *link) write(ctx context.Context, b []byte) error {
	return bounded(ctx, l.raw, l.wait, func() error {
		_, err := l.conn.Write(b)
		return err
	})
}

// ending is how an upload ends.
type ending int

const (
	endWhole ending = iota // close_notify, half-close, wait for the server's end
	endBare                // the end of TCP, without close_notify
	endReset               // TCP is reset
	endFast                // close_notify, then close without having read
)

func (l *link) end(ctx context.Context, how ending) {
	tcp, _ := l.raw.Conn.(*net.TCPConn)
	secure, _ := l.conn.(*tls.Conn)
	if secure != nil && (how == endWhole || how == endFast) {
		secure.CloseWrite()
	}
	switch {
	case how == endReset && tcp != nil:
		tcp.SetLinger(0)
	case how == endFast || tcp == nil:
	case how == endBare:
		l.drain(ctx, aMoment/4) // unread tickets would turn the end into a reset
	default:
		tcp.CloseWrite()
		l.drain(ctx, l.wait)
	}
	l.raw.Close()
}

// drain reads what the server still sends, for d at most.
func (l *link) drain(ctx context.Context, d time.Duration) {
	bounded(ctx, l.raw, d, func() error {
		_, err := io.Copy(io.Discard, l.raw.Conn)
		return err
	})
}

func (l *link) close() { l.raw.Close() }

// route is where a data connection is to be opened.
type route struct {
	addr     netip.AddrPort // where to connect: the control connection's peer, the port that was told
	told     netip.AddrPort // what 227 said; zero after EPSV
	extended bool
}

// passive asks for a port: by EPSV, or by PASV where that is refused.
func (c *control) passive(ctx context.Context) (route, error) {
	r, err := c.epsv(ctx)
	var refused ftp.Reply
	if errors.As(err, &refused) {
		return c.pasv(ctx)
	}
	return r, err
}

func (c *control) epsv(ctx context.Context) (route, error) {
	r, err := c.ask(ctx, "EPSV")
	if err != nil {
		return route{}, err
	}
	if r.Code != ftp.CodeExtendedPassive {
		return route{}, r
	}
	port, err := ftp.ParseExtendedPassive(r.Text)
	return route{addr: netip.AddrPortFrom(c.peer(), port), extended: true}, err
}

func (c *control) pasv(ctx context.Context) (route, error) {
	r, err := c.ask(ctx, "PASV")
	if err != nil {
		return route{}, err
	}
	if r.Code != ftp.CodePassive {
		return route{}, r
	}
	told, err := ftp.ParsePassive(r.Text)
	return route{addr: netip.AddrPortFrom(c.peer(), told.Port()), told: told}, err
}

// peer is the server's address on this connection.
func (c *control) peer() netip.Addr { return addressOf(c.raw.RemoteAddr()) }

// local is this machine's address on this connection.
func (c *control) local() netip.Addr { return addressOf(c.raw.LocalAddr()) }

func addressOf(a net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// transfer is what is asked of the server.
type transfer struct {
	command string
	offset  int64
	clear   bool        // the data connection stays in clear
	cfg     *tls.Config // nil: the control connection's, so that its session is resumed
}

// running is a transfer that has been opened.
type running struct {
	t       transfer
	c       *control
	link    *link
	opening ftp.Reply
}

// begin asks for a port, connects, sends the command and does the TLS
// handshake. A refusal is the reply.
func (p *Patient) begin(ctx context.Context, c *control, t transfer) (*running, error) {
	to, err := c.passive(ctx)
	if err != nil {
		return nil, err
	}
	l, err := p.dialData(ctx, to.addr, netip.Addr{})
	if err != nil {
		return nil, err
	}
	run, err := c.command(ctx, t, l)
	if err == nil {
		err = run.protect(ctx)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return run, nil
}

// dialData connects to a data port; from a chosen address if one is given.
func (p *Patient) dialData(ctx context.Context, to netip.AddrPort, from netip.Addr) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	dial := p.dial
	if from.IsValid() {
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
		dial = d.DialContext
	}
	raw, err := dial(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	return p.newLink(raw), nil
}

func (p *Patient) newLink(raw net.Conn) *link {
	w := &endWatch{Conn: raw}
	return &link{raw: w, conn: w, wait: p.o.Timeout}
}

// command sends the transfer command, with its offset, and takes the reply
// that opens the transfer.
func (c *control) command(ctx context.Context, t transfer, l *link) (*running, error) {
	if t.offset > 0 {
		if _, err := c.must(ctx, "REST "+strconv.FormatInt(t.offset, 10)); err != nil {
			return nil, err
		}
	}
	r, err := c.must(ctx, t.command)
	return &running{t: t, c: c, link: l, opening: r}, err
}

func (r *running) protect(ctx context.Context) error {
	if r.t.clear {
		return nil
	}
	cfg := r.t.cfg
	if cfg == nil {
		cfg = r.c.cfg
	}
	err := r.link.handshake(ctx, cfg)
	if err == nil {
		return nil
	}
	r.link.close()
	if final, readErr := r.finish(ctx); readErr == nil && final.Code >= 400 {
		return final
	}
	return err
}

// finish takes the reply that ends the transfer. A 2yz that opened it was
// that reply already. A server that has dropped a data connection may wait a
// while for a better one before it gives up.
func (r *running) finish(ctx context.Context) (ftp.Reply, error) {
	if r.opening.Code >= 200 {
		return r.opening, nil
	}
	return r.c.readWithin(ctx, 2*r.c.wait)
}

// outcome is a transfer that is over.
type outcome struct {
	final    ftp.Reply
	data     []byte
	notified bool // the server sent close_notify
	state    tls.ConnectionState
	dataErr  error // of the data connection
}

// whole tells whether the server says, and TLS shows, that all has come.
func (o outcome) whole() bool { return o.final.Positive() && o.dataErr == nil }

// fetch runs a download to its end. A refusal before it is the reply.
func (p *Patient) fetch(ctx context.Context, c *control, t transfer) (outcome, error) {
	run, err := p.begin(ctx, c, t)
	if err != nil {
		return outcome{}, err
	}
	var o outcome
	o.state = run.link.state()
	o.data, o.notified, o.dataErr = run.link.readAll(ctx)
	run.link.end(ctx, endWhole)
	o.final, err = run.finish(ctx)
	return o, err
}

// store runs an upload to its end. A refusal before it is the reply.
func (p *Patient) store(ctx context.Context, c *control, t transfer, content []byte, how ending) (outcome, error) {
	run, err := p.begin(ctx, c, t)
	if err != nil {
		return outcome{}, err
	}
	o := outcome{state: run.link.state()}
	o.dataErr = run.link.write(ctx, content)
	run.link.end(ctx, how)
	o.final, err = run.finish(ctx)
	return o, err
}
