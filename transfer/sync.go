package transfer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

// Trees are a folder here and one on the server, and which of them is to
// become like the other.
type Trees struct {
	Here  string
	There string // "" is the folder that the login leads to
	Up    bool   // from here to the server
}

// SyncOptions say how trees are compared.
type SyncOptions struct {
	// Checksum compares files of one size by digest, not by time.
	Checksum bool
	// Delete removes what the source does not have.
	Delete bool
	Filter Filter
	// Memory knows what was sent to a server that keeps no times; nil:
	// nobody does.
	Memory *Memory
	// Header is written at the beginning of the plan.
	Header Header
}

// sides opens both trees.
func (e *Engine) sides(t Trees) (source, target side, close func() error, err error) {
	if !t.Up {
		if err := os.MkdirAll(t.Here, 0o777); err != nil {
			return nil, nil, nil, local(err)
		}
	}
	root, err := openPlaces(t.Here)
	if err != nil {
		return nil, nil, nil, local(err)
	}
	h, th := here{place{root, "."}}, there{e, ftp.TrimPath(t.There)}
	if t.Up {
		return h, th, root.Close, nil
	}
	return th, h, root.Close, nil
}

// Compare writes to w the plan that makes the target like the source, and
// changes nothing. What the plan would do is in the Tally.
//
// Files are the same if size and time are, the time as exactly as both sides
// keep it. A server that cannot set times is asked less: there a file is sent
// if it is newer than the server's. A folder that cannot be read is reported
// as failed; then nothing is deleted.
func (e *Engine) Compare(ctx context.Context, t Trees, o SyncOptions, w io.Writer) (Tally, error) {
	source, target, closeSides, err := e.sides(t)
	if err != nil {
		return Tally{}, err
	}
	defer closeSides()
	later, err := os.CreateTemp("", "sealift-plan-*")
	if err != nil {
		return Tally{}, local(err)
	}
	defer os.Remove(later.Name())
	defer later.Close()
	c := &comparing{e: e, trees: t, o: o, source: source, target: target, now: newLines(w), later: newLines(later)}
	if err := c.all(ctx); err != nil {
		return c.tally, err
	}
	return c.tally, c.finish(later)
}

// comparing is one Compare.
type comparing struct {
	e              *Engine
	trees          Trees
	o              SyncOptions
	source, target side
	now, later     *lines // later: what is deleted after all else
	tally          Tally
	extras         int64 // deletions in later
	algorithm      string
}

func (c *comparing) all(ctx context.Context) error {
	if err := c.o.Filter.Check(); err != nil {
		return local(err)
	}
	if err := c.e.once(ctx, func(*ftpclient.Conn) error { return nil }); err != nil {
		return err
	}
	if c.algorithm = c.e.known().digest; c.o.Checksum && c.algorithm == "" {
		return local(ErrNoDigest)
	}
	source, err := c.topOf(ctx, c.source)
	if err == nil && source == nil {
		err = fmt.Errorf("%s: %w", c.source.path("."), fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	target, err := c.topOf(ctx, c.target)
	if err != nil {
		return err
	}
	c.o.Header.Plan, c.o.Header.Made = PlanVersion, time.Now().UTC().Truncate(time.Second)
	c.now.write(c.o.Header)
	d := &folderPair{path: ".", there: target != nil}
	if target == nil {
		d.step = &Step{Do: DoMkdir, Path: ".", Why: WhyNew}
	}
	return c.walk(ctx, d)
}

// topOf is nil if it is not there.
func (c *comparing) topOf(ctx context.Context, s side) (*item, error) {
	top, err := s.stat(ctx, ".")
	if err == nil && top != nil && top.kind != ftpclient.Dir {
		err = local(fmt.Errorf("%s: %w: sync wants folders", s.path("."), ErrConflict))
	}
	return top, err
}

// finish appends the deletions and the end.
func (c *comparing) finish(later *os.File) error {
	c.now.flush()
	c.later.flush()
	if err := errors.Join(c.now.err, c.later.err); err != nil {
		return local(err)
	}
	if c.tally.Incomplete {
		c.tally.Deletes -= c.extras
	} else if _, err := later.Seek(0, io.SeekStart); err != nil {
		return local(err)
	} else if _, err := io.Copy(c.now.w, later); err != nil {
		return local(err)
	}
	c.now.write(End{End: endWord, Entries: c.tally.Entries, Incomplete: c.tally.Incomplete})
	c.now.flush()
	return local(c.now.err)
}

// emit adds a step to the plan. Folders of the target that are made only when
// something comes into them are made now.
func (c *comparing) emit(in *folderPair, s Step) {
	if in != nil {
		c.makeFor(in)
	}
	c.tally.count(&s)
	if s.Why == WhyExtra {
		c.extras++
		c.later.write(s)
		return
	}
	c.now.write(s)
}

func (c *comparing) makeFor(d *folderPair) {
	if d.step == nil {
		return
	}
	if d.above != nil {
		c.makeFor(d.above)
	}
	step := *d.step
	d.step = nil
	c.tally.count(&step)
	c.now.write(step)
}

// failed reports what could not be compared.
func (c *comparing) failed(ctx context.Context, source, target string, err error) error {
	return c.e.failed(ctx, Result{Action: ActionSkip, Source: source, Target: target, Size: -1}, err)
}

// lines writes JSON lines. The first error stays.
type lines struct {
	w   *bufio.Writer
	err error
}

func newLines(w io.Writer) *lines { return &lines{w: bufio.NewWriter(w)} }

func (l *lines) write(v any) {
	text, err := json.Marshal(v)
	if err == nil {
		_, err = l.w.Write(append(text, '\n'))
	}
	if l.err == nil {
		l.err = err
	}
}

func (l *lines) flush() {
	if err := l.w.Flush(); l.err == nil {
		l.err = err
	}
}

// memoryFile is where Memory has what was sent into a folder.
func (e *Engine) memoryFile(m *Memory, t Trees, dir string) string {
	full, err := filepath.Abs(t.Here)
	if err != nil {
		full = t.Here
	}
	return m.path(e.server, filepath.Join(full, filepath.FromSlash(dir)), there{e, ftp.TrimPath(t.There)}.at(dir))
}
