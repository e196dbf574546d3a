package probe

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sealift/sealift/ftp"
)

var transferProbes = []Probe{
	{ID: "noop-in-transfer", Section: sectionFiles, Title: "NOOP during a transfer", needs: needLogin | needUpload, run: probeNoop,
		Why: "In a long transfer the control connection is silent, and routers forget it, unless NOOP is answered."},
	{ID: "abor", Section: sectionFiles, Title: "ABOR during a transfer", needs: needLogin | needUpload, run: probeAbor,
		Why: "A client that cannot stop a transfer has to throw the connection away, and log in again."},
}

// stalled begins an upload, sends a part and leaves it there.
func (p *Patient) stalled(ctx context.Context, c *control, name string) (*running, error) {
	run, err := p.begin(ctx, c, transfer{command: "STOR " + p.at(name)})
	if err != nil {
		return nil, err
	}
	if err := run.link.write(ctx, randomBytes(testSize/4)); err != nil {
		run.link.close()
		return nil, err
	}
	return run, nil
}

// atOnce is how soon an answer counts as given at once.
const atOnce = 2 * time.Second

func probeNoop(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	run, err := p.stalled(ctx, c, "noop.bin")
	if err != nil {
		return trouble(err)
	}
	defer run.link.close()
	if err := c.send(ctx, "NOOP"); err != nil {
		return trouble(err)
	}
	r, err := c.readWithin(ctx, atOnce)
	switch {
	case c.closed:
		return warning("NOOP ends the connection: %s", explain(err))
	case err != nil:
		p.abandon()
		return note("not answered until the transfer ends")
	case !r.Positive():
		p.abandon()
		return note("refused at once: %s", said(r)).because("The router sees life, but clients take the refusal for the transfer's.")
	}
	run.link.end(ctx, endWhole)
	if final, err := run.finish(ctx); err != nil || !final.Positive() {
		return warning("answered at once, but then the transfer fails: %s", said(final))
	}
	return ok("answered at once: %s", said(r))
}

func probeAbor(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	run, err := p.stalled(ctx, c, "abor.bin")
	if err != nil {
		return trouble(err)
	}
	defer run.link.close()
	began := time.Now()
	if err := c.send(ctx, "ABOR"); err != nil {
		return trouble(err)
	}
	var replies []ftp.Reply
	for len(replies) < 2 {
		r, err := c.readWithin(ctx, time.Until(began.Add(atOnce)))
		if err != nil {
			break
		}
		replies = append(replies, r)
	}
	took := time.Since(began).Milliseconds()
	if len(replies) < 2 || !replies[1].Positive() {
		p.abandon()
	}
	if len(replies) == 0 {
		return warning("not answered within %s", atOnce)
	}
	if len(replies) == 1 {
		return note("answered once, %s, not twice", said(replies[0])).
			because("RFC 959 §4.1.3 wants 426 for the transfer and 226 for ABOR; a client that waits for both gets out of step.")
	}
	if !replies[1].Positive() {
		return note("answered %s, then %s", said(replies[0]), said(replies[1])).
			because("RFC 959 §4.1.3 wants 426 for the transfer, and then 226 for ABOR.")
	}
	return ok("%s and %s within %d ms", codeOf(replies[0]), codeOf(replies[1]), took)
}

// idler is a client that falls silent somewhere.
type idler struct {
	what string
	open func(context.Context, *Patient) (*control, error)
}

func idlers(s Security) []idler {
	silent := idler{"before the login", func(ctx context.Context, p *Patient) (*control, error) { return p.connect(ctx) }}
	if s == Implicit {
		return []idler{silent}
	}
	return []idler{silent, {"after AUTH", afterAUTH}, {"in the TLS handshake", func(ctx context.Context, p *Patient) (*control, error) {
		c, err := afterAUTH(ctx, p)
		if err == nil {
			err = c.write(ctx, []byte{22, 3, 1, 2, 0, 1, 0}) // the beginning of a ClientHello
		}
		return c, err
	}}}
}

func afterAUTH(ctx context.Context, p *Patient) (*control, error) {
	c, err := p.connect(ctx)
	if err == nil {
		_, err = c.must(ctx, "AUTH TLS")
	}
	return c, err
}

// probeIdle waits until the server has had enough.
func probeIdle(ctx context.Context, p *Patient) Finding {
	all := idlers(p.o.Security)
	found := make([]time.Duration, len(all))
	var wait sync.WaitGroup
	for i, one := range all {
		wait.Go(func() { found[i] = p.patience(ctx, one) })
	}
	wait.Wait()
	if ctx.Err() != nil {
		return trouble(ctx.Err())
	}
	var good, bad []string
	for i, one := range all {
		if found[i] >= p.o.MaxIdle {
			bad = append(bad, one.what)
		} else {
			good = append(good, fmt.Sprintf("%s after %s", one.what, found[i].Round(time.Second)))
		}
	}
	if len(bad) > 0 {
		return warning("still open after %s: %s", p.o.MaxIdle, list(bad))
	}
	return ok("ended: %s", list(good))
}

// patience is how long the server bears the client, at most MaxIdle.
func (p *Patient) patience(ctx context.Context, one idler) time.Duration {
	c, err := one.open(ctx, p)
	if c != nil {
		defer c.raw.Close()
	}
	if err != nil {
		return 0
	}
	began := time.Now()
	err = bounded(ctx, c.raw, p.o.MaxIdle, func() error {
		_, err := io.Copy(io.Discard, c.raw)
		return err
	})
	if err != nil && !c.closed && time.Since(began) >= p.o.MaxIdle {
		return p.o.MaxIdle
	}
	return time.Since(began)
}
