package account

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errAway = errors.New("the disk is gone")

// faulty is a store that may fail, or not answer.
type faulty struct {
	*Memory
	err  error
	hang chan struct{} // waited for without regard to the context
}

func (f *faulty) Get(ctx context.Context, name string) (Account, error) {
	if f.hang != nil {
		<-f.hang
	}
	if f.err != nil {
		return Account{}, f.err
	}
	return f.Memory.Get(ctx, name)
}

type desk struct {
	*Authenticator
	store  *faulty
	hasher *counted
	mu     sync.Mutex
	told   []string
}

// newDesk knows some accounts; the password of all of them is "secret".
func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{store: &faulty{Memory: NewMemory()}, hasher: newCounted(DefaultParameters)}
	d.Authenticator = &Authenticator{
		Store: d.store, Hasher: d.hasher.Hasher, Throttle: NewThrottle(),
		Refused: func(_ context.Context, name string, from netip.Addr, why string) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.told = append(d.told, fmt.Sprintf("%s from %s: %s", name, from, why))
		},
	}
	hash := hashOf(t, d.hasher.Hasher, "secret")
	for name, change := range map[string]func(a *Account){
		"alice":    func(a *Account) { a.Home = "/srv/alice" },
		"disabled": func(a *Account) { a.Disabled = true },
		"expired":  func(a *Account) { a.Expires = time.Now().Add(-time.Hour) },
		"expiring": func(a *Account) { a.Expires = time.Now().Add(time.Hour) },
		"keyless":  func(a *Account) { a.PasswordHash = "" },
		"cert":     func(a *Account) { a.CertificateRules = []string{"cn:cert", "cn:both"} },
		"cert2":    func(a *Account) { a.CertificateRules = []string{"cn:both"} },
		"certoff":  func(a *Account) { a.CertificateRules, a.Disabled = []string{"cn:off"}, true },
	} {
		a := plain(name)
		a.PasswordHash = hash
		change(&a)
		if err := d.store.Add(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	d.hasher.spent()
	return d
}

func TestAuthenticate(t *testing.T) {
	for _, tt := range []struct {
		why, name, password string
		want                error
		told                string
	}{
		{"the right password", "alice", "secret", nil, ""},
		{"an account that expires later", "expiring", "secret", nil, ""},
		{"a wrong password", "alice", "wrong", ErrWrong, "wrong password"},
		{"an empty one", "alice", "", ErrWrong, "wrong password"},
		{"an unknown name", "nobody", "secret", ErrWrong, "no such account"},
		{"a name in another case", "Alice", "secret", ErrWrong, "no such account"},
		{"a name that no account can have", "../alice\x00", "secret", ErrWrong, "no such account"},
		{"a disabled account", "disabled", "secret", ErrWrong, "the account is disabled"},
		{"a disabled account, wrong password", "disabled", "wrong", ErrWrong, "wrong password"},
		{"an expired account", "expired", "secret", ErrWrong, "the account has expired"},
		{"no password is not an empty password (L9)", "keyless", "", ErrWrong, "the account has no password"},
		{"no password", "keyless", "secret", ErrWrong, "the account has no password"},
	} {
		d := newDesk(t)
		got, err := d.Authenticate(t.Context(), tt.name, tt.password, home)
		if err != tt.want {
			t.Errorf("%s: got error %v, want exactly %v", tt.why, err, tt.want)
		}
		if (got.Name == tt.name) != (tt.want == nil) {
			t.Errorf("%s: got %s", tt.why, got)
		}
		if work := d.hasher.spent(); !slices.Equal(work, []Parameters{DefaultParameters}) {
			t.Errorf("%s: worked %v, want the same for all", tt.why, work)
		}
		var told []string
		if tt.told != "" {
			told = []string{tt.name + " from 192.0.2.1: " + tt.told}
		}
		if !slices.Equal(d.told, told) {
			t.Errorf("%s: told %q, want %q", tt.why, d.told, told)
		}
		cost := 1
		if tt.want == nil {
			cost = 0
		}
		if left := guesses(200, func(int) bool { return guess(t, d.Throttle, home, tt.name) }); left != 30-cost {
			t.Errorf("%s: %d tries are left of 30", tt.why, left)
		}
	}
}

func TestThrottledBeforeAnyWork(t *testing.T) {
	d := newDesk(t)
	for range 30 {
		if _, err := d.Authenticate(t.Context(), "alice", "wrong", home); err != ErrWrong {
			t.Fatal(err)
		}
	}
	d.hasher.spent()
	d.told = nil
	d.store.err = errAway
	if _, err := d.Authenticate(t.Context(), "alice", "secret", other); err != ErrThrottled {
		t.Error(err)
	}
	if work := d.hasher.spent(); len(work) != 0 {
		t.Errorf("worked %v", work)
	}
	if len(d.told) != 1 || d.told[0] != "alice from 198.51.100.1: too many wrong passwords" {
		t.Errorf("told %q", d.told)
	}
}

// TestGuessersInParallel is L1's and L6's check with many connections.
func TestGuessersInParallel(t *testing.T) {
	d := newDesk(t)
	var wrong, throttled atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 10 {
				switch _, err := d.Authenticate(t.Context(), "alice", "wrong", home); err {
				case ErrWrong:
					wrong.Add(1)
				case ErrThrottled:
					throttled.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	start := time.Now()
	all.Wait()
	back := int64(time.Since(start)/(2*time.Second)) + 1 // tokens that came back meanwhile
	if wrong.Load() < 30 || wrong.Load() > 30+back || wrong.Load()+throttled.Load() != 200 {
		t.Errorf("%d of 200 were looked at, %d throttled", wrong.Load(), throttled.Load())
	}
	if work := d.hasher.spent(); int64(len(work)) != wrong.Load() {
		t.Errorf("%d hashes for %d", len(work), wrong.Load())
	}
}

// TestStoreAway is E8: never 530, no score, heals alone.
func TestStoreAway(t *testing.T) {
	d := newDesk(t)
	d.store.err = errAway
	for range 200 {
		if _, err := d.Authenticate(t.Context(), "alice", "wrong", home); !errors.Is(err, errAway) || errors.Is(err, ErrWrong) {
			t.Fatal(err)
		}
		if _, err := d.ByName(t.Context(), "alice"); !errors.Is(err, errAway) {
			t.Fatal(err)
		}
	}
	if len(d.told) != 0 {
		t.Errorf("told %q", d.told)
	}
	d.store.err = nil
	if _, err := d.Authenticate(t.Context(), "alice", "secret", home); err != nil {
		t.Error("after it came back:", err)
	}
}

func TestAStoreThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.store.hang = make(chan struct{})
		for name, login := range map[string]func() error{
			"Authenticate": func() error { _, err := d.Authenticate(t.Context(), "alice", "secret", home); return err },
			"ByName":       func() error { _, err := d.ByName(t.Context(), "alice"); return err },
		} {
			start := time.Now()
			err := login()
			if took := time.Since(start); took != 5*time.Second || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		}
		close(d.store.hang)
		if _, err := d.Authenticate(t.Context(), "alice", "secret", home); err != nil {
			t.Error("after it came back:", err)
		}
	})
}

func TestAClientThatIsGoneScoresNothing(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Authenticate(ctx, "alice", "wrong", home); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left := guesses(200, func(int) bool { return guess(t, d.Throttle, home, "alice") }); left != 30 {
		t.Errorf("%d tries are left of 30", left)
	}
}

func TestByNameAndByCertificate(t *testing.T) {
	d := newDesk(t)
	cn := func(name string) *x509.Certificate { return &x509.Certificate{Subject: pkix.Name{CommonName: name}} }
	for _, tt := range []struct {
		why  string
		look func() (Account, error)
		want string // "" is ErrWrong
	}{
		{"a name", func() (Account, error) { return d.ByName(t.Context(), "alice") }, "alice"},
		{"a name without a password", func() (Account, error) { return d.ByName(t.Context(), "keyless") }, "keyless"},
		{"an unknown name", func() (Account, error) { return d.ByName(t.Context(), "nobody") }, ""},
		{"a disabled account", func() (Account, error) { return d.ByName(t.Context(), "disabled") }, ""},
		{"an expired account", func() (Account, error) { return d.ByName(t.Context(), "expired") }, ""},
		{"a certificate", func() (Account, error) { return d.ByCertificate(t.Context(), cn("cert")) }, "cert"},
		{"a certificate of nobody", func() (Account, error) { return d.ByCertificate(t.Context(), cn("x")) }, ""},
		{"no certificate", func() (Account, error) { return d.ByCertificate(t.Context(), nil) }, ""},
		{"a certificate of two", func() (Account, error) { return d.ByCertificate(t.Context(), cn("both")) }, ""},
		{"a certificate of a disabled account", func() (Account, error) { return d.ByCertificate(t.Context(), cn("off")) }, ""},
	} {
		got, err := tt.look()
		if (err == nil) != (tt.want != "") || err != nil && err != ErrWrong || got.Name != tt.want {
			t.Errorf("%s: got %s (%v), want %q", tt.why, got, err, tt.want)
		}
	}
}

func TestSetPassword(t *testing.T) {
	d := newDesk(t)
	for _, step := range []struct {
		why, name, old, password string
		want                     error
	}{
		{"the old password has to be right", "alice", "wrong", "new", ErrWrong},
		{"a password has to be one", "alice", "secret", "", ErrPassword},
		{"a disabled account stays as it is", "disabled", "secret", "new", ErrWrong},
		{"the password changes", "alice", "secret", "new", nil},
		{"the old one is gone", "alice", "secret", "newer", ErrWrong},
		{"the new one counts", "alice", "new", "secret", nil},
	} {
		if err := d.SetPassword(t.Context(), step.name, step.old, step.password, home); !errors.Is(err, step.want) {
			t.Errorf("%s: %v", step.why, err)
		}
	}
	if a, err := d.ByName(t.Context(), "alice"); err != nil || a.Home != "/srv/alice" {
		t.Errorf("the rest changed, too: %+v (%v)", a.Home, err)
	}
}

func TestSetPasswordLosesAgainstTheOperator(t *testing.T) {
	for why, meanwhile := range map[string]func(t *testing.T, d *desk) error{
		"another password": func(t *testing.T, d *desk) error {
			return d.store.Update(t.Context(), "alice", func(a *Account) error { a.PasswordHash = ""; return nil })
		},
		"removed": func(t *testing.T, d *desk) error { return d.store.Remove(t.Context(), "alice") },
	} {
		d := newDesk(t)
		derive, n := d.hasher.derive, 0
		d.hasher.derive = func(password string, salt []byte, p Parameters, length int) []byte {
			if n++; n == 2 { // the new password's hash
				if err := meanwhile(t, d); err != nil {
					t.Error(err)
				}
			}
			return derive(password, salt, p, length)
		}
		if err := d.SetPassword(t.Context(), "alice", "secret", "new", home); err != ErrWrong {
			t.Errorf("%s: %v", why, err)
		}
	}
}
