package transfer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

func TestGetTree(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	want := map[string][]byte{}
	for i := range 40 {
		name := fmt.Sprintf("/in/%d/%d", i%4, i)
		want[name] = noise(i * 100)
		r.has(name, want[name])
	}
	r.mkdir("/in/empty")
	dir := t.TempDir()
	sum, err := r.engine().Get(t.Context(), []string{"in"}, dir, true)
	if err != nil || sum.Done != 40 || sum.Failed != 0 {
		t.Fatal(sum, err)
	}
	for name, content := range want {
		sameHere(t, filepath.Join(dir, name), content)
	}
	if _, err := os.Stat(filepath.Join(dir, "in", "empty")); err != nil {
		t.Error(err)
	}
}

// A server that allows one connection is used with one, however many are
// wanted (rclone's pool waits for ever).
func TestOneConnectionIsEnough(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{Config: ftpserver.Config{Limits: ftpserver.Limits{SessionsPerUser: 1}}})
	r.o.Parallel, r.o.Segments, r.o.SegmentSize = 8, 4, 10_000
	for i := range 10 {
		r.has(fmt.Sprintf("/in/%d/a", i), noise(50_000+i))
	}
	dir, e := t.TempDir(), r.engine()
	if sum, err := e.Get(t.Context(), []string{"in"}, dir, true); err != nil || sum.Done != 10 || sum.Failed != 0 {
		t.Fatal(sum, err, r.taken())
	}
	for i := range 10 {
		sameHere(t, filepath.Join(dir, "in", fmt.Sprint(i), "a"), noise(50_000+i))
	}
	if sum, err := e.Put(t.Context(), []string{filepath.Join(dir, "in")}, "out", true); err != nil || sum.Done != 10 {
		t.Fatal(sum, err, r.taken())
	}
	r.sameThere("/out/7/a", noise(50_007))
}

func TestGlob(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	for _, name := range []string{"/a/x1", "/a/x2", "/a/y", "/a/.x3", "/b/x4", "/c/z", "/odd[1]", "/odd1"} {
		r.has(name, []byte(name))
	}
	for _, test := range []struct {
		why     string
		pattern string
		want    []string
	}{
		{"in one folder", "a/x*", []string{"x1", "x2"}},
		{"in several", "?/x*", []string{"x1", "x2", "x4"}},
		{"hidden ones when they are meant", "a/.x*", []string{".x3"}},
		{"a set", "odd[1]", []string{"odd1"}},
		{"a name that looks like a pattern", Exactly("odd[1]"), []string{"odd[1]"}},
	} {
		t.Run(test.why, func(t *testing.T) {
			dir := t.TempDir()
			sum, err := r.engine().Get(t.Context(), []string{test.pattern}, dir+"/", false)
			if err != nil || sum.Done != len(test.want) || sum.Failed != 0 {
				t.Fatal(sum, err)
			}
			for _, name := range test.want {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if sum, err := r.engine().Get(t.Context(), []string{"a/q*"}, t.TempDir(), false); err != nil || sum.Failed != 1 || !errors.Is(sum.First, os.ErrNotExist) {
		t.Error(sum, err)
	}
}

// A link in the target that leads out of it is not followed.
func TestGetStaysInTheTarget(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	r.has("/in/out/evil", []byte("x"))
	r.has("/in/link", []byte("x"))
	r.has("/in/fine", []byte("x"))
	dir, outside := t.TempDir(), t.TempDir()
	precious := writeHere(t, filepath.Join(outside, "precious"), []byte("old"))
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"out": outside, "link": precious} {
		if err := os.Symlink(to, filepath.Join(dir, "in", link)); err != nil {
			t.Skip(err)
		}
	}
	sum, err := r.engine().Get(t.Context(), []string{"in"}, dir, true)
	if err != nil || sum.Failed != 1 || sum.Done != 2 {
		t.Fatal(sum, err, r.taken())
	}
	sameHere(t, precious, []byte("old"))
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Error(entries, err)
	}
	sameHere(t, filepath.Join(dir, "in", "link"), []byte("x")) // the link itself was replaced
}

func TestConflictsHere(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	r.has("/in/file", []byte("x"))
	r.has("/in/folder/x", []byte("x"))
	dir := t.TempDir()
	writeHere(t, filepath.Join(dir, "in", "file", "y"), []byte("y"))
	writeHere(t, filepath.Join(dir, "in", "folder"), []byte("z"))
	sum, err := r.engine().Get(t.Context(), []string{"in"}, dir, true)
	if err != nil || sum.Failed != 2 || sum.Done != 0 {
		t.Fatal(sum, err)
	}
	for _, result := range r.taken() {
		if !errors.Is(result.Err, ErrConflict) {
			t.Error(result.Err)
		}
	}
}

func TestPutTreeLeavesLinksOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	dir := t.TempDir()
	writeHere(t, filepath.Join(dir, "sub", "a"), []byte("a"))
	writeHere(t, filepath.Join(dir, partName("b")), []byte("not whole"))
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	sum, err := r.engine().Put(t.Context(), []string{dir}, "copy", true)
	if err != nil || sum.Done != 1 || sum.Skipped != 1 || sum.Failed != 0 {
		t.Fatal(sum, err)
	}
	r.sameThere("/copy/sub/a", []byte("a"))
	if names := r.names("/copy"); !slices.Equal(names, []string{"sub"}) {
		t.Errorf("%q", names)
	}
}

func TestPipes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why string
		rig func(t *testing.T) *rig
		old string
	}{
		{"a Sealift server", func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, "old"},
		{"another", func(t *testing.T) *rig { return newOldRig(t, noDigests) }, "old"},
		{"another, a new file", func(t *testing.T) *rig { return newOldRig(t) }, ""},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := test.rig(t)
			if test.old != "" {
				r.has("/a", []byte(test.old))
			}
			content := string(noise(1_000_000))
			if res := r.engine().PutFrom(t.Context(), strings.NewReader(content), "a"); res.Err != nil || res.Size != 1_000_000 || res.Verified == "" {
				t.Fatalf("%+v", res)
			}
			r.sameThere("/a", []byte(content))
			r.wire.breakAfter.Store(400_000)
			var got strings.Builder
			if res := r.engine().GetTo(t.Context(), "a", &got); res.Err != nil || res.Tries != 2 {
				t.Fatalf("%+v", res)
			}
			if got.String() != content {
				t.Errorf("%d bytes came", got.Len())
			}
		})
	}
}

// What is read from a pipe cannot be read again: an upload that breaks fails.
func TestPutFromBreaks(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	r.has("/a", []byte("old"))
	r.wire.breakAfter.Store(400_000)
	if res := r.engine().PutFrom(t.Context(), strings.NewReader(string(noise(1_000_000))), "a"); res.Err == nil {
		t.Fatalf("%+v", res)
	}
	r.sameThere("/a", []byte("old"))
}

func TestLimitRate(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	r.o.Rate = 1_000_000
	r.has("/in/a", noise(200_000))
	r.has("/in/b", noise(200_000))
	began := time.Now()
	if sum, err := r.engine().Get(t.Context(), []string{"in"}, t.TempDir(), true); err != nil || sum.Done != 2 {
		t.Fatal(sum, err)
	}
	if took := time.Since(began); took < 350*time.Millisecond {
		t.Errorf("400,000 bytes at 1,000,000 bytes per second took %v", took)
	}
}
