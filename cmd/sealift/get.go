package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/transfer"
)

func newGet(h host) *cobra.Command {
	recursive := false
	c := &cobra.Command{
		Use: "get URL… [LOCAL]", Short: "Download files", Args: args(1, -1),
		Long: `Get downloads files, and with -r folders. LOCAL is a folder that is there, or
ends in "/"; else it is the name of the copy; without it, files come into the
current folder. "-" is stdout. With several URLs, LOCAL is the last argument
unless it has a scheme. The last part of a URL may be a pattern.

A file appears under its name when it is whole and proved by the server's digest
(--verify); until then it is .NAME.sealift-part in the same folder. What was
interrupted, even by a crash of this machine, is gone on with by the same command,
if it is proved to be the beginning of the file. Files keep their time.

Links of the server are not followed, and nothing is written outside of LOCAL.`,
		Example: `  sealift get ftpes://alice@ftp.example.com/in/a.csv
  sealift get -r ftpes://alice@ftp.example.com/in backup/
  sealift get --segments 4 ftpes://alice@ftp.example.com/big.iso
  sealift get ftpes://alice@ftp.example.com/a.tar - | tar t`,
	}
	m := newMover(h, c)
	m.addSegments(c)
	m.addNoClobber(c)
	c.Flags().BoolVarP(&recursive, "recursive", "r", false, "download folders and what is in them")
	c.RunE = func(c *cobra.Command, given []string) error {
		urls, target := given, ""
		if last := len(given) - 1; last > 0 && !strings.Contains(given[last], "://") {
			urls, target = given[:last], given[last]
		}
		if target == "-" {
			return m.print(c.Context(), urls)
		}
		return m.get(c.Context(), urls, target, recursive)
	}
	return c
}

// get downloads what the URLs name, server by server.
func (m *mover) get(ctx context.Context, urls []string, target string, recursive bool) error {
	groups, err := sameServer(urls)
	if err != nil {
		return err
	}
	if len(groups) > 1 && target != "" && !strings.HasSuffix(target, "/") {
		target += "/" // several files
	}
	var all transfer.Summary
	for _, group := range groups {
		sum, err := m.getFrom(ctx, group, target, recursive)
		all = added(all, sum)
		if err != nil {
			return m.outcome(ctx, all, err)
		}
	}
	return m.outcome(ctx, all, nil)
}

func (m *mover) getFrom(ctx context.Context, urls []string, target string, recursive bool) (transfer.Summary, error) {
	e, done, err := m.engine(ctx, urls[0])
	if err != nil {
		return transfer.Summary{}, err
	}
	defer done()
	var patterns []string
	for _, url := range urls {
		to, err := parseLocation(url)
		if err != nil {
			return transfer.Summary{}, err
		}
		patterns = append(patterns, to.wanted())
	}
	return e.Get(ctx, patterns, target, recursive)
}

func added(a, b transfer.Summary) transfer.Summary {
	if a.First == nil {
		a.First = b.First
	}
	return transfer.Summary{
		Done: a.Done + b.Done, Skipped: a.Skipped + b.Skipped, Failed: a.Failed + b.Failed,
		Moved: a.Moved + b.Moved, First: a.First,
	}
}

// print downloads one file to stdout.
func (m *mover) print(ctx context.Context, urls []string) error {
	if len(urls) != 1 {
		return fault.New(fault.Usage, "sealift cat prints several", "only one file can go to stdout")
	}
	to, err := parseLocation(urls[0])
	if err != nil {
		return err
	}
	if to.name() == "" || to.pattern != "" {
		return fault.New(fault.Usage, "write the name of a file at the end of the URL", "stdout takes one file")
	}
	e, done, err := m.engine(ctx, urls[0])
	if err != nil {
		return err
	}
	defer done()
	m.quiet = true
	r := e.GetTo(ctx, to.path, m.r.h.stdout)
	return m.outcome(ctx, transfer.Summary{}, m.only(r.Err))
}
