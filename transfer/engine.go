package transfer

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/sealift/sealift/ftpclient"
)

// Options change how an Engine works. The zero value is fine.
type Options struct {
	// Parallel is how many files are on their way at once; 0 is 4. The pool
	// may allow fewer.
	Parallel int
	// Segments is how many connections share one large download; 0 and 1: one.
	Segments int
	// SegmentSize is the least number of bytes for which a connection of its
	// own is worth while; 0 is 4 MiB.
	SegmentSize int64
	// Rate is a limit in bytes per second over all connections; 0: none.
	Rate int64
	// Retries is how often in a row something is tried again without a byte
	// moved in between. 0: never.
	Retries int
	// Backoff is the wait before try n, from 1 on; nil: 1 s, doubled up to
	// 30 s, give or take a quarter.
	Backoff func(n int) time.Duration
	// Verify is how a file that arrived is proved to be whole.
	Verify Verify
	// InPlace writes uploads under their final name from the first byte on,
	// also on servers that show what is not complete.
	InPlace bool
	// NoClobber leaves files alone that are there already.
	NoClobber bool
	// Journal remembers what is not finished; nil: nothing is remembered.
	Journal *Journal
	// Report is told of every file when it is over, by one call at a time.
	Report func(Result)
	// Progress is told when a file begins, with its size or -1, and returns
	// who is told how it goes. nil, or what returns nil: nobody is.
	Progress func(name string, size int64) Meter
}

// A Meter is told how far one file is. Its methods may be called by several
// goroutines.
type Meter interface {
	At(done int64) // bytes of the file that are there
	End()          // nothing more comes
}

// Verify is how a file that arrived is proved to be whole.
type Verify int

// The ways to prove a file.
const (
	VerifyAuto Verify = iota // by digest if the server makes one, else by size
	VerifyHash               // by digest, or the file has failed
	VerifySize
	VerifyNone
)

// Verifies are the names of the ways.
var Verifies = map[string]Verify{"auto": VerifyAuto, "hash": VerifyHash, "size": VerifySize, "none": VerifyNone}

// An Engine moves files between here and one server.
type Engine struct {
	pool    *ftpclient.Pool
	server  string
	o       Options
	limiter *rate.Limiter // nil: no limit

	reached atomic.Bool // a connection has stood
	facts   atomic.Pointer[facts]
	noSeek  atomic.Bool // the server sends files from the beginning only

	noRename atomic.Bool // the account may not rename

	mu  sync.Mutex // one Report at a time
	sum Summary
}

// New makes an Engine. server is a name for the server and the account on it,
// under which the journal remembers: "alice@host:21".
func New(pool *ftpclient.Pool, server string, o Options) *Engine {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.SegmentSize <= 0 {
		o.SegmentSize = 4 << 20
	}
	if o.Backoff == nil {
		o.Backoff = backoff
	}
	e := &Engine{pool: pool, server: server, o: o}
	if o.Rate > 0 {
		burst := min(max(o.Rate/8, 1), 128<<10)
		e.limiter = rate.NewLimiter(rate.Limit(o.Rate), int(burst))
		e.limiter.AllowN(time.Now(), int(burst)) // it begins empty
	}
	return e
}

func backoff(n int) time.Duration {
	wait := min(time.Second<<min(n-1, 5), 30*time.Second)
	return wait*3/4 + rand.N(wait/2)
}

// wait lets n bytes through.
func (e *Engine) wait(ctx context.Context, n int) error {
	if e.limiter == nil {
		return nil
	}
	for n > 0 {
		piece := min(n, e.limiter.Burst())
		if err := e.limiter.WaitN(ctx, piece); err != nil {
			return err
		}
		n -= piece
	}
	return nil
}

// facts are what is known of the server.
type facts struct {
	// commits: an upload shows under its name when it is complete, and not
	// before (docs/uploads.md).
	commits bool
	perms   bool   // it tells the rights on each file
	digest  string // the best that the server makes; "" for none
	times   bool   // it has MFMT, so that files keep their times
}

// known are the facts; none before the first connection.
func (e *Engine) known() facts {
	if f := e.facts.Load(); f != nil {
		return *f
	}
	return facts{}
}

// learn asks the server what it is, once if it goes well.
func (e *Engine) learn(ctx context.Context, c *ftpclient.Conn) error {
	if e.facts.Load() != nil {
		return nil
	}
	features := c.Features()
	f := facts{times: features.Has("MFMT"), perms: slices.ContainsFunc(features.Facts, isPerm)}
	for _, name := range features.Hashes {
		if newDigest(name) != nil && f.digest == "" {
			f.digest = name
		}
	}
	if features.Has("CSID") {
		r, err := c.Do(ctx, "CSID", "Name=Sealift client;")
		if _, refused := errors.AsType[*ftpclient.ReplyError](err); err != nil && !refused {
			return err
		}
		f.commits = saysSealift(r.Text)
	}
	e.facts.Store(&f)
	return nil
}

func isPerm(fact string) bool { return strings.EqualFold(fact, "Perm") }

// connecting is a failure before anything could be asked of the server.
type connecting struct{ err error }

func (e *connecting) Error() string { return e.err.Error() }
func (e *connecting) Unwrap() error { return e.err }

// once runs do on a connection.
func (e *Engine) once(ctx context.Context, do func(*ftpclient.Conn) error) error {
	c, err := e.pool.Get(ctx)
	if err != nil {
		return &connecting{err}
	}
	e.reached.Store(true)
	if err = e.learn(ctx, c); err == nil {
		err = do(c)
	}
	e.pool.Put(c, err)
	return err
}

// with runs do on a connection, and again after a break.
func (e *Engine) with(ctx context.Context, do func(*ftpclient.Conn) error) error {
	return e.retry(ctx, func() (moved bool, err error) { return false, e.once(ctx, do) })
}

// retry runs try until it succeeds or there is no hope. Moved bytes are hope.
func (e *Engine) retry(ctx context.Context, try func() (moved bool, err error)) error {
	for failed := 0; ; {
		moved, err := try()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if moved {
			failed = 0
		}
		if failed++; failed > e.o.Retries || !temporary(err, e.reached.Load()) {
			return err
		}
		select {
		case <-time.After(e.o.Backoff(failed)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
