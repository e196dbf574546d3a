package backend

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/storage"
)

func TestRenew(t *testing.T) {
	for _, tt := range []struct {
		why    string
		change func(*fixture)
		ends   bool
	}{
		{"nothing happened", func(*fixture) {}, false},
		{"the account was removed", func(f *fixture) {
			if err := errors.Join(f.store.Remove(f.Context(), "alice"), f.Refresh(f.Context())); err != nil {
				f.Fatal(err)
			}
		}, true},
		{"and made anew", func(f *fixture) {
			if err := f.store.Remove(f.Context(), "alice"); err != nil {
				f.Fatal(err)
			}
			f.add("alice")
			f.mustLogin(withPassword("alice"))
		}, true},
		{"it was closed", func(f *fixture) { f.change("alice", func(a *account.Account) { a.Disabled = true }) }, true},
		{"it was closed and opened again", func(f *fixture) {
			f.change("alice", func(a *account.Account) { a.Disabled = true })
			f.change("alice", func(a *account.Account) { a.Disabled = false })
		}, false},
		{"its time is over, without a change", func(f *fixture) {
			f.change("alice", func(a *account.Account) { a.Expires = time.Now().Add(time.Microsecond) })
		}, true},
		{"the database is away", func(f *fixture) {
			f.store.away.Store(true)
			if err := f.Refresh(f.Context()); !errors.Is(err, errAway) {
				f.Errorf("Refresh: %v", err)
			}
		}, false},
		{"its home cannot be had any more", func(f *fixture) {
			writeFile(f.T, f.home("file"), 1)
			if err := f.store.Update(f.Context(), "alice", func(a *account.Account) error {
				a.Home = f.home("file")
				return nil
			}); err != nil {
				f.Fatal(err)
			}
			if f.Refresh(f.Context()) == nil {
				f.Error("Refresh says nothing")
			}
		}, true},
	} {
		t.Run(tt.why, func(t *testing.T) {
			f := newFixture(t, "alice")
			g := f.mustLogin(withPassword("alice"))
			tt.change(f)
			_, err := g.Renew()
			if ends := err != nil; ends != tt.ends {
				t.Errorf("the session ends: %v (%v)", ends, err)
			}
		})
	}
}

func TestRenewTellsWhatChanged(t *testing.T) {
	f := newFixture(t, "alice")
	first, second := f.mustLogin(withPassword("alice")), f.mustLogin(withPassword("alice"))
	if first.Files != second.Files {
		t.Error("two sessions of one account have two trees")
	}
	renewed := func() ftpserver.Grant {
		t.Helper()
		g, err := second.Renew()
		if err != nil || g.Renew == nil || g.SetPassword == nil {
			t.Fatalf("%v, %+v", err, g)
		}
		return g
	}
	f.change("alice", func(a *account.Account) { a.Permissions = account.List })
	if g := renewed(); g.Perm != ftpserver.PermList || g.Files != first.Files {
		t.Errorf("rights %b, another tree: %v", g.Perm, g.Files != first.Files)
	}
	f.set(func(s *Settings) { s.Config.Policy.NoActive = true })
	if g := renewed(); !g.Policy.NoActive {
		t.Error("a reload does not reach the session")
	}
	if err := upload(t, first, "old", 1); err != nil {
		t.Fatal(err)
	}
	f.change("alice", func(a *account.Account) { a.Home = f.home("elsewhere") })
	if _, err := renewed().Files.Stat(t.Context(), "/old"); err == nil {
		t.Error("the session sees its former home")
	}
	if _, err := first.Files.Stat(t.Context(), "/old"); err != nil {
		t.Errorf("a transfer that runs lost its tree: %v", err)
	}
}

func TestLostCertificate(t *testing.T) {
	f := newFixture(t)
	cert := newCertificate(t, "alice")
	f.add("alice", func(a *account.Account) { a.CertificateRules = []string{"cn:alice"} })
	var revoked bool
	f.set(func(s *Settings) {
		s.Config.Policy.CertificateLogin = true
		s.Revoked = func(c *x509.Certificate) bool { return revoked && c == cert }
	})
	c := withPassword("alice")
	c.Certificate = cert
	both := f.mustLogin(c)
	c.HasPassword = false
	alone := f.mustLogin(c)
	check := func(why string, g ftpserver.Grant, ends bool) {
		t.Helper()
		if _, err := g.Renew(); (err != nil) != ends {
			t.Errorf("%s: %v", why, err)
		}
	}
	check("it opens the account", alone, false)
	f.change("alice", func(a *account.Account) { a.CertificateRules = nil })
	check("it is not the account's any more", alone, true)
	check("but the password was right", both, false)
	revoked = true
	check("it was taken back", both, true)
}

func TestClosed(t *testing.T) {
	f := newFixture(t, "alice", "bob")
	f.mustLogin(withPassword("alice"))
	f.mustLogin(withPassword("bob"))
	if f.AnyClosed() || f.Closed("alice") || f.Closed("nobody") {
		t.Error("somebody is closed who is not")
	}
	f.change("bob", func(a *account.Account) { a.Disabled = true })
	if !f.AnyClosed() || !f.Closed("bob") || f.Closed("alice") {
		t.Error("bob is not, or alice is")
	}
	if err := errors.Join(f.store.Remove(t.Context(), "alice"), f.Refresh(t.Context())); err != nil {
		t.Fatal(err)
	}
	if !f.Closed("alice") {
		t.Error("a removed account's sessions go on")
	}
}

func limited(n int64) func(*account.Account) {
	return func(a *account.Account) { a.QuotaBytes = n }
}

func TestQuota(t *testing.T) {
	f := newFixture(t)
	writeFile(t, f.home("alice/before"), 60)
	f.add("alice", limited(100))
	first, second := f.mustLogin(withPassword("alice")), f.mustLogin(withPassword("alice"))
	if u := first.Usage(); u != (ftpserver.Usage{Bytes: 60, Files: 1, MaxBytes: 100}) {
		t.Errorf("at the first login: %+v", u)
	}
	if err := upload(t, first, "a", 30); err != nil {
		t.Fatal(err)
	}
	if err := upload(t, second, "b", 30); !errors.Is(err, storage.ErrQuota) {
		t.Errorf("two sessions have two ledgers: %v", err)
	}
	f.change("alice", limited(200))
	if err := upload(t, second, "b", 30); err != nil {
		t.Errorf("a higher quota is not effective at once: %v", err)
	}
	f.change("alice", limited(0))
	if g, err := first.Renew(); err != nil || g.Usage != nil {
		t.Errorf("without a quota there is a usage, %v", err)
	}
}

// TestSharedHome: an uploader with a quota, and somebody who empties the
// directory.
func TestSharedHome(t *testing.T) {
	f := newFixture(t)
	here := func(a *account.Account) { a.Home = f.home("shared") }
	f.add("partner", here, limited(100))
	f.add("staff", here)
	f.add("guest", here, limited(1000))
	partner, staff, guest := f.mustLogin(withPassword("partner")), f.mustLogin(withPassword("staff")), f.mustLogin(withPassword("guest"))
	if err := upload(t, partner, "a", 90); err != nil {
		t.Fatal(err)
	}
	if u := guest.Usage(); u.Bytes != 90 || u.MaxBytes != 1000 {
		t.Errorf("the other ledger has %+v", u)
	}
	if err := staff.Files.Remove(t.Context(), "/a", storage.File); err != nil {
		t.Fatal(err)
	}
	if u := partner.Usage(); u.Bytes != 0 || u.Files != 0 {
		t.Errorf("after others have removed it: %+v", u)
	}
	if err := upload(t, guest, "b", 500); err != nil {
		t.Errorf("another account's quota refused: %v", err)
	}
	if u := partner.Usage(); u.Bytes != 500 {
		t.Errorf("more than the quota is held, but counted as %+v", u)
	}
}

func TestTidy(t *testing.T) {
	f := newFixture(t)
	f.add("alice", limited(100))
	g := f.mustLogin(withPassword("alice"))
	if err := upload(t, g, "a", 50); err != nil {
		t.Fatal(err)
	}
	tidy := func(busy bool, used time.Time) {
		t.Helper()
		f.members["alice"].used = used
		if err := f.Tidy(func(string) bool { return busy }); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * idleKept)
	tidy(true, long)
	tidy(false, time.Now())
	if f.members["alice"] == nil {
		t.Fatal("it was freed while sessions ran, or just after")
	}
	if err := os.Remove(filepath.Join(f.home("alice"), "a")); err != nil {
		t.Fatal(err)
	}
	tidy(false, long)
	if len(f.members) != 0 {
		t.Fatal("an account without sessions keeps its directory open")
	}
	if u := f.mustLogin(withPassword("alice")).Usage(); u.Bytes != 0 {
		t.Errorf("what others did meanwhile was not counted: %+v", u)
	}
}

func TestSweep(t *testing.T) {
	f := newFixture(t)
	f.set(func(s *Settings) { s.Config.Uploads.KeepInterrupted = time.Hour })
	f.add("alice", limited(1000))
	f.add("absent")
	g := f.mustLogin(withPassword("alice"))
	w, err := g.Files.Create(t.Context(), "/half", storage.Mode{Allow: storage.AllowAll})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := w.Suspend(); err != nil {
		t.Fatal(err)
	}
	if err := f.Sweep(t.Context()); err != nil || g.Usage().Bytes != 10 {
		t.Fatalf("a young one went: %v, %+v", err, g.Usage())
	}
	hidden, err := filepath.Glob(filepath.Join(f.home("alice"), ".*"))
	if err != nil || len(hidden) != 1 {
		t.Fatal(hidden, err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(hidden[0], old, old); err != nil {
		t.Fatal(err)
	}
	if err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u := g.Usage(); u.Bytes != 0 || u.Files != 0 {
		t.Errorf("an old one stays, or is still counted: %+v", u)
	}
}
