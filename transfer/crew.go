package transfer

import (
	"context"
	"sync"
)

// A crew carries jobs out, so many at a time. Giving it one more waits.
type crew struct {
	e     *Engine
	ctx   context.Context
	stop  context.CancelCauseFunc
	turns chan struct{}
	all   sync.WaitGroup
}

// crew is ready to work until ctx ends or a job finds out that all others
// would fail too.
func (e *Engine) crew(ctx context.Context) *crew {
	ctx, stop := context.WithCancelCause(ctx)
	return &crew{e: e, ctx: ctx, stop: stop, turns: make(chan struct{}, e.o.Parallel)}
}

// give runs job when it is its turn, and reports its result. It returns the
// reason if there is to be no more work.
func (w *crew) give(job func(ctx context.Context) Result) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	select {
	case w.turns <- struct{}{}:
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	}
	w.all.Go(func() {
		defer func() { <-w.turns }()
		r := job(w.ctx)
		w.e.report(r)
		if r.Err != nil && fatal(r.Err) {
			w.stop(r.Err)
		}
	})
	return nil
}

// wait is for the jobs that were given so far.
func (w *crew) wait() { w.all.Wait() }

// end waits for all jobs; err is why there were no more.
func (w *crew) end(err error) error {
	w.all.Wait()
	if err == nil && w.ctx.Err() != nil {
		err = context.Cause(w.ctx)
	}
	w.stop(nil)
	return err
}
