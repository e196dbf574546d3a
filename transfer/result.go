package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// What a Result is about.
const (
	ActionDownload = "download"
	ActionUpload   = "upload"
	ActionMkdir    = "mkdir"
	ActionDelete   = "delete"
	ActionSkip     = "skip" // a link, a device: nothing is done with it
)

// What came of it.
const (
	StatusDone    = "done"
	StatusSkipped = "skipped"
	StatusFailed  = "failed"
)

// A Result is what came of one file or folder. Its JSON has stable names.
type Result struct {
	Action   string   `json:"action"`
	Status   string   `json:"status"`
	Source   string   `json:"source,omitempty"`
	Target   string   `json:"target,omitempty"`
	Size     int64    `json:"size"`               // bytes of the file; -1 if not known
	Moved    int64    `json:"moved"`              // bytes that went over the network, this time
	Resumed  int64    `json:"resumed,omitempty"`  // the byte from which an earlier run was gone on with
	Tries    int      `json:"tries,omitempty"`    // how often it was begun
	Verified string   `json:"verified,omitempty"` // the algorithm, "size", or "" for not at all
	Digest   string   `json:"digest,omitempty"`   // in hex, if Verified is an algorithm
	TimeKept bool     `json:"time_kept"`          // the copy has the time of the source
	Seconds  float64  `json:"seconds"`
	Notes    []string `json:"notes,omitempty"` // what people may want to know
	Error    string   `json:"error,omitempty"`

	// Err is the failure, or for a file that was skipped the reason.
	Err error `json:"-"`
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// end fills in what came of it.
func (r *Result) end(err error, began time.Time) {
	r.Seconds = time.Since(began).Round(time.Millisecond).Seconds()
	switch {
	case err == nil:
		r.Status = StatusDone
	case errors.As(err, new(*skipped)):
		r.Status = StatusSkipped
	default:
		r.Status = StatusFailed
	}
	if err != nil {
		r.Err, r.Error = err, said(err)
	}
	if errors.Is(err, context.Canceled) {
		r.Error = "interrupted"
	}
}

// Line is the Result as one line of JSON, without its end.
func (r Result) Line() ([]byte, error) { return json.Marshal(r) }

// skipped is a reason to leave a file alone.
type skipped struct{ why string }

func (s *skipped) Error() string { return s.why }

// Summary is what came of a run.
type Summary struct {
	Done    int   `json:"done"` // files moved, folders made, things deleted
	Skipped int   `json:"skipped"`
	Failed  int   `json:"failed"`
	Moved   int64 `json:"moved"` // bytes over the network
	// First is the first failure, nil if there is none.
	First error `json:"-"`
}

// failed reports what could not even be begun. What concerns all ends the run:
// it is the error.
func (e *Engine) failed(ctx context.Context, r Result, err error) error {
	if canceled(ctx, err) {
		return context.Cause(ctx)
	}
	r.end(err, time.Now())
	e.report(r)
	if fatal(err) {
		return err
	}
	return nil
}

// report passes a Result on, and counts it.
func (e *Engine) report(r Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sum.Moved += r.Moved
	switch r.Status {
	case StatusDone:
		e.sum.Done++
	case StatusSkipped:
		e.sum.Skipped++
	case StatusFailed:
		e.sum.Failed++
		if e.sum.First == nil {
			e.sum.First = r.Err
		}
	}
	if e.o.Report != nil {
		e.o.Report(r)
	}
}

// summary takes what was counted, so that the next run begins at zero.
func (e *Engine) summary() Summary {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.sum
	e.sum = Summary{}
	return s
}

// meter begins to tell how a file goes.
func (e *Engine) meter(name string, size int64) Meter {
	if e.o.Progress != nil {
		if m := e.o.Progress(name, size); m != nil {
			return m
		}
	}
	return silent{}
}

type silent struct{}

func (silent) At(int64) {}
func (silent) End()     {}

// canceled reports whether err is the end of ctx.
func canceled(ctx context.Context, err error) bool { return err != nil && ctx.Err() != nil }
