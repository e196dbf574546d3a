package local

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/sealift/sealift/storage"
)

func TestHiddenName(t *testing.T) {
	owner := ownerTag("alice")
	for _, name := range []string{"f", "-", "a-kept-b", strings.Repeat("x", 227), strings.Repeat("x", 228), strings.Repeat("x", 255)} {
		hiddenName := hiddenName(owner, tagKept, name)
		l, ok := parseHidden(hiddenName)
		long := len(name) > 227
		if !ok || l.owner != owner || l.tag != tagKept || l.long != long || !long && l.name != name || len(hiddenName) > maxName {
			t.Errorf("%q hides as %q, which says %+v, %v", name, hiddenName, l, ok)
		}
	}
	for _, name := range []string{"f", hidden, hidden + "x", hidden + owner, hidden + owner + "-kept", hidden + owner + "-kept-", hidden + owner + "+kept-f"} {
		if l, ok := parseHidden(name); ok {
			t.Errorf("%q says %+v", name, l)
		}
	}
	if tag := randomTag(); len(tag) != tagLen || strings.ToLower(tag) != tag {
		t.Errorf("a random tag is %q", tag)
	}
}

// TestHiddenNamesAreOutOfReach tries every method on names with the prefix.
func TestHiddenNamesAreOutOfReach(t *testing.T) {
	b := newBox(t)
	b.must(b.create("/f", storage.Mode{}, "12345").Suspend())
	b.put("/g", "data")
	b.must(os.Mkdir(b.host(".sealift-dir"), 0o700))
	for _, name := range []string{b.hidden("")[0], ".sealift-dir", ".sealift-dir/f", ".SEALIFT-x", "g/.sealift-", ".sealift-x"} {
		p := storage.Root.Join(name)
		for op, err := range b.tryExisting(p) {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s %s: %v, want fs.ErrNotExist", op, name, err)
			}
		}
		for op, err := range b.tryNew(p) {
			if !errors.Is(err, storage.ErrName) {
				t.Errorf("%s %s: %v, want storage.ErrName", op, name, err)
			}
		}
	}
	if got := b.listed("/"); got != "f g" {
		t.Errorf("listed %q", got)
	}
	b.unfinished("/f", 5)
}

func (b *box) tryExisting(p storage.Path) map[string]error {
	ctx, errs := b.t.Context(), map[string]error{}
	_, errs["Stat"] = b.Stat(ctx, p)
	_, errs["Open"] = b.Open(ctx, p, 0)
	_, errs["Features"] = b.Features(ctx, p)
	errs["Remove File"] = b.Remove(ctx, p, storage.File)
	errs["Remove Dir"] = b.Remove(ctx, p, storage.Dir)
	errs["Rename from"] = b.Rename(ctx, p, "/h", true)
	errs["SetAttr"] = b.SetAttr(ctx, p, storage.Attr{})
	errs["Symlink to"] = b.Symlink(ctx, p, "/l")
	for _, err := range b.List(ctx, p) {
		errs["List"] = err
	}
	return errs
}

func (b *box) tryNew(p storage.Path) map[string]error {
	ctx, errs := b.t.Context(), map[string]error{}
	_, errs["Create"] = b.Create(ctx, p, storage.Mode{Allow: storage.AllowAll})
	errs["Mkdir"] = b.Mkdir(ctx, p)
	errs["Rename to"] = b.Rename(ctx, "/g", p, true)
	errs["Symlink"] = b.Symlink(ctx, "/g", p)
	return errs
}

// TestLongNames: an unfinished upload whose name does not fit into the hidden
// one is found by name, but not listed.
func TestLongNames(t *testing.T) {
	b := newBox(t)
	name := strings.Repeat("x", 255)
	p := storage.Root.Join(name)
	b.must(b.create(p, storage.Mode{}, "12345").Suspend())
	b.unfinished(p, 5)
	b.settled()
	b.put(p, "old")
	b.must(b.create(p, storage.Mode{}, "12345").Suspend())
	b.settled()
	b.must(b.create(p, storage.Mode{Offset: 5}, "6").Commit())
	b.holds(name, "123456")
	b.settled()
}
