package storagetest

import (
	"github.com/sealift/sealift/storage"
)

// A resumption says what an upload makes of what is there; "-" is nothing.
type resumption struct {
	why                  string
	complete, unfinished string
	mode                 storage.Mode
	sent, want           string
}

var resumptions = []resumption{
	{"an unfinished upload is continued", "-", "12345", storage.Mode{Offset: 5}, "67", "1234567"},
	{"it is continued with nothing", "-", "12345", storage.Mode{Offset: 5}, "", "12345"},
	{"stepping back in it", "-", "12345", storage.Mode{Offset: 3}, "x", "123x"},
	{"stepping back in it, and nothing more", "-", "12345", storage.Mode{Offset: 3}, "", "123"},
	{"it is continued beside a complete file", "abc", "12345", storage.Mode{Offset: 5}, "67", "1234567"},
	{"it comes first where both have that size", "abcde", "12345", storage.Mode{Offset: 5}, "67", "1234567"},
	{"a complete file is extended", "abcde", "-", storage.Mode{Offset: 5}, "67", "abcde67"},
	{"it comes before a longer unfinished upload", "abc", "12345", storage.Mode{Offset: 3}, "x", "abcx"},
	{"stepping back in the complete file", "abcde", "-", storage.Mode{Offset: 3}, "x", "abcx"},
	{"stepping back in it, and nothing more", "abcde", "-", storage.Mode{Offset: 3}, "", "abc"},
	{"stepping back in it beside a short upload", "abcde", "1", storage.Mode{Offset: 3}, "x", "abcx"},
	{"stepping back in an upload beside a short file", "a", "12345", storage.Mode{Offset: 3}, "x", "123x"},
	{"appending to a complete file", "abcde", "-", storage.Mode{Append: true}, "67", "abcde67"},
	{"appending to it beside an unfinished upload", "abcde", "123", storage.Mode{Append: true}, "67", "abcde67"},
	{"appending to an unfinished upload", "-", "123", storage.Mode{Append: true}, "67", "12367"},
	{"appending to an empty file", "", "-", storage.Mode{Append: true}, "67", "67"},
	{"appending to nothing", "-", "-", storage.Mode{Append: true}, "67", "67"},
	{"a new upload ignores both", "abcde", "123", storage.Mode{}, "67", "67"},
}

// lay makes what is there before the resumption.
func (r resumption) lay(s *suite) {
	if r.complete != "-" {
		s.put("f", r.complete)
	}
	if r.unfinished != "-" {
		s.suspend("f", r.unfinished)
	}
}

// untouched demands that it is still there.
func (r resumption) untouched(s *suite) {
	s.Helper()
	switch {
	case r.complete != "-":
		s.holds("f", r.complete)
	case r.unfinished != "-":
		s.unfinished("f", int64(len(r.unfinished)))
	default:
		s.absent("f")
	}
}

var resumeTests = append(resumptionTests(),
	test{"an offset that fits nothing", func(s *suite) {
		s.refused("f", all(storage.Mode{Offset: 1}), storage.ErrOffset)
		s.put("f", "abcde")
		s.refused("f", all(storage.Mode{Offset: 6}), storage.ErrOffset)
		s.suspend("f", "1234567")
		s.refused("f", all(storage.Mode{Offset: 8}), storage.ErrOffset)
		s.refused("f", all(storage.Mode{Offset: 3}), storage.ErrOffset)
		s.refused("f", all(storage.Mode{Offset: -1}), storage.ErrOffset)
		s.holds("f", "abcde")
	}},
	test{"nobody continues what belongs to another account", func(s *suite) {
		s.suspend("f", "12345")
		s.as(s.other).refused("f", all(storage.Mode{Offset: 5}), storage.ErrOffset)
		s.must(s.as(s.other).create("g", storage.Mode{Append: true}, "x").Commit())
		s.holds("g", "x")
	}},
	test{"a complete file of another account hides an unfinished upload", func(s *suite) {
		s.suspend("f", "12345")
		s.as(s.other).put("f", "x")
		s.holds("f", "x")
		s.must(s.as(s.other).remove("f", storage.File))
		s.unfinished("f", 5)
		s.must(s.remove("f", storage.File))
	}},
	test{"an upload may be suspended again and again", func(s *suite) {
		s.suspend("f", "12")
		s.must(s.create("f", storage.Mode{Offset: 2}, "34").Suspend())
		s.unfinished("f", 4)
		s.must(s.create("f", storage.Mode{Append: true}, "56").Suspend())
		s.unfinished("f", 6)
		s.must(s.create("f", storage.Mode{Offset: 6}, "7").Commit())
		s.holds("f", "1234567")
	}},
	test{"a suspended extension holds the whole file", func(s *suite) {
		s.put("f", "abc")
		s.must(s.create("f", storage.Mode{Append: true}, "de").Suspend())
		s.holds("f", "abc")
		s.must(s.create("f", storage.Mode{Offset: 5}, "f").Commit())
		s.holds("f", "abcdef")
	}},
	test{"an unfinished upload moves with its directory", func(s *suite) {
		s.mkdir("d")
		s.suspend("d/f", "12345")
		s.must(s.rename("d", "e", false))
		s.must(s.create("e/f", storage.Mode{Offset: 5}, "6").Commit())
		s.holds("e/f", "123456")
	}},
)

// resumptionTests ends each resumption in each way.
func resumptionTests() []test {
	var tests []test
	for _, r := range resumptions {
		tests = append(tests,
			test{r.why + ": Commit", func(s *suite) {
				r.lay(s)
				w := s.create("f", r.mode, r.sent)
				if r.complete != "-" {
					s.holds("f", r.complete)
				}
				s.must(w.Commit())
				s.holds("f", r.want)
				s.lists("", "f")
			}},
			test{r.why + ": Suspend", func(s *suite) {
				r.lay(s)
				s.must(s.create("f", r.mode, r.sent).Suspend())
				r.afterSuspend(s)
			}},
			test{r.why + ": Abort", func(s *suite) {
				r.lay(s)
				s.must(s.create("f", r.mode, r.sent).Abort())
				if r.sent != "" && r.complete == "-" {
					s.absent("f")
					return
				}
				r.untouched(s)
			}},
			test{r.why + ": Abort before a byte", func(s *suite) {
				r.lay(s)
				s.must(s.create("f", r.mode, "").Abort())
				r.untouched(s)
			}})
	}
	return tests
}

// afterSuspend demands that the complete file is untouched, and that what has
// come is kept under it.
func (r resumption) afterSuspend(s *suite) {
	s.Helper()
	if r.sent == "" {
		r.untouched(s)
		return
	}
	if r.complete != "-" {
		s.holds("f", r.complete)
		s.must(s.rename("f", "g", false))
	}
	s.unfinished("f", int64(len(r.want)))
	s.must(s.create("f", storage.Mode{Offset: int64(len(r.want))}, "!").Commit())
	s.holds("f", r.want+"!")
}

var busyTests = []test{
	{"two continue one unfinished upload", func(s *suite) {
		s.suspend("f", "12345")
		w := s.create("f", storage.Mode{Offset: 5}, "")
		s.refused("f", all(storage.Mode{Offset: 5}), storage.ErrBusy)
		s.refused("f", all(storage.Mode{Append: true}), storage.ErrBusy)
		s.write(w, "6")
		s.refused("f", all(storage.Mode{Offset: 5}), storage.ErrBusy)
		s.must(w.Suspend())
		s.must(s.create("f", storage.Mode{Offset: 6}, "7").Commit())
		s.holds("f", "1234567")
	}},
	{"two extend one complete file", func(s *suite) {
		s.put("f", "abc")
		w := s.create("f", storage.Mode{Append: true}, "d")
		s.refused("f", all(storage.Mode{Append: true}), storage.ErrBusy)
		s.refused("f", all(storage.Mode{Offset: 3}), storage.ErrBusy)
		s.as(s.other).refused("f", all(storage.Mode{Append: true}), storage.ErrBusy)
		s.must(w.Commit())
		s.must(s.create("f", storage.Mode{Append: true}, "e").Commit())
		s.holds("f", "abcde")
	}},
	{"an extension that ends frees the file", func(s *suite) {
		s.put("f", "abc")
		s.must(s.create("f", storage.Mode{Append: true}, "d").Abort())
		s.must(s.create("f", storage.Mode{Append: true}, "").Abort())
		s.must(s.create("f", storage.Mode{Append: true}, "e").Commit())
		s.holds("f", "abce")
	}},
	{"a new upload beside one that continues leaves it alone", func(s *suite) {
		s.suspend("f", "12345")
		w := s.create("f", storage.Mode{Offset: 5}, "6")
		s.put("f", "new")
		s.holds("f", "new")
		s.must(w.Commit())
		s.holds("f", "123456")
	}},
	{"a newer suspended upload stays when one that got nothing ends", func(s *suite) {
		s.suspend("f", "12345")
		w := s.create("f", storage.Mode{Offset: 5}, "")
		s.suspend("f", "123")
		s.must(w.Suspend())
		s.unfinished("f", 3)
	}},
}
