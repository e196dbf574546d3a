package mount_test

import (
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
