package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// then is the time stamp of the files that the tests make.
var then = time.Date(2021, time.March, 4, 5, 6, 7, 0, time.UTC)

// content is what must arrive: every byte, and the second of the last change.
type content struct {
	sum      string
	modified int64
}

// makeFile makes a file that compresses badly and is the same at each run.
func makeFile(t *testing.T, name string, size int64) string {
	t.Helper()
	seed := fnv.New128a()
	io.WriteString(seed, filepath.Base(name))
	random := rand.NewChaCha8([32]byte(append(seed.Sum(nil), seed.Sum(nil)...)))
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.CopyN(f, random, size)
	if err := errors.Join(err, f.Close(), os.Chtimes(name, then, then)); err != nil {
		t.Fatal(err)
	}
	return name
}

// makeHead makes a copy of the first n bytes.
func makeHead(t *testing.T, name, of string, n int64) string {
	t.Helper()
	from, err := os.Open(of)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	head, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.CopyN(head, from, n)
	if err := errors.Join(err, head.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func read(t *testing.T, name string) content {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	info, statErr := f.Stat()
	if err := errors.Join(err, statErr); err != nil {
		t.Fatal(err)
	}
	return content{hex.EncodeToString(sum.Sum(nil)), info.ModTime().Unix()}
}

func sameBytes(t *testing.T, want, got string) {
	t.Helper()
	if read(t, want).sum != read(t, got).sum {
		t.Errorf("%s differs from %s", got, want)
	}
}

// same compares bytes and time stamp.
func same(t *testing.T, want, got string) {
	t.Helper()
	sameBytes(t, want, got)
	if w, g := read(t, want).modified, read(t, got).modified; w != g {
		t.Errorf("%s was changed at %v, %s at %v", want, time.Unix(w, 0), got, time.Unix(g, 0))
	}
}

func absent(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there (%v)", name, err)
	}
}

// sameTree compares the files of two folders, hidden ones as well: no partial
// may be left.
func sameTree(t *testing.T, want, got string) {
	t.Helper()
	wanted, found := tree(t, want), tree(t, got)
	for name, w := range wanted {
		if g, ok := found[name]; !ok {
			t.Errorf("%s did not arrive in %s", name, got)
		} else if g != w {
			t.Errorf("%s/%s is %v, want %v", got, name, g, w)
		}
		delete(found, name)
	}
	for name := range found {
		t.Errorf("%s/%s came from nowhere", got, name)
	}
}

func tree(t *testing.T, dir string) map[string]content {
	t.Helper()
	files := map[string]content{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(dir, name)
			files[rel] = read(t, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sourceTrees are real trees: two parts of Go's src, or the whole of it.
func sourceTrees(t *testing.T) []string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(strings.TrimSpace(string(root)), "src")
	if long {
		return []string{src}
	}
	return []string{filepath.Join(src, "net"), filepath.Join(src, "crypto")}
}
