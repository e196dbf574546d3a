package accounttest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sealift/sealift/account"
)

var changeTests = []test{
	{"an update changes every field", func(s *suite) {
		s.add(plain("bob"))
		want := full()
		want.Name = "bob"
		s.ok(s.store.Update(s.Context(), "bob", func(a *account.Account) error {
			*a = want.Clone()
			return nil
		}))
		s.same(s.get("bob"), want)
	}},
	{"an update can take everything back", func(s *suite) {
		s.add(full())
		want := plain(full().Name)
		s.ok(s.store.Update(s.Context(), want.Name, func(a *account.Account) error {
			*a = want
			return nil
		}))
		s.same(s.get(want.Name), want)
	}},
	{"an update sets Changed and leaves Created", func(s *suite) {
		s.add(plain("bob"))
		before := s.get("bob")
		for !time.Now().Truncate(time.Microsecond).After(before.Changed) {
		}
		s.ok(s.store.Update(s.Context(), "bob", func(a *account.Account) error {
			a.Created, a.Changed = time.Time{}, time.Time{}
			return nil
		}))
		if a := s.get("bob"); !a.Created.Equal(before.Created) || !a.Changed.After(before.Changed) {
			s.Errorf("created %v, changed %v; before %v, %v", a.Created, a.Changed, before.Created, before.Changed)
		}
	}},
	{"an update of nobody is not found, and calls nothing", func(s *suite) {
		s.wants(s.store.Update(s.Context(), "bob", func(*account.Account) error {
			s.Error("called")
			return nil
		}), account.ErrNotFound)
	}},
	{"an update that fails changes nothing and passes its error on", func(s *suite) {
		s.add(full())
		mine := errors.New("mine")
		s.wants(s.store.Update(s.Context(), full().Name, func(a *account.Account) error {
			a.Disabled = false
			spoil(*a)
			return mine
		}), mine)
		s.same(s.get(full().Name), full())
	}},
	{"an update does not make an account invalid", func(s *suite) {
		s.add(full())
		s.invalid(s.store.Update(s.Context(), full().Name, func(a *account.Account) error {
			a.Home = "not/absolute"
			spoil(*a)
			return nil
		}))
		s.same(s.get(full().Name), full())
	}},
	{"a name cannot be changed", func(s *suite) {
		s.add(plain("bob"))
		s.wants(s.store.Update(s.Context(), "bob", func(a *account.Account) error {
			a.Name = "carl"
			return nil
		}), account.ErrRenamed)
		s.sameNames("bob")
	}},
	{"what is removed is gone, and can come again", func(s *suite) {
		s.add(full(), plain("bob"))
		s.ok(s.store.Remove(s.Context(), full().Name))
		s.sameNames("bob")
		s.add(plain(full().Name))
		s.same(s.get(full().Name), plain(full().Name))
	}},
	{"nobody cannot be removed", func(s *suite) {
		s.wants(s.store.Remove(s.Context(), "bob"), account.ErrNotFound)
	}},
	{"every change changes the version, also that of the other process", versions},
}

func versions(s *suite) {
	for _, step := range []struct {
		why     string
		do      func(store Store) error
		changes bool
	}{
		{"an account is added", func(store Store) error { return store.Add(s.Context(), plain("bob")) }, true},
		{"it is changed", func(store Store) error { return store.Update(s.Context(), "bob", disable) }, true},
		{"it is read", func(store Store) error { _, err := store.Get(s.Context(), "bob"); return err }, false},
		{"a name is taken", func(store Store) error { store.Add(s.Context(), plain("bob")); return nil }, false},
		{"it is removed", func(store Store) error { return store.Remove(s.Context(), "bob") }, true},
		{"there is nothing to remove", func(store Store) error { store.Remove(s.Context(), "bob"); return nil }, false},
	} {
		for _, store := range []Store{s.store, s.other} {
			before := s.version(s.store)
			if err := step.do(store); err != nil {
				break // the first of the two has done it
			}
			if after := s.version(s.store); (after != before) != step.changes {
				s.Errorf("%s: the version was %d and is %d", step.why, before, after)
			}
		}
	}
}

var raceTests = []test{
	{"of many who add one name, one does", func(s *suite) {
		added := s.race(func(store Store, _ int) error { return store.Add(s.Context(), plain("bob")) }, account.ErrExists)
		if added != 1 {
			s.Errorf("%d have added it", added)
		}
	}},
	{"no update is lost", func(s *suite) {
		s.add(plain("bob"))
		s.race(func(store Store, _ int) error {
			return store.Update(s.Context(), "bob", func(a *account.Account) error {
				a.QuotaFiles++
				return nil
			})
		}, nil)
		if got := s.get("bob").QuotaFiles; got != racers {
			s.Errorf("%d updates are kept of %d", got, racers)
		}
	}},
	{"reading goes on while others write", func(s *suite) {
		s.add(full())
		s.race(func(store Store, i int) error {
			if i%2 == 0 {
				return store.Add(s.Context(), plain(fmt.Sprint("user", i)))
			}
			a, err := store.Get(s.Context(), full().Name)
			if err == nil && len(a.Mounts) != len(full().Mounts) {
				err = fmt.Errorf("half an account: %+v", a.Mounts)
			}
			return err
		}, nil)
		if got := len(s.names()); got != 1+racers/2 {
			s.Errorf("%d accounts are listed", got)
		}
	}},
}

const racers = 16

// race calls do at the same time on both views. An error other than expected
// fails the test; it returns how many had none.
func (s *suite) race(do func(store Store, i int) error, expected error) (succeeded int) {
	errs := make([]error, racers)
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() { errs[i] = do([]Store{s.store, s.other}[i/2%2], i) })
	}
	all.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			succeeded++
		case expected == nil || !errors.Is(err, expected):
			s.Error(err)
		}
	}
	return succeeded
}
