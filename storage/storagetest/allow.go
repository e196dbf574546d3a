package storagetest

import (
	"fmt"
	"io/fs"

	"github.com/sealift/sealift/storage"
)

var allowTests = append(allowMatrix(),
	test{"a file that comes meanwhile is not lost", func(s *suite) {
		w := s.create("f", storage.Mode{Allow: storage.AllowNew}, "late")
		s.put("f", "first")
		s.is(w.Commit(), fs.ErrExist)
		s.holds("f", "first")
	}},
	test{"of two new uploads that may not replace, the first wins", func(s *suite) {
		onlyNew := storage.Mode{Allow: storage.AllowNew | storage.AllowExtend}
		first, second := s.create("f", onlyNew, "1"), s.create("f", onlyNew, "22")
		s.must(second.Commit())
		s.is(first.Commit(), fs.ErrExist)
		s.holds("f", "22")
	}},
	test{"an extension does not undo another upload", func(s *suite) {
		s.put("f", "abc")
		w := s.create("f", storage.Mode{Append: true, Allow: storage.AllowExtend | storage.AllowNew}, "d")
		s.put("f", "xyz")
		s.is(w.Commit(), fs.ErrExist)
		s.holds("f", "xyz")
	}},
	test{"an extension that may replace does", func(s *suite) {
		s.put("f", "abc")
		w := s.create("f", storage.Mode{Append: true}, "d")
		s.put("f", "other")
		s.must(w.Commit())
		s.holds("f", "abcd")
	}},
	test{"an extension of what is gone makes a new name", func(s *suite) {
		s.put("f", "abc")
		w := s.create("f", storage.Mode{Append: true, Allow: storage.AllowExtend}, "d")
		s.must(s.remove("f", storage.File))
		s.is(w.Commit(), fs.ErrPermission)
		s.absent("f")
	}},
	test{"continuing beside a complete file replaces it", func(s *suite) {
		s.put("f", "abc")
		s.suspend("f", "12345")
		s.refused("f", storage.Mode{Offset: 5, Allow: storage.AllowNew | storage.AllowExtend}, fs.ErrExist)
		s.must(s.create("f", storage.Mode{Offset: 5, Allow: storage.AllowReplace}, "6").Commit())
		s.holds("f", "123456")
	}},
)

// allowMatrix tries every set of rights on every kind of upload.
func allowMatrix() []test {
	kinds := []struct {
		why                  string
		complete, unfinished string
		mode                 storage.Mode
		need                 storage.Allow
	}{
		{"a new name", "-", "-", storage.Mode{}, storage.AllowNew},
		{"appending to nothing", "-", "-", storage.Mode{Append: true}, storage.AllowNew},
		{"continuing one's own", "-", "12345", storage.Mode{Offset: 5}, storage.AllowNew},
		{"replacing", "abcde", "-", storage.Mode{}, storage.AllowReplace},
		{"extending", "abcde", "-", storage.Mode{Offset: 5}, storage.AllowExtend},
		{"appending", "abcde", "-", storage.Mode{Append: true}, storage.AllowExtend},
		{"stepping back", "abcde", "-", storage.Mode{Offset: 3}, storage.AllowReplace},
		{"an upload over a file", "abc", "12345", storage.Mode{Offset: 5}, storage.AllowReplace},
	}
	var tests []test
	for _, kind := range kinds {
		for allow := range storage.AllowAll + 1 {
			kind.mode.Allow = allow
			r := resumption{complete: kind.complete, unfinished: kind.unfinished, mode: kind.mode}
			tests = append(tests, test{
				fmt.Sprintf("%s with rights %03b", kind.why, allow),
				func(s *suite) { tryRights(s, r, allow&kind.need != 0) },
			})
		}
	}
	return tests
}

func tryRights(s *suite, r resumption, allowed bool) {
	r.lay(s)
	w, err := s.fs.Create(s.ctx(), s.path("f"), r.mode)
	switch {
	case allowed:
		s.must(err)
		s.must(w.Commit())
		return
	case err == nil:
		s.Error("Create went ahead")
		s.must(w.Abort())
	case r.complete != "-":
		s.is(err, fs.ErrExist)
	default:
		s.is(err, fs.ErrPermission)
	}
	r.untouched(s)
}
