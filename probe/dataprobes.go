package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/sealift/sealift/ftp"
)

var dataProbes = []Probe{
	{ID: "epsv", Section: sectionData, Title: "Extended passive mode (EPSV)", needs: needLogin, run: probeEPSV,
		Why: "EPSV names a port alone: it works through NAT and over IPv6, where PASV does not (RFC 2428 §3)."},
	{ID: "pasv-address", Section: sectionData, Title: "Address in PASV", needs: needLogin, run: probePASV,
		Why: "Many clients connect to the address that 227 tells; a private or wrong one leads nowhere."},
	{ID: "passive-ports", Section: sectionData, Title: "Choice of passive ports", needs: needLogin, run: probePorts,
		Why: "Who can guess the next port can get there before the client (RFC 2577 §8)."},
	{ID: "passive-stranger", Section: sectionData, Title: "Passive port from another address", needs: needLogin, run: probeStranger,
		Why: "A data connection from an address other than the control connection's belongs to somebody else."},
	{ID: "active", Section: sectionData, Title: "Active mode", needs: needLogin, run: probeActive,
		Why: "Some clients, and devices above all, only know PORT."},
	{ID: "bounce", Section: sectionData, Title: "Data connections to third parties", needs: needLogin, run: probeBounce,
		Why: "A server that connects to any address it is told scans and attacks others in its owner's name (RFC 2577 §3)."},
}

func probeEPSV(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	to, err := c.epsv(ctx)
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused):
		return warning("refused: %s", said(refused))
	case err != nil:
		return failure("the reply cannot be read: %s", explain(err))
	}
	if l, err := p.dialData(ctx, to.addr, netip.Addr{}); err != nil {
		return failure("port %d: %s", to.addr.Port(), explain(err)).
			because("No file and no listing gets through: mostly a firewall does not know the passive ports.").
			advise(remedyFor("passive-reach", p.software))
	} else {
		l.close()
	}
	r, err := c.ask(ctx, "EPSV 7")
	switch {
	case err != nil:
		return trouble(err)
	case r.Code < 400:
		return note("port %d was reached; an unknown address family is taken: %s", to.addr.Port(), said(r)).
			because("RFC 2428 §3 wants 522 there, so that a client learns which families there are.")
	}
	return ok("port %d was reached", to.addr.Port())
}

func probePASV(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	if c.peer().Is6() {
		return skipped("PASV is for IPv4, the connection is IPv6")
	}
	to, err := c.pasv(ctx)
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused):
		return note("refused: %s", said(refused)).because("Old clients know nothing else.")
	case err != nil:
		return failure("the reply cannot be read: %s", explain(err))
	}
	told := to.told.Addr()
	if told == c.peer() {
		if err := p.touch(ctx, to.told); err != nil {
			return failure("%s: %s", to.told, explain(err)).
				because("No file and no listing gets through: mostly a firewall does not know the passive ports.").
				advise(remedyFor("passive-reach", p.software))
		}
		return ok("%s, the server's own, was reached", told)
	}
	switch {
	case p.touch(ctx, to.told) == nil && !hidden4(told, c.peer()):
		return note("%s, which is not %s, was reached", told, c.peer()).because("Clients that distrust other addresses go to the control connection's instead.")
	case hidden4(told, c.peer()):
		return failure("%s, a private address; the server is reached as %s", told, c.peer())
	}
	return failure("%s, which does not answer; the server is reached as %s", told, c.peer())
}

// touch connects to a data port, and closes.
func (p *Patient) touch(ctx context.Context, to netip.AddrPort) error {
	l, err := p.dialData(ctx, to, netip.Addr{})
	if err == nil {
		l.close()
	}
	return err
}

// hidden4 tells whether clients of peer cannot reach told.
func hidden4(told, peer netip.Addr) bool {
	inside := func(a netip.Addr) bool {
		return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified()
	}
	return inside(told) && !inside(peer) || told.IsUnspecified() || told.IsLoopback() && !peer.IsLoopback()
}

// samples is how many ports are looked at.
const samples = 8

func probePorts(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	var ports []int
	for range samples {
		to, err := c.passive(ctx)
		if err != nil {
			return trouble(err)
		}
		ports = append(ports, int(to.addr.Port()))
	}
	near, same := 0, 0
	for i := range ports[1:] {
		switch step := ports[i+1] - ports[i]; {
		case step == 0:
			same++
		case -3 < step && step < 3:
			near++
		}
	}
	switch {
	case same == samples-1:
		return note("always %d", ports[0]).because("One port for all can be right where the TLS session tells whose a connection is.")
	case near > samples/2:
		return warning("one after the other: %v", ports)
	}
	return ok("not one after the other: %v", ports)
}

func probeStranger(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	other := otherLocal(c)
	if !other.IsValid() {
		return skipped("this machine has one address only that reaches the server")
	}
	to, err := c.passive(ctx)
	if err != nil {
		return trouble(err)
	}
	l, err := p.dialData(ctx, to.addr, other)
	if err != nil {
		return ok("a connection from %s is not taken", other)
	}
	defer l.close()
	defer p.abandon()
	l.wait = 2 * time.Second
	if _, err := c.command(ctx, transfer{command: "LIST"}, l); err != nil {
		return ok("a connection from %s gets nothing: %s", other, explain(err))
	}
	if err := l.handshake(ctx, c.cfg); err != nil {
		return ok("a connection from %s gets nothing: %s", other, explain(err))
	}
	if data, notified, _ := l.readAll(ctx); notified || len(data) > 0 {
		return failure("a connection from %s gets the data of one from %s", other, c.local())
	}
	return ok("a connection from %s gets nothing", other)
}

// abandon gives the shared session up, since it is in the middle of something.
func (p *Patient) abandon() {
	if p.session != nil {
		p.session.raw.Close()
		p.session = nil
	}
}

// otherLocal is another address of this machine from which the server can be
// reached; the zero Addr if there is none.
func otherLocal(c *control) netip.Addr {
	if c.peer().IsLoopback() && c.peer().Is4() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 2})
	}
	found, err := net.InterfaceAddrs()
	if err != nil || c.peer().IsLoopback() {
		return netip.Addr{}
	}
	for _, a := range found {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		one := prefix.Addr().Unmap()
		if one.Is4() == c.local().Is4() && one != c.local() && one.IsGlobalUnicast() && one.IsPrivate() == c.local().IsPrivate() {
			return one
		}
	}
	return netip.Addr{}
}

// activeCommand is PORT, or EPRT on IPv6.
func activeCommand(peer, own netip.Addr, port uint16) string {
	a := netip.AddrPortFrom(own, port)
	if peer.Is4() {
		return "PORT " + ftp.FormatHostPort(a)
	}
	return "EPRT " + ftp.FormatExtended(a)
}

func probeActive(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	if c.local().IsPrivate() && !c.peer().IsPrivate() && !c.peer().IsLoopback() {
		return skipped("this machine is behind NAT: it has the private address %s", c.local())
	}
	l, err := net.Listen("tcp", netip.AddrPortFrom(c.local(), 0).String())
	if err != nil {
		return skipped("this machine cannot listen: %s", explain(err))
	}
	defer l.Close()
	line := activeCommand(c.peer(), c.local(), l.Addr().(*net.TCPAddr).AddrPort().Port())
	r, err := c.ask(ctx, line)
	switch {
	case err != nil:
		return trouble(err)
	case r.Code >= 400:
		return note("off: %s", said(r))
	}
	f := p.beConnected(ctx, c, l.(*net.TCPListener))
	p.leave()
	return f
}

// beConnected runs a listing over the connection that the server opens.
func (p *Patient) beConnected(ctx context.Context, c *control, l *net.TCPListener) Finding {
	if err := c.send(ctx, "LIST"); err != nil {
		return trouble(err)
	}
	if err := l.SetDeadline(time.Now().Add(p.o.Timeout)); err != nil {
		return trouble(err)
	}
	raw, err := l.Accept()
	if err != nil {
		r, readErr := c.read(ctx)
		if readErr == nil && r.Code < 200 {
			r, readErr = c.read(ctx)
		}
		c.astray = true
		answer := said(r)
		if readErr != nil {
			answer = explain(readErr)
		}
		return warning("the server does not come: %s", answer).
			because("PORT was answered 200: clients that use it wait in vain. A firewall on the way may be why, here or there.")
	}
	d := p.newLink(raw)
	defer d.close()
	return p.listActive(ctx, c, d)
}

func (p *Patient) listActive(ctx context.Context, c *control, d *link) Finding {
	opening, err := c.read(ctx)
	if err != nil {
		return trouble(err)
	}
	if opening.Code >= 400 {
		return failure("the server comes, and then refuses: %s", said(opening))
	}
	if err := d.handshake(ctx, c.cfg); err != nil {
		return failure("the server comes, but TLS does not begin: %s", explain(err))
	}
	_, _, dataErr := d.readAll(ctx)
	d.end(ctx, endWhole)
	final, err := c.read(ctx)
	if err != nil {
		return trouble(err)
	}
	if from := addressOf(d.raw.RemoteAddr()); from != c.peer() {
		return warning("the server comes from %s, not %s", from, c.peer()).because("Firewalls and careful clients refuse that (RFC 1123 §4.1.2.12).")
	}
	if o := (outcome{final: final, dataErr: dataErr}); !o.whole() {
		return failure("the listing breaks off: %s", p.ended(o))
	}
	return ok("the server comes, and the listing is whole")
}

// documentation addresses belong to nobody (RFC 5737, RFC 3849).
var (
	nobody4 = netip.MustParseAddr("192.0.2.1")
	nobody6 = netip.MustParseAddr("2001:db8::1")
)

// probeBounce sends addresses and looks at the replies. No transfer follows,
// so that the server never connects.
func probeBounce(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	defer p.leave() // a later transfer must not go to those addresses
	nobody := nobody4
	if c.peer().Is6() {
		nobody = nobody6
	}
	third, err := c.ask(ctx, activeCommand(c.peer(), nobody, 50000))
	if err != nil {
		return trouble(err)
	}
	low, err := c.ask(ctx, activeCommand(c.peer(), c.local(), 25))
	switch {
	case err != nil:
		return trouble(err)
	case third.Code < 400:
		return failure("PORT to %s, which is not this machine, is answered %s", nobody, said(third))
	case low.Code < 400:
		return warning("PORT to port 25 is answered %s", said(low)).because("Ports below 1024 belong to services, which a transfer could speak to (RFC 2577 §3).")
	}
	return ok("PORT to a third party: %s; to port 25: %s", codeOf(third), codeOf(low))
}
