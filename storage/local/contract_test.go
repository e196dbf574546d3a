package local_test

import (
	"testing"
	"time"

	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/local"
	"github.com/sealift/sealift/storage/storagetest"
)

func TestContract(t *testing.T) {
	for _, o := range []local.Options{
		{Symlinks: true},
		{NoSync: true},
	} {
		storagetest.Run(t, func(t *testing.T, m storage.Meter) storagetest.Tree {
			dir := t.TempDir()
			o.Meter, o.KeepInterrupted = m, time.Hour
			f := open(t, dir, o, "alice")
			return storagetest.Tree{FS: f, Other: open(t, dir, o, "bob"), Usage: usage(t, f)}
		})
	}
}

func open(t *testing.T, dir string, o local.Options, owner string) *local.FS {
	t.Helper()
	o.Owner = owner
	f, err := local.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func usage(t *testing.T, f *local.FS) func() (bytes, files int64) {
	return func() (bytes, files int64) {
		bytes, files, err := f.Usage(t.Context())
		if err != nil {
			t.Error(err)
		}
		return bytes, files
	}
}
