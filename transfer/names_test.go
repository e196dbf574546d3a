package transfer

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why     string
		goos    string
		name    string
		refused bool
	}{
		{"a plain name", "linux", "a.csv", false},
		{"all that Unix allows", "linux", "a:b\\c*?\"<>| .", false},
		{"nothing", "linux", "", true},
		{"the folder itself", "linux", ".", true},
		{"the one above", "linux", "..", true},
		{"a path", "linux", "a/b", true},
		{"NUL", "linux", "a\x00b", true},
		{"as long as can be", "linux", strings.Repeat("x", 255), false},
		{"too long", "linux", strings.Repeat("x", 256), true},
		{"a file of ours", "linux", ".a.sealift-part", true},
		{"a path of Windows", "windows", `a\b`, true},
		{"a drive, or a stream", "windows", "c:x", true},
		{"a control character", "windows", "a\tb", true},
		{"a dot at the end", "windows", "a.", true},
		{"a blank at the end", "windows", "a ", true},
		{"a device", "windows", "nul", true},
		{"a device with an extension", "windows", "COM1.txt", true},
		{"no device", "windows", "COM10", false},
		{"bytes that are no text", "windows", "a\xff", true},
		{"a plain name on Windows", "windows", "a.csv", false},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			err := checkNameFor(test.goos, test.name)
			if (err != nil) != test.refused || err != nil && !errors.Is(err, ErrName) {
				t.Errorf("%q: %v", test.name, err)
			}
		})
	}
}

func TestPartName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 127)
	for _, name := range []string{"a", ".a", strings.Repeat("x", 255), long} {
		part := partName(name)
		if len(part) > maxName || !isOurs(part) || !strings.HasPrefix(part, ".") || strings.ToValidUTF8(part, "") != part {
			t.Errorf("%q becomes %q", name, part)
		}
	}
	if partName(long+"1") == partName(long+"2") {
		t.Error("two long names have one hidden file")
	}
}

func TestTwins(t *testing.T) {
	t.Parallel()
	names := []string{"A", "a", "b"}
	if found := twins("darwin", names); len(found) != 1 || found["a"] != "A" {
		t.Error(found)
	}
	if found := twins("linux", names); len(found) != 0 {
		t.Error(found)
	}
}

func TestRemotePart(t *testing.T) {
	t.Parallel()
	if got := remotePart("/in/a"); got != "/in/.a.sealift-part" {
		t.Error(got)
	}
}

func TestLiteral(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"a", `a*b?c[d]\e`, "", `\`, "/x/"} {
		if got, ok := literal(Exactly(path)); !ok || got != path {
			t.Errorf("%q becomes %q, %v", path, got, ok)
		}
	}
	if _, ok := literal(`a\*b*`); ok {
		t.Error("a pattern is taken for a name")
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	in := func(p string) Rule { return Rule{true, p} }
	out := func(p string) Rule { return Rule{false, p} }
	for _, test := range []struct {
		why      string
		filter   Filter
		path     string
		dir      bool
		excluded bool
	}{
		{"no rule", nil, "a/b", false, false},
		{"a name at any depth", Filter{out("*.tmp")}, "a/b/c.tmp", false, true},
		{"a name in part only", Filter{out("*.tmp")}, "a/c.tmpx", false, false},
		{"from the top", Filter{out("/a")}, "a", false, true},
		{"from the top only", Filter{out("/a")}, "b/a", false, false},
		{"a slash inside begins at the top too", Filter{out("a/b")}, "x/a/b", false, false},
		{"folders only", Filter{out("a/")}, "a", false, false},
		{"a folder", Filter{out("a/")}, "x/a", true, true},
		{"any number of folders", Filter{out("a/**/z")}, "a/b/c/z", false, true},
		{"none of them", Filter{out("a/**/z")}, "a/z", false, true},
		{"** at the beginning", Filter{out("**/x/y")}, "a/b/x/y", false, true},
		{"** at the end", Filter{out("a/**")}, "a/b/c", false, true},
		{"* stays in its folder", Filter{out("a/*/z")}, "a/b/c/z", false, false},
		{"the first decides", Filter{in("keep.tmp"), out("*.tmp")}, "keep.tmp", false, false},
		{"and not the last", Filter{out("*.tmp"), in("keep.tmp")}, "keep.tmp", false, true},
		{"includes alone exclude other files", Filter{in("*.pdf")}, "a.txt", false, true},
		{"but no folders", Filter{in("*.pdf")}, "a", true, false},
		{"a set", Filter{out("[ab].txt")}, "b.txt", false, true},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			if got := test.filter.excludes(test.path, test.dir); got != test.excluded {
				t.Errorf("%v excludes %q: %v", test.filter, test.path, got)
			}
		})
	}
	if (Filter{out("//")}).Check() == nil {
		t.Error("a pattern of nothing is taken")
	}
}
