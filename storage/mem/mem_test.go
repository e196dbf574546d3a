package mem_test

import (
	"errors"
	"testing"

	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
	"github.com/sealift/sealift/storage/storagetest"
)

func TestContract(t *testing.T) {
	storagetest.Run(t, func(_ *testing.T, m storage.Meter) storagetest.Tree {
		f := mem.New(mem.Options{Owner: "alice", Meter: m})
		return storagetest.Tree{FS: f, Other: f.As("bob"), Usage: f.Usage}
	})
}

func TestCapacity(t *testing.T) {
	f := mem.New(mem.Options{Capacity: 10})
	put := func(p storage.Path, m storage.Mode, data string) error {
		m.Allow = storage.AllowAll
		w, err := f.Create(t.Context(), p, m)
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte(data)); err != nil {
			return errors.Join(err, w.Abort())
		}
		return w.Commit()
	}
	steps := []struct {
		why  string
		path storage.Path
		mode storage.Mode
		data string
		full bool
	}{
		{"it fits", "/f", storage.Mode{}, "12345", false},
		{"both versions do not fit", "/f", storage.Mode{}, "123456", true},
		{"both versions fit", "/f", storage.Mode{}, "1234", false},
		{"announced too much", "/g", storage.Mode{Expect: 7}, "", true},
		{"the copy to be extended fits, but no more", "/f", storage.Mode{Append: true}, "123", true},
		{"the copy fits", "/f", storage.Mode{Append: true}, "12", false},
		{"the rest is filled", "/g", storage.Mode{}, "1234", false},
		{"nothing more fits", "/h", storage.Mode{}, "1", true},
	}
	for _, step := range steps {
		if err := put(step.path, step.mode, step.data); errors.Is(err, storage.ErrNoSpace) != step.full || !step.full && err != nil {
			t.Errorf("%s: %v", step.why, err)
		}
	}
	if features, err := f.Features(t.Context(), storage.Root); err != nil || features.Free != 0 {
		t.Errorf("%+v, %v left; want nothing", features, err)
	}
}
