package transfer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

func put(t *testing.T, r *rig, file, target string) (Summary, error) {
	t.Helper()
	return r.engine().Put(t.Context(), []string{file}, target, false)
}

// lastYear is a time that no clock of today gives by accident.
var lastYear = time.Date(2025, 5, 4, 3, 2, 1, 0, time.UTC)

func fileHere(t *testing.T, content []byte) string {
	t.Helper()
	name := writeHere(t, filepath.Join(t.TempDir(), "a"), content)
	if err := os.Chtimes(name, lastYear, lastYear); err != nil {
		t.Fatal(err)
	}
	return name
}

// modTime is that of a file of the server.
func (r *rig) modTime(name string) time.Time {
	r.t.Helper()
	info, err := r.files.Stat(r.t.Context(), onServer(r.t, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return info.ModTime
}

func TestPutFile(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why      string
		rig      func(t *testing.T) *rig
		there    string
		verified string
		timeKept bool
	}{
		{"a Sealift server", func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, "", "SHA-256", true},
		{"a Sealift server, replacing a file", func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, "old", "SHA-256", true},
		{"another server", func(t *testing.T) *rig { return newOldRig(t) }, "", "SHA-256", true},
		{"another server, replacing a file", func(t *testing.T) *rig { return newOldRig(t) }, "old", "SHA-256", true},
		{"without digests", func(t *testing.T) *rig { return newOldRig(t, noDigests) }, "", "size", true},
		{"without times", func(t *testing.T) *rig { return newOldRig(t, noTimes) }, "", "SHA-256", false},
		{"without MLST", func(t *testing.T) *rig { return newOldRig(t, noListings) }, "old", "SHA-256", true},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := test.rig(t)
			if test.there != "" {
				r.has("/a", []byte(test.there))
			}
			content := noise(200_000)
			sum, err := put(t, r, fileHere(t, content), "")
			if err != nil || sum.Done != 1 || sum.Failed != 0 || sum.Moved != 200_000 {
				t.Fatal(sum, err, r.one())
			}
			r.sameThere("/a", content)
			if names := r.names("/"); len(names) != 1 {
				t.Errorf("the server has %q", names)
			}
			one := r.one()
			if one.Verified != test.verified || one.TimeKept != test.timeKept || one.Tries != 1 || len(one.Notes) > 0 {
				t.Errorf("%+v", one)
			}
			if kept := r.modTime("/a").Equal(lastYear); kept != test.timeKept {
				t.Errorf("the time is %v", r.modTime("/a"))
			}
		})
	}
}

func TestPutBreaks(t *testing.T) {
	t.Parallel()
	const size = 2_000_000
	content := noise(size)
	for _, test := range []struct {
		why string
		at  int64
		rig func(t *testing.T) *rig
		old []byte
	}{
		{"in the handshake", 300, func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, nil},
		{"at the beginning", 10_000, func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, nil},
		{"in the middle", size / 2, func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, nil},
		{"at the end", size + 3000, func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, nil},
		{"replacing a shorter file", size / 2, func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, noise(1000)},
		{"replacing a longer file", size / 2, func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, noise(3 * size)},
		{"without the right to rename", size / 2, func(t *testing.T) *rig {
			return newRig(t, ftpservertest.Options{Perm: ftpserver.PermAll &^ ftpserver.PermRename})
		}, noise(3 * size)},
		{"another server", size / 2, func(t *testing.T) *rig { return newOldRig(t) }, nil},
		{"another server, replacing a file", size / 2, func(t *testing.T) *rig { return newOldRig(t) }, noise(3 * size)},
		{"another server without digests", size / 2, func(t *testing.T) *rig { return newOldRig(t, noDigests) }, noise(1000)},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := test.rig(t)
			if test.old != nil {
				r.has("/a", test.old)
			}
			r.wire.breakAfter.Store(test.at)
			r.wire.broken = func() {
				if test.old != nil && !bytes.Equal(r.got("/a"), test.old) {
					t.Error("the old file is not whole in between")
				}
			}
			sum, err := put(t, r, fileHere(t, content), "")
			if err != nil || sum.Done != 1 || r.wire.breaks.Load() != 1 {
				t.Fatal(sum, err, r.wire.breaks.Load())
			}
			r.sameThere("/a", content)
			if names := r.names("/"); len(names) != 1 {
				t.Errorf("the server has %q", names)
			}
			if one := r.one(); one.Tries < 2 {
				t.Errorf("%+v", one)
			}
		})
	}
}

// interruptedPut uploads a part of a file and ends as if the process had.
func interruptedPut(t *testing.T, r *rig, file string, after int64) Result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for len(r.ended) > 0 {
		<-r.ended // of the files that were put there
	}
	r.wire.closed = make(chan struct{}, 1)
	r.interrupt.Store(&interrupt{after, cancel, r.wire.closed})
	if _, err := r.engine().Put(ctx, []string{file}, "", false); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	<-r.ended
	return r.one()
}

func TestPutGoesOnInAnotherRun(t *testing.T) {
	t.Parallel()
	const size = 12_000_000 // more than the buffers between the two ends hold
	content := noise(size)
	other := slices.Clone(content)
	other[10] ^= 1
	sealift := func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }
	uploadOnly := func(t *testing.T) *rig {
		return newRig(t, ftpservertest.Options{Perm: ftpserver.PermUploadOnly | ftpserver.PermList})
	}
	old := func(t *testing.T) *rig { return newOldRig(t) }
	older := func(t *testing.T) *rig { return newOldRig(t, noDigests) }
	nothing := func(*testing.T, *rig, string) {}
	noJournal := func(t *testing.T, r *rig, _ string) { forgetJournal(t, r) }
	changed := func(t *testing.T, _ *rig, file string) { writeHere(t, file, other) }
	for _, test := range []struct {
		why     string
		rig     func(t *testing.T) *rig
		there   []byte
		between func(t *testing.T, r *rig, file string)
		resumes bool
		note    string
	}{
		{"Sealift: the journal proves it", sealift, nil, nothing, true, ""},
		{"Sealift: replacing a file", sealift, noise(3 * size), nothing, true, ""},
		{"Sealift: no journal", sealift, nil, noJournal, false,
			"started again: the journal does not know what the server has, and the server makes no digest of it"},
		{"Sealift: the file changed here", sealift, nil, changed, false,
			"started again: the file is not the one of which the server has a part"},
		{"Sealift: somebody else put a file there", sealift, nil, func(_ *testing.T, r *rig, _ string) { r.has("/a", noise(700_000)) }, false, ""},
		{"Sealift: an account that may only upload", uploadOnly, nil, nothing, true, ""},
		{"another server: its digest proves it", old, nil, nothing, true, ""},
		{"another server: the digest alone", old, noise(100), noJournal, true, ""},
		{"another server: the file changed here", old, nil, changed, false,
			"started again: what the server has is not the beginning of the file"},
		{"without digests: the journal proves it", older, nil, nothing, true, ""},
		{"without digests: no journal", older, nil, noJournal, false,
			"started again: the journal does not know what the server has, and the server makes no digest of it"},
		{"without digests: the file changed here", older, nil, changed, false,
			"started again: the file is not the one of which the server has a part"},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := test.rig(t)
			if test.there != nil {
				r.has("/a", test.there)
			}
			file := fileHere(t, content)
			if one := interruptedPut(t, r, file, size/2); one.Moved == 0 {
				t.Fatalf("%+v", one)
			}
			test.between(t, r, file)
			if sum, err := put(t, r, file, ""); err != nil || sum.Done != 1 {
				t.Fatal(sum, err, r.one())
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r.sameThere("/a", want)
			one := r.one()
			if (one.Resumed > 0) != test.resumes || one.Resumed+one.Moved != size {
				t.Errorf("resumed %d, moved %d of %d: %v", one.Resumed, one.Moved, size, one.Notes)
			}
			if test.note != "" && !slices.Contains(one.Notes, test.note) || test.note == "" && len(one.Notes) > 0 {
				t.Errorf("notes %q, not %q", one.Notes, test.note)
			}
		})
	}
}

// A file that grows while it is sent is not stored as if it were whole.
func TestPutOfAFileThatChanges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why   string
		times int
		fails bool
	}{
		{"once: it begins again", 1, false},
		{"always: it fails", 100, true},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, ftpservertest.Options{})
			file := fileHere(t, noise(500_000))
			r.has("/a", []byte("old"))
			left := test.times
			r.o.Progress = func(string, int64) Meter {
				return meterFunc(func(at int64) {
					if at > 400_000 && left > 0 {
						left--
						grow(t, file)
					}
				})
			}
			sum, err := put(t, r, file, "")
			if err != nil || (sum.Failed == 1) != test.fails {
				t.Fatal(sum, err)
			}
			one := r.one()
			if test.fails {
				if !errors.Is(one.Err, ErrSourceChanged) {
					t.Error(one.Err)
				}
				r.sameThere("/a", []byte("old"))
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r.sameThere("/a", want)
			if !slices.Contains(one.Notes, "started again: the file changed while it was sent") {
				t.Errorf("%q", one.Notes)
			}
		})
	}
}

type meterFunc func(at int64)

func (m meterFunc) At(at int64) { m(at) }
func (meterFunc) End()          {}

func grow(t *testing.T, file string) {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString("more")
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Error(err)
	}
}
