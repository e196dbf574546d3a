//go:build linux || darwin

package local

import (
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/sealift/sealift/storage"
)

// TestSpecialFiles: none of these may be opened for long, read or shown.
func TestSpecialFiles(t *testing.T) {
	b := newBox(t)
	b.must(syscall.Mkfifo(b.host("fifo"), 0o666))
	t.Chdir(b.dir) // a socket's path must be short
	socket, err := net.Listen("unix", "socket")
	b.must(err)
	defer socket.Close()
	special := []string{"fifo", "socket"}
	if os.Geteuid() == 0 {
		const null = 1<<8 | 3
		if err := syscall.Mknod(b.host("device"), syscall.S_IFCHR|0o666, null); err == nil {
			special = append(special, "device")
		}
	}
	for _, name := range special {
		b.must(os.Symlink(name, b.host("to-"+name)))
		for _, p := range []storage.Path{storage.Root.Join(name), storage.Root.Join("to-" + name)} {
			for op, err := range b.trySpecial(p) {
				if err == nil {
					t.Errorf("%s %s went ahead", op, p)
				}
			}
		}
		b.is(b.Remove(t.Context(), storage.Root.Join(name), storage.File), storage.ErrNotRegular)
	}
	if got := b.listed("/"); got != "" {
		t.Errorf("listed %q", got)
	}
}

func (b *box) trySpecial(p storage.Path) map[string]error {
	ctx, errs := b.t.Context(), map[string]error{}
	_, errs["Stat"] = b.Stat(ctx, p)
	_, errs["Open"] = b.Open(ctx, p, 0)
	b.is(errs["Open"], storage.ErrNotRegular)
	_, errs["Create"] = b.Create(ctx, p, storage.Mode{Allow: storage.AllowAll})
	_, errs["Append"] = b.Create(ctx, p, storage.Mode{Allow: storage.AllowAll, Append: true})
	_, errs["Create below"] = b.Create(ctx, p.Join("f"), storage.Mode{Allow: storage.AllowAll})
	errs["Mkdir below"] = b.Mkdir(ctx, p.Join("d"))
	errs["SetAttr"] = b.SetAttr(ctx, p, storage.Attr{})
	errs["Remove Dir"] = b.Remove(ctx, p, storage.Dir)
	_, errs["Features"] = b.Features(ctx, p)
	for _, err := range b.List(ctx, p) {
		errs["List"] = err
	}
	return errs
}

// TestOutwardLinks: a link that leads out of the directory is refused on use
// and not shown, but can be removed and renamed.
func TestOutwardLinks(t *testing.T) {
	b := newBox(t)
	outside := t.TempDir()
	b.must(os.WriteFile(outside+"/secret", []byte("secret"), 0o666))
	b.put("/inside", "data")
	b.must(b.Mkdir(t.Context(), "/d"))
	for name, target := range map[string]string{
		"absolute":        outside + "/secret",
		"absolute-inside": b.host("inside"),
		"relative":        "d/../../x",
		"up":              "..",
		"etc":             "/etc",
	} {
		b.must(os.Symlink(target, b.host(name)))
		p := storage.Root.Join(name)
		for op, err := range b.tryOutward(p) {
			b.is(err, fs.ErrPermission)
			if err == nil {
				t.Errorf("%s %s went ahead", op, p)
			}
		}
		b.must(b.Rename(t.Context(), p, "/l", false))
		b.must(b.Remove(t.Context(), "/l", storage.File))
	}
	b.must(os.Symlink("../..", b.host("d/l")))
	if got := b.listed("/") + " " + b.listed("/d"); got != "d inside " {
		t.Errorf("listed %q", got)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside there is now %v, %v", entries, err)
	}
}

func (b *box) tryOutward(p storage.Path) map[string]error {
	ctx, errs := b.t.Context(), map[string]error{}
	_, errs["Stat"] = b.Stat(ctx, p)
	_, errs["Open"] = b.Open(ctx, p, 0)
	_, errs["Open below"] = b.Open(ctx, p.Join("secret"), 0)
	_, errs["Create"] = b.Create(ctx, p, storage.Mode{Allow: storage.AllowAll})
	_, errs["Create below"] = b.Create(ctx, p.Join("f"), storage.Mode{Allow: storage.AllowAll})
	errs["Mkdir below"] = b.Mkdir(ctx, p.Join("d"))
	errs["Remove below"] = b.Remove(ctx, p.Join("secret"), storage.File)
	errs["Rename from"] = b.Rename(ctx, p.Join("secret"), "/s", true)
	errs["Rename to"] = b.Rename(ctx, "/inside", p.Join("s"), true)
	errs["SetAttr"] = b.SetAttr(ctx, p, storage.Attr{Mode: new(fs.FileMode)})
	errs["Symlink to"] = b.Symlink(ctx, p, "/s")
	errs["Symlink below"] = b.Symlink(ctx, "/inside", p.Join("s"))
	for _, err := range b.List(ctx, p) {
		errs["List"] = err
	}
	return errs
}

// TestSymlinkBelowLink: ".." in a link counts from where the link really
// stands, so none is made in a directory that is reached through a link.
func TestSymlinkBelowLink(t *testing.T) {
	b := newBox(t)
	ctx := t.Context()
	b.must(b.Mkdir(ctx, "/a"))
	b.must(b.Mkdir(ctx, "/a/b"))
	b.must(b.Symlink(ctx, "/", "/a/b/top"))
	b.is(b.Symlink(ctx, "/x", "/a/b/top/l"), fs.ErrPermission)
	if got := b.listed("/"); got != "a" {
		t.Errorf("listed %q", got)
	}
}

func TestDirectoryIsRemovedMeanwhile(t *testing.T) {
	b := newBox(t)
	for _, again := range []bool{false, true} {
		b.must(b.Mkdir(t.Context(), "/d"))
		u := b.create("/d/f", storage.Mode{}, "data")
		b.must(os.RemoveAll(b.host("d")))
		if again {
			b.must(os.Mkdir(b.host("d"), 0o777))
		}
		if err := u.Commit(); err == nil {
			t.Error("Commit said that the file is durable")
		}
		b.settled()
	}
	u := b.create("/d/f", storage.Mode{}, "data")
	b.must(os.RemoveAll(b.host("d")))
	if err := u.Suspend(); err == nil {
		t.Error("Suspend said that it keeps the upload")
	}
	b.settled()
}

func TestNewFileMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	b := newBox(t)
	b.put("/f", "data")
	b.must(b.Mkdir(t.Context(), "/d"))
	for name, want := range map[string]fs.FileMode{"f": 0o640, "d": 0o750} {
		if fi, err := os.Stat(b.host(name)); err != nil || fi.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v; want %v", name, fi.Mode(), err, want)
		}
	}
}

// TestHardLinks: two names of one file are told by the ID, an upload replaces
// one of them, and a rename onto the other leaves one.
func TestHardLinks(t *testing.T) {
	b := newBox(t)
	ctx := t.Context()
	b.put("/f", "data")
	b.must(os.Link(b.host("f"), b.host("g")))
	b.recount()
	f, err := b.Stat(ctx, "/f")
	b.must(err)
	g, err := b.Stat(ctx, "/g")
	b.must(err)
	if f.ID != g.ID {
		t.Errorf("IDs are %v, %v", f.ID, g.ID)
	}
	b.must(b.Rename(ctx, "/f", "/g", true))
	if got := b.listed("/"); got != "g" {
		t.Errorf("listed %q", got)
	}
	b.must(os.Link(b.host("g"), b.host("h")))
	b.recount()
	b.put("/g", "new")
	b.holds("h", "data")
	b.settled()
}
