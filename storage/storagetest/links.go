package storagetest

import (
	"io/fs"

	"github.com/sealift/sealift/storage"
)

var linkTests = []test{
	{"a store without links says so", func(s *suite) {
		if !s.hasLinks() {
			s.is(s.symlink("f", "l"), storage.ErrUnsupported)
			s.absent("l")
		}
	}},
	{"a link to a file is shown as that", func(s *suite) {
		s.needLinks()
		s.put("f", "data")
		s.must(s.symlink("f", "l"))
		s.holds("l", "data")
		s.lists("", "f l")
	}},
	{"a link to a directory is shown as that", func(s *suite) {
		s.needLinks()
		s.mkdir("d")
		s.put("d/f", "data")
		s.must(s.symlink("d", "l"))
		s.lists("", "d/ l/")
		s.lists("l", "f")
		s.holds("l/f", "data")
		s.put("l/g", "more")
		s.holds("d/g", "more")
	}},
	{"a link deeper in the tree leads where it should", func(s *suite) {
		s.needLinks()
		s.mkdir("d")
		s.mkdir("d/e")
		s.put("f", "data")
		s.put("d/g", "more")
		s.must(s.symlink("f", "d/e/up"))
		s.must(s.symlink("d/g", "d/e/across"))
		s.must(s.symlink("d/e/across", "down"))
		s.holds("d/e/up", "data")
		s.holds("d/e/across", "more")
		s.holds("down", "more")
		s.must(s.symlink("d", "d/e/loop"))
		s.holds("d/e/loop/e/up", "data")
	}},
	{"a dangling link is not shown", func(s *suite) {
		s.needLinks()
		s.must(s.symlink("no", "l"))
		s.absent("l")
		s.must(s.symlink("m", "n"))
		s.must(s.symlink("n", "m"))
		s.absent("m")
		s.lists("", "")
	}},
	{"an upload replaces a link, not what it leads to", func(s *suite) {
		s.needLinks()
		s.put("f", "data")
		s.must(s.symlink("f", "l"))
		s.refused("l", storage.Mode{Allow: storage.AllowNew}, fs.ErrExist)
		s.must(s.create("l", storage.Mode{Append: true}, "!").Commit())
		s.holds("l", "data!")
		s.holds("f", "data")
	}},
	{"a dangling link is not lost to an upload that may not replace", func(s *suite) {
		s.needLinks()
		s.must(s.symlink("no", "l"))
		s.is(s.create("l", storage.Mode{Allow: storage.AllowNew}, "data").Commit(), fs.ErrExist)
		s.put("no", "there")
		s.holds("l", "there")
	}},
	{"no upload goes to a link to a directory", func(s *suite) {
		s.needLinks()
		s.mkdir("d")
		s.must(s.symlink("d", "l"))
		s.refused("l", all(storage.Mode{}), storage.ErrIsDir)
	}},
	{"removing a link leaves what it leads to", func(s *suite) {
		s.needLinks()
		s.put("f", "data")
		s.mkdir("d")
		s.must(s.symlink("f", "l"))
		s.must(s.symlink("d", "m"))
		s.is(s.remove("m", storage.Dir), storage.ErrNotDir)
		s.must(s.remove("l", storage.File))
		s.must(s.remove("m", storage.File))
		s.lists("", "d/ f")
	}},
	{"renaming through a link to the same directory", func(s *suite) {
		s.needLinks()
		s.mkdir("d")
		s.put("d/f", "data")
		s.must(s.symlink("d", "l"))
		s.must(s.rename("d/f", "l/f", true))
		s.holds("d/f", "data")
		s.is(s.rename("d", "l", true), fs.ErrExist)
		s.is(s.rename("d/f", "l", true), fs.ErrExist)
		s.is(s.rename("d", "l/e", true), storage.ErrName)
	}},
	{"a link is renamed itself", func(s *suite) {
		s.needLinks()
		s.put("f", "data")
		s.must(s.symlink("f", "l"))
		s.must(s.rename("l", "m", false))
		s.holds("m", "data")
		s.put("g", "more")
		s.must(s.rename("m", "g", true))
		s.holds("g", "data")
		s.holds("f", "data")
	}},
	{"a link takes no place that is taken", func(s *suite) {
		s.needLinks()
		s.put("f", "data")
		s.suspend("u", "123")
		s.is(s.symlink("f", "f"), fs.ErrExist)
		s.is(s.symlink("f", "u"), fs.ErrExist)
	}},
	{"a target outside of the tree", func(s *suite) {
		s.needLinks()
		for _, target := range []storage.Path{"/..", "/../etc", "etc", "../etc", "/a/../../etc", ""} {
			s.is(s.fs.Symlink(s.ctx(), target, s.path("l")), fs.ErrPermission)
		}
		s.lists("", "")
	}},
}

func (s *suite) hasLinks() bool {
	s.Helper()
	features, err := s.fs.Features(s.ctx(), s.dir)
	s.must(err)
	return features.Symlinks
}

func (s *suite) needLinks() {
	s.Helper()
	if !s.hasLinks() {
		s.Skip("no links here")
	}
}

func (s *suite) symlink(target, name string) error {
	return s.fs.Symlink(s.ctx(), s.path(target), s.path(name))
}
