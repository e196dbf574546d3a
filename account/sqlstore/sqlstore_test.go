package sqlstore

import (
	"path/filepath"
	"testing"

	"github.com/sealift/sealift/account/accounttest"
)

func TestStore(t *testing.T) {
	accounttest.Run(t, func(t *testing.T) (store, other accounttest.Store) {
		path := filepath.Join(t.TempDir(), "sealift.db")
		return opened(t, path), opened(t, path)
	})
}

func opened(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
