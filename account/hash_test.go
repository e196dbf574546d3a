package account

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// cheap makes hashes that cost next to nothing.
var cheap = Parameters{Memory: 64, Time: 1, Threads: 1}

// aHash is of "secret".
const aHash = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$pbviq+1UUgwZCmLIr4Hgk7mEMsxnRLuOb2HfvIaBwGY"

// counted is a Hasher that adds up what each hash would have cost.
type counted struct {
	*Hasher
	mu   sync.Mutex
	work []Parameters
}

func newCounted(p Parameters) *counted {
	c := &counted{Hasher: NewHasher(p)}
	c.derive = func(password string, salt []byte, p Parameters, length int) []byte {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.work = append(c.work, p)
		return argon2id(password, salt, cheap, length)
	}
	return c
}

// spent is the work since the last time.
func (c *counted) spent() []Parameters {
	c.mu.Lock()
	defer c.mu.Unlock()
	work := c.work
	c.work = nil
	return work
}

func hashOf(t testing.TB, h *Hasher, password string) string {
	t.Helper()
	hash, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestVerify(t *testing.T) {
	h := NewHasher(cheap)
	own := hashOf(t, h, "geheim ü")
	for _, tt := range []struct {
		why, stored, password string
		want                  bool
	}{
		{"the right password", own, "geheim ü", true},
		{"another one", own, "geheim u", false},
		{"a longer one", own, "geheim ü ", false},
		{"none", own, "", false},
		{"the hash itself", own, own, false},
		{"a hash from elsewhere", aHash, "secret", true},
		{"a hash from elsewhere, wrong password", aHash, "Secret", false},
		{"one of the reference implementation's tests", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password", true},
		{"another, with two lanes", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc", "password", true},
		{"no hash and no password (L9)", "", "", false},
		{"no hash (L9)", "", "secret", false},
		{"a password that was stored as it is", "secret", "secret", false},
		{"a hash without a key", "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$", "", false},
		{"a hash of another kind", strings.Replace(aHash, "argon2id", "argon2i", 1), "secret", false},
	} {
		got, err := h.Verify(t.Context(), tt.stored, tt.password)
		if err != nil || got != tt.want {
			t.Errorf("%s: %t (%v)", tt.why, got, err)
		}
	}
}

func TestHash(t *testing.T) {
	h := NewHasher(cheap)
	one, two := hashOf(t, h, "secret"), hashOf(t, h, "secret")
	if one == two {
		t.Error("two hashes of one password are alike")
	}
	if !strings.HasPrefix(one, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Error("the parameters are not in it:", one)
	}
	for _, tt := range []struct{ why, password string }{
		{"none", ""},
		{"a line end cannot be sent", "a\nb"},
		{"nor CR", "a\rb"},
		{"nor NUL", "a\x00b"},
		{"too long", strings.Repeat("a", 1025)},
	} {
		if _, err := h.Hash(t.Context(), tt.password); !errors.Is(err, ErrPassword) {
			t.Errorf("%s: %v", tt.why, err)
		}
	}
}

func TestTheDefaultCostIsWhatIsDocumented(t *testing.T) {
	hash := hashOf(t, NewHasher(DefaultParameters), "secret")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error(hash)
	}
}

func TestEqualWorkWhateverIsStored(t *testing.T) {
	h := newCounted(DefaultParameters)
	own := hashOf(t, h.Hasher, "secret")
	h.spent()
	for _, tt := range []struct{ why, stored, password string }{
		{"right", own, "secret"},
		{"wrong", own, "wrong"},
		{"no hash", "", "secret"},
		{"no hash that is understood", "x", "secret"},
		{"a hash that would cost gigabytes", strings.Replace(aHash, "m=64", "m=4194304", 1), "secret"},
	} {
		if _, err := h.Verify(t.Context(), tt.stored, tt.password); err != nil {
			t.Error(err)
		}
		if work := h.spent(); len(work) != 1 || work[0] != DefaultParameters {
			t.Errorf("%s: worked %v", tt.why, work)
		}
	}
	imported := strings.Replace(aHash, "m=64,t=1", "m=65536,t=3", 1)
	if _, err := h.Verify(t.Context(), imported, "secret"); err != nil {
		t.Error(err)
	}
	if work := h.spent(); len(work) != 1 || work[0] != (Parameters{65536, 3, 1}) {
		t.Errorf("a stored hash is checked with its own parameters, not %v", work)
	}
}

func TestParseHash(t *testing.T) {
	const salt, key = "MDEyMzQ1Njc4OWFiY2RlZg", "pbviq+1UUgwZCmLIr4Hgk7mEMsxnRLuOb2HfvIaBwGY"
	for _, tt := range []struct {
		why, text string
		ok        bool
	}{
		{"one of ours", aHash, true},
		{"the most memory", "$argon2id$v=19$m=262144,t=4,p=4$" + salt + "$" + key, true},
		{"more memory", "$argon2id$v=19$m=262145,t=1,p=1$" + salt + "$" + key, false},
		{"more work", "$argon2id$v=19$m=262144,t=5,p=1$" + salt + "$" + key, false},
		{"endless work", "$argon2id$v=19$m=64,t=4294967295,p=1$" + salt + "$" + key, false},
		{"work that overflows", "$argon2id$v=19$m=65536,t=65537,p=1$" + salt + "$" + key, false},
		{"many threads", "$argon2id$v=19$m=4096,t=1,p=255$" + salt + "$" + key, false},
		{"no threads", "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + key, false},
		{"no passes", "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + key, false},
		{"too little memory for the threads", "$argon2id$v=19$m=31,t=1,p=4$" + salt + "$" + key, false},
		{"a number too large for its type", "$argon2id$v=19$m=4294967360,t=1,p=1$" + salt + "$" + key, false},
		{"a number with a zero in front", "$argon2id$v=19$m=064,t=1,p=1$" + salt + "$" + key, false},
		{"a number with a sign", "$argon2id$v=19$m=+64,t=1,p=1$" + salt + "$" + key, false},
		{"another order", "$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + key, false},
		{"an unknown parameter", "$argon2id$v=19$m=64,t=1,p=1,x=1$" + salt + "$" + key, false},
		{"an old version", "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + key, false},
		{"no version", "$argon2id$m=64,t=1,p=1$" + salt + "$" + key, false},
		{"a short salt", "$argon2id$v=19$m=64,t=1,p=1$MDEyMw$" + key, false},
		{"a short key, which matches by chance", "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$MDEyMw", false},
		{"base64 with padding", aHash + "=", false},
		{"base64 with bits to spare", aHash[:len(aHash)-1] + "x", false},
		{"a line end", aHash + "\n", false},
		{"something in front", "x" + aHash, false},
		{"much", aHash + strings.Repeat("A", 1000), false},
	} {
		h, err := parseHash(tt.text)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrHash) {
			t.Errorf("%s: %v", tt.why, err)
		}
		if err == nil && h.String() != tt.text {
			t.Errorf("%s: %s became %s", tt.why, tt.text, h)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(aHash)
	f.Add("$argon2id$v=19$m=262144,t=4,p=4$c2FsdHNhbHQ$MDEyMzQ1Njc4OTAxMjM0NQ")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHash(text)
		if err != nil {
			return
		}
		if h.String() != text {
			t.Errorf("%q became %q", text, h)
		}
		if h.validate() != nil || len(h.key) < minKey || len(h.salt) < minSalt {
			t.Errorf("%q is outside of the limits", text)
		}
	})
}

// TestHashesAtATime starts many checks, none of which ends, and finds
// GOMAXPROCS of them at work and the others waiting.
func TestHashesAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(cheap)
		var mu sync.Mutex
		running := 0
		finish := make(chan struct{})
		h.derive = func(string, []byte, Parameters, int) []byte {
			mu.Lock()
			running++
			mu.Unlock()
			<-finish
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		const checks = 100
		errs := make(chan error, checks)
		for range checks {
			go func() { _, err := h.Verify(ctx, aHash, "secret"); errs <- err }()
		}
		synctest.Wait()
		atWork := runtime.GOMAXPROCS(0)
		if running != atWork {
			t.Errorf("%d are at work", running)
		}
		cancel()
		synctest.Wait()
		if len(errs) != checks-atWork {
			t.Errorf("%d of those that wait heed their context", len(errs))
		}
		close(finish)
		synctest.Wait()
		finished := 0
		for range checks {
			if err := <-errs; err == nil {
				finished++
			} else if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		if finished != atWork {
			t.Errorf("%d of those at work are finished", finished)
		}
	})
}

func TestNewHasherPanicsAboveTheLimits(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	NewHasher(Parameters{Memory: 1 << 30, Time: 1, Threads: 1})
}

func TestGeneratePassword(t *testing.T) {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	seen := map[string]bool{}
	used := map[rune]bool{}
	for range 200 {
		p := GeneratePassword()
		groups := strings.Split(p, "-")
		if len(groups) != 5 || seen[p] {
			t.Fatalf("%q", p)
		}
		seen[p] = true
		for _, g := range groups {
			if len(g) != 5 || strings.Trim(g, alphabet) != "" {
				t.Errorf("%q has the group %q", p, g)
			}
			for _, r := range g {
				used[r] = true
			}
		}
	}
	// 25 characters of 5 bits each
	if len(used) != len(alphabet) {
		t.Errorf("only %d characters occur", len(used))
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, p := range []Parameters{DefaultParameters, {Memory: 64 * 1024, Time: 3, Threads: 1}} {
		b.Run(fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Time, p.Threads), func(b *testing.B) {
			h := NewHasher(p)
			hash := hashOf(b, h, "secret")
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := h.Verify(b.Context(), hash, "secret"); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
