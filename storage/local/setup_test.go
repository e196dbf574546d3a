package local

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/storagetest"
)

// A box is an FS over a directory that the test looks into from outside.
type box struct {
	*FS
	t     *testing.T
	dir   string
	meter *storagetest.Meter
}

func newBox(t *testing.T) *box {
	t.Helper()
	return boxIn(t, t.TempDir())
}

func boxIn(t *testing.T, dir string) *box {
	t.Helper()
	m := &storagetest.Meter{}
	f, err := Open(dir, Options{Owner: "alice", Meter: m, KeepInterrupted: time.Hour, Symlinks: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &box{FS: f, t: t, dir: dir, meter: m}
}

// as is the same directory, and the same Meter, for another account.
func (b *box) as(owner string) *box {
	other := boxIn(b.t, b.dir)
	other.options.Meter, other.meter = b.meter, b.meter
	other.owner = ownerTag(owner)
	return other
}

func (b *box) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) is(err, want error) {
	b.t.Helper()
	if !errors.Is(err, want) {
		b.t.Errorf("error is %v, want %v", err, want)
	}
}

func (b *box) create(p storage.Path, m storage.Mode, data string) *upload {
	b.t.Helper()
	m.Allow = storage.AllowAll
	w, err := b.Create(b.t.Context(), p, m)
	b.must(err)
	_, err = io.WriteString(w, data)
	b.must(err)
	return w.(*upload)
}

func (b *box) put(p storage.Path, data string) {
	b.t.Helper()
	b.must(b.create(p, storage.Mode{}, data).Commit())
}

// killed is an upload whose process was killed: its file is closed, nothing
// else is done.
func (b *box) killed(p storage.Path, m storage.Mode, data string) {
	b.t.Helper()
	u := b.create(p, m, data)
	u.close()
	b.recount()
}

// recount starts the Meter anew, as after a restart.
func (b *box) recount() {
	b.t.Helper()
	bytes, files, err := b.Usage(b.t.Context())
	b.must(err)
	told, names := b.meter.Sum()
	b.must(b.meter.Add(bytes-told, files-names))
}

func (b *box) settled() {
	b.t.Helper()
	bytes, files, err := b.Usage(b.t.Context())
	b.must(err)
	if told, names := b.meter.Sum(); told != bytes || names != files {
		b.t.Errorf("the Meter was told %d bytes, %d files; there are %d, %d", told, names, bytes, files)
	}
}

func (b *box) host(name string) string { return filepath.Join(b.dir, name) }

// holds demands the content of a file, from outside.
func (b *box) holds(name, want string) {
	b.t.Helper()
	got, err := os.ReadFile(b.host(name))
	if err != nil || string(got) != want {
		b.t.Errorf("%s holds %d bytes, %.40q, %v; want %d, %.40q", name, len(got), got, err, len(want), want)
	}
}

func (b *box) unfinished(p storage.Path, size int64) {
	b.t.Helper()
	if info, err := b.Stat(b.t.Context(), p); err != nil || !info.Unfinished || info.Size != size {
		b.t.Errorf("Stat says %+v, %v; want an unfinished upload of %d bytes", info, err, size)
	}
}

// names are what a directory holds, from outside.
func (b *box) names(dir string) []string {
	b.t.Helper()
	entries, err := os.ReadDir(b.host(dir))
	b.must(err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func (b *box) hidden(dir string) []string {
	b.t.Helper()
	return slices.DeleteFunc(b.names(dir), func(name string) bool { return !isHidden(name) })
}

func (b *box) listed(dir storage.Path) string {
	b.t.Helper()
	var names []string
	for info, err := range b.List(b.t.Context(), dir) {
		b.must(err)
		names = append(names, info.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// age makes a file look as if it was last written that long ago.
func (b *box) age(name string, by time.Duration) {
	b.t.Helper()
	then := time.Now().Add(-by)
	b.must(os.Chtimes(b.host(name), then, then))
}
