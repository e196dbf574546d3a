package main

import (
	"context"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/transfer"
)

// copier moves files for the shell as get and put do, on connections of its
// own.
type copier struct {
	r    *remote
	to   location
	o    ftpclient.Options
	pool *ftpclient.Pool // nil until the first file
}

func (r *remote) copier(to location, o ftpclient.Options) *copier {
	return &copier{r: r, to: to, o: o}
}

// run makes an engine for one command and tells what came of it.
func (c *copier) run(ctx context.Context, do func(*transfer.Engine) (transfer.Summary, error)) error {
	journal, err := c.r.h.journal()
	if err != nil {
		return err
	}
	m := &mover{r: c.r, parallel: 4, retries: 5, verify: "auto"}
	if c.pool == nil {
		c.o.SkipSizeCheck = true // transfer proves what it sends
		c.pool = ftpclient.NewPool(c.to.address(), c.o, m.parallel)
	}
	e := m.engineOn(c.pool, c.to, journal)
	defer m.display.Close()
	sum, err := do(e)
	return m.outcome(ctx, sum, err)
}

// Get downloads what fits the patterns.
func (c *copier) Get(ctx context.Context, patterns []string, target string, recursive bool) error {
	return c.run(ctx, func(e *transfer.Engine) (transfer.Summary, error) { return e.Get(ctx, patterns, target, recursive) })
}

// Put uploads files.
func (c *copier) Put(ctx context.Context, files []string, target string, recursive bool) error {
	return c.run(ctx, func(e *transfer.Engine) (transfer.Summary, error) { return e.Put(ctx, files, target, recursive) })
}

// Close ends the connections.
func (c *copier) Close() {
	if c.pool != nil {
		c.pool.Close()
	}
}
