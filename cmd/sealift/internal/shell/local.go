package shell

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/screen"
	"github.com/sealift/sealift/ftp"
)

// cutBang is what is behind the "!" that begins a line.
func cutBang(line string) (command string, found bool) {
	return strings.CutPrefix(strings.TrimLeft(line, " \t"), "!")
}

// here is a local path, from the directory that lcd has chosen. A separator
// at its end stays: it tells that a folder is meant.
func (s *Shell) here(name string) string {
	if name == "~" || strings.HasPrefix(name, "~/") {
		name = s.o.Home + name[1:]
	}
	if filepath.IsAbs(name) {
		return name
	}
	joined := filepath.Join(s.dir, name)
	if name != "" && os.IsPathSeparator(name[len(name)-1]) {
		joined += string(filepath.Separator)
	}
	return joined
}

func (s *Shell) lcd(ctx context.Context, args []word) error {
	dir := s.o.Home
	if len(args) == 1 {
		dir = s.here(args[0].text)
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fault.New(fault.Failed, "", "%s is no directory", dir)
	}
	if err != nil {
		return err
	}
	s.dir = filepath.Clean(dir)
	return s.lpwd(ctx, nil)
}

func (s *Shell) lpwd(context.Context, []word) error {
	_, err := fmt.Fprintln(s.o.Out, screen.Printable(s.dir))
	return err
}

// localMatches are the files here that a word stands for.
func (s *Shell) localMatches(w word) ([]string, error) {
	if w.pattern == "" {
		return []string{s.here(w.text)}, nil
	}
	name := s.here(w.text)
	dir, literal := filepath.Dir(name), filepath.Base(name)
	pattern := w.pattern[strings.LastIndexByte(w.pattern, '/')+1:]
	all, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range all {
		if e.Name() == literal || fits(pattern, e) {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	if len(found) == 0 {
		return nil, fault.New(fault.NotFound, "", "nothing fits %s", w.text)
	}
	return found, nil
}

func fits(pattern string, e fs.DirEntry) bool {
	hidden := strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(pattern, ".")
	return !hidden && ftp.Match(pattern, e.Name())
}

func (s *Shell) showHistory(context.Context, []word) error {
	for i := s.history.Len() - 1; i >= 0; i-- {
		if _, err := fmt.Fprintln(s.o.Out, screen.Printable(s.history.At(i))); err != nil {
			return err
		}
	}
	return nil
}
