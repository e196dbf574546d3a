package ftpclient

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/ftp"
)

// How the data connection of a transfer ended.
type ending int

const (
	whole   ending = iota // all was moved
	broken                // it failed
	givenUp               // the caller wants no more
)

// A transfer is one command that moves data. Whoever moves the data owns
// data; a goroutine of its own watches the control connection until the
// transfer is over, and then frees the Conn.
type transfer struct {
	c       *Conn
	command string
	upload  bool
	data    *dataConn
	coming  chan opened   // data, while it is made
	cancel  func()        // ends the making of data
	over    atomic.Bool   // the owner has done with data
	how     chan ending   // takes one
	done    chan struct{} // the Conn is free, or dead

	begun bool      // the first reply has come
	final ftp.Reply // the reply that ends it
	err   error     // why there is none, or ctx's end
	owed  int       // replies to NOOP that have not come
	quiet bool      // the server dislikes NOOP in a transfer
	ended bool      // the data connection ended before the final reply came
}

// Bounds of the end of a transfer.
const (
	maxOwed      = 100              // NOOPs without an answer
	abortTime    = 5 * time.Second  // for replies after ABOR
	markTime     = time.Second / 2  // until it is asked whether more replies come
	abortHead    = time.Second      // that ABOR has before the data connection is reset
	failedTime   = 5 * time.Second  // for the reply to a data connection that failed
	keptOpenTime = 10 * time.Second // for replies to NOOP that are late
)

// watch waits until the transfer is over.
func (t *transfer) watch(ctx context.Context) {
	defer close(t.done)
	defer t.c.end()
	tick, stop := t.ticks()
	defer stop()
	replies := t.c.replies
	for {
		select {
		case r, ok := <-replies:
			if ok {
				t.take(r)
				continue
			}
			replies = nil
			if t.final.IsZero() {
				t.err = t.c.Err()
				t.data.wire.kill()
				return
			}
		case <-tick:
			t.keepAlive()
		case <-ctx.Done():
			t.err = context.Cause(ctx)
			t.abort()
			return
		case how := <-t.how:
			t.conclude(ctx, how, tick)
			return
		}
	}
}

func (t *transfer) ticks() (<-chan time.Time, func()) {
	if t.c.o.KeepAlive < 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(t.c.o.KeepAlive)
	return ticker.C, ticker.Stop
}

// keepAlive sends NOOP. Some servers answer at once, some after the transfer,
// and some with 500, which is enough to learn.
func (t *transfer) keepAlive() {
	if t.quiet || t.owed >= maxOwed || !t.final.IsZero() {
		return
	}
	if t.c.send("NOOP", []byte("NOOP\r\n")) == nil {
		t.owed++
	}
}

// take sorts a reply. Those to NOOP cannot be taken for the transfer's, which
// has other codes (RFC 959 §5.4).
func (t *transfer) take(r ftp.Reply) {
	switch {
	case r.Code == ftp.CodeClosing:
		t.c.fail(unexpected(r))
		t.setFinal(r)
	case t.owed > 0 && (r.Code == ftp.CodeOK || r.Code/10 == 50):
		t.owed--
		t.quiet = t.quiet || r.Code != ftp.CodeOK
	case r.Code < 200:
	case t.final.IsZero():
		t.setFinal(r)
	case t.owed > 0:
		t.owed--
	default:
		t.c.fail(unexpected(r))
	}
}

// setFinal also wakes up whoever moves data for nothing.
func (t *transfer) setFinal(r ftp.Reply) {
	t.final, t.ended = r, t.over.Load()
	switch {
	case !r.Positive():
		t.data.wire.Cut()
	case t.upload:
		t.data.wire.finish()
	}
}

// conclude is what follows the end of the data connection.
func (t *transfer) conclude(ctx context.Context, how ending, tick <-chan time.Time) {
	switch how {
	case whole:
		t.settle(ctx, max(2*t.c.o.StallTimeout, t.c.o.Timeout), tick)
	case broken:
		t.settle(ctx, t.c.atMost(failedTime), nil)
	case givenUp:
		t.abort()
	}
}

// settle waits for the final reply, as long as patience from one reply to the
// next, then for those to NOOP.
func (t *transfer) settle(ctx context.Context, patience time.Duration, tick <-chan time.Time) {
	for t.final.IsZero() || t.owed > 0 {
		if !t.final.IsZero() {
			patience = min(patience, t.c.atMost(keptOpenTime))
		}
		select {
		case r, ok := <-t.c.replies:
			if !ok {
				t.fail(t.c.Err())
				return
			}
			t.take(r)
		case <-tick:
			t.keepAlive()
		case <-ctx.Done():
			t.fail(context.Cause(ctx))
			return
		case <-time.After(patience):
			t.fail(fmt.Errorf("%w: no reply at the end of the transfer: %w", ErrLost, ErrTimeout))
			return
		}
	}
}

// fail gives up the control connection, whose next replies nobody could
// tell apart. If the transfer has its reply, that counts.
func (t *transfer) fail(err error) {
	t.c.fail(err)
	if t.final.IsZero() {
		t.err = err
	}
}

// abort ends the transfer before its time (RFC 959 §4.1.3): ABOR, then the
// data connection. A server that reads the end of a reset upload as its
// regular end has some time to see ABOR first.
func (t *transfer) abort() {
	t.data.wire.Cut()
	if !t.final.IsZero() { // nothing runs any more
		t.data.wire.kill()
		t.settle(context.Background(), t.c.atMost(keptOpenTime), nil)
		return
	}
	missing := t.owed + 2
	if t.c.send("ABOR", []byte("ABOR\r\n")) != nil {
		t.data.wire.kill()
		return
	}
	if t.upload {
		missing = t.collect(missing, abortHead, 1)
	}
	t.data.wire.kill()
	t.afterABOR(missing)
}

// afterABOR takes the replies that are missing: that of the transfer, that to
// ABOR, and those to NOOPs. Their codes and their order differ from server to
// server, so they are counted. Some servers leave one out; then a NOOP marks
// the end. Without any answer the Conn is given up.
func (t *transfer) afterABOR(missing int) {
	missing = t.collect(missing, t.c.atMost(markTime), missing)
	if missing == 0 || t.c.send("NOOP", []byte("NOOP\r\n")) != nil {
		return
	}
	timer := time.NewTimer(t.c.atMost(abortTime))
	defer timer.Stop()
	for {
		select {
		case r, ok := <-t.c.replies:
			if _, err := t.c.received(r, ok); err != nil {
				return
			}
			if r.Code == ftp.CodeOK || missing == 0 {
				return
			}
			missing--
		case <-timer.C:
			t.c.fail(fmt.Errorf("%w: no reply to ABOR: %w", ErrLost, ErrTimeout))
			return
		}
	}
}

// atMost keeps to the patience that the caller has.
func (c *Conn) atMost(d time.Duration) time.Duration { return min(d, c.o.Timeout) }

// collect takes up to n of the replies that are missing and returns how many
// still are.
func (t *transfer) collect(missing int, patience time.Duration, n int) int {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for ; n > 0; n-- {
		select {
		case r, ok := <-t.c.replies:
			if _, err := t.c.received(r, ok); err != nil {
				return missing
			}
			missing--
		case <-timer.C:
			return missing
		}
	}
	return missing
}

// finish tells how the data connection ended, waits for the end of the
// transfer, and says what came of it: dataErr, unless the server or the
// context has the better word. at is how many bytes were moved.
func (t *transfer) finish(how ending, at int64, dataErr error) error {
	t.over.Store(true)
	if how == broken {
		t.data.wire.kill()
	}
	t.how <- how
	<-t.done
	t.data.wire.Release()
	return t.result(at, dataErr)
}

func (t *transfer) result(at int64, dataErr error) error {
	if t.err != nil {
		return &InterruptedError{At: at, Err: t.err}
	}
	if t.final.Positive() {
		if dataErr != nil {
			return &InterruptedError{At: at, Err: dataErr}
		}
		return nil
	}
	var refusal error = &ReplyError{Command: t.command, Reply: t.final}
	switch unresumed := t.unresumed(); {
	case unresumed != nil:
		refusal = &explained{refusal, unresumed}
	case dataErr != nil && t.ended:
		refusal = &explained{refusal, dataErr}
	}
	if t.final.Code >= 500 {
		return refusal
	}
	return &InterruptedError{At: at, Err: refusal}
}

// unresumed says what may be behind the refusal of a data connection, nil if
// it is something else.
func (t *transfer) unresumed() error {
	refused := t.final.Code == ftp.CodeNoData || t.final.Code == ftp.CodeDataTLS
	if !refused || t.data == nil || t.data.tls == nil || t.data.tls.ConnectionState().DidResume {
		return nil
	}
	return ErrNotResumed
}
