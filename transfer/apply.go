package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

// ErrMoved: what a plan says of a file is not true any more.
var ErrMoved = errors.New("it is not as it was when the plan was made")

// Apply carries a plan out, which ReadPlan has found to be in order. With
// recheck it looks first whether source and target of each step are still what
// the plan says, and leaves alone what is not; that is an error of that file.
// If anything fails, what the source does not have is not deleted this time.
//
// memory remembers what is sent to a server that keeps no times; it may be
// nil. The error is like that of Get.
func (e *Engine) Apply(ctx context.Context, t Trees, plan io.Reader, recheck bool, memory *Memory) (Summary, error) {
	source, target, closeSides, err := e.sides(t)
	if err != nil {
		return Summary{}, err
	}
	defer closeSides()
	a := &applying{e: e, trees: t, source: source, target: target, recheck: recheck, memory: memory, crew: e.crew(ctx)}
	err = a.all(a.crew.ctx, readPlan(plan))
	err = a.crew.end(err)
	return e.summary(), err
}

// applying is one Apply.
type applying struct {
	e              *Engine
	trees          Trees
	source, target side
	recheck        bool
	memory         *Memory
	crew           *crew
	deleting       bool // extras are being deleted
}

func (a *applying) all(ctx context.Context, plan *planReader) error {
	for step := plan.next(); step != nil; step = plan.next() {
		if err := a.step(ctx, *step); err != nil {
			return err
		}
	}
	return plan.err
}

func (a *applying) step(ctx context.Context, s Step) error {
	switch {
	case s.Do == DoCopy:
		return a.crew.give(func(ctx context.Context) Result { return a.copy(ctx, s) })
	case s.Why == WhyExtra && !a.deleting:
		a.crew.wait()
		a.deleting = true
	}
	if a.deleting && a.e.hasFailed() {
		a.report(s, &skipped{"something failed before: it is deleted the next time"})
		return nil
	}
	if s.Do == DoDelete && s.Why == WhyExtra {
		return a.crew.give(func(ctx context.Context) Result { return a.result(s, time.Now(), a.change(ctx, s)) })
	}
	if s.Do == DoRmdir {
		a.crew.wait()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := a.change(ctx, s)
	if canceled(ctx, err) {
		return context.Cause(ctx)
	}
	a.report(s, err)
	if err != nil && fatal(err) {
		return err
	}
	return nil
}

func (e *Engine) hasFailed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sum.Failed > 0
}

// change makes or deletes something.
func (a *applying) change(ctx context.Context, s Step) error {
	if err := a.check(ctx, s); err != nil {
		return err
	}
	switch s.Do {
	case DoMkdir:
		return a.target.makeDir(ctx, s.Path)
	case DoRmdir:
		return a.target.remove(ctx, s.Path, ftpclient.Dir)
	}
	return a.target.remove(ctx, s.Path, ftpclient.File)
}

// check looks whether the step is still right.
func (a *applying) check(ctx context.Context, s Step) error {
	if !a.recheck {
		return nil
	}
	if s.Do == DoCopy || s.Do == DoDelete && s.Why == WhyExtra {
		now, err := a.source.stat(ctx, s.Path)
		if err != nil {
			return err
		}
		if !s.Source.still(now) {
			return fmt.Errorf("%s: %w", a.source.path(s.Path), ErrMoved)
		}
	}
	if s.Do == DoMkdir {
		return nil // one that is there is fine
	}
	now, err := a.target.stat(ctx, s.Path)
	if err != nil {
		return err
	}
	if !s.Target.still(now) {
		return fmt.Errorf("%s: %w", a.target.path(s.Path), ErrMoved)
	}
	return nil
}

func (a *applying) report(s Step, err error) { a.e.report(a.result(s, time.Now(), err)) }

func (a *applying) result(s Step, began time.Time, err error) Result {
	r := Result{Action: ActionDelete, Target: a.target.path(s.Path), Size: -1}
	if s.Do == DoMkdir {
		r.Action = ActionMkdir
	}
	if s.Target != nil && s.Do == DoDelete {
		r.Size = s.Target.Size
	}
	r.end(err, began)
	return r
}

// copy moves one file.
func (a *applying) copy(ctx context.Context, s Step) Result {
	action := ActionDownload
	if a.trees.Up {
		action = ActionUpload
	}
	if err := a.check(ctx, s); err != nil {
		r := Result{Action: action, Source: a.source.path(s.Path), Target: a.target.path(s.Path), Size: s.Source.Size}
		r.end(err, time.Now())
		return r
	}
	if a.trees.Up {
		return a.send(ctx, s)
	}
	known := ftpclient.Entry{
		Path: a.source.path(s.Path), Kind: ftpclient.File, Size: s.Source.Size, ModTime: s.Source.ModTime,
		Precision: max(time.Duration(s.Source.Precision*float64(time.Second)), time.Second),
	}
	return a.e.download(ctx, known, a.target.(here).at(s.Path))
}

// send uploads one file, and remembers it if the server forgets its time.
func (a *applying) send(ctx context.Context, s Step) Result {
	r := a.e.upload(ctx, a.source.(here).at(s.Path).source(), a.target.path(s.Path), nil, s.Target == nil)
	if r.Err != nil || r.TimeKept || a.memory == nil {
		return r
	}
	dir, name := ftp.SplitPath(s.Path)
	if dir == "" {
		dir = "."
	}
	file := a.e.memoryFile(a.memory, a.trees, dir)
	if err := a.memory.add(file, remembered{name, s.Source.Size, s.Source.ModTime}); err != nil {
		r.note("it may be sent again, since it could not be remembered: %s", said(err))
	}
	return r
}
