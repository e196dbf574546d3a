package ftpclient_test

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
	"testing/iotest"

	"github.com/sealift/sealift/ftpclient"
)

func TestFS(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	ctx := t.Context()
	if err := c.MakeDirAll(ctx, "home/a/b"); err != nil {
		t.Fatal(err)
	}
	if err := c.ChangeDir(ctx, "home"); err != nil {
		t.Fatal(err)
	}
	store(t, c, "f", random(500))
	store(t, c, "a/g.txt", random(3))
	store(t, c, "a/empty", nil)
	if err := fstest.TestFS(c.FS(ctx), "f", "a", "a/g.txt", "a/empty", "a/b"); err != nil {
		t.Fatal(err)
	}
}

// Files that are read side by side over one connection.
func TestFSSideBySide(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	contents := [][]byte{random(3000), random(2000)}
	names := []string{"f", "g"}
	store(t, c, "f", contents[0])
	store(t, c, "g", contents[1])
	view := c.FS(t.Context())
	var files []fs.File
	for _, name := range names {
		f, err := view.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	got := make([][]byte, 2)
	for range 2 { // a piece of each in turn
		for i, f := range files {
			piece := make([]byte, 700)
			if _, err := io.ReadFull(f, piece); err != nil {
				t.Fatal(err)
			}
			got[i] = append(got[i], piece...)
		}
	}
	for i, f := range files {
		rest, err := io.ReadAll(f)
		if got[i] = append(got[i], rest...); err != nil || !slices.Equal(got[i], contents[i]) {
			t.Errorf("%s: %d bytes, %v", names[i], len(got[i]), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if _, err := f.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Read after Close: %v", err)
		}
	}
	usable(t, c)
}

func TestFSSeek(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	content := random(500)
	store(t, c, "f", content)
	f, err := c.FS(t.Context()).Open("f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := iotest.TestReader(f, content); err != nil {
		t.Error(err)
	}
	seeker := f.(io.ReadSeeker)
	if _, err := seeker.Seek(-1, io.SeekStart); err == nil {
		t.Error("before the beginning")
	}
	if at, err := seeker.Seek(-10, io.SeekEnd); err != nil || at != 490 {
		t.Errorf("Seek: %d, %v", at, err)
	}
	if got, err := io.ReadAll(seeker); err != nil || !slices.Equal(got, content[490:]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// ReadAt one after the other does not begin a transfer each.
func TestFSReadAtGoesOn(t *testing.T) {
	t.Parallel()
	s, first := connect(t)
	content := random(10_000)
	store(t, first, "f", content)
	var seen tape
	o := options(s)
	o.Trace = seen.add
	f, err := dial(t, s.Addr, o).FS(t.Context()).Open("f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := io.ReadAll(io.NewSectionReader(f.(io.ReaderAt), 0, int64(len(content))))
	if err != nil || !slices.Equal(got, content) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	retrieves := 0
	for _, line := range seen.sent() {
		if line == "RETR /f" {
			retrieves++
		}
	}
	if retrieves != 1 {
		t.Errorf("%d transfers", retrieves)
	}
}

func TestFSErrors(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	view := c.FS(t.Context())
	for _, test := range []struct {
		name string
		want error
	}{{"none", fs.ErrNotExist}, {"../x", fs.ErrInvalid}, {"/x", fs.ErrInvalid}, {"", fs.ErrInvalid}} {
		_, open := view.Open(test.name)
		_, stat := fs.Stat(view, test.name)
		for _, err := range []error{open, stat} {
			if _, ok := errors.AsType[*fs.PathError](err); !ok || !errors.Is(err, test.want) {
				t.Errorf("%q: %v", test.name, err)
			}
		}
	}
	if _, err := fs.ReadDir(view, "none"); !sameKind(err, new(ftpclient.ReplyError)) {
		t.Errorf("ReadDir: %v", err)
	}
}
