package shell

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/screen"
	"github.com/sealift/sealift/cmd/sealift/internal/tree"
	"github.com/sealift/sealift/ftpclient"
)

// expand is what a word stands for on the server: what fits it as a pattern,
// or the one name.
func (s *Shell) expand(ctx context.Context, w word) ([]string, error) {
	if w.pattern == "" {
		return []string{w.text}, nil
	}
	found, err := s.matches(ctx, w)
	var names []string
	for _, e := range found {
		names = append(names, e.Path)
	}
	return names, err
}

func (s *Shell) matches(ctx context.Context, w word) ([]ftpclient.Entry, error) {
	dir, _ := path.Split(w.text)
	_, pattern := path.Split(w.pattern)
	if dir != "/" {
		dir = strings.TrimSuffix(dir, "/")
	}
	return tree.Expand(ctx, s.session.Conn, dir, pattern, path.Base(w.text))
}

// onEach runs do on every name that the words stand for.
func (s *Shell) onEach(ctx context.Context, args []word, do func(name string) error) error {
	s.cache = listing{}
	for _, w := range args {
		names, err := s.expand(ctx, w)
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := do(name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Shell) ls(ctx context.Context, args []word) error {
	form := s.o.Form
	if form == screen.Short {
		form = screen.Long
	}
	return s.list(ctx, args, form)
}

func (s *Shell) nlist(ctx context.Context, args []word) error { return s.list(ctx, args, s.o.Form) }

func (s *Shell) list(ctx context.Context, args []word, form screen.Form) error {
	given, args := options(args, "lR")
	if len(args) == 0 {
		return s.listFolder(ctx, "", given['R'], form)
	}
	for _, w := range args {
		if err := s.listOne(ctx, w, given['R'], form); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shell) listOne(ctx context.Context, w word, deep bool, form screen.Form) error {
	if w.pattern != "" {
		found, err := s.matches(ctx, w)
		if err != nil {
			return err
		}
		for _, e := range found {
			if err := form.Print(s.o.Out, e, e.Path); err != nil {
				return err
			}
		}
		return nil
	}
	e, err := s.session.Conn.Stat(ctx, w.text)
	if err != nil {
		return tree.Explain(ctx, s.session.Conn, w.text, err)
	}
	if e.Kind == ftpclient.Dir {
		return s.listFolder(ctx, w.text, deep, form)
	}
	return form.Print(s.o.Out, e, e.Path)
}

func (s *Shell) listFolder(ctx context.Context, dir string, deep bool, form screen.Form) error {
	below := tree.Sorted(ctx, s.session.Conn, dir)
	if deep {
		below = tree.Walk(ctx, s.session.Conn, dir)
	}
	for e, err := range below {
		if err != nil {
			return err
		}
		if err := form.Print(s.o.Out, e, strings.TrimPrefix(strings.TrimPrefix(e.Path, dir), "/")); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shell) cd(ctx context.Context, args []word) error {
	c, before := s.session.Conn, s.cwd
	var err error
	switch {
	case len(args) == 0:
		return s.goHome(ctx)
	case args[0].text == "-":
		if s.before == "" {
			return fault.New(fault.Usage, "", "there is no folder before this one")
		}
		err = c.ChangeDir(ctx, s.before)
	default:
		err = c.ChangeDir(ctx, args[0].text)
	}
	if err != nil {
		return tree.Explain(ctx, c, args[0].text, err)
	}
	s.before = before
	return s.whereAmI(ctx)
}

// goHome goes to where the URL led.
func (s *Shell) goHome(ctx context.Context) error {
	if err := s.session.Conn.ChangeDir(ctx, s.home); err != nil {
		return err
	}
	s.before = s.cwd
	return s.whereAmI(ctx)
}

func (s *Shell) pwd(ctx context.Context, _ []word) error {
	if err := s.whereAmI(ctx); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.o.Out, screen.Printable(s.cwd))
	return err
}

func (s *Shell) cat(ctx context.Context, args []word) error {
	return s.onEach(ctx, args, func(name string) error {
		f, err := s.session.Conn.Retrieve(ctx, name, 0)
		if err != nil {
			return tree.Explain(ctx, s.session.Conn, name, err)
		}
		_, err = io.Copy(s.o.Out, f)
		return errors.Join(err, f.Close())
	})
}

func (s *Shell) rm(ctx context.Context, args []word) error {
	given, args := options(args, "rf")
	return s.onEach(ctx, args, func(name string) error {
		if base := path.Base(name); base == "." || base == ".." || base == "/" {
			return fault.New(fault.Usage, "cd to the folder above it", "rm does not remove %s", name)
		}
		err := tree.Remove(ctx, s.session.Conn, name, given['r'], func(string) error { return nil })
		if given['f'] && fault.CodeOf(err) == fault.NotFound {
			return nil
		}
		return err
	})
}

func (s *Shell) mkdir(ctx context.Context, args []word) error {
	given, args := options(args, "p")
	make := s.session.Conn.MakeDir
	if given['p'] {
		make = s.session.Conn.MakeDirAll
	}
	s.cache = listing{}
	for _, w := range args {
		if err := make(ctx, w.text); err != nil {
			return err
		}
	}
	return nil
}

func (s *Shell) rmdir(ctx context.Context, args []word) error {
	return s.onEach(ctx, args, func(name string) error {
		return tree.Explain(ctx, s.session.Conn, name, s.session.Conn.RemoveDir(ctx, name))
	})
}

func (s *Shell) mv(ctx context.Context, args []word) error {
	s.cache = listing{}
	_, err := tree.Move(ctx, s.session.Conn, args[0].text, args[1].text)
	return err
}

func (s *Shell) stat(ctx context.Context, args []word) error {
	return s.onEach(ctx, args, func(name string) error {
		e, err := s.session.Conn.Stat(ctx, name)
		if err != nil {
			return tree.Explain(ctx, s.session.Conn, name, err)
		}
		if s.o.Form == screen.JSON {
			return screen.JSON.Print(s.o.Out, e, "")
		}
		return screen.PrintDetails(s.o.Out, e)
	})
}

func (s *Shell) size(ctx context.Context, args []word) error {
	return s.onEach(ctx, args, func(name string) error {
		e, err := s.session.Conn.Stat(ctx, name)
		if err != nil {
			return tree.Explain(ctx, s.session.Conn, name, err)
		}
		if e.Size < 0 || e.Kind != ftpclient.File {
			return fault.New(fault.Failed, "", "%s has no size", name)
		}
		_, err = fmt.Fprintf(s.o.Out, "%d %s\n", e.Size, screen.Printable(name))
		return err
	})
}

func (s *Shell) chmod(ctx context.Context, args []word) error {
	return s.onEach(ctx, args[1:], func(name string) error {
		_, err := s.session.Conn.Do(ctx, "SITE", "CHMOD "+args[0].text+" "+name)
		return err
	})
}

func (s *Shell) quote(ctx context.Context, args []word) error {
	return s.raw(ctx, args[0].text, args[1:])
}

func (s *Shell) site(ctx context.Context, args []word) error { return s.raw(ctx, "SITE", args) }

// raw sends a command and shows the reply. It may have gone elsewhere.
func (s *Shell) raw(ctx context.Context, verb string, args []word) error {
	var words []string
	for _, w := range args {
		words = append(words, w.text)
	}
	r, err := s.session.Conn.Do(ctx, verb, strings.Join(words, " "))
	if err != nil {
		return err
	}
	s.cache = listing{}
	for line := range strings.SplitSeq(r.Text, "\n") {
		if _, err := fmt.Fprintf(s.o.Out, "%d %s\n", r.Code, screen.Printable(line)); err != nil {
			return err
		}
	}
	if strings.HasSuffix(strings.ToUpper(cmp.Or(verb, " ")), "WD") || strings.EqualFold(verb, "CDUP") {
		return s.whereAmI(ctx)
	}
	return nil
}
