// Package tree does on a server what takes more than one command of FTP:
// sorted listings, patterns, removing folders, moving into folders.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

// maxDepth is where a tree is taken for one that loops.
const maxDepth = 256

// List is what is in a folder, sorted by name. "" is the current folder.
func List(ctx context.Context, c *ftpclient.Conn, dir string) ([]ftpclient.Entry, error) {
	var all []ftpclient.Entry
	for e, err := range c.List(ctx, dir) {
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b ftpclient.Entry) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Sorted gives what List returns.
func Sorted(ctx context.Context, c *ftpclient.Conn, dir string) iter.Seq2[ftpclient.Entry, error] {
	return func(yield func(ftpclient.Entry, error) bool) {
		all, err := List(ctx, c, dir)
		if err != nil {
			yield(ftpclient.Entry{}, err)
			return
		}
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Walk gives all that is below a folder, sorted, parents before children. The
// connection may be used within the loop. Links are not followed. An error
// comes last.
func Walk(ctx context.Context, c *ftpclient.Conn, root string) iter.Seq2[ftpclient.Entry, error] {
	return func(yield func(ftpclient.Entry, error) bool) {
		w := walk{ctx, c, yield}
		w.folder(root, 0, nil)
	}
}

type walk struct {
	ctx   context.Context
	c     *ftpclient.Conn
	yield func(ftpclient.Entry, error) bool
}

// folder reports whether to go on. above are the Unique facts of the folders
// that lead to it.
func (w walk) folder(dir string, depth int, above []string) bool {
	if depth > maxDepth {
		w.yield(ftpclient.Entry{}, tooDeep(dir))
		return false
	}
	all, err := List(w.ctx, w.c, dir)
	if err != nil {
		w.yield(ftpclient.Entry{}, err)
		return false
	}
	for _, e := range all {
		if !w.yield(e, nil) {
			return false
		}
		again := e.Unique != "" && slices.Contains(above, e.Unique)
		if e.Kind == ftpclient.Dir && !again && !w.folder(e.Path, depth+1, append(slices.Clip(above), e.Unique)) {
			return false
		}
	}
	return true
}

func tooDeep(dir string) error {
	return fault.New(fault.Failed, "a link may lead back to a folder above it", "%d folders in each other at %.100q", maxDepth, dir)
}

// Expand is what fits a pattern in a folder, sorted, and what has exactly the
// name literal. Names that begin with a dot are meant only by patterns that
// do. Nothing is fault.NotFound.
func Expand(ctx context.Context, c *ftpclient.Conn, dir, pattern, literal string) ([]ftpclient.Entry, error) {
	all, err := List(ctx, c, dir)
	if err != nil {
		return nil, Explain(ctx, c, dir, err)
	}
	fits := slices.DeleteFunc(all, func(e ftpclient.Entry) bool {
		hidden := strings.HasPrefix(e.Name, ".") && !strings.HasPrefix(pattern, ".")
		return e.Name != literal && (hidden || !ftp.Match(pattern, e.Name))
	})
	if len(fits) == 0 {
		return nil, fault.New(fault.NotFound, "", "nothing fits %s", literal)
	}
	return fits, nil
}

// Explain finds out whether err, the refusal of a command that needs the
// path to be there, means that it is not.
func Explain(ctx context.Context, c *ftpclient.Conn, name string, err error) error {
	refusal, refused := errors.AsType[*ftpclient.ReplyError](err)
	if !refused || c.Err() != nil {
		return err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		if refusal.Reply.Code != ftp.CodeUnavailable || name == "" {
			return err
		}
		if _, statErr := c.Stat(ctx, name); !errors.Is(statErr, fs.ErrNotExist) {
			return err
		}
	}
	return &fault.Error{Code: fault.NotFound, Problem: fmt.Sprintf("%s is not there", name)}
}

// Remove removes a file, or with all a folder too and what is in it. told
// hears of each.
func Remove(ctx context.Context, c *ftpclient.Conn, name string, all bool, told func(name string) error) error {
	if !all {
		err := c.Remove(ctx, name)
		if err != nil {
			return unlessFolder(ctx, c, name, err)
		}
		return told(name)
	}
	e, err := c.Stat(ctx, name)
	if err != nil {
		return Explain(ctx, c, name, err)
	}
	e.Path = name
	return removal{ctx, c, told}.entry(e, 0)
}

// unlessFolder teaches what removes a folder.
func unlessFolder(ctx context.Context, c *ftpclient.Conn, name string, err error) error {
	if _, refused := errors.AsType[*ftpclient.ReplyError](err); !refused || c.Err() != nil {
		return err
	}
	e, statErr := c.Stat(ctx, name)
	switch {
	case errors.Is(statErr, fs.ErrNotExist):
		return Explain(ctx, c, name, statErr)
	case statErr == nil && e.Kind == ftpclient.Dir:
		return fault.New(fault.Failed, "rm -r removes it with all that is in it, rmdir if it is empty", "%s is a folder", name)
	}
	return err
}

type removal struct {
	ctx  context.Context
	c    *ftpclient.Conn
	told func(string) error
}

// entry removes e, children first. A link is removed, not what it leads to.
func (r removal) entry(e ftpclient.Entry, depth int) error {
	if e.Kind != ftpclient.Dir {
		return r.tell(e.Path, r.c.Remove(r.ctx, e.Path))
	}
	if depth > maxDepth {
		return tooDeep(e.Path)
	}
	all, err := List(r.ctx, r.c, e.Path)
	if err != nil {
		return err
	}
	for _, below := range all {
		if err := r.entry(below, depth+1); err != nil {
			return err
		}
	}
	return r.tell(e.Path, r.c.RemoveDir(r.ctx, e.Path))
}

func (r removal) tell(name string, err error) error {
	if err != nil {
		return err
	}
	return r.told(name)
}

// Move gives from the name to. A folder that is there, and what ends in "/",
// takes it up under its old name. It returns the new path.
func Move(ctx context.Context, c *ftpclient.Conn, from, to string) (string, error) {
	into := strings.HasSuffix(to, "/")
	if !into {
		e, err := c.Stat(ctx, to)
		into = err == nil && e.Kind == ftpclient.Dir
	}
	if into {
		to = strings.TrimSuffix(to, "/") + "/" + path.Base(from)
	}
	if err := c.Rename(ctx, from, to); err != nil {
		return "", Explain(ctx, c, from, err)
	}
	return to, nil
}
