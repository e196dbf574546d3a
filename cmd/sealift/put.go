package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/transfer"
)

func newPut(h host) *cobra.Command {
	recursive := false
	c := &cobra.Command{
		Use: "put FILE… URL", Short: "Upload files", Args: args(2, -1),
		Long: `Put uploads files, and with -r folders. URL is a folder that is there, or ends
in "/"; else it is the name of the copy. "-" is stdin.

A file appears under its name when it is whole: Sealift servers see to that
themselves, on others it is .NAME.sealift-part until it is proved by the server's
digest (--verify), and then renamed; --in-place writes under the final name. What
was interrupted, even by a crash of this machine, is gone on with by the same
command, if it is proved to be the beginning of the file. A file that changes
while it is sent is sent again, once. Files keep their time where the server can.

Links in folders are not followed.`,
		Example: `  sealift put report.pdf ftpes://alice@ftp.example.com/in/
  sealift put -r site ftpes://alice@ftp.example.com/www
  tar c dir | sealift put - ftpes://alice@ftp.example.com/dir.tar`,
	}
	m := newMover(h, c)
	m.addInPlace(c)
	m.addNoClobber(c)
	c.Flags().BoolVarP(&recursive, "recursive", "r", false, "upload folders and what is in them")
	c.RunE = func(c *cobra.Command, given []string) error {
		last := len(given) - 1
		files, url := given[:last], given[last]
		if slices.Contains(files, "-") {
			return m.putStdin(c.Context(), files, url)
		}
		return m.put(c.Context(), files, url, recursive)
	}
	return c
}

func (m *mover) put(ctx context.Context, files []string, url string, recursive bool) error {
	to, err := parseLocation(url)
	if err != nil {
		return err
	}
	e, done, err := m.engine(ctx, url)
	if err != nil {
		return err
	}
	defer done()
	sum, err := e.Put(ctx, files, to.path, recursive)
	return m.outcome(ctx, sum, err)
}

func (m *mover) putStdin(ctx context.Context, files []string, url string) error {
	to, err := parseLocation(url)
	switch {
	case err != nil:
		return err
	case len(files) > 1:
		return fault.New(fault.Usage, "run it twice", "stdin and other files cannot go together")
	case to.name() == "":
		return fault.New(fault.Usage, "write the name of a file at the end of the URL", "what comes from stdin needs a name")
	}
	e, done, err := m.engine(ctx, url)
	if err != nil {
		return err
	}
	defer done()
	r := e.PutFrom(ctx, m.r.h.stdin, to.path)
	if r.Status == transfer.StatusSkipped {
		return nil
	}
	return m.outcome(ctx, transfer.Summary{}, m.only(r.Err))
}
