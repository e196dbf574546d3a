package ftpclient

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
)

// The control connection: one goroutine reads replies as long as it lives,
// whoever has begun the Conn sends, and takes them from the channel.

// read hands on replies until the connection ends.
func (c *Conn) read() {
	defer close(c.replies)
	for {
		r, err := c.lines.reply()
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			c.fail(lost(err))
			return
		}
		select {
		case c.replies <- r:
		case <-c.over:
			return
		}
	}
}

// fail ends the connection at once. The first reason stays.
func (c *Conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	if c.err = err; c.closing.Load() {
		c.err = net.ErrClosed
	}
	close(c.over)
	c.raw.Close()
}

// Err is nil while the connection can be used, and afterwards tells why it
// cannot.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// begin reserves the connection for one command or transfer, until end.
func (c *Conn) begin() error {
	if err := c.Err(); err != nil {
		return err
	}
	if !c.busy.CompareAndSwap(false, true) {
		return ErrBusy
	}
	return nil
}

func (c *Conn) end() { c.busy.Store(false) }

// write sends one command, and nothing if a reply has come that nobody
// waits for: what follows would be taken for answers to other commands.
func (c *Conn) write(verb, arg string) error {
	line, err := commandLine(verb, arg)
	if err != nil {
		return fmt.Errorf("ftpclient: %s: %w", verb, err)
	}
	select {
	case r, ok := <-c.replies:
		if ok {
			c.fail(unexpected(r))
		}
		return c.Err()
	default:
		return c.send(masked(verb, arg), line)
	}
}

func unexpected(r ftp.Reply) error {
	if r.Code == ftp.CodeClosing {
		return fmt.Errorf("%w: %w", ErrLost, &ReplyError{Reply: r})
	}
	return fmt.Errorf("%w: a reply to no command: %s", ErrProtocol, printable(r.Error()))
}

// send writes a line. A failure ends the connection.
func (c *Conn) send(shown string, line []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.trace(Line{Sent: true, Text: shown})
	err := c.raw.SetWriteDeadline(time.Now().Add(c.o.Timeout))
	if err == nil {
		_, err = c.conn.Write(line)
	}
	if err != nil {
		c.fail(lost(timedOut(err)))
		return c.Err()
	}
	return nil
}

func (c *Conn) trace(l Line) {
	if c.o.Trace == nil {
		return
	}
	c.tracing.Lock()
	defer c.tracing.Unlock()
	c.o.Trace(l)
}

// await is the next reply, 421 included, after which the connection is at
// its end. Waiting for more than patience without a line, or the end of ctx,
// ends the connection too: later replies would belong to nobody.
func (c *Conn) await(ctx context.Context, patience time.Duration) (ftp.Reply, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case r, ok := <-c.replies:
			return c.received(r, ok)
		case <-ctx.Done():
			c.fail(fmt.Errorf("%w: %w", ErrLost, context.Cause(ctx)))
			return ftp.Reply{}, context.Cause(ctx)
		case <-timer.C:
			if idle := time.Since(c.heardAt()); idle < patience {
				timer.Reset(patience - idle)
				continue
			}
			c.fail(fmt.Errorf("%w: no reply: %w", ErrLost, ErrTimeout))
			return ftp.Reply{}, c.Err()
		}
	}
}

func (c *Conn) received(r ftp.Reply, ok bool) (ftp.Reply, error) {
	if !ok {
		return r, c.Err()
	}
	if r.Code == ftp.CodeClosing {
		c.fail(unexpected(r))
	}
	return r, nil
}

func (c *Conn) heardAt() time.Time { return time.Unix(0, c.heard.Load()) }

// exchange sends a command and gives its last reply, whatever it is.
func (c *Conn) exchange(ctx context.Context, verb, arg string) (ftp.Reply, error) {
	return c.exchangeSlow(ctx, verb, arg, c.o.Timeout)
}

func (c *Conn) exchangeSlow(ctx context.Context, verb, arg string, patience time.Duration) (ftp.Reply, error) {
	if err := ctx.Err(); err != nil {
		return ftp.Reply{}, context.Cause(ctx)
	}
	if err := c.write(verb, arg); err != nil {
		return ftp.Reply{}, err
	}
	for {
		r, err := c.await(ctx, patience)
		if err != nil || r.Code >= 200 {
			return r, err
		}
	}
}

// command is exchange where everything but 2yz and 3yz is an error.
func (c *Conn) command(ctx context.Context, verb, arg string) (ftp.Reply, error) {
	r, err := c.exchange(ctx, verb, arg)
	if err == nil && r.Code >= 400 {
		err = &ReplyError{Command: masked(verb, arg), Reply: r}
	}
	return r, err
}

// expect is command where another reply than want is an error.
func (c *Conn) expect(ctx context.Context, verb, arg string, want ftp.Code) (ftp.Reply, error) {
	r, err := c.command(ctx, verb, arg)
	if err == nil && r.Code != want {
		err = &ReplyError{Command: masked(verb, arg), Reply: r}
	}
	return r, err
}

// one carries out a command that stands alone.
func (c *Conn) one(ctx context.Context, verb, arg string) (ftp.Reply, error) {
	if err := c.begin(); err != nil {
		return ftp.Reply{}, err
	}
	defer c.end()
	return c.command(ctx, verb, arg)
}

// notAlone are the commands that Do refuses, with what to use in their place:
// they open data connections, or change what the Conn relies on.
var notAlone = map[string]string{
	"RETR": "Retrieve", "STOR": "Store", "STOU": "Store", "APPE": "Append",
	"LIST": "List", "MLSD": "List", "NLST": "Names",
	"REST": "the offset of Retrieve or Store", "RANG": "Hash",
	"AUTH": "Options.Security", "CCC": "Options.Security", "REIN": "a new Conn", "ABOR": "Close of the transfer",
	"MODE": "nothing", "STRU": "nothing", "QUIT": "Close",
}

// Do sends one command and gives the reply that ends it. Replies of 4yz and
// 5yz are *ReplyError as well. Commands that need a data connection, or
// change what the Conn relies on, are refused.
func (c *Conn) Do(ctx context.Context, verb, arg string) (ftp.Reply, error) {
	verb = strings.ToUpper(verb)
	if instead, refused := notAlone[verb]; refused {
		return ftp.Reply{}, fmt.Errorf("ftpclient: Do cannot send %s: use %s", verb, instead)
	}
	if err := c.begin(); err != nil {
		return ftp.Reply{}, err
	}
	defer c.end()
	r, err := c.command(ctx, verb, arg)
	if err == nil {
		c.learn(verb, arg)
	}
	return r, err
}

// learn keeps up with what a caller changed by Do.
func (c *Conn) learn(verb, arg string) {
	switch verb {
	case "TYPE":
		c.mode = strings.ToUpper(arg)
	case "PROT":
		c.o.ClearData = strings.EqualFold(arg, "C")
		c.protected = true
	case "CWD", "XCWD", "CDUP", "XCUP":
		c.moved = true
	case "OPTS":
		c.hash, c.factsSet = "", true
	case "USER", "PASS":
		c.mode = ""
	}
}
