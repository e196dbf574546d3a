package shell

import (
	"context"
	"strings"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/transfer"
)

func (s *Shell) get(ctx context.Context, args []word) error {
	given, args := options(args, "r")
	if err := one(args, "get [-r] PATH [LOCAL]", "mget"); err != nil {
		return err
	}
	target := folder(s.here(""))
	if len(args) == 2 {
		target = s.here(args[1].text)
	}
	return s.session.Copier.Get(ctx, []string{transfer.Exactly(s.absolute(args[0].text))}, target, given['r'])
}

func (s *Shell) mget(ctx context.Context, args []word) error {
	given, args := options(args, "r")
	var patterns []string
	for _, w := range args {
		patterns = append(patterns, s.absolute(w.escaped()))
	}
	if len(patterns) == 0 {
		return fault.New(fault.Usage, "usage: mget [-r] PATH…", "mget: an argument is missing")
	}
	return s.session.Copier.Get(ctx, patterns, folder(s.here("")), given['r'])
}

func (s *Shell) put(ctx context.Context, args []word) error {
	given, args := options(args, "r")
	if err := one(args, "put [-r] LOCAL [PATH]", "mput"); err != nil {
		return err
	}
	target := folder(s.absolute(""))
	if len(args) == 2 {
		target = s.absolute(args[1].text)
	}
	s.cache = listing{}
	return s.session.Copier.Put(ctx, []string{s.here(args[0].text)}, target, given['r'])
}

func (s *Shell) mput(ctx context.Context, args []word) error {
	given, args := options(args, "r")
	var files []string
	for _, w := range args {
		found, err := s.localMatches(w)
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return fault.New(fault.Usage, "usage: mput [-r] LOCAL…", "mput: an argument is missing")
	}
	s.cache = listing{}
	return s.session.Copier.Put(ctx, files, folder(s.absolute("")), given['r'])
}

// folder is a path that says that it is one.
func folder(name string) string {
	if strings.HasSuffix(name, "/") {
		return name
	}
	return name + "/"
}

// one demands one name, and perhaps another for the copy.
func one(args []word, usage, several string) error {
	switch {
	case len(args) == 0:
		return fault.New(fault.Usage, "usage: "+usage, "a name is missing")
	case len(args) > 2:
		return fault.New(fault.Usage, several+" takes several", "%q is one name too many", args[2].text)
	case args[0].pattern != "":
		return fault.New(fault.Usage, several+` takes patterns; "\*" is a star in a name`, "%s is a pattern", args[0].text)
	}
	return nil
}
