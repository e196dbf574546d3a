package storagetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/sealift/sealift/storage"
)

var readTests = []test{
	{"from an offset", func(s *suite) {
		s.put("f", "12345")
		for offset, want := range []string{"12345", "2345", "345", "45", "5", ""} {
			if got, err := s.read("f", int64(offset)); err != nil || got != want {
				s.Errorf("from %d: %q, %v; want %q", offset, got, err, want)
			}
		}
	}},
	{"past the end", func(s *suite) {
		s.put("f", "12345")
		for _, offset := range []int64{6, 1 << 40, -1} {
			_, err := s.read("f", offset)
			s.is(err, storage.ErrOffset)
		}
	}},
	{"what is no file", func(s *suite) {
		s.mkdir("d")
		for name, want := range map[string]error{"d": storage.ErrNotRegular, "": storage.ErrNotRegular, "f": fs.ErrNotExist, "no/f": fs.ErrNotExist} {
			_, err := s.read(name, 0)
			s.is(err, want)
		}
	}},
	{"a reader keeps the version that it began with", func(s *suite) {
		old := strings.Repeat("old", 100_000)
		s.put("f", old)
		r, err := s.fs.Open(s.ctx(), s.path("f"), 0)
		s.must(err)
		head := make([]byte, 3)
		_, err = io.ReadFull(r, head)
		s.must(err)
		s.put("f", "new")
		s.must(s.create("f", storage.Mode{Append: true}, "er").Commit())
		s.holds("f", "newer")
		s.readsTo(r, old[3:])
	}},
	{"a cancelled context ends reading", func(s *suite) {
		s.put("f", "12345")
		ctx, cancel := context.WithCancel(s.ctx())
		r, err := s.fs.Open(ctx, s.path("f"), 0)
		s.must(err)
		cancel()
		if _, isFile := r.(*os.File); !isFile {
			_, err = r.Read(make([]byte, 1))
			s.is(err, context.Canceled)
		}
		s.must(r.Close())
	}},
}

// readsTo demands that r has just want left, and closes it.
func (s *suite) readsTo(r io.ReadCloser, want string) {
	s.Helper()
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || string(got) != want {
		s.Errorf("read %q, %v; want %q", shorten(string(got)), err, shorten(want))
	}
}

var listTests = []test{
	{"what is no directory", func(s *suite) {
		s.put("f", "data")
		for name, want := range map[string]error{"f": storage.ErrNotDir, "no": fs.ErrNotExist} {
			var last error
			for _, err := range s.fs.List(s.ctx(), s.path(name)) {
				last = err
			}
			s.is(last, want)
		}
	}},
	{"entries are as Stat says", func(s *suite) {
		s.put("f", "data")
		s.mkdir("d")
		s.suspend("u", "123")
		for info, err := range s.fs.List(s.ctx(), s.dir) {
			s.must(err)
			if want := s.stat(info.Name); !info.ModTime.Equal(want.ModTime) || untimed(info) != untimed(want) {
				s.Errorf("listed as %+v, Stat says %+v", info, want)
			}
		}
		s.lists("", "d/ f u")
	}},
	{"the reader of a listing may stop", func(s *suite) {
		s.put("f", "")
		s.put("g", "")
		seen := 0
		for range s.fs.List(s.ctx(), s.dir) {
			seen++
			break
		}
		if seen != 1 {
			s.Errorf("saw %d entries", seen)
		}
	}},
	{"files that vanish meanwhile", func(s *suite) {
		const n = 600
		for i := range n {
			s.mkdir(fmt.Sprint(i))
		}
		seen := map[string]int{}
		for info, err := range s.fs.List(s.ctx(), s.dir) {
			s.must(err)
			if seen[info.Name]++; len(seen) == 1 {
				s.removeAllBut(n, info.Name)
			}
		}
		for name, times := range seen {
			if times > 1 {
				s.Errorf("%s was listed %d times", name, times)
			}
		}
	}},
	{"a cancelled context ends a listing", func(s *suite) {
		for i := range 600 {
			s.mkdir(fmt.Sprint(i))
		}
		ctx, cancel := context.WithCancel(s.ctx())
		defer cancel()
		var last error
		for _, err := range s.fs.List(ctx, s.dir) {
			cancel()
			last = err
		}
		s.is(last, context.Canceled)
	}},
}

func untimed(info storage.Info) storage.Info {
	info.ModTime = time.Time{}
	return info
}

// removeAllBut removes the directories named 0 to n-1 other than keep.
func (s *suite) removeAllBut(n int, keep string) {
	s.Helper()
	for i := range n {
		if name := fmt.Sprint(i); name != keep {
			s.must(s.remove(name, storage.Dir))
		}
	}
}
