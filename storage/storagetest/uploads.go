package storagetest

import (
	"io/fs"

	"github.com/sealift/sealift/storage"
)

var uploadTests = []test{
	{"a new file shows at Commit, not before", func(s *suite) {
		w := s.create("f", storage.Mode{}, "data")
		s.absent("f")
		s.lists("", "")
		s.must(w.Commit())
		s.holds("f", "data")
		s.lists("", "f")
	}},
	{"an upload without bytes makes an empty file", func(s *suite) {
		s.put("f", "")
		s.holds("f", "")
	}},
	{"the old file is there until Commit", func(s *suite) {
		s.put("f", "old")
		w := s.create("f", storage.Mode{}, "newer")
		s.holds("f", "old")
		s.must(w.Commit())
		s.holds("f", "newer")
	}},
	{"Abort leaves nothing of a new file", func(s *suite) {
		s.must(s.create("f", storage.Mode{}, "data").Abort())
		s.absent("f")
	}},
	{"Abort leaves the old file", func(s *suite) {
		s.put("f", "old")
		s.must(s.create("f", storage.Mode{}, "newer").Abort())
		s.holds("f", "old")
		s.must(s.remove("f", storage.File))
		s.absent("f")
	}},
	{"Suspend shows the upload to its account only", func(s *suite) {
		s.suspend("f", "12345")
		s.unfinished("f", 5)
		s.lists("", "f")
		s.as(s.other).absent("f")
		s.as(s.other).lists("", "")
	}},
	{"a listing marks it as unfinished", func(s *suite) {
		s.suspend("f", "12345")
		for info, err := range s.fs.List(s.ctx(), s.dir) {
			s.must(err)
			if !info.Unfinished || info.Size != 5 || info.Name != "f" {
				s.Errorf("listed as %+v", info)
			}
		}
	}},
	{"Suspend beside a complete file is not seen", func(s *suite) {
		s.put("f", "old")
		s.suspend("f", "12345")
		s.holds("f", "old")
		s.lists("", "f")
	}},
	{"each account has its own", func(s *suite) {
		s.suspend("f", "12345")
		s.as(s.other).suspend("f", "123")
		s.unfinished("f", 5)
		s.as(s.other).unfinished("f", 3)
		s.must(s.remove("f", storage.File))
		s.as(s.other).unfinished("f", 3)
		s.must(s.as(s.other).remove("f", storage.File))
	}},
	{"Suspend without a byte leaves nothing", func(s *suite) {
		s.suspend("f", "")
		s.absent("f")
	}},
	{"Suspend without a byte leaves what was there", func(s *suite) {
		s.suspend("f", "12345")
		s.suspend("f", "")
		s.unfinished("f", 5)
	}},
	{"Abort without a byte leaves what was there", func(s *suite) {
		s.suspend("f", "12345")
		s.must(s.create("f", storage.Mode{}, "").Abort())
		s.unfinished("f", 5)
	}},
	{"the first byte drops the old unfinished upload", func(s *suite) {
		s.suspend("f", "12345")
		w := s.create("f", storage.Mode{}, "")
		s.unfinished("f", 5)
		s.write(w, "x")
		s.absent("f")
		s.must(w.Abort())
		s.absent("f")
	}},
	{"Commit without a byte drops it too", func(s *suite) {
		s.suspend("f", "12345")
		s.put("f", "")
		s.holds("f", "")
		s.must(s.remove("f", storage.File))
		s.absent("f")
	}},
	{"the upload that is suspended last replaces the other", func(s *suite) {
		first := s.create("f", storage.Mode{}, "12345")
		second := s.create("f", storage.Mode{}, "123")
		s.must(second.Suspend())
		s.unfinished("f", 3)
		s.must(first.Suspend())
		s.unfinished("f", 5)
		s.must(s.remove("f", storage.File))
		s.absent("f")
	}},
	{"a suspended upload outlives another that is committed", func(s *suite) {
		first := s.create("f", storage.Mode{}, "12345")
		s.suspend("f", "123")
		s.must(first.Commit())
		s.holds("f", "12345")
		s.must(s.create("f", storage.Mode{Offset: 3}, "x").Commit())
		s.holds("f", "123x")
	}},
	{"a directory of that name", func(s *suite) {
		s.mkdir("d")
		s.refused("d", all(storage.Mode{}), storage.ErrIsDir)
		s.refused("", all(storage.Mode{}), storage.ErrIsDir)
	}},
	{"a directory comes to stand there", func(s *suite) {
		w := s.create("f", storage.Mode{}, "data")
		s.mkdir("f")
		s.is(w.Commit(), storage.ErrIsDir)
		s.lists("", "f/")
	}},
	{"no directory to put it in", func(s *suite) {
		s.put("f", "data")
		s.refused("no/f", all(storage.Mode{}), fs.ErrNotExist)
		s.refused("f/g", all(storage.Mode{}), storage.ErrNotDir)
	}},
	{"the directory is renamed meanwhile", func(s *suite) {
		s.mkdir("d")
		w := s.create("d/f", storage.Mode{}, "data")
		s.must(s.rename("d", "e", false))
		s.mkdir("d")
		if err := w.Commit(); err == nil {
			s.Error("Commit said that the file is durable under a name that it does not have")
		}
		s.lists("d", "")
		s.lists("e", "")
	}},
	{"a directory with an upload that runs is not empty", func(s *suite) {
		s.mkdir("d")
		s.suspend("d/g", "12345")
		w := s.create("d/f", storage.Mode{}, "data")
		s.is(s.remove("d", storage.Dir), storage.ErrNotEmpty)
		s.is(s.as(s.other).remove("d", storage.Dir), storage.ErrNotEmpty)
		s.unfinishedIn("d", "g", 5)
		s.must(w.Commit())
		s.holds("d/f", "data")
	}},
	{"a file keeps its permission bits when it is replaced", func(s *suite) {
		features, err := s.fs.Features(s.ctx(), s.dir)
		s.must(err)
		if !features.Modes {
			s.Skip("no permission bits here")
		}
		s.put("f", "old")
		for _, mode := range []fs.FileMode{0o640, 0o600} {
			w := s.create("f", storage.Mode{}, "newer")
			s.must(s.fs.SetAttr(s.ctx(), s.path("f"), storage.Attr{Mode: &mode}))
			s.must(w.Commit())
			s.must(s.create("f", storage.Mode{Append: true}, "x").Commit())
			if info := s.stat("f"); info.Mode != mode {
				s.Errorf("mode is %v, want %v", info.Mode, mode)
			}
		}
	}},
}
