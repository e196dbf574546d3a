package ftp

import "testing"

func TestPaths(t *testing.T) {
	for _, c := range []struct{ why, path, dir, name, joined string }{
		{"a bare name", "a", "", "a", "a"},
		{"in a folder", "a/b", "a", "b", "a/b"},
		{"in the root", "/a", "/", "a", "/a"},
		{"far below it", "/a/b/c", "/a/b", "c", "/a/b/c"},
		{"a slash at the end does not count", "/a/b/", "/a", "b", "/a/b"},
		{"nor do several", "/a/b//", "/a", "b", "/a/b"},
		{"the root", "/", "/", "", "/"},
		{"the root, twice", "//", "/", "", "/"},
		{"the current folder", "", "", "", ""},
		{"blanks are part of names", " a / b ", " a ", " b ", " a / b "},
	} {
		dir, name := SplitPath(c.path)
		if dir != c.dir || name != c.name || JoinPath(dir, name) != c.joined {
			t.Errorf("%s: %q is %q and %q, and joined %q", c.why, c.path, dir, name, JoinPath(dir, name))
		}
	}
}
