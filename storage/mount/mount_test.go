package mount_test

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
	"github.com/sealift/sealift/storage/mount"
	"github.com/sealift/sealift/storage/storagetest"
)

func TestContract(t *testing.T) {
	for _, dir := range []storage.Path{"/", "/in", "/a/in"} {
		t.Run("in "+string(dir), func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T, m storage.Meter) storagetest.Tree {
				f := mem.New(mem.Options{Owner: "alice", Meter: m})
				empty := mem.New(mem.Options{})
				if dir == storage.Root {
					return storagetest.Tree{FS: newFS(t, f, nil), Other: newFS(t, f.As("bob"), nil), Usage: f.Usage}
				}
				return storagetest.Tree{
					FS:    newFS(t, empty, map[storage.Path]storage.FS{dir: f}),
					Other: newFS(t, empty, map[storage.Path]storage.FS{dir: f.As("bob")}),
					Dir:   dir,
					Usage: f.Usage,
				}
			})
		})
	}
}

func newFS(t *testing.T, root storage.FS, mounts map[storage.Path]storage.FS) *mount.FS {
	t.Helper()
	f, err := mount.New(root, mounts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// trees is a root with a file and a directory that a mount hides, a mount in
// the root, one in a directory that the root lacks and one in another mount.
func trees(t *testing.T) (f *mount.FS, root, in, deep *mem.FS) {
	t.Helper()
	root, in, deep = mem.New(mem.Options{}), mem.New(mem.Options{}), mem.New(mem.Options{})
	put(t, root, "/f", "root")
	put(t, root, "/file", "hidden")
	mkdir(t, root, "/in")
	put(t, root, "/in/hidden", "root")
	put(t, in, "/f", "in")
	mkdir(t, in, "/d")
	put(t, deep, "/f", "deep")
	f = newFS(t, root, map[storage.Path]storage.FS{"/in": in, "/a/b/deep": deep, "/in/d/deep": deep, "/file/x": deep})
	return f, root, in, deep
}

func put(t *testing.T, f storage.FS, p storage.Path, data string) {
	t.Helper()
	w, err := f.Create(t.Context(), p, storage.Mode{Allow: storage.AllowAll})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, f storage.FS, p storage.Path) {
	t.Helper()
	if err := f.Mkdir(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, f storage.FS, dir storage.Path) string {
	t.Helper()
	var names []string
	for info, err := range f.List(t.Context(), dir) {
		if err != nil {
			t.Fatalf("List %s: %v", dir, err)
		}
		if info.Type == storage.Dir {
			info.Name += "/"
		}
		names = append(names, info.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestMountPointsAreShown(t *testing.T) {
	f, _, _, _ := trees(t)
	for dir, want := range map[storage.Path]string{
		"/":          "a/ f file/ in/",
		"/in":        "d/ f",
		"/in/d":      "deep/",
		"/in/d/deep": "f",
		"/a":         "b/",
		"/a/b":       "deep/",
		"/a/b/deep":  "f",
		"/file":      "x/",
	} {
		if got := list(t, f, dir); got != want {
			t.Errorf("%s lists %q, want %q", dir, got, want)
		}
		info, err := f.Stat(t.Context(), dir)
		if err != nil || info.Type != storage.Dir || info.Name != dir.Base() {
			t.Errorf("%s is %+v, %v", dir, info, err)
		}
		if _, err := f.Features(t.Context(), dir); err != nil {
			t.Errorf("features of %s: %v", dir, err)
		}
	}
	for p, want := range map[storage.Path]string{"/f": "root", "/in/f": "in", "/in/d/deep/f": "deep", "/a/b/deep/f": "deep"} {
		r, err := f.Open(t.Context(), p, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", p, got, err, want)
		}
	}
	if _, err := f.Stat(t.Context(), "/in/hidden"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is under a mount point is seen: %v", err)
	}
}

func TestMountPointsStay(t *testing.T) {
	f, root, in, _ := trees(t)
	ctx := t.Context()
	for _, p := range []storage.Path{"/in", "/a", "/a/b", "/a/b/deep", "/in/d", "/file"} {
		_, open := f.Open(ctx, p, 0)
		_, create := f.Create(ctx, p, storage.Mode{Allow: storage.AllowAll})
		for _, tried := range []struct {
			op        string
			err, want error
		}{
			{"Open", open, storage.ErrNotRegular},
			{"Create", create, storage.ErrIsDir},
			{"Mkdir", f.Mkdir(ctx, p), fs.ErrExist},
			{"Symlink", f.Symlink(ctx, "/f", p), fs.ErrExist},
			{"Remove File", f.Remove(ctx, p, storage.File), storage.ErrIsDir},
			{"Remove Dir", f.Remove(ctx, p, storage.Dir), fs.ErrPermission},
			{"Rename from", f.Rename(ctx, p, "/new", true), fs.ErrPermission},
			{"Rename to", f.Rename(ctx, "/f", p, true), fs.ErrExist},
		} {
			if !errors.Is(tried.err, tried.want) {
				t.Errorf("%s %s: %v, want %v", tried.op, p, tried.err, tried.want)
			}
		}
	}
	if got := list(t, root, "/") + ", " + list(t, in, "/"); got != "f file in/, d/ f" {
		t.Errorf("the trees hold %s", got)
	}
}

func TestNothingIsMadeInVirtualDirectories(t *testing.T) {
	f, _, _, _ := trees(t)
	ctx := t.Context()
	_, create := f.Create(ctx, "/a/f", storage.Mode{Allow: storage.AllowAll})
	for op, err := range map[string]error{
		"Create":  create,
		"Mkdir":   f.Mkdir(ctx, "/a/b/d"),
		"Symlink": f.Symlink(ctx, "/f", "/a/l"),
		"Rename":  f.Rename(ctx, "/f", "/a/f", true),
		"SetAttr": f.SetAttr(ctx, "/a", storage.Attr{}),
	} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v, want fs.ErrPermission", op, err)
		}
	}
	if err := f.SetAttr(ctx, "/in", storage.Attr{}); err != nil {
		t.Error(err)
	}
}

func TestNothingGoesFromTreeToTree(t *testing.T) {
	f, root, in, _ := trees(t)
	ctx := t.Context()
	for op, err := range map[string]error{
		"Rename into a mount":      f.Rename(ctx, "/f", "/in/g", true),
		"Rename out of it":         f.Rename(ctx, "/in/f", "/g", true),
		"Rename between two":       f.Rename(ctx, "/in/f", "/a/b/deep/g", true),
		"Rename of one's own tree": f.Rename(ctx, "/a/b/deep/f", "/in/d/deep/g", true),
		"Symlink":                  f.Symlink(ctx, "/f", "/in/l"),
		"Symlink to a mount point": f.Symlink(ctx, "/in", "/l"),
	} {
		if !errors.Is(err, storage.ErrUnsupported) {
			t.Errorf("%s: %v, want storage.ErrUnsupported", op, err)
		}
	}
	if err := f.Rename(ctx, "/in/f", "/in/d/f", false); err != nil {
		t.Error(err)
	}
	if got := list(t, root, "/") + ", " + list(t, in, "/d"); got != "f file in/, f" {
		t.Errorf("the trees hold %s", got)
	}
}

func TestBadMountPoints(t *testing.T) {
	for _, p := range []storage.Path{"/", "", "in", "/in/", "/a/../in", "//in", "/.", "/a\x00"} {
		if _, err := mount.New(mem.New(mem.Options{}), map[storage.Path]storage.FS{p: mem.New(mem.Options{})}); err == nil {
			t.Errorf("mounted at %q", p)
		}
	}
}
