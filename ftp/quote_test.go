package ftp

import (
	"errors"
	"testing"
)

func TestQuote(t *testing.T) {
	for _, c := range []struct{ why, path, want string }{
		{"the root", "/", `"/"`},
		{"the example of 959 App. II", `/usr/dm/foo"bar`, `"/usr/dm/foo""bar"`},
		{"quotes at both ends", `"a"`, `"""a"""`},
		{"nothing", "", `""`},
	} {
		if got := Quote(c.path); got != c.want {
			t.Errorf("%s: Quote(%q) = %s, want %s", c.why, c.path, got, c.want)
		}
	}
}

func TestUnquote(t *testing.T) {
	for _, c := range []struct {
		why, text, want string
		err             error
	}{
		{"the path alone", `"/pub"`, "/pub", nil},
		{"a comment behind it", `"/usr/dm" directory created`, "/usr/dm", nil},
		{"the example of 959 App. II", `"/usr/dm/foo""bar" directory created`, `/usr/dm/foo"bar`, nil},
		{"a comment before it", `Current directory is "/"`, "/", nil},
		{"quotes in the comment behind", `"/a" is "current"`, "/a", nil},
		{"quotes at both ends", `"""a"""`, `"a"`, nil},
		{"a quote alone", `""""`, `"`, nil},
		{"nothing in quotes", `""`, "", nil},
		{"not closed", `"/a`, "", ErrQuote},
		{"the last quote is doubled", `"/a""`, "", ErrQuote},
		{"no quotes", "/a is current", "", ErrQuote},
		{"nothing", "", "", ErrQuote},
	} {
		got, err := Unquote(c.text)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: Unquote(%q) = %q, %v; want %q, %v", c.why, c.text, got, err, c.want, c.err)
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, path := range []string{"/", `/a"b`, `"`, "", `""x"`} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if got, err := Unquote(Quote(path) + ` is "here"`); got != path || err != nil {
			t.Errorf("%q comes back as %q, %v", path, got, err)
		}
	})
}

func FuzzUnquote(f *testing.F) {
	for _, text := range []string{`"/usr/dm" created`, `is "/"`, `"""`, `"a""`, ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, err := Unquote(text)
		if err != nil {
			return
		}
		if got, err := Unquote(Quote(path)); got != path || err != nil {
			t.Errorf("%q gives %q, which comes back as %q, %v", text, path, got, err)
		}
	})
}
