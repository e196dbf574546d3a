package storagetest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sealift/sealift/storage"
)

var meterTests = []test{
	{"every change is told", func(s *suite) {
		s.put("f", "12345")
		s.metered("a new file", 5, 1)
		s.put("f", "123")
		s.metered("a shorter file in its place", 3, 1)
		s.must(s.create("f", storage.Mode{Append: true}, "45").Commit())
		s.metered("appended", 5, 1)
		s.must(s.create("f", storage.Mode{Offset: 2}, "x").Commit())
		s.metered("stepped back", 3, 1)
		s.suspend("f", "1234567")
		s.metered("an unfinished upload beside it", 10, 1)
		s.suspend("g", "12")
		s.metered("an unfinished upload alone", 12, 2)
		s.must(s.create("g", storage.Mode{Offset: 2}, "34").Suspend())
		s.metered("continued", 14, 2)
		s.must(s.create("g", storage.Mode{Offset: 1}, "x").Suspend())
		s.metered("continued from before its end", 12, 2)
		s.must(s.create("g", storage.Mode{Append: true}, "y").Commit())
		s.metered("finished", 13, 2)
		s.put("f", "z")
		s.metered("a new upload drops the unfinished one", 4, 2)
		s.must(s.rename("f", "h", false))
		s.metered("renamed", 4, 2)
		s.must(s.rename("g", "h", true))
		s.metered("renamed over the other", 3, 1)
		s.must(s.remove("h", storage.File))
		s.metered("removed", 0, 0)
	}},
	{"what is renamed leaves an unfinished upload behind", func(s *suite) {
		s.put("f", "abc")
		s.suspend("f", "12345")
		s.must(s.rename("f", "g", false))
		s.metered("two names now", 8, 2)
		s.suspend("g", "1")
		s.must(s.remove("g", storage.File))
		s.metered("both went", 5, 1)
		s.put("h", "a")
		s.must(s.rename("h", "f", false))
		s.metered("one name again", 6, 1)
	}},
	{"nothing stays told of what came to nothing", func(s *suite) {
		s.must(s.create("f", storage.Mode{Expect: 100}, "data").Abort())
		s.metered("aborted", 0, 0)
		s.suspend("f", "12345")
		s.must(s.create("f", storage.Mode{Expect: 100, Offset: 5}, "").Abort())
		s.metered("aborted before a byte", 5, 1)
		s.must(s.create("f", storage.Mode{Offset: 5}, "6").Abort())
		s.metered("aborted while it continued", 0, 0)
		s.put("f", "abc")
		s.must(s.create("f", storage.Mode{Append: true}, "d").Abort())
		s.metered("an extension aborted", 3, 1)
		s.must(s.create("f", storage.Mode{Append: true}, "d").Suspend())
		s.metered("an extension suspended", 7, 1)
		s.refused("f", all(storage.Mode{Offset: 99}), storage.ErrOffset)
		s.metered("refused", 7, 1)
	}},
	{"a directory that others left uploads in", func(s *suite) {
		s.mkdir("d")
		s.as(s.other).suspend("d/f", "12345")
		s.metered("suspended", 5, 1)
		s.must(s.remove("d", storage.Dir))
		s.metered("removed with the directory", 0, 0)
	}},
	{"uploads of one name at once", func(s *suite) {
		first := s.create("f", storage.Mode{}, "12345")
		second := s.create("f", storage.Mode{}, "123")
		s.must(first.Commit())
		s.must(second.Commit())
		s.metered("the last one stands", 3, 1)
		first = s.create("f", storage.Mode{}, "12345")
		s.must(s.remove("f", storage.File))
		s.must(first.Commit())
		s.metered("removed meanwhile", 5, 1)
	}},
	{"what is announced is reserved", func(s *suite) {
		s.meter.Limit(10, 0)
		w := s.create("f", storage.Mode{Expect: 8}, "1234")
		s.refused("g", all(storage.Mode{Expect: 3}), storage.ErrQuota)
		s.write(w, "56789")
		s.must(w.Commit())
		s.metered("more came than announced", 9, 1)
		s.must(s.create("g", storage.Mode{Expect: 1}, "").Commit())
		s.metered("less came than announced", 9, 2)
	}},
	{"a quota of bytes ends an upload", func(s *suite) {
		s.put("f", "old")
		s.meter.Limit(10, 0)
		w := s.create("f", storage.Mode{}, "1234567")
		_, err := io.WriteString(w, "8")
		s.is(err, storage.ErrQuota)
		s.is(w.Commit(), storage.ErrQuota)
		s.holds("f", "old")
		s.metered("nothing is kept", 3, 1)
	}},
	{"an upload that failed is not suspended", func(s *suite) {
		s.meter.Limit(10, 0)
		w := s.create("f", storage.Mode{}, "1234567")
		_, err := io.WriteString(w, "89012")
		s.is(err, storage.ErrQuota)
		s.is(w.Suspend(), storage.ErrQuota)
		s.absent("f")
	}},
	{"an extension needs room for what it adds only", func(s *suite) {
		s.put("f", strings.Repeat("x", 8))
		s.meter.Limit(10, 1)
		s.must(s.create("f", storage.Mode{Append: true}, "yy").Commit())
		s.metered("extended", 10, 1)
	}},
	{"a suspended extension needs room for the copy", func(s *suite) {
		s.put("f", strings.Repeat("x", 8))
		s.meter.Limit(10, 1)
		s.is(s.create("f", storage.Mode{Append: true}, "y").Suspend(), storage.ErrQuota)
		s.metered("nothing is kept", 8, 1)
	}},
	{"a quota of files holds in a crowd", func(s *suite) {
		s.meter.Limit(0, 10)
		var stored atomic.Int64
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				w, err := s.fs.Create(s.ctx(), s.path(fmt.Sprint(i)), all(storage.Mode{}))
				if err == nil {
					err = w.Commit()
				}
				if err == nil {
					stored.Add(1)
				} else if !errors.Is(err, storage.ErrQuota) {
					s.Errorf("upload %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if stored.Load() != 10 || len(s.list("")) != 10 {
			s.Errorf("%d uploads succeeded, %d are listed; want 10", stored.Load(), len(s.list("")))
		}
	}},
}
