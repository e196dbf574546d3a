package storagetest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/storage"
)

// suite is one test's tree, with the steps that tests are made of. Names are
// relative to the directory in which the suite works.
type suite struct {
	*testing.T
	fs, other storage.FS
	dir       storage.Path
	meter     *Meter
	usage     func() (bytes, files int64)
}

func newSuite(t *testing.T, tree Tree, m *Meter) *suite {
	s := &suite{T: t, fs: tree.FS, other: tree.Other, dir: tree.Dir, meter: m, usage: tree.Usage}
	if s.dir == "" {
		s.dir = storage.Root
	}
	return s
}

// as is the suite with the other account's view.
func (s *suite) as(view storage.FS) *suite {
	other := *s
	other.fs = view
	return &other
}

func (s *suite) ctx() context.Context { return s.Context() }

func (s *suite) path(name string) storage.Path {
	if name == "" {
		return s.dir
	}
	return s.dir.Join(name)
}

// must ends the test for an error that is not expected.
func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("unexpected error: %v", err)
	}
}

// is demands one of the errors.
func (s *suite) is(err error, wanted ...error) {
	s.Helper()
	if !slices.ContainsFunc(wanted, func(w error) bool { return errors.Is(err, w) }) {
		s.Errorf("error is %v, want %v", err, wanted)
	}
}

// all is m with everything allowed, if it allows nothing.
func all(m storage.Mode) storage.Mode {
	if m.Allow == 0 {
		m.Allow = storage.AllowAll
	}
	return m
}

// create begins an upload and writes data.
func (s *suite) create(name string, m storage.Mode, data string) storage.Writer {
	s.Helper()
	w, err := s.fs.Create(s.ctx(), s.path(name), all(m))
	s.must(err)
	s.write(w, data)
	return w
}

func (s *suite) write(w storage.Writer, data string) {
	s.Helper()
	if data == "" {
		return
	}
	n, err := io.WriteString(w, data)
	s.must(err)
	if n != len(data) {
		s.Fatalf("wrote %d bytes of %d without an error", n, len(data))
	}
}

// refused demands that an upload cannot begin.
func (s *suite) refused(name string, m storage.Mode, wanted ...error) {
	s.Helper()
	w, err := s.fs.Create(s.ctx(), s.path(name), m)
	if err == nil {
		s.Errorf("Create %q %+v began, want %v", name, m, wanted)
		s.must(w.Abort())
		return
	}
	s.is(err, wanted...)
}

// put uploads a file.
func (s *suite) put(name, data string) {
	s.Helper()
	s.must(s.create(name, storage.Mode{}, data).Commit())
}

// suspend leaves an unfinished upload.
func (s *suite) suspend(name, data string) {
	s.Helper()
	s.must(s.create(name, storage.Mode{}, data).Suspend())
}

func (s *suite) read(name string, offset int64) (string, error) {
	r, err := s.fs.Open(s.ctx(), s.path(name), offset)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(r)
	return string(data), errors.Join(err, r.Close())
}

// holds demands that a complete file stands under name.
func (s *suite) holds(name, data string) {
	s.Helper()
	info, err := s.fs.Stat(s.ctx(), s.path(name))
	if err != nil || info.Unfinished || info.Type != storage.File || info.Size != int64(len(data)) {
		s.Errorf("Stat %q is %+v, %v; want a file of %d bytes", name, info, err, len(data))
	}
	got, err := s.read(name, 0)
	if err != nil || got != data {
		s.Errorf("%q holds %q, %v; want %q", name, shorten(got), err, shorten(data))
	}
}

func shorten(data string) string {
	if len(data) > 64 {
		return data[:64] + "…"
	}
	return data
}

// absent demands that nothing stands under name.
func (s *suite) absent(name string) {
	s.Helper()
	if info, err := s.fs.Stat(s.ctx(), s.path(name)); !errors.Is(err, fs.ErrNotExist) {
		s.Errorf("Stat %q is %+v, %v; want fs.ErrNotExist", name, info, err)
	}
	if slices.Contains(s.list(""), name) {
		s.Errorf("%q is listed", name)
	}
}

// unfinished demands that an interrupted upload of size bytes stands there.
func (s *suite) unfinished(name string, size int64) {
	s.Helper()
	info, err := s.fs.Stat(s.ctx(), s.path(name))
	if err != nil || !info.Unfinished || info.Size != size || info.Name != name || info.Type != storage.File {
		s.Errorf("Stat %q is %+v, %v; want an unfinished upload of %d bytes", name, info, err, size)
	}
	_, err = s.read(name, 0)
	s.isUnfinished(err, size)
}

func (s *suite) isUnfinished(err error, size int64) {
	s.Helper()
	var u *storage.UnfinishedError
	if !errors.As(err, &u) || u.Size != size {
		s.Errorf("error is %v, want an UnfinishedError of %d bytes", err, size)
	}
}

func (s *suite) mkdir(name string) {
	s.Helper()
	s.must(s.fs.Mkdir(s.ctx(), s.path(name)))
}

func (s *suite) remove(name string, t storage.Type) error {
	return s.fs.Remove(s.ctx(), s.path(name), t)
}

func (s *suite) rename(from, to string, replace bool) error {
	return s.fs.Rename(s.ctx(), s.path(from), s.path(to), replace)
}

// list is the sorted names in a directory, directories with a slash behind.
func (s *suite) list(dir string) []string {
	s.Helper()
	names := []string{}
	for info, err := range s.fs.List(s.ctx(), s.path(dir)) {
		s.must(err)
		if info.Type == storage.Dir {
			info.Name += "/"
		}
		names = append(names, info.Name)
	}
	slices.Sort(names)
	return names
}

// lists demands what a directory shows, in words parted by spaces.
func (s *suite) lists(dir, want string) {
	s.Helper()
	if got := strings.Join(s.list(dir), " "); got != want {
		s.Errorf("List %q yields %q, want %q", dir, got, want)
	}
}

// settled demands that the Meter was told what is there.
func (s *suite) settled() {
	s.Helper()
	bytes, files := s.meter.Sum()
	if b, f := s.usage(); b != bytes || f != files {
		s.Errorf("the Meter was told %d bytes, %d files; there are %d, %d", bytes, files, b, f)
	}
}

// metered demands what the Meter was told, and that it is so.
func (s *suite) metered(why string, bytes, files int64) {
	s.Helper()
	if b, f := s.meter.Sum(); b != bytes || f != files {
		s.Errorf("%s: the Meter was told %d bytes, %d files; want %d, %d", why, b, f, bytes, files)
	}
	s.settled()
}
