package account

import (
	"errors"
	"strings"
	"testing"
)

func TestParsePermissions(t *testing.T) {
	for _, tt := range []struct {
		why, text string
		want      Permissions
		printed   string
	}{
		{"one", "list", List, "list"},
		{"some, in another order", "write,list", List | Write, "list,write"},
		{"spaces, case, and twice the same", " List, READ  read", ReadOnly, "read-only"},
		{"everything", "all", All, "all"},
		{"everything, one by one", "list read write append overwrite delete rename mkdir rmdir attributes", All, "all"},
		{"a mailbox", "upload-only", Write | Mkdir, "upload-only"},
		{"a bundle and more", "read-only,delete", List | Read | Delete, "list,read,delete"},
		{"nothing, said aloud", "none", 0, "none"},
	} {
		got, err := ParsePermissions(tt.text)
		if err != nil || got != tt.want || got.String() != tt.printed {
			t.Errorf("%s: %s is %v (%v), want %s", tt.why, tt.text, got, err, tt.printed)
		}
	}
}

func TestUnknownPermissions(t *testing.T) {
	for _, tt := range []struct{ why, text, want string }{
		{"a slip", "read,wirte", `unknown permission "wirte"; did you mean "write"?`},
		{"a letter too many", "lists", `did you mean "list"?`},
		{"an underscore", "READ_ONLY", `unknown permission "READ_ONLY"; did you mean "read-only"?`},
		{"another word", "execute", "valid: list, read, write, append, overwrite, delete, rename, mkdir, rmdir, attributes, all, read-only, upload-only, none"},
		{"nothing", "", "no permission is named; valid: list"},
		{"only separators", " , ", "no permission is named"},
		{"much", strings.Repeat("x", 100_000), "valid: list"},
	} {
		_, err := ParsePermissions(tt.text)
		var wrong *WordError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 300 {
			t.Errorf("%s: got %v, want %s", tt.why, err, tt.want)
		}
	}
}

func TestHas(t *testing.T) {
	if !All.Has(ReadOnly) || ReadOnly.Has(List|Write) || !Permissions(0).Has(0) {
		t.Error("Has is not: all of them")
	}
}

func FuzzParsePermissions(f *testing.F) {
	for _, seed := range []string{"all", "list,read", "none", " Read  write", "read_only", ""} {
		f.Add(seed, uint16(len(seed)))
	}
	f.Fuzz(func(t *testing.T, text string, bits uint16) {
		if p, err := ParsePermissions(text); err == nil {
			again, err := ParsePermissions(p.String())
			if err != nil || again != p {
				t.Errorf("%q is %s is %s (%v)", text, p, again, err)
			}
		}
		p := Permissions(bits) & All
		if again, err := ParsePermissions(p.String()); err != nil || again != p {
			t.Errorf("%#x is %s is %#x (%v)", uint16(p), p, uint16(again), err)
		}
	})
}

func TestParseMount(t *testing.T) {
	for _, tt := range []struct {
		why, text string
		want      Mount
	}{
		{"the contract's", "/in=/srv/in:read-only", Mount{"/in", "/srv/in", ReadOnly}},
		{"several rights", "/in=/srv/in:list,write", Mount{"/in", "/srv/in", List | Write}},
		{"no rights named takes none away", "/in=/srv/in", Mount{"/in", "/srv/in", All}},
		{"deep", "/a/b/c=/srv/x:all", Mount{"/a/b/c", "/srv/x", All}},
		{"a colon in a directory above", "/in=/srv/a:b/c", Mount{"/in", "/srv/a:b/c", All}},
		{"a colon in the directory", "/in=/srv/a:b:all", Mount{"/in", "/srv/a:b", All}},
		{"an equals sign in the directory", "/in=/srv/a=b:all", Mount{"/in", "/srv/a=b", All}},
		{"a colon in the path", "/a:b=/srv/a", Mount{"/a:b", "/srv/a", All}},
		{"the whole host", "/host=/:read-only", Mount{"/host", "/", ReadOnly}},
	} {
		got, err := ParseMount(tt.text)
		if err != nil || got != tt.want {
			t.Errorf("%s: %s is %v (%v)", tt.why, tt.text, got, err)
		}
	}
}

func TestMountsThatAreNone(t *testing.T) {
	for _, tt := range []struct{ why, text, want string }{
		{"no directory", "/in", "form"},
		{"an empty directory", "/in=", "missing"},
		{"an empty directory with rights", "/in=:all", "missing"},
		{"an empty path", "=/srv/in", "not below /"},
		{"a relative path", "in=/srv/in", "not below /"},
		{"the root", "/=/srv/in", "not below /"},
		{"a path that leads up", "/../in=/srv/in", `written "/in"`},
		{"a slash at the end", "/in/=/srv/in", `written "/in"`},
		{"a relative directory", "/in=srv/in", "not an absolute path"},
		{"a directory that leads up", "/in=/srv/../in", `written "/in"`},
		{"a right that does not exist", "/in=/srv/in:readonly", `did you mean "read-only"?`},
		{"a colon and no right", "/in=/srv/in:", "no permission is named"},
		{"a control character in the path", "/i\nn=/srv/in", "control"},
		{"NUL in the directory", "/in=/srv/\x00in", "control"},
	} {
		_, err := ParseMount(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.why, err, tt.want)
		}
	}
}

func FuzzParseMount(f *testing.F) {
	for _, seed := range []string{"/in=/srv/in:read-only", "/a:b=/srv/x=y:none", "/in=/a:b/c", "=", "/=/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseMount(text)
		if err != nil {
			return
		}
		again, err := ParseMount(m.String())
		if err != nil || again != m {
			t.Errorf("%q is %q is %q (%v)", text, m, again, err)
		}
	})
}
