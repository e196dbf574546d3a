package transfer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// A plan is a file of JSON lines: a Header, a Step for each thing to do, in
// this order, and an End. Lines of steps may be taken out.

// Header is the first line of a plan.
type Header struct {
	Plan   int       `json:"plan"` // PlanVersion
	Source string    `json:"source"`
	Target string    `json:"target"`
	Made   time.Time `json:"made"`
}

// PlanVersion is the version of plans that are written, and can be read.
const PlanVersion = 1

// What a Step does.
const (
	DoMkdir  = "mkdir"
	DoCopy   = "copy"
	DoDelete = "delete" // a file or a link
	DoRmdir  = "rmdir"
)

// Why a Step is there.
const (
	WhyNew      = "new"      // nothing is there
	WhySize     = "size"     // the sizes differ
	WhyTime     = "time"     // the times differ
	WhyNewer    = "newer"    // the source is newer; the server keeps no times
	WhyContent  = "content"  // the digests differ
	WhyExtra    = "extra"    // the source does not have it
	WhyConflict = "conflict" // a folder has to make room for a file, or the reverse
)

// A Step is one thing to do. Path is relative to both trees, "." being their
// top.
type Step struct {
	Do     string `json:"do"`
	Path   string `json:"path"`
	Why    string `json:"why"`
	Source *State `json:"source,omitempty"`
	Target *State `json:"target,omitempty"` // nil: nothing is there
}

// State is what was there when the plan was made.
type State struct {
	Kind      string    `json:"kind"`
	Size      int64     `json:"size"`
	ModTime   time.Time `json:"mod_time,omitzero"`
	Precision float64   `json:"precision,omitempty"` // of mod_time, in seconds
}

// End is the last line of a plan: without it the plan is not whole.
type End struct {
	End     string `json:"end"`     // "plan"
	Entries int64  `json:"entries"` // in the target, as far as they were looked at
	// Incomplete: a folder could not be read, so nothing is deleted.
	Incomplete bool `json:"incomplete,omitempty"`
}

const endWord = "plan"

func stateOf(i *item) *State {
	if i == nil {
		return nil
	}
	s := &State{Kind: i.kind.String(), Size: i.size, ModTime: i.modTime, Precision: i.precision.Seconds()}
	if i.kind == ftpclient.Dir {
		s.Size, s.ModTime, s.Precision = 0, time.Time{}, 0
	}
	return s
}

// still reports whether what is there is what was.
func (s *State) still(now *item) bool {
	if s == nil || now == nil {
		return s == nil && now == nil
	}
	if s.Kind != now.kind.String() || now.kind == ftpclient.Dir {
		return s.Kind == now.kind.String()
	}
	tolerance := max(time.Duration(s.Precision*float64(time.Second)), now.precision)
	return s.Size == now.size && sameTime(s.ModTime, now.modTime, tolerance)
}

// sameTime is true too if one of the times is not known.
func sameTime(a, b time.Time, tolerance time.Duration) bool {
	if a.IsZero() || b.IsZero() {
		return true
	}
	d := a.Sub(b).Abs()
	return d == 0 || d < tolerance
}

// ErrPlan is a plan that cannot be carried out.
var ErrPlan = errors.New("not a plan that can be applied")

// A Cap is how much may be deleted. The zero value is nothing at all.
type Cap struct {
	N       int64
	Percent float64 // of the entries of the target, rounded up; used if N is 0
}

// ParseCap reads "10" and "25%".
func ParseCap(s string) (Cap, error) {
	if percent, ok := strings.CutSuffix(s, "%"); ok {
		p, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(p >= 0 && p <= 100) {
			return Cap{}, fmt.Errorf("%q is not between 0%% and 100%%", s)
		}
		return Cap{Percent: p}, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return Cap{}, fmt.Errorf("%q is neither a number nor a percentage", s)
	}
	return Cap{N: n}, nil
}

// Of is the number that may be deleted where there are so many entries.
func (c Cap) Of(entries int64) int64 {
	if c.N > 0 {
		return c.N
	}
	return int64(math.Ceil(float64(entries) * c.Percent / 100))
}

// TooManyError is a plan that deletes more than the Cap allows.
type TooManyError struct{ Deletes, Entries, Allowed int64 }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("%d of %d entries would be deleted, at most %d may be", e.Deletes, e.Entries, e.Allowed)
}

// Tally is what a plan would do.
type Tally struct {
	Copies  int64 `json:"copies"`
	Bytes   int64 `json:"bytes"`
	Mkdirs  int64 `json:"mkdirs"`
	Deletes int64 `json:"deletes"` // files and folders
	Entries int64 `json:"entries"`
	// Incomplete: a folder could not be read, so nothing is deleted.
	Incomplete bool `json:"incomplete"`
}

func (t *Tally) count(s *Step) {
	switch s.Do {
	case DoMkdir:
		t.Mkdirs++
	case DoCopy:
		t.Copies++
		t.Bytes += max(s.Source.Size, 0)
	case DoDelete, DoRmdir:
		t.Deletes++
	}
}

// Empty reports whether there is nothing to do.
func (t Tally) Empty() bool { return t.Copies+t.Mkdirs+t.Deletes == 0 }

// Within is a *TooManyError if more would be deleted than may be.
func (t Tally) Within(c Cap) error {
	if allowed := c.Of(t.Entries); t.Deletes > allowed {
		return &TooManyError{t.Deletes, t.Entries, allowed}
	}
	return nil
}

// ReadHeader reads the first line of a plan.
func ReadHeader(r io.Reader) (Header, error) {
	p := readPlan(r)
	return p.header, p.err
}

// ReadPlan reads a plan to its end, and refuses what cannot be carried out,
// with ErrPlan and the line.
func ReadPlan(r io.Reader) (t Tally, err error) {
	p := readPlan(r)
	for step := p.next(); step != nil; step = p.next() {
		t.count(step)
	}
	t.Entries, t.Incomplete = p.end.Entries, p.end.Incomplete
	return t, p.err
}

// planReader reads a plan line by line.
type planReader struct {
	lines  *bufio.Scanner
	n      int
	header Header
	end    End
	err    error
}

const maxPlanLine = 1 << 20

func readPlan(r io.Reader) *planReader {
	p := &planReader{lines: bufio.NewScanner(r)}
	p.lines.Buffer(nil, maxPlanLine)
	if p.line(&p.header) && p.header.Plan != PlanVersion {
		p.fail(fmt.Errorf("it is a plan of version %d, and this program knows %d", p.header.Plan, PlanVersion))
	}
	return p
}

// line reads the next line into v.
func (p *planReader) line(v any) bool {
	if p.err != nil {
		return false
	}
	if !p.lines.Scan() {
		p.err = p.lines.Err()
		if p.err == nil {
			p.fail(errors.New("it has no end: it was cut"))
		}
		return false
	}
	p.n++
	decoder := json.NewDecoder(strings.NewReader(p.lines.Text()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		p.fail(err)
		return false
	}
	return true
}

func (p *planReader) fail(err error) {
	p.err = fmt.Errorf("%w: line %d: %w", ErrPlan, max(p.n, 1), err)
}

// next is nil at the end, and for an error.
func (p *planReader) next() *Step {
	var line struct {
		Step
		End
	}
	if !p.line(&line) {
		return nil
	}
	if line.End.End == endWord {
		p.end = line.End
		return nil
	}
	if err := line.Step.check(); err != nil {
		p.fail(err)
		return nil
	}
	return &line.Step
}

// check makes sure that a step stays within the trees and can be done.
func (s *Step) check() error {
	if !fs.ValidPath(s.Path) || strings.ContainsAny(s.Path, "\x00\r\n") {
		return fmt.Errorf("the path %q leads out of the tree", s.Path)
	}
	switch s.Do {
	case DoMkdir:
		return nil
	case DoCopy:
		if s.Source == nil || s.Source.Kind != ftpclient.File.String() {
			return fmt.Errorf("the source of %q is no file", s.Path)
		}
	case DoDelete, DoRmdir:
		if s.Target == nil || (s.Target.Kind == ftpclient.Dir.String()) != (s.Do == DoRmdir) {
			return fmt.Errorf("%s of %q does not fit what was there", s.Do, s.Path)
		}
	default:
		return fmt.Errorf("nobody knows what %q is", s.Do)
	}
	if s.Path == "." {
		return errors.New("the top of the tree is left alone")
	}
	return nil
}
