package transfer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver/ftpservertest"
	"github.com/sealift/sealift/storage"
)

func get(t *testing.T, r *rig, pattern, target string) (Summary, error) {
	t.Helper()
	return r.engine().Get(t.Context(), []string{pattern}, target, false)
}

func TestGetFile(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	content, dir := noise(300_000), t.TempDir()
	r.has("/in/a", content)
	sum, err := get(t, r, "in/a", dir)
	if err != nil || sum.Done != 1 || sum.Failed != 0 || sum.Moved != 300_000 {
		t.Fatal(sum, err)
	}
	sameHere(t, filepath.Join(dir, "a"), content)
	noneLeft(t, dir)
	if one := r.one(); one.Verified != "SHA-256" || !one.TimeKept || one.Tries != 1 || one.Digest == "" {
		t.Errorf("%+v", one)
	}
}

// A download that breaks anywhere is whole in the end, and does not begin
// again.
func TestGetBreaks(t *testing.T) {
	t.Parallel()
	const size = 2_000_000
	content := noise(size)
	for _, test := range []struct {
		why      string
		at       int64
		segments int
	}{
		{"in the handshake", 300, 1},
		{"at the beginning", 10_000, 1},
		{"in the middle", size / 2, 1},
		{"shortly before the end", size - 20_000, 1},
		{"in one of several parts", size / 3, 4},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, ftpservertest.Options{})
			r.o.Segments, r.o.SegmentSize = test.segments, 100_000
			dir := t.TempDir()
			r.has("/a", content)
			r.wire.breakAfter.Store(test.at)
			sum, err := get(t, r, "a", dir+"/b")
			if err != nil || sum.Done != 1 || r.wire.breaks.Load() != 1 {
				t.Fatal(sum, err, r.wire.breaks.Load())
			}
			sameHere(t, filepath.Join(dir, "b"), content)
			one := r.one()
			if one.Tries < 2 || one.Moved > size || one.Verified != "SHA-256" || len(one.Notes) > 0 {
				t.Errorf("%+v", one)
			}
		})
	}
}

// interrupted downloads a part of a file and ends as if the process had.
func interrupted(t *testing.T, r *rig, pattern, target string, after int64) Result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.wire.broken = cancel
	r.wire.breakAfter.Store(after)
	if _, err := r.engine().Get(ctx, []string{pattern}, target, false); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r.wire.broken = nil
	return r.one()
}

func TestGetGoesOnInAnotherRun(t *testing.T) {
	t.Parallel()
	const size = 2_000_000
	content := noise(size)
	other := slices.Clone(content)
	other[10] ^= 1
	for _, test := range []struct {
		why      string
		segments int
		noDigest bool
		between  func(t *testing.T, r *rig, part string)
		resumes  bool
		note     string
	}{
		{"the server's digest proves it", 1, false, func(*testing.T, *rig, string) {}, true, ""},
		{"and the parts of several", 3, false, func(*testing.T, *rig, string) {}, true, ""},
		{"the digest alone, without a journal", 1, false, func(t *testing.T, r *rig, _ string) { forgetJournal(t, r) }, true, ""},
		{"the parts of several need the journal", 3, false, func(t *testing.T, r *rig, _ string) { forgetJournal(t, r) }, false,
			"started again: what is here is not the beginning of the file on the server"},
		{"another file on the server", 1, false, func(t *testing.T, r *rig, _ string) { r.has("/a", other) }, false,
			"started again: what is here is not the beginning of the file on the server"},
		{"a part that was damaged here", 1, false, func(t *testing.T, _ *rig, part string) { damage(t, part) }, false,
			"started again: what is here is not the beginning of the file on the server"},
		{"the journal proves it", 1, true, func(*testing.T, *rig, string) {}, true, ""},
		{"the journal proves several parts", 3, true, func(*testing.T, *rig, string) {}, true, ""},
		{"no journal and no digest", 1, true, func(t *testing.T, r *rig, _ string) { forgetJournal(t, r) }, false,
			"started again: the journal does not know what is here, and the server makes no digest of it"},
		{"no digest, and another time on the server", 1, true, func(t *testing.T, r *rig, _ string) { touch(t, r, "/a") }, false,
			"started again: the file on the server is not the one of which a part is here"},
		{"no digest, and a part that was damaged here", 1, true, func(t *testing.T, _ *rig, part string) { damage(t, part) }, false,
			"started again: what is here is not what the journal knows"},
		{"the file on the server became shorter", 1, false, func(t *testing.T, r *rig, _ string) { r.has("/a", content[:1000]) }, false,
			"started again: what is here is longer than the file on the server"},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			var r *rig
			if test.noDigest {
				r = newOldRig(t, noDigests)
			} else {
				r = newRig(t, ftpservertest.Options{})
			}
			r.o.Segments, r.o.SegmentSize = test.segments, 100_000
			r.has("/a", content)
			dir := t.TempDir()
			if one := interrupted(t, r, "a", dir, size/2); one.Moved == 0 {
				t.Fatalf("%+v", one)
			}
			test.between(t, r, filepath.Join(dir, partName("a")))
			if sum, err := get(t, r, "a", dir); err != nil || sum.Done != 1 {
				t.Fatal(sum, err, r.one())
			}
			sameHere(t, filepath.Join(dir, "a"), r.got("/a"))
			one := r.one()
			if (one.Resumed > 0) != test.resumes || one.Resumed+one.Moved != int64(len(r.got("/a"))) {
				t.Errorf("resumed %d, moved %d of %d: %v", one.Resumed, one.Moved, len(r.got("/a")), one.Notes)
			}
			if test.note != "" && !slices.Contains(one.Notes, test.note) || test.note == "" && len(one.Notes) > 0 {
				t.Errorf("notes %q, not %q", one.Notes, test.note)
			}
			noneLeft(t, dir)
		})
	}
}

func damage(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("not what came"), 100); err != nil {
		t.Fatal(err)
	}
}

func forgetJournal(t *testing.T, r *rig) {
	t.Helper()
	r.journal, r.o.Journal = t.TempDir(), nil
}

// touch gives a file of the server another time.
func touch(t *testing.T, r *rig, name string) {
	t.Helper()
	when := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := r.files.SetAttr(t.Context(), onServer(t, name), storage.Attr{ModTime: &when}); err != nil {
		t.Fatal(err)
	}
}

func TestGetKeepsWhatIsThereUntilItIsWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	r.has("/a", noise(1_000_000))
	dir := t.TempDir()
	old := writeHere(t, filepath.Join(dir, "a"), []byte("old"))
	interrupted(t, r, "a", dir, 500_000)
	sameHere(t, old, []byte("old"))
	if sum, err := get(t, r, "a", dir); err != nil || sum.Done != 1 {
		t.Fatal(sum, err)
	}
	sameHere(t, old, r.got("/a"))
}

// Before the first connection an error is an error at once; after it, a
// server that is gone is waited for.
func TestGetOfNoServer(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	r.server.Close()
	r.o.Backoff = func(int) time.Duration { t.Error("it tries again"); return 0 }
	if _, err := get(t, r, "a", t.TempDir()); err == nil {
		t.Error("no error")
	}
}

func TestGetNoClobber(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	r.o.NoClobber = true
	r.has("/a", []byte("new"))
	dir := t.TempDir()
	old := writeHere(t, filepath.Join(dir, "a"), []byte("old"))
	if sum, err := get(t, r, "a", dir); err != nil || sum.Skipped != 1 || sum.Failed != 0 {
		t.Fatal(sum, err)
	}
	sameHere(t, old, []byte("old"))
}
