package ftpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// contender is a connection that comes to a data port.
type contender struct {
	after time.Duration // since the transfer began
	who   who
}

type who int

const (
	owner   who = iota // resumes the session's TLS
	sibling            // resumes another session of the account, from the same address
	other              // resumes a session of another account
	unbound            // resumes nothing
	silent_            // connects, and says nothing
	noise              // does not speak TLS
)

// arena is a session whose data connections are contended for, without a
// network.
type arena struct {
	session *session
	caches  map[who]tls.ClientSessionCache
	version uint16
	comes   chan net.Conn
}

// newArena makes a session of alice, and the tickets of all who may come.
func newArena(t testing.TB, version uint16, p Policy) *arena {
	srv := New(nil, Config{TLS: serverTLS(), Policy: p})
	a := &arena{version: version, caches: map[who]tls.ClientSessionCache{}, comes: make(chan net.Conn)}
	for _, one := range []struct {
		who  who
		user string
		addr netip.Addr
	}{{owner, "alice", office}, {sibling, "alice", office}, {other, "mallory", office}} {
		s := &session{srv: srv, cfg: srv.config.Load(), policy: p, ticketID: srv.tickets.begin(one.addr)}
		srv.tickets.login(s.ticketID, one.user)
		a.caches[one.who] = ticketFrom(t, s.controlTLS(), version)
		if one.who == owner {
			a.session = s
		}
	}
	return a
}

// queuedPipe is a net.Pipe whose writes do not wait for the reader, as those
// of TCP do not.
func queuedPipe() (a, b net.Conn) {
	x, y := net.Pipe()
	return newQueued(x), newQueued(y)
}

type queued struct {
	net.Conn
	mu     sync.Mutex
	out    chan []byte
	closed bool
}

func newQueued(c net.Conn) *queued {
	q := &queued{Conn: c, out: make(chan []byte, 256)}
	go func() {
		for b := range q.out {
			q.Conn.Write(b)
		}
		q.Conn.Close()
	}()
	return q
}

func (q *queued) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, net.ErrClosed
	}
	q.out <- bytes.Clone(p)
	return len(p), nil
}

// Close lets what was written arrive.
func (q *queued) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.out)
	}
	return nil
}

func (a *arena) clientTLS(w who) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, MaxVersion: a.version, ServerName: "ftp.example", ClientSessionCache: a.caches[w]}
}

// ticketFrom is the cache of a client after a handshake.
func ticketFrom(t testing.TB, server *tls.Config, version uint16) tls.ClientSessionCache {
	t.Helper()
	cache := tls.NewLRUClientSessionCache(4)
	ours, theirs := queuedPipe()
	defer ours.Close()
	defer theirs.Close()
	go io.WriteString(tls.Server(ours, server), "x")
	client := tls.Client(theirs, &tls.Config{InsecureSkipVerify: true, MaxVersion: version, ServerName: "ftp.example", ClientSessionCache: cache})
	if _, err := io.ReadFull(client, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return cache
}

// enter sends one contender; what the server sent it comes back.
func (a *arena) enter(w who) []byte {
	ours, theirs := queuedPipe()
	defer theirs.Close()
	a.comes <- ours
	switch w {
	case silent_:
		io.Copy(io.Discard, theirs)
		return nil
	case noise:
		go io.Copy(io.Discard, theirs)
		io.WriteString(theirs, "GET / HTTP/1.1\r\n\r\n")
		return nil
	}
	client := tls.Client(theirs, a.clientTLS(w))
	got := make([]byte, 1)
	n, _ := client.Read(got)
	return got[:n]
}

func (a *arena) route() *route {
	return &route{drop: func() {}, next: func(ctx context.Context) (net.Conn, error) {
		select {
		case c := <-a.comes:
			return c, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}}
}

var (
	auto    = Policy{}
	require = Policy{Binding: BindRequire}
	off     = Policy{Binding: BindOff}
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	serverTLS()
	const none = -1
	ms, s := time.Millisecond, time.Second
	tests := []struct {
		why    string
		policy Policy
		missed bool // the session has had an unbound one
		single bool // the route is active
		come   []contender
		won    int // of come
		after  time.Duration
		miss   bool
		err    error
	}{
		{"who resumes is in at once", auto, false, false, []contender{{0, owner}}, 0, 0, false, nil},
		{"so is another session of the account", auto, false, false, []contender{{0, sibling}}, 0, 0, false, nil},
		{"who does not waits half a second", auto, false, false, []contender{{0, unbound}}, 0, 500 * ms, true, nil},
		{"once in a session", auto, true, false, []contender{{0, unbound}}, 0, 0, true, nil},
		{"a thief who is first loses", auto, false, false, []contender{{0, other}, {400 * ms, owner}}, 1, 400 * ms, false, nil},
		{"many thieves lose", auto, false, false, []contender{{0, other}, {10 * ms, unbound}, {20 * ms, other}, {30 * ms, unbound}, {100 * ms, owner}}, 4, 100 * ms, false, nil},
		{"two who do not resume: the first is taken", auto, false, false, []contender{{0, unbound}, {100 * ms, unbound}}, 0, 500 * ms, true, nil},
		{"nobody comes", auto, false, false, nil, none, 30 * s, false, errNobody},
		{"one that is no TLS, and no other", auto, false, false, []contender{{0, noise}}, none, 5 * s, false, errDataTLS},
		{"the right one comes behind it", auto, false, false, []contender{{0, noise}, {4 * s, owner}}, 1, 4 * s, false, nil},
		{"a wrong one comes behind it", auto, false, false, []contender{{0, noise}, {4 * s, unbound}}, 1, 4*s + 500*ms, true, nil},
		{"one that says nothing", auto, false, false, []contender{{0, silent_}}, none, 20 * s, false, errDataTLS},
		{"it does not stand in the way", auto, false, false, []contender{{0, silent_}, {1 * s, owner}}, 1, 1 * s, false, nil},
		{"nor do three of them", auto, false, false, []contender{{0, silent_}, {0, silent_}, {0, silent_}, {1 * s, owner}}, 3, 1 * s, false, nil},
		{"four take all places for a while", auto, false, false, []contender{{0, silent_}, {0, silent_}, {0, silent_}, {0, silent_}, {1 * s, owner}}, 4, 15 * s, false, nil},

		{"require: who resumes is in", require, false, false, []contender{{0, owner}}, 0, 0, false, nil},
		{"require: who does not is refused, after a wait for others", require, false, false, []contender{{0, unbound}}, none, 5 * s, false, errUnbound},
		{"require: a miss before does not help", require, true, false, []contender{{0, unbound}}, none, 5 * s, false, errUnbound},
		{"require: another account's ticket is none", require, false, false, []contender{{0, other}}, none, 5 * s, false, errUnbound},
		{"require: the right one comes behind it", require, false, false, []contender{{0, other}, {4900 * ms, owner}}, 1, 4900 * ms, false, nil},
		{"require: the wait does not begin anew with each", require, false, false, []contender{{0, other}, {3 * s, other}, {4 * s, other}}, none, 5 * s, false, errUnbound},

		{"off: the first is taken", off, false, false, []contender{{0, unbound}}, 0, 0, false, nil},
		{"off: whoever it is", off, false, false, []contender{{0, other}, {1 * ms, owner}}, 0, 0, false, nil},

		{"active: there will be no other", auto, false, true, []contender{{0, unbound}}, 0, 0, true, nil},
		{"active, require", require, false, true, []contender{{0, unbound}}, none, 0, false, errUnbound},
		{"active, no TLS", auto, false, true, []contender{{0, noise}}, none, 0, false, errDataTLS},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, test := range tests {
			t.Run(tls.VersionName(version)+"/"+test.why, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := newArena(t, version, test.policy)
					got, c, took, err := a.run(test.come, test.missed, test.single)
					if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) || took != test.after {
						t.Errorf("got %v after %v, want %v after %v", err, took, test.err, test.after)
					}
					if c != nil && c.facts().missed != test.miss {
						t.Errorf("it counts as a miss: %v, want %v", c.facts().missed, test.miss)
					}
					for i, b := range got {
						if (len(b) > 0) != (i == test.won) {
							t.Errorf("number %d got %q; number %d should have won", i, b, test.won)
						}
					}
				})
			})
		}
	}
}

// run lets all come, and sends one byte to the one that wins.
func (a *arena) run(come []contender, missed, single bool) (got [][]byte, c dataConn, took time.Duration, err error) {
	got = make([][]byte, len(come))
	over := make(chan struct{})
	var all sync.WaitGroup
	for i, one := range come {
		all.Go(func() {
			select {
			case <-time.After(one.after):
				got[i] = a.enterUnless(over, one.who)
			case <-over:
			}
		})
	}
	o := a.contest(missed)
	o.route.single = single
	began := time.Now()
	if c, err = o.open(context.Background()); err == nil {
		took = time.Since(began)
		c.Write([]byte("x"))
		c.end()
		c.Release()
	} else {
		took = time.Since(began)
	}
	close(over)
	all.Wait()
	return got, c, took, err
}

func (a *arena) contest(missed bool) *candidates {
	s := a.session
	return &candidates{
		route: a.route(), limits: Limits{}.withDefaults(), binding: s.policy.Binding, missed: missed, config: s.dataTLS(),
	}
}

// enterUnless enters, unless the port is closed before.
func (a *arena) enterUnless(over chan struct{}, w who) []byte {
	door := make(chan []byte, 1)
	inner := &arena{session: a.session, caches: a.caches, version: a.version, comes: make(chan net.Conn)}
	go func() { door <- inner.enter(w) }()
	conn := <-inner.comes
	select {
	case a.comes <- conn:
	case <-over:
		conn.Close()
	}
	return <-door
}

// ABOR ends the wait at once, whatever is on its way.
func TestCandidatesAborted(t *testing.T) {
	t.Parallel()
	serverTLS()
	for _, test := range []struct {
		why  string
		come []contender
	}{
		{"nobody has come", nil},
		{"one is in the handshake", []contender{{0, silent_}}},
		{"one is held", []contender{{0, unbound}}},
	} {
		t.Run(test.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newArena(t, tls.VersionTLS13, auto)
				ctx, cancel := context.WithCancelCause(t.Context())
				var all sync.WaitGroup
				for _, one := range test.come {
					all.Go(func() {
						if got := a.enter(one.who); len(got) > 0 {
							t.Errorf("a byte was sent: %q", got)
						}
					})
				}
				time.AfterFunc(100*time.Millisecond, func() { cancel(errAborted) })
				began := time.Now()
				c, err := a.contest(false).open(ctx)
				if c != nil || !errors.Is(err, errAborted) || time.Since(began) != 100*time.Millisecond {
					t.Errorf("got %v, %v after %v", c, err, time.Since(began))
				}
				all.Wait()
			})
		})
	}
}
