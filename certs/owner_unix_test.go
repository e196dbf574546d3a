//go:build unix

package certs

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFilesAreTheDirectorysOwners: what root makes, the server's user can
// read.
func TestFilesAreTheDirectorysOwners(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const user = 65534
	dir := filepath.Join(t.TempDir(), "certs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, user, user); err != nil {
		t.Fatal(err)
	}
	made[*Authority](t)(MakeAuthority(dir, "Test CA", P256, false, start))
	below := filepath.Join(dir, "below", "key")
	if err := Save(false, File{Name: below, Secret: true}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{CAFile(dir), filepath.Join(dir, "ca.key"), CRLFile(dir), filepath.Join(dir, recordName), filepath.Dir(below), below} {
		info := made[os.FileInfo](t)(os.Stat(name))
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner != user {
			t.Errorf("%s belongs to %d", name, owner)
		}
	}
}
