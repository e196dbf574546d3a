package acme

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

func TestRenewalTime(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const life = 90 * 24 * time.Hour
	end := start.Add(life)
	earliest, latest := end.Add(-life/3-life/20), end.Add(-life/3)
	moments := map[time.Time]bool{}
	for i := range 20 {
		leaf := &x509.Certificate{Raw: []byte{byte(i)}, NotBefore: start, NotAfter: end}
		at := renewal(leaf, time.Time{})
		if at.Before(earliest) || at.After(latest) {
			t.Errorf("renewal at %v, not from %v to %v", at, earliest, latest)
		}
		if again := renewal(leaf, time.Time{}); !again.Equal(at) {
			t.Errorf("the moment changes: %v, %v", at, again)
		}
		moments[at] = true
	}
	if len(moments) < 19 {
		t.Errorf("%d certificates have %d moments", 20, len(moments))
	}
	leaf := &x509.Certificate{NotBefore: start, NotAfter: end}
	for _, test := range []struct {
		why           string
		advised, want time.Time
	}{
		{"the CA wants it early", start.Add(time.Hour), start.Add(time.Hour)},
		{"the CA wants it later than we would", latest.Add(time.Hour), latest.Add(time.Hour)},
		{"but not too late", end.Add(-time.Hour), end.Add(-life / 10)},
	} {
		if got := renewal(leaf, test.advised); !got.Equal(test.want) {
			t.Errorf("%s: %v, want %v", test.why, got, test.want)
		}
	}
}

func TestPause(t *testing.T) {
	limited := &Error{Err: acme.Problem{Type: acme.ProblemTypeRateLimited}}
	other := &Error{Err: errors.New("other")}
	for _, test := range []struct {
		why      string
		failures int
		err      *Error
		want     time.Duration
	}{
		{"the first", 1, other, firstPause},
		{"twice as long", 2, other, 2 * firstPause},
		{"and again", 4, other, 8 * firstPause},
		{"not without end", 20, other, longestPause},
		{"not even so", 1 << 40, other, longestPause},
		{"the CA wants fewer requests", 1, limited, limitedPause},
		{"and gets still fewer", 10, limited, longestPause},
	} {
		if got := pause(test.failures, test.err); got < test.want*9/10 || got > test.want*11/10 {
			t.Errorf("%s: %v, want about %v", test.why, got, test.want)
		}
	}
}

// What strangers say comes in one line, without what a terminal obeys.
func TestWordsOfTheCA(t *testing.T) {
	e := explain(acme.Problem{
		Type: acme.ProblemTypeNamespace + "rejectedIdentifier", Detail: "a\x1b[2J\nb",
		Subproblems: []acme.Subproblem{{Problem: acme.Problem{Detail: "not this one"}, Identifier: acme.Identifier{Value: "x.test"}}},
	}, HTTP01)
	if want := "the CA says: a [2J b; x.test: not this one (rejectedIdentifier)"; e.Error() != want {
		t.Errorf("%q, want %q", e.Error(), want)
	}
}
