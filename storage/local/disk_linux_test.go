package local

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sealift/sealift/storage"
)

// TestSwappedDirectory swaps a directory for a link that leads outside, as
// fast as it can, while files are uploaded to it (security.md F4).
func TestSwappedDirectory(t *testing.T) {
	b := newBox(t)
	b.options.NoSync = true
	outside := t.TempDir()
	b.must(os.Mkdir(b.host("d"), 0o777))
	b.must(os.Symlink(outside, b.host("l")))
	stop, swapped := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				swapped <- n
				return
			default:
			}
			if err := unix.Renameat2(unix.AT_FDCWD, b.host("d"), unix.AT_FDCWD, b.host("l"), unix.RENAME_EXCHANGE); err != nil {
				t.Error(err)
			}
			n++
		}
	}()
	stored := 0
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		for _, name := range []string{"d", "l"} {
			if err := b.trySwapped(storage.Root.Join(name)); err == nil {
				stored++
			}
		}
	}
	close(stop)
	t.Logf("%d swaps, %d uploads", <-swapped, stored)
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("outside there is %v, %v", entries, err)
	}
	if stored == 0 {
		t.Error("no upload succeeded")
	}
}

func (b *box) trySwapped(dir storage.Path) error {
	ctx := b.t.Context()
	w, err := b.Create(ctx, dir.Join("f"), storage.Mode{Allow: storage.AllowAll})
	if err != nil {
		return err
	}
	_, err = w.Write([]byte("data"))
	b.must(err)
	return errors.Join(w.Commit(), b.Mkdir(ctx, dir.Join("d")), b.Remove(ctx, dir.Join("d"), storage.Dir))
}

// TestSmallDisk fills a real file system (security.md E2).
func TestSmallDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	b := boxIn(t, dir)
	t.Cleanup(func() {
		b.Close()
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	old := strings.Repeat("old", 100_000)
	b.put("/f", old)
	w, err := b.Create(t.Context(), "/f", storage.Mode{Allow: storage.AllowAll})
	b.must(err)
	_, err = io.Copy(w, bytes.NewReader(make([]byte, 2<<20)))
	b.is(err, storage.ErrNoSpace)
	b.must(w.Abort())
	b.holds("f", old)
	if left := b.hidden(""); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	_, err = b.Create(t.Context(), "/g", storage.Mode{Allow: storage.AllowAll, Expect: 2 << 20})
	b.is(err, storage.ErrNoSpace)
	b.put("/g", "small")
	features, err := b.Features(t.Context(), "/")
	if err != nil || features.Free <= 0 || features.Free >= 1<<20 {
		t.Errorf("%+v, %v", features, err)
	}
	b.settled()
}
