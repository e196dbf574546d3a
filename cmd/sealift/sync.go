package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/transfer"
)

// syncer is one sync.
type syncer struct {
	*mover
	o         transfer.SyncOptions
	maxDelete string
	plan      string
	apply     string
}

func newSync(h host) *cobra.Command {
	c := &cobra.Command{
		Use: "sync SRC DST", Short: "Make a folder like another", Args: args(0, 2),
		Long: `Sync makes the folder DST like SRC. One of them is a URL, with its scheme. Files
whose size and time are the same stay as they are; --checksum looks at digests
instead of times. On a server that does not keep times, a file is sent when it is
newer than the server's, unless it is remembered that just this file was sent.

--delete removes what SRC does not have, after all else and only if nothing failed,
and makes room where a folder has become a file. More than --max-delete is refused.

--include and --exclude take patterns with * ? [ and, for any number of folders,
**. The first that fits decides. A pattern without "/" fits names at any depth, one
with "/" begins at the top, one that ends in "/" means folders. With nothing but
includes, other files are left out. What is left out is not deleted either.

--plan writes what would be done, a JSON object in each line, and does nothing;
--apply does what a plan says, where all still is as it was.

Links are not followed.`,
		Example: `  sealift sync site ftpes://alice@ftp.example.com/www --delete
  sealift sync ftpes://alice@ftp.example.com/in in --exclude '*.tmp' --exclude /old/
  sealift sync site ftpes://alice@ftp.example.com/www --plan plan.jsonl
  sealift sync --apply plan.jsonl`,
	}
	s := &syncer{mover: newMover(h, c)}
	s.addSegments(c)
	s.addInPlace(c)
	f := c.Flags()
	f.BoolVar(&s.o.Checksum, "checksum", false, "compare digests, not times")
	f.BoolVar(&s.o.Delete, "delete", false, "remove what SRC does not have")
	f.StringVar(&s.maxDelete, "max-delete", "25%", "most entries to delete, `N or P%` of those in DST")
	f.Var(ruleFlag{&s.o.Filter, true}, "include", "take what fits the pattern; may be repeated")
	f.Var(ruleFlag{&s.o.Filter, false}, "exclude", "leave out what fits the pattern; may be repeated")
	f.StringVar(&s.plan, "plan", "", "write what would be done to `FILE`, \"-\" for stdout, and do nothing")
	f.StringVar(&s.apply, "apply", "", "do what the plan in `FILE` says")
	c.RunE = func(c *cobra.Command, given []string) error { return s.run(c.Context(), given, c.UseLine()) }
	return c
}

// ruleFlag adds to a Filter, whose order is that of the command line.
type ruleFlag struct {
	filter  *transfer.Filter
	include bool
}

func (r ruleFlag) Set(pattern string) error {
	*r.filter = append(*r.filter, transfer.Rule{Include: r.include, Pattern: pattern})
	return r.filter.Check()
}
func (r ruleFlag) Type() string   { return "pattern" }
func (r ruleFlag) String() string { return "" }

func (s *syncer) run(ctx context.Context, given []string, usage string) error {
	most, err := transfer.ParseCap(s.maxDelete)
	switch {
	case err != nil:
		return &fault.Error{Code: fault.Usage, Problem: "--max-delete", Err: err, Hint: "write 10, or 25%"}
	case s.apply != "" && (len(given) > 0 || s.plan != ""):
		return fault.New(fault.Usage, "the plan names both folders", "--apply takes no SRC, DST and --plan")
	case s.apply != "":
		return s.applyFile(ctx, most)
	case len(given) != 2:
		return fault.New(fault.Usage, "usage: "+usage, "sealift sync: an argument is missing")
	}
	url, trees, err := treesOf(given[0], given[1])
	if err != nil {
		return err
	}
	s.o.Header = transfer.Header{Source: given[0], Target: given[1]}
	if trees.Up {
		s.o.Header.Source = trees.Here
	} else {
		s.o.Header.Target = trees.Here
	}
	e, done, err := s.open(ctx, url)
	if err != nil {
		return err
	}
	defer done()
	if s.plan != "" {
		return s.writePlan(ctx, e, trees, most)
	}
	return s.sync(ctx, e, trees, most)
}

// treesOf tells which of two arguments is the URL.
func treesOf(source, target string) (url string, t transfer.Trees, err error) {
	here := target
	switch up, down := strings.Contains(target, "://"), strings.Contains(source, "://"); {
	case up == down:
		return "", t, fault.New(fault.Usage, "write it as ftpes://USER@HOST/PATH", "exactly one of SRC and DST is a URL, with its scheme")
	case up:
		url, here, t.Up = target, source, true
	default:
		url = source
	}
	to, err := parseLocation(url)
	if err != nil {
		return "", t, err
	}
	t.There = to.path
	t.Here, err = filepath.Abs(here)
	return url, t, err
}

func (s *syncer) open(ctx context.Context, url string) (*transfer.Engine, func() error, error) {
	state, err := s.r.h.stateDir()
	if err != nil {
		return nil, nil, err
	}
	if s.o.Memory, err = transfer.OpenMemory(filepath.Join(state, "sync")); err != nil {
		return nil, nil, err
	}
	return s.engine(ctx, url)
}

// sync plans, looks at the plan, and carries it out.
func (s *syncer) sync(ctx context.Context, e *transfer.Engine, trees transfer.Trees, most transfer.Cap) error {
	plan, err := os.CreateTemp("", "sealift-plan-*")
	if err != nil {
		return err
	}
	defer os.Remove(plan.Name())
	defer plan.Close()
	tally, err := e.Compare(ctx, trees, s.o, plan)
	if err != nil {
		return s.notCompared(ctx, trees, err)
	}
	s.warnIncomplete(tally)
	if err := tally.Within(most); err != nil {
		return tooMany(err)
	}
	return s.carryOut(ctx, e, trees, plan, tally, false)
}

// notCompared is why there is no plan.
func (s *syncer) notCompared(ctx context.Context, trees transfer.Trees, err error) error {
	if !trees.Up && errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "", "%s is not there", trees.There)
	}
	return s.outcome(ctx, transfer.Summary{}, s.only(err))
}

func (s *syncer) warnIncomplete(tally transfer.Tally) {
	if s.o.Delete && tally.Incomplete {
		fmt.Fprintln(s.display, "note: not all could be read, so nothing is deleted")
	}
}

func tooMany(err error) error {
	if many, ok := errors.AsType[*transfer.TooManyError](err); ok {
		return fault.New(fault.Failed, fmt.Sprintf("is SRC the right folder, and complete? Then --max-delete %d allows it; --plan shows it", many.Deletes), "%v", many)
	}
	return err
}

// carryOut does what a plan says.
func (s *syncer) carryOut(ctx context.Context, e *transfer.Engine, trees transfer.Trees, plan io.ReadSeeker, tally transfer.Tally, recheck bool) error {
	if _, err := plan.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if tally.Mkdirs+tally.Copies > 1 {
		s.display.Expect(int(tally.Copies), tally.Bytes)
	}
	sum, err := e.Apply(ctx, trees, plan, recheck, s.o.Memory)
	if err = s.outcome(ctx, sum, err); err == nil && !s.r.json {
		s.say(tally, sum)
	}
	return err
}

// say tells in a line what was done.
func (s *syncer) say(tally transfer.Tally, sum transfer.Summary) {
	if tally.Empty() {
		fmt.Fprintln(s.r.h.stdout, "nothing to do")
		return
	}
	fmt.Fprintf(s.r.h.stdout, "%d copied, %d folders made, %d deleted, %d bytes moved\n", tally.Copies, tally.Mkdirs, tally.Deletes, sum.Moved)
}

// writePlan writes what would be done.
func (s *syncer) writePlan(ctx context.Context, e *transfer.Engine, trees transfer.Trees, most transfer.Cap) error {
	s.quiet = true // stdout is the plan's
	out := s.r.h.stdout
	if s.plan != "-" {
		f, err := os.Create(s.plan)
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	}
	tally, err := e.Compare(ctx, trees, s.o, out)
	if err != nil {
		return s.notCompared(ctx, trees, err)
	}
	s.warnIncomplete(tally)
	fmt.Fprintf(s.display, "plan: %d to copy, %d bytes, %d folders to make, %d to delete\n", tally.Copies, tally.Bytes, tally.Mkdirs, tally.Deletes)
	if err := tally.Within(most); err != nil {
		fmt.Fprintf(s.display, "warning: %v: --apply will want --max-delete %d\n", err, tally.Deletes)
	}
	if s.failed > 0 {
		return fault.New(fault.Failed, "", "%d could not be compared", s.failed)
	}
	return nil
}

// applyFile carries out a plan that was written earlier.
func (s *syncer) applyFile(ctx context.Context, most transfer.Cap) error {
	plan, err := os.Open(s.apply)
	if err != nil {
		return err
	}
	defer plan.Close()
	header, err := transfer.ReadHeader(plan)
	if err != nil {
		return badPlan(err)
	}
	url, trees, err := treesOf(header.Source, header.Target)
	if err != nil {
		return err
	}
	if _, err := plan.Seek(0, io.SeekStart); err != nil {
		return err
	}
	tally, err := transfer.ReadPlan(plan)
	if err != nil {
		return badPlan(err)
	}
	if err := tally.Within(most); err != nil {
		return tooMany(err)
	}
	e, done, err := s.open(ctx, url)
	if err != nil {
		return err
	}
	defer done()
	return s.carryOut(ctx, e, trees, plan, tally, true)
}

func badPlan(err error) error {
	return &fault.Error{Code: fault.Failed, Problem: "--apply", Err: err, Hint: "make it again with --plan"}
}
