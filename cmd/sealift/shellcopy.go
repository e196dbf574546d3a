package main

import (
	"context"
	"fmt"
	"io"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/progress"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/transfer"
)

// copier moves files for the shell, on connections of its own.
type copier struct {
	r    *remote
	to   location
	o    ftpclient.Options
	pool *ftpclient.Pool // nil until the first file
}

// failures are shown when there is more than one: a single one is the error
// of the command.
type failures struct{ first *transfer.Result }

func (r *remote) copier(to location, o ftpclient.Options) *copier {
	return &copier{r: r, to: to, o: o}
}

// copyConnections is how many files travel at once.
const copyConnections = 4

// copyRetries is how often a transfer that breaks is gone on with.
const copyRetries = 5

// run makes an engine for one command and tells what came of it.
func (c *copier) run(do func(*transfer.Engine) (transfer.Summary, error)) error {
	if c.pool == nil {
		c.pool = ftpclient.NewPool(c.to.address(), c.o, copyConnections)
	}
	var failed failures
	display := progress.New(c.r.h.stderr, c.r.h.getenv)
	defer display.Close()
	e := transfer.New(c.pool, c.o.User+"@"+c.to.address(), transfer.Options{
		Parallel: copyConnections, Retries: copyRetries,
		Progress: func(name string, size int64) transfer.Meter { return display.Start(name, size) },
		Report:   func(r transfer.Result) { c.report(display, &failed, r) },
	})
	sum, err := do(e)
	switch {
	case err != nil:
		return err
	case sum.Failed == 1:
		return sum.First
	case sum.Failed > 1:
		return fault.New(fault.CodeOf(sum.First), "", "%d of %d failed", sum.Failed, sum.Failed+sum.Done+sum.Skipped)
	}
	return nil
}

// report shows what became of a file: an object in JSON, else what is not
// plain.
func (c *copier) report(display *progress.Display, failed *failures, r transfer.Result) {
	if c.r.json {
		if line, err := r.Line(); err == nil {
			fmt.Fprintf(c.r.h.stdout, "%s\n", line)
		}
		return
	}
	switch r.Status {
	case transfer.StatusFailed:
		failed.show(display, r)
	case transfer.StatusSkipped:
		fmt.Fprintf(display, "left out: %s: %s\n", printable(r.Source), printable(r.Error))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(display, "note: %s: %s\n", printable(r.Source), printable(note))
	}
}

func (f *failures) show(w io.Writer, r transfer.Result) {
	if f.first == nil {
		f.first = &r
		return
	}
	for _, one := range []transfer.Result{*f.first, r} {
		if one.Source != "" {
			fmt.Fprintf(w, "failed: %s: %s\n", printable(one.Source), printable(one.Error))
		}
	}
	f.first = &transfer.Result{} // is shown
}

// Get downloads what fits the patterns.
func (c *copier) Get(ctx context.Context, patterns []string, target string, recursive bool) error {
	return c.run(func(e *transfer.Engine) (transfer.Summary, error) { return e.Get(ctx, patterns, target, recursive) })
}

// Put uploads files.
func (c *copier) Put(ctx context.Context, files []string, target string, recursive bool) error {
	return c.run(func(e *transfer.Engine) (transfer.Summary, error) { return e.Put(ctx, files, target, recursive) })
}

// Close ends the connections.
func (c *copier) Close() {
	if c.pool != nil {
		c.pool.Close()
	}
}
