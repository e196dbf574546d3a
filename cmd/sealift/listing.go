package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/screen"
	"github.com/sealift/sealift/cmd/sealift/internal/tree"
	"github.com/sealift/sealift/ftpclient"
)

func newLs(h host) *cobra.Command {
	long, deep := false, false
	c := &cobra.Command{
		Use: "ls URL…", Short: "List a folder of a server", Args: args(1, -1),
		Long: `Ls lists the names in a folder, sorted, or a single file. The last part of
the path may be a pattern of * ? and [ ]; what fits it is listed itself.

With --json each entry is an object on a line of its own: name, path, type
(file, dir, link, other), size, modified, mode, target, perm, unique. What the
server does not tell is left out.`,
		Example: "  sealift ls -l ftpes://alice@ftp.example.com/in\n  sealift ls --json 'ftpes://alice@ftp.example.com/in/*.csv'",
	}
	c.Flags().BoolVarP(&long, "long", "l", false, "show kind, mode, size and time")
	c.Flags().BoolVarP(&deep, "recursive", "R", false, "list all that is below, too")
	return talking(h, c, func(ctx context.Context, r *remote, given []string) error {
		l := lister{h: h, deep: deep, form: r.form(long)}
		return r.each(ctx, given, func(c *ftpclient.Conn, to location) error { return l.list(ctx, c, to) })
	})
}

func (r *remote) form(long bool) screen.Form {
	switch {
	case r.json:
		return screen.JSON
	case long:
		return screen.Long
	}
	return screen.Short
}

// lister prints listings.
type lister struct {
	h    host
	deep bool
	form screen.Form
}

func (l lister) list(ctx context.Context, c *ftpclient.Conn, to location) error {
	if to.pattern != "" {
		all, err := tree.Expand(ctx, c, to.dir(), to.pattern, to.name())
		if err != nil {
			return err
		}
		return l.matches(ctx, c, all)
	}
	if to.path == "" || strings.HasSuffix(to.path, "/") {
		return l.folder(ctx, c, to.path, "")
	}
	e, err := c.Stat(ctx, to.path)
	if err != nil {
		return tree.Explain(ctx, c, to.path, err)
	}
	if e.Kind == ftpclient.Dir {
		return l.folder(ctx, c, to.path, "")
	}
	return l.form.Print(l.h.stdout, e, e.Path)
}

// matches prints what a pattern found.
func (l lister) matches(ctx context.Context, c *ftpclient.Conn, all []ftpclient.Entry) error {
	for _, e := range all {
		if err := l.form.Print(l.h.stdout, e, e.Path); err != nil {
			return err
		}
		if l.deep && e.Kind == ftpclient.Dir {
			if err := l.folder(ctx, c, e.Path, e.Path+"/"); err != nil {
				return err
			}
		}
	}
	return nil
}

// folder prints what is in a folder; shown stands in front of names.
func (l lister) folder(ctx context.Context, c *ftpclient.Conn, dir, shown string) error {
	below := tree.Walk(ctx, c, dir)
	if !l.deep {
		below = tree.Sorted(ctx, c, dir)
	}
	for e, err := range below {
		if err != nil {
			return tree.Explain(ctx, c, dir, err)
		}
		label := strings.TrimPrefix(strings.TrimPrefix(e.Path, dir), "/")
		if err := l.form.Print(l.h.stdout, e, shown+label); err != nil {
			return err
		}
	}
	return nil
}

func newStat(h host) *cobra.Command {
	c := &cobra.Command{
		Use: "stat URL…", Short: "Show what a server tells about a file or folder", Args: args(1, -1),
		Long: `Stat shows the path, type, size, time and what else the server tells. It
exits with 6 if nothing is there.`,
		Example: "  sealift stat --json ftpes://alice@ftp.example.com/in/a.csv",
	}
	return talking(h, c, func(ctx context.Context, r *remote, given []string) error {
		return r.each(ctx, given, func(c *ftpclient.Conn, to location) error {
			name := cmp.Or(to.path, ".")
			e, err := c.Stat(ctx, name)
			if err != nil {
				return tree.Explain(ctx, c, name, err)
			}
			if r.json {
				return screen.JSON.Print(h.stdout, e, "")
			}
			return screen.PrintDetails(h.stdout, e)
		})
	})
}
