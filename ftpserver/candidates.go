package ftpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"
)

const (
	maxCandidates  = 4                      // in the handshake at once
	boundHeadStart = 500 * time.Millisecond // for a bound connection, before an unbound one is taken
	afterFailure   = 5 * time.Second        // for others, after a candidate has failed
)

// candidates finds the data connection of a protected transfer among those
// that come to its port: the first that resumes a TLS session of this account
// wins; what happens to the others is the policy's Binding (security.md §9.4).
type candidates struct {
	route           *route
	limits          Limits
	binding         Binding
	missed          bool // the session had an unbound one before: no waiting
	certificate     *x509.Certificate
	config          func(*wire) *tls.Config
	acceptTruncated bool
}

// candidate is a connection after its handshake.
type candidate struct {
	wire *wire
	tls  *tls.Conn
	err  error
}

// open is the connection that won. All others are closed.
func (o *candidates) open(ctx context.Context) (dataConn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := &contest{candidates: o, shaken: make(chan candidate), nobody: make(chan error, 1), failure: errNobody}
	go c.listen(ctx)
	won, err := c.choose(ctx)
	cancel(errors.New("ftpserver: another data connection was taken"))
	c.closeOthers(won)
	if err != nil {
		return nil, err
	}
	return won, nil
}

// contest is one run of it.
type contest struct {
	*candidates
	shaken  chan candidate // from each handshake
	nobody  chan error     // from listen: not one has come
	held    *candidate     // unbound, waiting for a better one
	failure error
	timer   <-chan time.Time
}

// listen starts a handshake for each connection that comes.
func (c *contest) listen(ctx context.Context) {
	slots := make(chan struct{}, maxCandidates)
	first, cancel := context.WithTimeoutCause(ctx, c.limits.AcceptTimeout, errNobody)
	defer cancel()
	for wait := first; ; wait = ctx {
		slots <- struct{}{}
		conn, err := c.route.next(wait)
		if err != nil {
			if wait == first {
				c.nobody <- err
			}
			return
		}
		cancel()
		go func() {
			c.shake(ctx, conn)
			<-slots
		}()
	}
}

// shake runs one handshake and hands the connection over, or closes it.
func (c *contest) shake(ctx context.Context, conn net.Conn) {
	w := newWire(conn, &c.limits)
	one := candidate{wire: w, tls: tls.Server(w, c.config(w))}
	limited, cancel := context.WithTimeout(ctx, c.limits.HandshakeTimeout)
	defer cancel()
	one.err = one.tls.HandshakeContext(limited)
	select {
	case c.shaken <- one:
	case <-ctx.Done():
		w.Release()
	}
}

func (c *contest) choose(ctx context.Context) (*privateConn, error) {
	for {
		select {
		case one := <-c.shaken:
			if won := c.judge(one); won != nil {
				return won, nil
			}
			if c.route.single {
				return nil, c.failure
			}
		case <-c.timer:
			if c.held != nil {
				return c.take(c.held, true), nil
			}
			return nil, c.failure
		case err := <-c.nobody:
			return nil, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// judge looks at a connection that has shaken hands: it wins, or waits, or is
// closed.
func (c *contest) judge(one candidate) *privateConn {
	switch {
	case one.err != nil:
		c.fail(one, errDataTLS)
	case one.tls.ConnectionState().DidResume || c.binding == BindOff:
		return c.take(&one, false)
	case c.binding == BindRequire || !c.sameCertificate(one):
		c.fail(one, errUnbound)
	case c.missed || c.route.single:
		return c.take(&one, true)
	case c.held != nil:
		one.wire.Release()
	default:
		c.held, c.timer = &one, time.After(boundHeadStart)
	}
	return nil
}

// fail closes a connection; others are awaited for some seconds more.
func (c *contest) fail(one candidate, why error) {
	one.wire.Release()
	if c.failure == errNobody {
		c.failure = why
	}
	if c.timer == nil {
		c.timer = time.After(afterFailure)
	}
}

func (c *contest) take(one *candidate, missed bool) *privateConn {
	if c.held == one {
		c.held = nil
	}
	return &privateConn{wire: one.wire, tls: one.tls, missed: missed, acceptTruncated: c.acceptTruncated}
}

// sameCertificate demands of an unbound connection what the control
// connection has proved.
func (c *contest) sameCertificate(one candidate) bool {
	if c.certificate == nil {
		return true
	}
	shown := one.tls.ConnectionState().PeerCertificates
	return len(shown) > 0 && bytes.Equal(shown[0].Raw, c.certificate.Raw)
}

func (c *contest) closeOthers(won *privateConn) {
	if c.held != nil && (won == nil || won.wire != c.held.wire) {
		c.held.wire.Release()
	}
}
