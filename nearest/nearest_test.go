package nearest

import (
	"strings"
	"testing"
)

func TestWord(t *testing.T) {
	profiles := []string{"modern", "intermediate", "legacy"}
	for _, tt := range []struct {
		why   string
		s     string
		words []string
		want  string
	}{
		{"two letters swapped", "modren", profiles, "modern"},
		{"one letter too few", "intermediat", profiles, "intermediate"},
		{"case is no difference", "LEGACY", profiles, "legacy"},
		{"nothing alike", "strongest", profiles, ""},
		{"an empty word means none of them", "", profiles, ""},
		{"a short word is not replaced whole", "on", []string{"yes", "no"}, ""},
		{"the nearer one wins", "limits.session", []string{"limits.sessions_per_user", "limits.sessions"}, "limits.sessions"},
		{"the first of equals", "axc", []string{"abc", "acc"}, "abc"},
		{"characters count, not bytes", "größe", []string{"grösse"}, "grösse"},
		{"no words", "x", nil, ""},
	} {
		if got := Word(tt.s, tt.words); got != tt.want {
			t.Errorf("%s: Word(%q) = %q, want %q", tt.why, tt.s, got, tt.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		why, a, b string
		want      int
	}{
		{"equal", "abc", "abc", 0},
		{"insert", "ac", "abc", 1},
		{"delete", "abc", "ac", 1},
		{"replace", "abc", "axc", 1},
		{"all of it", "", "abc", 3},
		{"the textbook's", "kitten", "sitting", 3},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: distance(%q, %q) = %d, want %d", tt.why, tt.a, tt.b, got, tt.want)
		}
		if got := distance(tt.b, tt.a); got != tt.want {
			t.Errorf("%s: distance(%q, %q) = %d, want %d", tt.why, tt.b, tt.a, got, tt.want)
		}
	}
}

func TestCheck(t *testing.T) {
	valid := []string{"deny", "allow"}
	if err := Check("value", "deny", valid); err != nil {
		t.Errorf("a valid word: %v", err)
	}
	for _, tt := range []struct{ why, word, want string }{
		{"near: the one", "alow", `unknown value "alow"; did you mean "allow"?`},
		{"far: all", "perhaps", `unknown value "perhaps"; valid: deny, allow`},
		{"a word is quoted, whatever it holds", "\x1b[2J", `unknown value "\x1b[2J"`},
	} {
		if err := Check("value", tt.word, valid); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.why, err, tt.want)
		}
	}
}
