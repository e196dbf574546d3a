package storagetest

import (
	"context"
	"io/fs"
	"time"

	"github.com/sealift/sealift/storage"
)

var removeTests = []test{
	{"a file", func(s *suite) {
		s.put("f", "data")
		s.is(s.remove("f", storage.Dir), storage.ErrNotDir)
		s.must(s.remove("f", storage.File))
		s.absent("f")
		s.is(s.remove("f", storage.File), fs.ErrNotExist)
		s.is(s.remove("f", storage.Dir), fs.ErrNotExist)
	}},
	{"a directory", func(s *suite) {
		s.mkdir("d")
		s.is(s.remove("d", storage.File), storage.ErrIsDir)
		s.put("d/f", "data")
		s.is(s.remove("d", storage.Dir), storage.ErrNotEmpty)
		s.must(s.remove("d/f", storage.File))
		s.must(s.remove("d", storage.Dir))
		s.absent("d")
	}},
	{"an unfinished upload", func(s *suite) {
		s.suspend("f", "12345")
		s.is(s.remove("f", storage.Dir), storage.ErrNotDir)
		s.is(s.as(s.other).remove("f", storage.File), fs.ErrNotExist)
		s.must(s.remove("f", storage.File))
		s.absent("f")
	}},
	{"a file takes the unfinished upload under it along", func(s *suite) {
		s.put("f", "data")
		s.suspend("f", "12345")
		s.must(s.remove("f", storage.File))
		s.absent("f")
	}},
	{"a directory with an unfinished upload of one's own is not empty", func(s *suite) {
		s.mkdir("d")
		s.suspend("d/f", "12345")
		s.is(s.remove("d", storage.Dir), storage.ErrNotEmpty)
		s.unfinishedIn("d", "f", 5)
	}},
	{"a directory with one of somebody else is empty", func(s *suite) {
		s.mkdir("d")
		s.as(s.other).suspend("d/f", "12345")
		s.must(s.remove("d", storage.Dir))
		s.absent("d")
	}},
	{"a directory with those of both is not", func(s *suite) {
		s.mkdir("d")
		s.as(s.other).suspend("d/f", "12345")
		s.suspend("d/g", "123")
		s.is(s.remove("d", storage.Dir), storage.ErrNotEmpty)
		s.as(s.other).unfinishedIn("d", "f", 5)
		s.unfinishedIn("d", "g", 3)
	}},
	{"the root", func(s *suite) {
		s.is(s.fs.Remove(s.ctx(), storage.Root, storage.Dir), fs.ErrPermission)
		s.is(s.fs.Remove(s.ctx(), storage.Root, storage.File), storage.ErrIsDir)
	}},
	{"a reader goes on", func(s *suite) {
		s.put("f", "data")
		r, err := s.fs.Open(s.ctx(), s.path("f"), 0)
		s.must(err)
		s.must(s.remove("f", storage.File))
		s.readsTo(r, "data")
	}},
}

// unfinishedIn demands an unfinished upload in a directory.
func (s *suite) unfinishedIn(dir, name string, size int64) {
	s.Helper()
	in := *s
	in.dir = s.path(dir)
	in.unfinished(name, size)
}

var renameTests = []test{
	{"to a new name", func(s *suite) {
		s.put("f", "data")
		s.must(s.rename("f", "g", false))
		s.absent("f")
		s.holds("g", "data")
	}},
	{"to another directory", func(s *suite) {
		s.put("f", "data")
		s.mkdir("d")
		s.must(s.rename("f", "d/g", false))
		s.absent("f")
		s.holds("d/g", "data")
	}},
	{"over a file", func(s *suite) {
		s.put("f", "data")
		s.put("g", "old")
		s.is(s.rename("f", "g", false), fs.ErrExist)
		s.holds("f", "data")
		s.holds("g", "old")
		s.must(s.rename("f", "g", true))
		s.absent("f")
		s.holds("g", "data")
	}},
	{"to itself", func(s *suite) {
		s.put("f", "data")
		s.must(s.rename("f", "f", true))
		s.holds("f", "data")
		s.is(s.rename("g", "g", true), fs.ErrNotExist)
	}},
	{"a directory with what it holds", func(s *suite) {
		s.mkdir("d")
		s.put("d/f", "data")
		s.must(s.rename("d", "e", true))
		s.absent("d")
		s.holds("e/f", "data")
	}},
	{"a directory is never replaced", func(s *suite) {
		s.put("f", "data")
		s.mkdir("d")
		s.mkdir("e")
		for _, replace := range []bool{false, true} {
			s.is(s.rename("f", "d", replace), fs.ErrExist)
			s.is(s.rename("e", "d", replace), fs.ErrExist)
		}
		s.lists("", "d/ e/ f")
	}},
	{"a directory does not replace a file", func(s *suite) {
		s.mkdir("d")
		s.put("f", "data")
		s.is(s.rename("d", "f", true), fs.ErrExist)
		s.holds("f", "data")
	}},
	{"a directory into itself", func(s *suite) {
		s.mkdir("d")
		s.is(s.rename("d", "d/e", false), storage.ErrName)
		s.lists("", "d/")
	}},
	{"what is not there", func(s *suite) {
		s.is(s.rename("f", "g", false), fs.ErrNotExist)
		s.put("f", "data")
		s.is(s.rename("f", "no/g", false), fs.ErrNotExist)
		s.holds("f", "data")
	}},
	{"an unfinished upload", func(s *suite) {
		s.suspend("f", "12345")
		s.isUnfinished(s.rename("f", "g", false), 5)
		s.unfinished("f", 5)
	}},
	{"onto an unfinished upload of one's own", func(s *suite) {
		s.suspend("f", "12345")
		s.put("g", "data")
		s.mkdir("d")
		s.is(s.rename("d", "f", true), fs.ErrExist)
		s.must(s.rename("g", "f", false))
		s.holds("f", "data")
	}},
	{"the root", func(s *suite) {
		s.is(s.fs.Rename(s.ctx(), storage.Root, s.path("f"), true), fs.ErrPermission)
		s.put("f", "data")
		s.is(s.fs.Rename(s.ctx(), s.path("f"), storage.Root, true), fs.ErrExist)
	}},
}

var treeTests = []test{
	{"Mkdir", func(s *suite) {
		s.mkdir("d")
		s.mkdir("d/e")
		s.lists("", "d/")
		s.lists("d", "e/")
		s.put("f", "data")
		s.suspend("u", "123")
		for _, name := range []string{"d", "f", "u", ""} {
			s.is(s.fs.Mkdir(s.ctx(), s.path(name)), fs.ErrExist)
		}
		s.is(s.fs.Mkdir(s.ctx(), s.path("no/d")), fs.ErrNotExist)
		s.is(s.fs.Mkdir(s.ctx(), s.path("f/d")), storage.ErrNotDir)
	}},
	{"Stat of a directory", func(s *suite) {
		s.mkdir("d")
		info, err := s.fs.Stat(s.ctx(), s.path("d"))
		if err != nil || info.Type != storage.Dir || info.Size != 0 || info.Name != "d" || info.Unfinished {
			s.Errorf("got %+v, %v", info, err)
		}
		root, err := s.fs.Stat(s.ctx(), storage.Root)
		if err != nil || root.Type != storage.Dir || root.Name != "/" {
			s.Errorf("the root is %+v, %v", root, err)
		}
	}},
	{"SetAttr", func(s *suite) {
		s.put("f", "data")
		at := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		s.must(s.fs.SetAttr(s.ctx(), s.path("f"), storage.Attr{ModTime: &at}))
		info, err := s.fs.Stat(s.ctx(), s.path("f"))
		if err != nil || !info.ModTime.Equal(at) {
			s.Errorf("time is %v, %v; want %v", info.ModTime, err, at)
		}
		s.is(s.fs.SetAttr(s.ctx(), s.path("g"), storage.Attr{ModTime: &at}), fs.ErrNotExist)
		s.suspend("u", "123")
		s.isUnfinished(s.fs.SetAttr(s.ctx(), s.path("u"), storage.Attr{ModTime: &at}), 3)
	}},
	{"the time of a file is that of its upload", func(s *suite) {
		before := time.Now().Add(-3 * time.Second)
		s.put("f", "data")
		info, err := s.fs.Stat(s.ctx(), s.path("f"))
		if err != nil || info.ModTime.Before(before) || info.ModTime.After(time.Now().Add(time.Second)) {
			s.Errorf("time is %v, %v", info.ModTime, err)
		}
	}},
	{"the ID tells files apart and survives a rename", func(s *suite) {
		s.put("f", "data")
		s.put("g", "data")
		f, g := s.stat("f"), s.stat("g")
		s.must(s.rename("f", "h", false))
		h := s.stat("h")
		if f.ID == ([2]uint64{}) {
			s.Skip("no IDs here")
		}
		if f.ID == g.ID || f.ID != h.ID {
			s.Errorf("IDs are %v, %v, %v after the rename", f.ID, g.ID, h.ID)
		}
	}},
	{"a context that has ended ends everything", func(s *suite) {
		s.put("f", "data")
		s.mkdir("d")
		ctx, cancel := context.WithCancel(s.ctx())
		cancel()
		for op, err := range s.tryAll(ctx) {
			if err == nil {
				s.Errorf("%s went ahead", op)
			} else {
				s.is(err, context.Canceled)
			}
		}
		s.lists("", "d/ f")
	}},
}

func (s *suite) stat(name string) storage.Info {
	s.Helper()
	info, err := s.fs.Stat(s.ctx(), s.path(name))
	s.must(err)
	return info
}

// tryAll calls every method on the file f and the directory d.
func (s *suite) tryAll(ctx context.Context) map[string]error {
	f, d, g := s.path("f"), s.path("d"), s.path("g")
	errs := map[string]error{}
	_, errs["Stat"] = s.fs.Stat(ctx, f)
	_, errs["Open"] = s.fs.Open(ctx, f, 0)
	_, errs["Create"] = s.fs.Create(ctx, g, all(storage.Mode{}))
	_, errs["Features"] = s.fs.Features(ctx, d)
	errs["Mkdir"] = s.fs.Mkdir(ctx, g)
	errs["Remove"] = s.fs.Remove(ctx, f, storage.File)
	errs["Rename"] = s.fs.Rename(ctx, f, g, true)
	errs["SetAttr"] = s.fs.SetAttr(ctx, f, storage.Attr{})
	for _, err := range s.fs.List(ctx, d.Dir()) {
		errs["List"] = err
	}
	return errs
}
