package storagetest

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/sealift/sealift/storage"
)

// oddNames are single elements of a path. A store takes each as it is, or
// refuses it with ErrName.
var oddNames = []string{
	`\`, `..\x`, `a\b`, `C:`, `C:\x`, `%2e%2e`, `%2f`, "...", "....", "a.", "a ", " a", " ", "a..b",
	"~", "-rf", "*", "?", "[a]", "a:b", "NUL", "CON", "aux.txt", "a\tb", "\x1b[2J", "\x7f",
	"ä", "a\u0308", "日本語", "\u202e", "\xff\xfe", "\xc0\xae", "\xe4", "con\u200b",
	".part", ".sealift", "sealift-", strings.Repeat("x", 255), strings.Repeat("ä", 127) + "x",
	strings.Repeat("x", 227), strings.Repeat("x", 228),
}

var nameTests = append(oddNameTests(),
	test{"a name of more than 255 bytes", func(s *suite) {
		long := strings.Repeat("x", 256)
		s.refused(long, all(storage.Mode{}), storage.ErrName)
		s.is(s.fs.Mkdir(s.ctx(), s.path(long)), storage.ErrName)
		s.put("f", "data")
		s.is(s.rename("f", long, false), storage.ErrName)
		_, err := s.fs.Stat(s.ctx(), s.path(long))
		s.is(err, storage.ErrName, fs.ErrNotExist)
		s.lists("", "f")
	}},
	test{"names as peers write them stay inside", func(s *suite) {
		s.mkdir("d")
		for _, arg := range []string{"..", "../..", "../../../../etc/passwd", "//f", "d/../../f", "/../f", "./f", "d//f", "..//..//f"} {
			p, err := storage.Resolve(s.dir, arg)
			s.must(err)
			if w, err := s.fs.Create(s.ctx(), p, all(storage.Mode{})); err == nil {
				s.must(w.Abort())
			} else {
				s.is(err, storage.ErrIsDir, fs.ErrNotExist, storage.ErrNotDir, fs.ErrPermission)
			}
		}
		s.lists("", "d/")
	}},
	test{"a deep path", func(s *suite) {
		name := ""
		for range 40 {
			name = strings.TrimPrefix(name+"/dir", "/")
			s.mkdir(name)
		}
		s.put(name+"/f", "data")
		s.holds(name+"/f", "data")
	}},
)

func oddNameTests() []test {
	var tests []test
	for _, name := range oddNames {
		tests = append(tests, test{"the name " + shorten(name), func(s *suite) { tryName(s, name) }})
	}
	return tests
}

// tryName takes a file through its life under a name.
func tryName(s *suite, name string) {
	w, err := s.fs.Create(s.ctx(), s.path(name), all(storage.Mode{}))
	if errors.Is(err, storage.ErrName) {
		s.lists("", "")
		return
	}
	s.must(err)
	s.write(w, "12345")
	s.must(w.Suspend())
	s.unfinished(name, 5)
	s.as(s.other).absent(name)
	s.must(s.create(name, storage.Mode{Offset: 5}, "6").Commit())
	s.holds(name, "123456")
	if got := s.list(""); !slices.Equal(got, []string{name}) {
		s.Errorf("listed as %q", got)
	}
	s.must(s.rename(name, "f", false))
	s.absent(name)
	s.must(s.rename("f", name, false))
	s.must(s.remove(name, storage.File))
	s.mkdir(name)
	s.put(name+"/f", "data")
	s.holds(name+"/f", "data")
}
