package main

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/tree"
	"github.com/sealift/sealift/ftpclient"
)

func newRm(h host) *cobra.Command {
	all, force := false, false
	c := &cobra.Command{
		Use: "rm URL…", Short: "Remove files of a server", Args: args(1, -1),
		Long: `Rm removes files. The last part of a path may be a pattern. With -r it removes
folders and all that is in them; links are removed, not what they lead to.`,
		Example: "  sealift rm 'ftpes://alice@ftp.example.com/in/*.tmp'",
	}
	c.Flags().BoolVarP(&all, "recursive", "r", false, "remove folders and what is in them")
	c.Flags().BoolVarP(&force, "force", "f", false, "what is not there is no error")
	return talking(h, c, func(ctx context.Context, r *remote, given []string) error {
		return r.each(ctx, given, func(c *ftpclient.Conn, to location) error {
			err := r.removeAt(ctx, c, to, all)
			if force && fault.CodeOf(err) == fault.NotFound {
				return nil
			}
			return err
		})
	})
}

func (r *remote) removeAt(ctx context.Context, c *ftpclient.Conn, to location, all bool) error {
	if to.name() == "" || to.name() == "." || to.name() == ".." {
		return fault.New(fault.Usage, "write its name at the end of the URL", "rm wants a file or folder, not %q", to.path)
	}
	names := []string{to.path}
	if to.pattern != "" {
		found, err := tree.Expand(ctx, c, to.dir(), to.pattern, to.name())
		if err != nil {
			return err
		}
		names = names[:0]
		for _, e := range found {
			names = append(names, e.Path)
		}
	}
	for _, name := range names {
		err := tree.Remove(ctx, c, name, all, func(name string) error { return r.tellDone("removed", name) })
		if err != nil {
			return err
		}
	}
	return nil
}

func newMkdir(h host) *cobra.Command {
	parents := false
	c := &cobra.Command{
		Use: "mkdir URL…", Short: "Make folders on a server", Args: args(1, -1),
		Example: "  sealift mkdir -p ftpes://alice@ftp.example.com/in/2026/11",
	}
	c.Flags().BoolVarP(&parents, "parents", "p", false, "make what leads to it; one that is there is no error")
	return talking(h, c, func(ctx context.Context, r *remote, given []string) error {
		return r.each(ctx, given, func(c *ftpclient.Conn, to location) error {
			name := strings.TrimRight(to.path, "/")
			if name == "" {
				return fault.New(fault.Usage, "write its name at the end of the URL", "mkdir wants the name of a folder")
			}
			make := c.MakeDir
			if parents {
				make = c.MakeDirAll
			}
			if err := make(ctx, name); err != nil {
				return unlessThere(ctx, c, name, err)
			}
			return r.tellDone("made", name)
		})
	})
}

// unlessThere says why a folder could not be made, where that can be found out.
func unlessThere(ctx context.Context, c *ftpclient.Conn, name string, err error) error {
	if _, refused := errors.AsType[*ftpclient.ReplyError](err); !refused || c.Err() != nil {
		return err
	}
	if _, statErr := c.Stat(ctx, name); statErr == nil {
		return fault.New(fault.Failed, "mkdir -p is content with a folder that is there", "%s is there already", name)
	}
	parent := location{path: name}.dir()
	if parent == "" || parent == "/" {
		return err
	}
	if _, statErr := c.Stat(ctx, parent); errors.Is(statErr, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "mkdir -p makes what leads to it", "%s is not there", parent)
	}
	return err
}

func newRmdir(h host) *cobra.Command {
	c := &cobra.Command{
		Use: "rmdir URL…", Short: "Remove empty folders of a server", Args: args(1, -1),
		Example: "  sealift rmdir ftpes://alice@ftp.example.com/in/old",
	}
	return talking(h, c, func(ctx context.Context, r *remote, given []string) error {
		return r.each(ctx, given, func(c *ftpclient.Conn, to location) error {
			name := strings.TrimRight(to.path, "/")
			if name == "" {
				return fault.New(fault.Usage, "write its name at the end of the URL", "rmdir wants the name of a folder")
			}
			if err := c.RemoveDir(ctx, name); err != nil {
				return tree.Explain(ctx, c, name, err)
			}
			return r.tellDone("removed", name)
		})
	})
}

func newMv(h host) *cobra.Command {
	c := &cobra.Command{
		Use: "mv URL PATH", Short: "Rename or move a file or folder on a server", Args: args(2, 2),
		Long: `Mv gives what the URL names another name. PATH is on the same server, relative
to the login directory unless it begins with "/", and not percent-encoded. If
it is a folder that is there, or ends in "/", the file is moved into it.`,
		Example: "  sealift mv ftpes://alice@ftp.example.com/in/a.part in/a.csv",
	}
	return talking(h, c, func(ctx context.Context, r *remote, given []string) error {
		if strings.Contains(given[1], "://") {
			return fault.New(fault.Usage, "usage: "+c.UseLine(), "the new name is a path on the same server, not a URL")
		}
		return r.each(ctx, given[:1], func(c *ftpclient.Conn, to location) error {
			if to.name() == "" {
				return fault.New(fault.Usage, "write its name at the end of the URL", "mv wants a file or folder")
			}
			after, err := tree.Move(ctx, c, to.path, given[1])
			if err != nil || !r.json {
				return err
			}
			return printJSON(h.stdout, map[string]string{"path": to.path, "done": "moved", "to": after})
		})
	})
}
