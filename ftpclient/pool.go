package ftpclient

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sealift/sealift/ftp"
)

// A Pool keeps up to a number of connections to one server, and learns when
// the server wants fewer. Its methods may be called from several goroutines.
type Pool struct {
	address string
	o       Options

	mu      sync.Mutex
	idle    []resting // the longest idle first
	open    int       // given out, idle, or being made
	limit   int
	waiting []chan struct{} // closed when it is worth while to look again
	freed   time.Time       // when a connection was last closed
	closed  bool
}

type resting struct {
	c     *Conn
	since time.Time
}

const (
	// trustIdle is how long an idle connection is taken to be alive.
	trustIdle = 20 * time.Second
	// Servers take a moment to forget a connection that was closed.
	forgetTime  = 3 * time.Second
	forgetPause = 100 * time.Millisecond
)

// NewPool makes a pool of at most most connections, at least one, that are
// made when they are needed.
func NewPool(address string, o Options, most int) *Pool {
	return &Pool{address: address, o: o, limit: max(most, 1)}
}

// Limit is how many connections there may be: what NewPool was told, or fewer
// once the server refused one.
func (p *Pool) Limit() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit
}

// Get gives a connection in the folder that the login leads to. If there are
// as many as may be, it waits for a Put. If the server refuses a connection
// as one too many while there are others, that is the limit from then on; if
// there are none, so that nothing could be waited for, it is the error, as it
// is with all other errors of Dial.
func (p *Pool) Get(ctx context.Context) (*Conn, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		c, wait, err := p.next()
		switch {
		case err != nil:
			return nil, err
		case wait != nil:
			if err := p.wait(ctx, wait); err != nil {
				return nil, err
			}
		case c != nil:
			if p.revive(ctx, c) {
				return c.c, nil
			}
		default:
			c, again, err := p.dial(ctx)
			if !again {
				return c, err
			}
		}
	}
}

// next is an idle connection, or something to wait for, or neither: then one
// is to be made, and counts already.
func (p *Pool) next() (*resting, chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, ErrPoolClosed
	}
	if last := len(p.idle) - 1; last >= 0 {
		r := p.idle[last]
		p.idle = p.idle[:last]
		return &r, nil, nil
	}
	if p.open < p.limit {
		p.open++
		return nil, nil, nil
	}
	ready := make(chan struct{})
	p.waiting = append(p.waiting, ready)
	return nil, ready, nil
}

// wait hands on its turn if it is not needed any more.
func (p *Pool) wait(ctx context.Context, ready chan struct{}) error {
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.waiting, ready); at >= 0 {
		p.waiting = slices.Delete(p.waiting, at, at+1)
	} else {
		p.wake()
	}
	return context.Cause(ctx)
}

// wake lets one who waits look again. The mutex is held.
func (p *Pool) wake() {
	if len(p.waiting) > 0 {
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	}
}

// revive reports whether an idle connection is alive and where it should be.
func (p *Pool) revive(ctx context.Context, r *resting) bool {
	err := r.c.Err()
	if err == nil && time.Since(r.since) > trustIdle {
		_, err = r.c.one(ctx, "NOOP", "")
	}
	if err == nil {
		err = r.c.goHome(ctx)
	}
	if err == nil {
		return true
	}
	r.c.fail(err)
	p.drop()
	return false
}

// drop is a connection less.
func (p *Pool) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	p.freed = time.Now()
	p.wake()
}

// dial makes a connection. again: the server has enough of them, wait for one.
func (p *Pool) dial(ctx context.Context) (c *Conn, again bool, err error) {
	c, err = Dial(ctx, p.address, p.o)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && !p.closed {
		return c, false, nil
	}
	p.open--
	if err == nil {
		go c.Close()
		return nil, false, ErrPoolClosed
	}
	again = tooMany(err, p.open > 0)
	if again && p.open > 0 {
		p.limit = min(p.limit, p.open)
		return nil, true, nil
	}
	if again && time.Since(p.freed) < forgetTime {
		return nil, p.pause(ctx), err
	}
	p.wake()
	return nil, false, err
}

// pause gives the server time to forget connections that were closed. The
// mutex is held before and after.
func (p *Pool) pause(ctx context.Context) bool {
	p.mu.Unlock()
	defer p.mu.Lock()
	select {
	case <-time.After(forgetPause):
		return true
	case <-ctx.Done():
		return false
	}
}

// tooMany reports whether a server refused a connection because it has
// enough: 421, or 530 with such words. With others open, an end without a word
// says so too.
func tooMany(err error, others bool) bool {
	refusal, ok := errors.AsType[*ReplyError](err)
	if !ok {
		return others && (errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET))
	}
	if refusal.Reply.Code == ftp.CodeClosing {
		return true
	}
	text := strings.ToLower(refusal.Reply.Text)
	return refusal.Reply.Code == ftp.CodeNotLoggedIn && slices.ContainsFunc(manyWords, func(word string) bool {
		return strings.Contains(text, word)
	})
}

var manyWords = []string{"too many", "maximum", "limit", "exceed", "already logged", "number of"}

// Put gives a connection back, in use or not. err is what came of its use: it
// matters only where the Conn itself cannot tell that it must not be used
// again, so that nil is fine.
func (p *Pool) Put(c *Conn, err error) {
	if c == nil {
		return
	}
	if c.Err() != nil || c.busy.Load() || spoils(err) {
		c.fail(errPut)
		p.drop()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.open--
		go c.Close()
		return
	}
	p.idle = append(p.idle, resting{c, time.Now()})
	p.wake()
}

var errPut = errors.New("ftpclient: the connection was given back in the middle of something")

// spoils are errors after which a connection is better not trusted.
func spoils(err error) bool {
	return errors.Is(err, ErrProtocol) || errors.Is(err, ErrTimeout) || errors.Is(err, ErrLost)
}

// Close closes the connections that are idle, and the others when they are
// given back. Get gives ErrPoolClosed from now on.
func (p *Pool) Close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.open -= len(idle)
	for len(p.waiting) > 0 {
		p.wake()
	}
	p.mu.Unlock()
	var all sync.WaitGroup
	for _, r := range idle {
		all.Go(func() { r.c.Close() })
	}
	all.Wait()
	return nil
}
