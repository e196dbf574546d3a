package ftp

import (
	"path"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		why, pattern, name string
		want               bool
	}{
		{"a name is itself", "a.txt", "a.txt", true},
		{"the whole name counts", "a", "ab", false},
		{"case counts", "A", "a", false},
		{"nothing fits nothing", "", "", true},
		{"nothing fits only nothing", "", "a", false},
		{"* may be empty", "*", "", true},
		{"* takes all, dots too", "*", ".x.y", true},
		{"* in the middle", "a*c", "abbc", true},
		{"* must leave the rest", "a*c", "abb", false},
		{"the first fit is not always the right one", "*ab", "aabab", true},
		{"two stars", "*a*b", "xaxab", true},
		{"a row of stars is one", "a***", "a", true},
		{"? takes one", "a?c", "abc", true},
		{"? does not take none", "a?", "a", false},
		{"? takes a whole UTF-8 character", "?", "é", true},
		{"and never half of one", "??", "é", false},
		{"not even behind *", "*??", "日", false},
		{"? takes a byte that belongs to no character", "caf?", "caf\xe9", true},
		{"each such byte alone", "??", "\xe9\xe9", true},
		{"the rest of a cut character is such bytes", "??", "\xe6\x97", true},
		{"a set", "[abc]", "b", true},
		{"not of the set", "[abc]", "d", false},
		{"a range", "f[0-9].txt", "f7.txt", true},
		{"a set is one byte", "[ab]", "ab", false},
		{"a set is not empty", "[ab]", "", false},
		{"all but the set", "[!ab]", "c", true},
		{"all but the set, refused", "[!ab]", "a", false},
		{"^ is !", "[^ab]", "a", false},
		{"! elsewhere is itself", "[a!]", "!", true},
		{"] first is itself", "[]a]", "]", true},
		{"] first after !", "[!]a]", "]", false},
		{"- last is itself", "[a-]", "-", true},
		{"- first is itself", "[-a]", "-", true},
		{"a range of one", "[a-a]", "a", true},
		{"a range backwards is empty", "[z-a]", "m", false},
		{"the ends of a range backwards are not of it", "[z-a]", "z", false},
		{"an escaped ] in a set", `[\]a]`, "]", true},
		{"an escaped - is no range", `[a\-c]`, "b", false},
		{"an escaped end of a range", `[a-\z]`, "m", true},
		{"a set of bytes takes one of a character", "[!a]*", "é", true},
		{"a set sees bytes", "[!a]", "é", false},
		{"raw bytes in a set", "[\xe8-\xea]", "\xe9", true},
		{"no end: itself", "[ab", "[ab", true},
		{"no end: not a set", "[ab", "a", false},
		{"an empty set has no end", "[]", "[]", true},
		{"nor has an empty negation", "[!]", "[!]", true},
		{"an escaped end is no end", `[a\]`, "[a]", true},
		{"no end, but * works behind it", "[a*", "[axx", true},
		{"[ in a set", "[[]x", "[x", true},
		{"a set behind one without end is none either", "[]x[", "[]x[", true},
		{"\\ takes the meaning away", `\*`, "*", true},
		{"and the other meanings", `\*`, "a", false},
		{"a set before one without end is tried again", "*[ab][", "a[b[", true},
		{"\\\\ is \\", `\\`, `\`, true},
		{"\\ before a letter is the letter", `\a`, "a", true},
		{"\\ at the end is itself", `a\`, `a\`, true},
		{"* before a set", "*[0-9]", "ab7", true},
		{"/ is a byte like others", "*", "a/b", true},
	} {
		if got := Match(c.pattern, c.name); got != c.want {
			t.Errorf("%s: Match(%q, %q) = %v", c.why, c.pattern, c.name, got)
		}
	}
}

func TestHasMeta(t *testing.T) {
	for _, c := range []struct {
		why, s string
		want   bool
	}{
		{"a name", "a.txt", false},
		{"nothing", "", false},
		{"any bytes", "*.txt", true},
		{"one character", "a?", true},
		{"a set", "[ab]", true},
		{"a set without end, to be sure", "a[", true},
		{"an escape alone makes no pattern", `a\b`, false},
		{"] alone makes no pattern", "a]", false},
	} {
		if got := HasMeta(c.s); got != c.want {
			t.Errorf("%s: HasMeta(%q) = %v", c.why, c.s, got)
		}
	}
}

// The time for len(pattern) × len(name) is compared with that of plain bytes
// in the same build. What is not bounded takes hundreds of times as long, or
// never ends.
func TestMatchIsBounded(t *testing.T) {
	plain := timePerProduct(t, "*"+strings.Repeat("a", 2000)+"b", strings.Repeat("a", 4000))
	for _, c := range []struct{ why, pattern, name string }{
		{"stars", strings.Repeat("a*", 500) + "b", strings.Repeat("a", 4000)},
		{"stars and characters", strings.Repeat("*?", 500) + "b", strings.Repeat("é", 2000)},
		{"sets without end", "*" + strings.Repeat("[", 8000) + "b", strings.Repeat("[", 10000)},
		{"long sets", strings.Repeat("*["+strings.Repeat("b", 100)+"]", 20), strings.Repeat("a", 4000)},
		{"escaped ends", "*" + strings.Repeat(`[\]`, 700), strings.Repeat("[]", 2000) + "x"},
	} {
		if took := timePerProduct(t, c.pattern, c.name); took > 100*plain {
			t.Errorf("%s: %.1f times as long as plain bytes", c.why, took/plain)
		}
	}
}

// timePerProduct matches what must not fit.
func timePerProduct(t *testing.T, pattern, name string) float64 {
	t.Helper()
	start := time.Now()
	if Match(pattern, name) {
		t.Errorf("%.9q… fits %.9q…", pattern, name)
	}
	return float64(time.Since(start)) / float64(len(pattern)*len(name))
}

// slowMatch says the same as Match in the plainest words.
func slowMatch(pattern, name string, at int) bool {
	if pattern == "" {
		return at == len(name)
	}
	if pattern[0] == '*' {
		return slowMatch(pattern[1:], name, at) || at < len(name) && slowMatch(pattern, name, at+1)
	}
	m := matcher{pattern: pattern, name: name, unclosed: len(pattern)}
	dp, dn := m.step(0, at)
	return dp > 0 && slowMatch(pattern[dp:], name, at+dn)
}

func FuzzMatch(f *testing.F) {
	for _, c := range [][2]string{
		{"*.txt", "a.txt"}, {"*??", "日"}, {"[]a-z]*", "]x"}, {"[!a]?", "b\xe9"}, {`\*[\]]`, "*]"}, {"*[[*[", "[[x["}, {"a*b*c", "abxbc"},
	} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if strings.Count(pattern, "*") > 4 || len(name) > 40 {
			return
		}
		got := Match(pattern, name)
		if want := slowMatch(pattern, name, 0); got != want {
			t.Errorf("Match(%q, %q) = %v", pattern, name, got)
		}
		if !HasMeta(name) && !strings.Contains(name, `\`) && !Match(name, name) {
			t.Errorf("%q does not fit itself", name)
		}
		agreeWithPath(t, pattern, name, got)
	})
}

// agreeWithPath compares with path.Match where both mean the same: ASCII, no
// sets, no slash.
func agreeWithPath(t *testing.T, pattern, name string, got bool) {
	t.Helper()
	both := pattern + name
	if strings.ContainsAny(both, "[/") || strings.IndexFunc(both, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
		return
	}
	if want, err := path.Match(pattern, name); err == nil && got != want {
		t.Errorf("Match(%q, %q) = %v, unlike path.Match", pattern, name, got)
	}
}

func TestMatchAllocations(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { matchSink = Match("*[0-9]?.t*t", "report-7x.text") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var matchSink bool

func BenchmarkMatch(b *testing.B) {
	for _, c := range []struct{ name, pattern, file string }{
		{"suffix", "*.pdf", "quarterly-report-2026-11.pdf"},
		{"set", "*-[0-9][0-9].p?f", "quarterly-report-2026-11.pdf"},
		{"worst", strings.Repeat("a*", 20) + "b", strings.Repeat("a", 255)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				matchSink = Match(c.pattern, c.file)
			}
		})
	}
}
