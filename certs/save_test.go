package certs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestSave(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	files := []File{{Name: filepath.Join(dir, "key"), Data: []byte("k1"), Secret: true}, {Name: filepath.Join(dir, "cert"), Data: []byte("c1")}}
	if err := Save(false, files...); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"key": 0o600, "cert": 0o644, ".": 0o700 | fs.ModeDir} {
		if info := made[os.FileInfo](t)(os.Stat(filepath.Join(dir, name))); info.Mode() != mode {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), mode)
		}
	}
	second := []File{{Name: filepath.Join(dir, "other"), Data: []byte("o2")}, {Name: files[0].Name, Data: []byte("k2"), Secret: true}}
	err := Save(false, second...)
	var wrong *FileError
	if !errors.Is(err, fs.ErrExist) || !errors.As(err, &wrong) || wrong.File != files[0].Name || wrong.Hint == "" {
		t.Errorf("a file is there: %v", err)
	}
	if _, err := os.Stat(second[0].Name); !errors.Is(err, fs.ErrNotExist) || readTestFile(t, files[0].Name) != "k1" {
		t.Error("one of the files was written, or the key is another")
	}
	if err := Save(true, second...); err != nil || readTestFile(t, files[0].Name) != "k2" {
		t.Errorf("with force: %v", err)
	}
	if left := made[[]os.DirEntry](t)(os.ReadDir(dir)); len(left) != 3 {
		t.Errorf("%d files are there, want 3", len(left))
	}
}

func TestAFileThatComesMeanwhileIsKept(t *testing.T) {
	name := writeTestFile(t, filepath.Join(t.TempDir(), "key"), "first", 0o600)
	err := File{Name: name, Data: []byte("second"), Secret: true}.save(false)
	if !errors.Is(err, fs.ErrExist) || readTestFile(t, name) != "first" {
		t.Errorf("%v; it is %q", err, readTestFile(t, name))
	}
	if left := made[[]os.DirEntry](t)(os.ReadDir(filepath.Dir(name))); len(left) != 1 {
		t.Errorf("%d files are there, want 1", len(left))
	}
}

func TestADeadLinkIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "key")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), name); err != nil {
		t.Skip("no links here: ", err)
	}
	if err := Save(false, File{Name: name, Data: []byte("k")}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
}
