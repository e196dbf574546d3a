package accounttest

import (
	"context"
	"slices"
	"time"

	"github.com/sealift/sealift/account"
)

var keepTests = []test{
	{"every field is kept", func(s *suite) {
		s.add(full())
		s.same(s.get(full().Name), full())
	}},
	{"an account with nothing but what is needed is kept", func(s *suite) {
		s.add(plain("bob"))
		s.same(s.get("bob"), plain("bob"))
	}},
	{"the other process sees it", func(s *suite) {
		s.add(full())
		a, err := s.other.Get(s.Context(), full().Name)
		s.ok(err)
		s.same(a, full())
	}},
	{"times are in UTC, and the store's own are set by it", func(s *suite) {
		before := time.Now().Truncate(time.Microsecond)
		a := full()
		a.Created = before.Add(-time.Hour)
		s.add(a)
		a = s.get(a.Name)
		for _, t := range []time.Time{a.Created, a.Changed, a.Expires} {
			if t.Location() != time.UTC {
				s.Errorf("%v is not in UTC", t)
			}
		}
		if a.Created.Before(before) || a.Created.After(time.Now()) || !a.Changed.Equal(a.Created) {
			s.Errorf("created %v, changed %v, but it is %v", a.Created, a.Changed, before)
		}
	}},
	{"an unknown name is not found", func(s *suite) {
		s.add(plain("bob"))
		for _, name := range []string{"", "Bob", "bob ", "bo", "%", "_ob", "b*", "bob\x00", "\xff", "' OR 1=1 --"} {
			_, err := s.store.Get(s.Context(), name)
			s.wants(err, account.ErrNotFound)
		}
	}},
	{"names that differ in a byte differ", func(s *suite) {
		s.add(plain("bob"), plain("Bob"), plain("bób"), plain("bo\u0301b"))
		s.sameNames("Bob", "bob", "bo\u0301b", "bób")
	}},
	{"a name is taken once", func(s *suite) {
		s.add(full())
		again := plain(full().Name)
		s.wants(s.store.Add(s.Context(), again), account.ErrExists)
		s.wants(s.other.Add(s.Context(), again), account.ErrExists)
		s.same(s.get(full().Name), full())
	}},
	{"an invalid account is not kept", func(s *suite) {
		s.invalid(s.store.Add(s.Context(), plain("..")))
		s.invalid(s.store.Add(s.Context(), account.Account{Name: "bob"}))
		s.sameNames()
	}},
	{"what is given and taken is a copy", func(s *suite) {
		a := full()
		s.add(a)
		spoil(a)
		b := s.get(a.Name)
		s.same(b, full())
		spoil(b)
		s.same(s.get(a.Name), full())
	}},
	{"a context that has ended ends each method", func(s *suite) {
		s.add(plain("bob"))
		ctx := s.ended()
		calls := map[string]func(ctx context.Context) error{
			"Get":     func(ctx context.Context) error { _, err := s.store.Get(ctx, "bob"); return err },
			"Add":     func(ctx context.Context) error { return s.store.Add(ctx, plain("carl")) },
			"Update":  func(ctx context.Context) error { return s.store.Update(ctx, "bob", disable) },
			"Remove":  func(ctx context.Context) error { return s.store.Remove(ctx, "bob") },
			"Version": func(ctx context.Context) error { _, err := s.store.Version(ctx); return err },
			"List": func(ctx context.Context) error {
				for _, err := range s.store.List(ctx) {
					return err
				}
				return nil
			},
		}
		for name, call := range calls {
			if err := call(ctx); err == nil {
				s.Errorf("%s succeeds", name)
			}
		}
		s.sameNames("bob")
		s.same(s.get("bob"), plain("bob"))
	}},
}

// spoil changes what a shares with others, if it shares anything.
func spoil(a account.Account) {
	a.Mounts[0].Dir = "/spoilt"
	a.Policy["policy.ccc"] = "spoilt"
	a.CertificateRules[0] = "cn:spoilt"
}

func disable(a *account.Account) error {
	a.Disabled = true
	return nil
}

var listTests = []test{
	{"an empty store lists nothing", func(s *suite) { s.sameNames() }},
	{"all are listed once, in the order of their bytes", func(s *suite) {
		var want []string
		for i := range 300 {
			name := string(rune('ऄ'+i%40)) + string(rune('a'+i%26)) + string(rune('0'+i/40))
			want = append(want, name)
			s.add(plain(name))
		}
		slices.Sort(want)
		s.sameNames(want...)
	}},
	{"the list has what Get has", func(s *suite) {
		s.add(full())
		for a, err := range s.store.List(s.Context()) {
			s.ok(err)
			s.same(a, full())
		}
	}},
	{"the store may be changed while a list goes on", func(s *suite) {
		s.add(plain("a"), plain("b"), plain("c"))
		for a, err := range s.store.List(s.Context()) {
			s.ok(err)
			s.ok(s.store.Update(s.Context(), a.Name, disable))
			s.ok(s.other.Remove(s.Context(), a.Name))
		}
		s.sameNames()
	}},
	{"a list may be left", func(s *suite) {
		s.add(plain("a"), plain("b"))
		for _, err := range s.store.List(s.Context()) {
			s.ok(err)
			break
		}
		s.ok(s.store.Remove(s.Context(), "a"))
	}},
}

var settingTests = []test{
	{"a setting that was never set is not found", func(s *suite) {
		_, err := s.store.Setting(s.Context(), "first-start")
		s.wants(err, account.ErrNotFound)
	}},
	{"a setting is kept, and replaced", func(s *suite) {
		for _, value := range []string{"", "done", "ü\n'\""} {
			s.ok(s.store.SetSetting(s.Context(), "first-start", value))
			got, err := s.other.Setting(s.Context(), "first-start")
			s.ok(err)
			if got != value {
				s.Errorf("got %q, want %q", got, value)
			}
		}
	}},
	{"a setting is no change of an account", func(s *suite) {
		before := s.version(s.store)
		s.ok(s.store.SetSetting(s.Context(), "first-start", "done"))
		if s.version(s.store) != before {
			s.Error("the version changed")
		}
	}},
	{"settings heed their context", func(s *suite) {
		s.ok(s.store.SetSetting(s.Context(), "first-start", "done"))
		if err := s.store.SetSetting(s.ended(), "first-start", "lost"); err == nil {
			s.Error("SetSetting succeeds")
		}
		if _, err := s.store.Setting(s.ended(), "first-start"); err == nil {
			s.Error("Setting succeeds")
		}
	}},
}
