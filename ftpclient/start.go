package ftpclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sealift/sealift/ftp"
)

// An order is a transfer that is to be started.
type order struct {
	verb, arg string
	offset    int64
	mode      string // TYPE
	upload    bool
}

// errRestart: the server does not take REST.
var errRestart = errors.New("ftpclient: the server cannot go on at an offset")

// start begins a transfer on a Conn that is begun. On success the Conn is
// freed when the transfer is over; on error it is still the caller's.
func (c *Conn) start(ctx context.Context, o order) (*transfer, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if err := c.protect(ctx); err != nil {
		return nil, err
	}
	if err := c.setMode(ctx, o.mode); err != nil {
		return nil, err
	}
	for {
		w, err := c.route(ctx)
		if err != nil {
			return nil, err
		}
		t, err := c.startOn(ctx, o, w)
		if err == nil || !c.nextRoute(ctx, err) {
			return t, err
		}
	}
}

// nextRoute reports whether it is worth while to start again in another way,
// because the server did not connect in active mode, which has never worked.
func (c *Conn) nextRoute(ctx context.Context, err error) bool {
	reply, refused := errors.AsType[*ReplyError](err)
	_, unconnected := errors.AsType[*ConnectError](err)
	if !(unconnected || refused && reply.Reply.Code == ftp.CodeNoData) {
		return false
	}
	if c.routed || len(c.routes) < 2 || ctx.Err() != nil || c.Err() != nil {
		return false
	}
	c.routes = c.routes[1:]
	return true
}

func (c *Conn) setMode(ctx context.Context, mode string) error {
	if mode == "" || c.mode == mode {
		return nil
	}
	if _, err := c.command(ctx, "TYPE", mode); err != nil {
		return err
	}
	c.mode = mode
	return nil
}

func (c *Conn) startOn(ctx context.Context, o order, w way) (*transfer, error) {
	if err := c.seek(ctx, o.offset); err != nil {
		w.drop()
		return nil, err
	}
	t, err := c.launch(ctx, o, w)
	if err != nil {
		w.drop()
		return nil, err
	}
	c.routed, c.restart = true, false
	go t.watch(ctx)
	return t, nil
}

// seek sends REST. It is sent for offset 0 too if an earlier one may not have
// been used up.
func (c *Conn) seek(ctx context.Context, offset int64) error {
	if offset < 0 {
		return fmt.Errorf("ftpclient: offset %d", offset)
	}
	if offset == 0 && !c.restart {
		return nil
	}
	_, err := c.command(ctx, "REST", fmt.Sprint(offset))
	if refusal, ok := errors.AsType[*ReplyError](err); ok && unknownCommand(refusal.Reply.Code) {
		if offset == 0 {
			return nil
		}
		return fmt.Errorf("%w: %w", errRestart, err)
	}
	c.restart = err == nil && offset > 0
	return err
}

// opened is what came of a data connection.
type opened struct {
	data *dataConn
	err  error
}

// launch sends the command and makes the data connection at the same time:
// some servers want the handshake before they say 150, some after.
func (c *Conn) launch(ctx context.Context, o order, w way) (*transfer, error) {
	t := &transfer{
		c: c, command: masked(o.verb, o.arg), upload: o.upload,
		how: make(chan ending, 1), done: make(chan struct{}),
	}
	if err := c.write(o.verb, o.arg); err != nil {
		return nil, err
	}
	timed, cancel := c.timed(ctx)
	coming := make(chan opened, 1)
	t.coming, t.cancel = coming, cancel
	go func() {
		data, err := c.openData(timed, w)
		coming <- opened{data, err}
	}()
	err := t.begin(ctx)
	cancel()
	if err == nil {
		return t, nil
	}
	t.data.discard()
	if t.coming != nil {
		go func() { (<-coming).data.discard() }()
	}
	return nil, err
}

// begin waits for the first reply and the data connection, in any order.
func (t *transfer) begin(ctx context.Context) error {
	timer := time.NewTimer(t.c.o.Timeout)
	defer timer.Stop()
	for !t.begun || t.data == nil {
		select {
		case r, ok := <-t.c.replies:
			if err := t.first(r, ok); err != nil {
				return err
			}
			t.begun = true
		case o := <-t.coming:
			if t.came(o); o.err != nil {
				return t.unopened(ctx, o.err)
			}
		case <-ctx.Done():
			return t.unopened(ctx, context.Cause(ctx))
		case <-timer.C:
			if t.begun {
				continue // the data connection has its own end
			}
			err := fmt.Errorf("%w: no reply to %s: %w", ErrLost, t.command, ErrTimeout)
			t.c.fail(err)
			return err
		}
	}
	return nil
}

func (t *transfer) came(o opened) { t.data, t.coming = o.data, nil }

// first looks at the reply that comes first: 1yz is the rule, 2yz some
// servers send for a transfer of nothing.
func (t *transfer) first(r ftp.Reply, ok bool) error {
	if r, err := t.c.received(r, ok); err != nil || r.Code < 200 {
		return err
	}
	if r.Positive() && t.final.IsZero() {
		t.final = r
		return nil
	}
	dataErr := t.stopOpening()
	if !t.begun && dataErr == nil {
		return &ReplyError{Command: t.command, Reply: r}
	}
	t.final, t.ended = r, true
	return t.result(0, dataErr)
}

// openingTime is what a data connection still gets after a refusal.
const openingTime = 200 * time.Millisecond

// stopOpening ends what nobody needs any more, and tells if it had failed
// before: that may be the reason of the refusal. After 150 it is likely, and
// given a moment.
func (t *transfer) stopOpening() error {
	if t.coming == nil {
		return nil
	}
	moment := openingTime
	if !t.begun {
		moment = 0
	}
	defer time.AfterFunc(moment, t.cancel).Stop()
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case o := <-t.coming:
		if t.came(o); !errors.Is(o.err, context.Canceled) {
			return o.err
		}
	case <-timer.C: // somebody's DialContext does not heed its context
	}
	return nil
}

// unopened is a data connection that failed, or that nobody wants any more,
// while the server is busy with the command: it complains, or has to be told.
func (t *transfer) unopened(ctx context.Context, err error) error {
	t.data.discard()
	t.data = nil
	if ctx.Err() == nil {
		if reply := t.complaint(); reply != nil {
			return &explained{reply, err}
		}
	}
	if !t.final.IsZero() || t.c.Err() != nil {
		return err
	}
	if t.c.send("ABOR", []byte("ABOR\r\n")) != nil {
		return err
	}
	missing := 2
	if !t.begun {
		missing++ // 150 may still come
	}
	t.afterABOR(missing)
	return err
}

// complaint waits for the reply that ends the command; nil if it does not
// come, or is not one that refuses.
func (t *transfer) complaint() *ReplyError {
	timer := time.NewTimer(t.c.atMost(failedTime))
	defer timer.Stop()
	for t.final.IsZero() {
		select {
		case r, ok := <-t.c.replies:
			if r, err := t.c.received(r, ok); err != nil {
				return nil
			} else if r.Code < 200 {
				continue
			}
			t.final = r
		case <-timer.C:
			return nil
		}
	}
	if t.final.Positive() {
		return nil
	}
	return &ReplyError{Command: t.command, Reply: t.final}
}
