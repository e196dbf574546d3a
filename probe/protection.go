package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"time"

	"github.com/sealift/sealift/ftp"
)

var protectionProbes = []Probe{
	{ID: "plain-data", Section: sectionData, Title: "Files in clear (PROT C)", needs: needLogin, run: probePlainData,
		Why: "A client that forgets PROT P sends and gets files that everybody on the way can read and change."},
	{ID: "level-used", Section: sectionData, Title: "Protection changed in between", needs: needLogin, run: probeLevelUsed,
		Why: "A server that checks protection at one command and uses it at another sends in clear what it demands to protect."},
	{ID: "prot-case", Section: sectionData, Title: "PROT p, in small letters", needs: needLogin, run: probeProtCase,
		Why: "Arguments may be in any case (RFC 959 §5.3); 200 to p and then data in clear betrays whoever wrote it so."},
	{ID: "data-tls", Section: sectionData, Title: "TLS on data connections", needs: needLogin, run: probeDataTLS,
		Why: "A client resumes the control connection's session, so that the data connection proves whose it is (RFC 4217 §10.2)."},
	{ID: "data-unresumed", Section: sectionData, Title: "Data connection that does not resume", needs: needLogin, run: probeUnresumed,
		Why: "Nothing then proves that who comes to the data port is who gave the command; but many clients cannot resume."},
	{ID: "data-race", Section: sectionData, Title: "A stranger who comes first", needs: needLogin, run: probeRace,
		Why: "Somebody behind the same address who gets to the data port first takes the file, or puts his own in its place (RFC 4217 §10.2)."},
	{ID: "data-certificate", Section: sectionData, Title: "Certificate of data connections", needs: needLogin, run: probeDataCertificate,
		Why: "A client compares it with the control connection's; another one looks like an attack (RFC 4217 §15.1.1)."},
	{ID: "close-notify", Section: sectionData, Title: "End of downloads", needs: needLogin, run: probeCloseNotify,
		Why: "Without TLS's close_notify nobody can tell a whole file from one that was cut on the way (RFC 8446 §6.1)."},
}

func probePlainData(ctx context.Context, p *Patient) Finding {
	c := p.sendsClear(ctx)
	switch {
	case c.err != nil:
		return trouble(c.err)
	case c.allowed:
		return warning("a listing in clear is sent: %s", c.how)
	}
	return ok("refused: %s", c.how)
}

// clearly is whether a server sends data in clear to whoever asks for it.
type clearly struct {
	allowed bool
	how     string // its reply
	err     error
}

// sendsClear asks for a listing under PROT C, once.
func (p *Patient) sendsClear(ctx context.Context) *clearly {
	if p.clear == nil {
		p.clear = p.askClear(ctx)
	}
	return p.clear
}

func (p *Patient) askClear(ctx context.Context) *clearly {
	c, err := p.in(ctx)
	if err != nil {
		return &clearly{err: err}
	}
	_, err = c.must(ctx, "PROT C")
	if err == nil {
		var o outcome
		o, err = p.fetch(ctx, c, transfer{command: "LIST", clear: true})
		if err == nil {
			return &clearly{allowed: o.whole(), how: said(o.final)}
		}
	}
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused):
		return &clearly{how: said(refused)}
	case c.closed:
		return &clearly{how: explain(err)}
	}
	return &clearly{err: err}
}

// orders change the protection between the data address and the transfer.
// What is last is in force.
var orders = [][]string{
	{"PROT P", "EPSV", "PROT C"},
	{"PROT P", "PASV", "PROT C"},
	{"PROT C", "EPSV", "PROT P"},
	{"PROT C", "PASV", "PROT P"},
}

func probeLevelUsed(ctx context.Context, p *Patient) Finding {
	known := p.sendsClear(ctx)
	switch {
	case known.err != nil:
		return trouble(known.err)
	case known.allowed:
		return skipped("the server sends data in clear to whoever asks")
	}
	for _, order := range orders {
		c, err := p.in(ctx)
		if err != nil {
			return trouble(err)
		}
		clear, err := p.clearAfter(ctx, c, order)
		if err != nil {
			return trouble(err)
		}
		if clear {
			return failure("after %s the listing comes in clear", list(order))
		}
	}
	return ok("every order of PROT, PASV and EPSV was tried, nothing came in clear")
}

// clearAfter runs an order, and tells whether the listing comes in clear. A
// refusal anywhere is a no.
func (p *Patient) clearAfter(ctx context.Context, c *control, order []string) (bool, error) {
	var to route
	for _, line := range order {
		var err error
		switch line {
		case "EPSV":
			to, err = c.epsv(ctx)
		case "PASV":
			to, err = c.pasv(ctx)
		default:
			_, err = c.must(ctx, line)
		}
		if err != nil {
			return false, refusal(c, err)
		}
	}
	return p.comesClear(ctx, c, to)
}

// refusal is nil where err says that the server refused.
func refusal(c *control, err error) error {
	var r ftp.Reply
	if errors.As(err, &r) || c.closed {
		return nil
	}
	return err
}

// comesClear asks for a listing, says nothing on the data connection, and
// tells whether it comes all the same: a server that wants TLS waits for the
// client to begin. Then it gets its TLS, and the listing is read.
func (p *Patient) comesClear(ctx context.Context, c *control, to route) (bool, error) {
	l, err := p.dialData(ctx, to.addr, netip.Addr{})
	if err != nil {
		return false, err
	}
	defer l.close()
	run, err := c.command(ctx, transfer{command: "LIST", clear: true}, l)
	if err != nil {
		return false, refusal(c, err)
	}
	l.wait = aMoment
	data, _, readErr := l.readAll(ctx)
	l.wait = p.o.Timeout
	if len(data) == 0 && readErr != nil && l.handshake(ctx, c.cfg) == nil {
		l.readAll(ctx)
		l.end(ctx, endWhole)
		_, err = run.finish(ctx)
		return false, refusal(c, err)
	}
	l.close()
	final, err := run.finish(ctx)
	return len(data) > 0 || readErr == nil && final.Positive(), refusal(c, err)
}

func probeProtCase(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	r, err := c.ask(ctx, "PROT p")
	switch {
	case err != nil:
		return trouble(err)
	case r.Code >= 400:
		return note("refused: %s", said(r)).because("Arguments may be in any case (RFC 959 §5.3); hardly any client writes it so.")
	}
	to, err := c.passive(ctx)
	if err != nil {
		return trouble(err)
	}
	clear, err := p.comesClear(ctx, c, to)
	switch {
	case err != nil:
		return trouble(err)
	case clear:
		return failure("PROT p is answered %s, and then the listing comes in clear", said(r))
	}
	return ok("PROT p protects as PROT P does")
}

func probeDataTLS(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	o, err := p.fetch(ctx, c, transfer{command: "LIST"})
	switch {
	case err != nil:
		return trouble(err)
	case !o.whole():
		return failure("a listing breaks off: %s", p.ended(o)).because("No file and no listing gets through.")
	case !o.state.DidResume:
		return note("%s; the control connection's session is not resumed", tls.VersionName(o.state.Version))
	}
	return ok("%s, resuming the control connection's session", tls.VersionName(o.state.Version))
}

// unbound is what comes of a data connection that resumes nothing.
type unbound struct {
	outcome
	err error
}

// fresh asks for a listing over a data connection that resumes nothing, once,
// and in a session of its own: it may change how the server takes the next.
func (p *Patient) fresh(ctx context.Context) (outcome, error) {
	if p.unbound == nil {
		p.unbound = &unbound{}
		c, err := p.login(ctx)
		if err != nil {
			p.unbound.err = err
			return outcome{}, err
		}
		defer c.quit()
		p.unbound.outcome, p.unbound.err = p.fetch(ctx, c, transfer{command: "LIST", cfg: p.tls()})
	}
	return p.unbound.outcome, p.unbound.err
}

func probeUnresumed(ctx context.Context, p *Patient) Finding {
	o, err := p.fresh(ctx)
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused):
		return ok("refused: %s", said(refused))
	case err != nil:
		return trouble(err)
	case !o.whole():
		return ok("refused: %s", p.ended(o))
	}
	return note("taken")
}

func probeDataCertificate(ctx context.Context, p *Patient) Finding {
	o, err := p.fresh(ctx)
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused), err == nil && len(o.state.PeerCertificates) == 0:
		return ok("data connections are resumed ones only: they show none")
	case err != nil:
		return trouble(err)
	case !o.state.PeerCertificates[0].Equal(p.chain()[0]):
		return failure("it is another one: %s", o.state.PeerCertificates[0].Subject)
	}
	return ok("the same as on the control connection")
}

func probeCloseNotify(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	o, err := p.fetch(ctx, c, transfer{command: "LIST"})
	switch {
	case err != nil:
		return trouble(err)
	case !o.whole():
		return failure("a listing breaks off: %s", p.ended(o))
	case !o.notified:
		return failure("the server ends TCP without close_notify")
	}
	return ok("with close_notify")
}

// headStart is how much earlier the stranger of a race comes.
const headStart = 200 * time.Millisecond

// probeRace lets a stranger, who has a TLS session with the server but no
// login, come to a data port before the client does.
func probeRace(ctx context.Context, p *Patient) Finding {
	stranger, err := p.strangerTLS(ctx)
	if err != nil {
		return trouble(err)
	}
	c, err := p.login(ctx)
	if err != nil {
		return trouble(err)
	}
	defer c.raw.Close()
	to, err := c.passive(ctx)
	if err != nil {
		return trouble(err)
	}
	first, err := p.dialData(ctx, to.addr, netip.Addr{})
	if err != nil {
		return trouble(err)
	}
	defer first.close()
	if err := c.send(ctx, "LIST"); err != nil {
		return trouble(err)
	}
	got, came := p.race(ctx, c, to, first, stranger)
	r, err := c.read(ctx)
	if err == nil && r.Code < 200 {
		r, err = c.read(ctx)
	}
	switch {
	case got && err == nil && r.Positive():
		return warning("a stranger's TLS session that comes first gets the listing")
	case came:
		return ok("a stranger who comes first gets nothing, the client gets the listing")
	}
	return ok("a stranger who comes first gets nothing; the client has to try again")
}

// race tells who gets the end of a listing: the stranger who is connected, or
// the client who comes a little later.
func (p *Patient) race(ctx context.Context, c *control, to route, first *link, stranger *tls.Config) (got, came bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	second := make(chan bool, 1)
	go func() { second <- p.comesSecond(ctx, c, to) }()
	if got = takes(ctx, first, stranger); got {
		cancel()
	}
	return got, <-second
}

// strangerTLS is a configuration with a session of a connection that never
// logged in.
func (p *Patient) strangerTLS(ctx context.Context) (*tls.Config, error) {
	cfg := p.tls()
	c, err := p.secured(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer c.quit()
	_, err = c.ask(ctx, "NOOP")
	return cfg, err
}

// takes tells whether a whole listing comes over l.
func takes(ctx context.Context, l *link, cfg *tls.Config) bool {
	if l.handshake(ctx, cfg) != nil {
		return false
	}
	data, notified, _ := l.readAll(ctx)
	l.close()
	return notified || len(data) > 0
}

func (p *Patient) comesSecond(ctx context.Context, c *control, to route) bool {
	select {
	case <-time.After(headStart):
	case <-ctx.Done():
		return false
	}
	l, err := p.dialData(ctx, to.addr, netip.Addr{})
	if err != nil {
		return false
	}
	defer l.close()
	return takes(ctx, l, c.cfg)
}
