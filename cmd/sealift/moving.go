package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/progress"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/nearest"
	"github.com/sealift/sealift/transfer"
)

// mover is what get, put and sync have in common: their flags, and how they
// tell what becomes of the files.
type mover struct {
	r        *remote
	parallel int
	segments int
	rate     sizeFlag
	retries  int
	verify   string
	inPlace  bool
	keep     bool // --no-clobber

	display *progress.Display
	quiet   bool // stdout is the file
	failed  int
	first   *transfer.Result // that failed
	noTimes bool             // the server did not keep the time of a file
}

func newMover(h host, c *cobra.Command) *mover {
	m := &mover{r: &remote{h: h}}
	m.r.addTo(c)
	f := c.Flags()
	f.IntVar(&m.parallel, "parallel", 4, "files on their way at once; fewer if the server wants fewer connections")
	f.Var(&m.rate, "limit-rate", "bytes per second over all connections, 500K; 0 is no limit")
	f.IntVar(&m.retries, "retries", 5, "how often in a row a transfer that breaks is gone on with")
	f.StringVar(&m.verify, "verify", "auto", "prove what arrived: auto (hash, else size), hash, size or none")
	return m
}

func (m *mover) addSegments(c *cobra.Command) {
	c.Flags().IntVar(&m.segments, "segments", 1, "connections that share one large download")
}

func (m *mover) addInPlace(c *cobra.Command) {
	c.Flags().BoolVar(&m.inPlace, "in-place", false, "write uploads under their final name from the first byte on")
}

func (m *mover) addNoClobber(c *cobra.Command) {
	c.Flags().BoolVar(&m.keep, "no-clobber", false, "leave files alone that are there already")
}

// check refuses flags that make no sense.
func (m *mover) check() error {
	if m.parallel < 1 || m.segments < 0 || m.retries < 0 {
		return fault.New(fault.Usage, "", "--parallel and --segments are at least 1, --retries at least 0")
	}
	var words []string
	for word := range transfer.Verifies {
		words = append(words, word)
	}
	slices.Sort(words)
	if err := nearest.Check("way to verify", m.verify, words); err != nil {
		return &fault.Error{Code: fault.Usage, Problem: "--verify", Err: err}
	}
	return nil
}

// stateDir is where unfinished transfers are remembered: sealift in
// $XDG_STATE_HOME, else in ~/.local/state.
func (h host) stateDir() (string, error) {
	dir := h.getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		home := h.getenv("HOME")
		if home == "" {
			home = h.getenv("USERPROFILE")
		}
		if home == "" {
			return "", fault.New(fault.Failed, "set XDG_STATE_HOME", "there is no place to remember unfinished transfers")
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "sealift"), nil
}

// engine reaches the server of a URL. done ends the connections.
func (m *mover) engine(ctx context.Context, url string) (e *transfer.Engine, done func() error, err error) {
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	to, err := parseLocation(url)
	if err != nil {
		return nil, nil, err
	}
	journal, err := m.r.h.journal()
	if err != nil {
		return nil, nil, err
	}
	pool, _, err := m.r.pool(ctx, url, max(m.parallel, m.segments))
	if err != nil {
		return nil, nil, err
	}
	e = m.engineOn(pool, to, journal)
	return e, func() error { m.display.Close(); return pool.Close() }, nil
}

func (h host) journal() (*transfer.Journal, error) {
	state, err := h.stateDir()
	if err != nil {
		return nil, err
	}
	return transfer.OpenJournal(filepath.Join(state, "journal"))
}

// engineOn makes an Engine, and the display that is to be closed after it.
func (m *mover) engineOn(pool *ftpclient.Pool, to location, journal *transfer.Journal) *transfer.Engine {
	m.display = progress.New(m.r.h.stderr, m.r.h.getenv)
	return transfer.New(pool, to.user+"@"+to.address(), transfer.Options{
		Parallel: m.parallel, Segments: m.segments, Rate: int64(m.rate.Size), Retries: m.retries,
		Verify: transfer.Verifies[m.verify], InPlace: m.inPlace, NoClobber: m.keep, Journal: journal,
		Report: m.report, Progress: m.begin,
	})
}

// bar tells a Display how far a file is.
type bar struct{ *progress.File }

func (b bar) End() { b.Done(nil) }

func (m *mover) begin(name string, size int64) transfer.Meter {
	return bar{m.display.Start(name, size)}
}

// report shows what became of a file: JSON on stdout, else on stderr what is
// not as it should be.
func (m *mover) report(r transfer.Result) {
	if r.Status == transfer.StatusFailed {
		m.failed++
		m.first = cmp.Or(m.first, &r)
	}
	if m.r.json && !m.quiet {
		printJSON(m.r.h.stdout, r)
		return
	}
	name := printable(cmp.Or(r.Source, r.Target))
	switch {
	case r.Status == transfer.StatusFailed:
		m.showFailure(r)
	case r.Status == transfer.StatusSkipped:
		fmt.Fprintf(m.display, "left out: %s: %s\n", name, printable(r.Error))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(m.display, "note: %s: %s\n", name, printable(note))
	}
	if r.Action == transfer.ActionUpload && r.Status == transfer.StatusDone && !r.TimeKept && r.Source != "-" && !m.noTimes {
		m.noTimes = true
		fmt.Fprintln(m.display, "note: the server does not keep the times of files")
	}
}

// showFailure shows failures when there is more than one: a single one is the
// error of the command.
func (m *mover) showFailure(r transfer.Result) {
	all := []transfer.Result{r}
	switch m.failed {
	case 1:
		return
	case 2:
		all = []transfer.Result{*m.first, r}
	}
	for _, one := range all {
		fmt.Fprintf(m.display, "failed: %s: %s\n", printable(cmp.Or(one.Source, one.Target)), printable(one.Error))
	}
}

// outcome is the error of a run, with the exit code that scripts look at.
func (m *mover) outcome(ctx context.Context, sum transfer.Summary, err error) error {
	switch {
	case ctx.Err() != nil:
		return fault.New(fault.Interrupted, "the same command again goes on where it ended", "interrupted")
	case errors.Is(err, context.Canceled):
		return fault.New(fault.Interrupted, "the same command again goes on where it ended", "interrupted")
	case err != nil:
		return err
	case sum.Failed == 1 && sum.Done+sum.Skipped == 0:
		return m.only(sum.First)
	case sum.Failed > 0:
		return fault.New(fault.Failed, "", "%d of %d failed%s", sum.Failed, sum.Failed+sum.Done+sum.Skipped, m.example(sum))
	}
	return nil
}

// only is the error of a run that was about one file.
func (m *mover) only(err error) error {
	if m.first != nil && errors.Is(err, fs.ErrNotExist) && fault.CodeOf(err) == fault.NotFound {
		return fault.New(fault.NotFound, "", "%s is not there", m.first.Source)
	}
	if hint := hintFor(err); hint != "" {
		return &fault.Error{Code: fault.CodeOf(err), Problem: err.Error(), Hint: hint}
	}
	return err
}

// hintFor is what can be done about errors of transfers.
func hintFor(err error) string {
	for _, known := range []struct {
		err  error
		hint string
	}{
		{transfer.ErrSourceChanged, "wait until nobody writes to it, or copy it first"},
		{transfer.ErrDamaged, "something between the disks here and there damages data; sealift hash compares"},
		{transfer.ErrNoDigest, "--verify size compares sizes"},
		{transfer.ErrBusy, "wait for it, or end it"},
	} {
		if errors.Is(err, known.err) {
			return known.hint
		}
	}
	return ""
}

// example names one failure where there are several things.
func (m *mover) example(sum transfer.Summary) string {
	if m.first == nil || sum.Failed != 1 {
		return ""
	}
	return fmt.Sprintf(": %s: %s", cmp.Or(m.first.Source, m.first.Target), m.first.Error)
}

// sameServer groups URLs by server and account, in the order given.
func sameServer(urls []string) (groups [][]string, err error) {
	var places []location
	for _, url := range urls {
		to, err := parseLocation(url)
		if err != nil {
			return nil, err
		}
		if i := slices.Index(places, to.at("")); i >= 0 {
			groups[i] = append(groups[i], url)
		} else {
			places, groups = append(places, to.at("")), append(groups, []string{url})
		}
	}
	return groups, nil
}

// wanted is a URL's path as Engine.Get takes it.
func (l location) wanted() string {
	if l.pattern == "" {
		return transfer.Exactly(l.path)
	}
	dir := l.path[:len(l.path)-len(l.name())]
	return transfer.Exactly(dir) + l.pattern
}
