package transfer

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
	"github.com/sealift/sealift/storage"
)

// synced compares two trees and makes them equal.
func synced(t *testing.T, r *rig, trees Trees, o SyncOptions) (Tally, Summary) {
	t.Helper()
	e := r.engine()
	var plan bytes.Buffer
	tally, err := e.Compare(t.Context(), trees, o, &plan)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := ReadPlan(bytes.NewReader(plan.Bytes())); err != nil || read != tally {
		t.Fatalf("the plan does %+v (%v), not %+v", read, err, tally)
	}
	sum, err := e.Apply(t.Context(), trees, &plan, false, o.Memory)
	if err != nil {
		t.Fatal(err)
	}
	return tally, sum
}

// siteHere is a tree with files of several ages.
func siteHere(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"one": "1", "sub/two": "22", "sub/deep/three": "333", "empty": ""} {
		writeHere(t, filepath.Join(dir, name), []byte(content))
	}
	for i, name := range []string{"one", "sub/two"} {
		when := lastYear.Add(time.Duration(i)*time.Hour + 123*time.Millisecond)
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Whatever a server lacks, the second sync moves nothing.
func TestSyncTwice(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why string
		rig func(t *testing.T) *rig
	}{
		{"a Sealift server", func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }},
		{"no digests", func(t *testing.T) *rig { return newOldRig(t, noDigests) }},
		{"no times", func(t *testing.T) *rig { return newOldRig(t, noTimes) }},
		{"LIST alone", func(t *testing.T) *rig { return newOldRig(t, noListings) }},
		{"LIST alone and no times", func(t *testing.T) *rig { return newOldRig(t, noListings, noTimes, noDigests) }},
		{"LIST alone and no times at all", func(t *testing.T) *rig { return newOldRig(t, noListings, noTimes, []string{"MDTM", "SIZE"}) }},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := test.rig(t)
			dir := siteHere(t)
			memory, err := OpenMemory(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			up, o := Trees{Here: dir, There: "www", Up: true}, SyncOptions{Delete: true, Memory: memory}
			if tally, sum := synced(t, r, up, o); tally.Copies != 4 || tally.Mkdirs != 3 || sum.Failed != 0 || sum.Done != 7 {
				t.Fatal(tally, sum, r.taken())
			}
			r.sameThere("/www/sub/deep/three", []byte("333"))
			if tally, _ := synced(t, r, up, o); !tally.Empty() {
				t.Errorf("up: the second time it does %+v", tally)
			}
			down := Trees{Here: filepath.Join(t.TempDir(), "copy"), There: "www"}
			if tally, sum := synced(t, r, down, o); tally.Copies != 4 || sum.Failed != 0 {
				t.Fatal(tally, sum, r.taken())
			}
			sameHere(t, filepath.Join(down.Here, "sub", "two"), []byte("22"))
			if tally, _ := synced(t, r, down, o); !tally.Empty() {
				t.Errorf("down: the second time it does %+v", tally)
			}
		})
	}
}

// A server without times whose clock is behind: what was sent is remembered.
func TestSyncRemembers(t *testing.T) {
	t.Parallel()
	r := newOldRig(t, noTimes)
	dir := siteHere(t)
	memory, err := OpenMemory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	up := Trees{Here: dir, There: "www", Up: true}
	synced(t, r, up, SyncOptions{Memory: memory})
	long := lastYear.AddDate(-10, 0, 0)
	for _, name := range []string{"/www/one", "/www/sub/two"} {
		if err := r.files.SetAttr(t.Context(), onServer(t, name), storage.Attr{ModTime: &long}); err != nil {
			t.Fatal(err)
		}
	}
	if tally, _ := synced(t, r, up, SyncOptions{Memory: memory}); !tally.Empty() {
		t.Errorf("it does %+v", tally)
	}
	writeHere(t, filepath.Join(dir, "one"), []byte("!"))
	if tally, _ := synced(t, r, up, SyncOptions{Memory: memory}); tally.Copies != 1 {
		t.Errorf("a change of one size is not seen: %+v", tally)
	}
	r.sameThere("/www/one", []byte("!"))
}

func TestSyncSeesChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	dir := siteHere(t)
	up := Trees{Here: dir, There: "www", Up: true}
	synced(t, r, up, SyncOptions{})
	for _, test := range []struct {
		why      string
		change   func()
		o        SyncOptions
		copies   int64
		contains string
	}{
		{"the size", func() { writeHere(t, filepath.Join(dir, "one"), []byte("longer")) }, SyncOptions{}, 1, `"why":"size"`},
		{"the time", func() { os.Chtimes(filepath.Join(dir, "one"), lastYear, lastYear) }, SyncOptions{}, 1, `"why":"time"`},
		{"less than the server keeps", func() {
			when := lastYear.Add(900 * time.Millisecond)
			os.Chtimes(filepath.Join(dir, "one"), when, when)
		}, SyncOptions{}, 0, `"end"`},
		{"the time, but digests are compared", func() { os.Chtimes(filepath.Join(dir, "one"), time.Now(), time.Now()) }, SyncOptions{Checksum: true}, 0, `"end"`},
		{"the content alone", func() {
			writeHere(t, filepath.Join(dir, "one"), []byte("Longer"))
			when := r.modTime("/www/one")
			os.Chtimes(filepath.Join(dir, "one"), when, when)
		}, SyncOptions{Checksum: true}, 1, `"why":"content"`},
		{"a new file", func() { writeHere(t, filepath.Join(dir, "sub", "new"), []byte("n")) }, SyncOptions{}, 1, `"why":"new"`},
	} {
		t.Run(test.why, func(t *testing.T) {
			test.change()
			var plan bytes.Buffer
			tally, err := r.engine().Compare(t.Context(), up, test.o, &plan)
			if err != nil || tally.Copies != test.copies || !strings.Contains(plan.String(), test.contains) {
				t.Fatalf("%+v %v\n%s", tally, err, plan.String())
			}
			synced(t, r, up, test.o)
		})
	}
}

func TestSyncConflicts(t *testing.T) {
	t.Parallel()
	build := func(t *testing.T) (*rig, Trees) {
		r := newRig(t, ftpservertest.Options{})
		dir := t.TempDir()
		writeHere(t, filepath.Join(dir, "a"), []byte("a file"))
		writeHere(t, filepath.Join(dir, "b", "x"), []byte("in a folder"))
		r.has("/www/a/y", []byte("in a folder"))
		r.has("/www/b", []byte("a file"))
		return r, Trees{Here: dir, There: "www", Up: true}
	}
	t.Run("are refused", func(t *testing.T) {
		t.Parallel()
		r, up := build(t)
		if _, sum := synced(t, r, up, SyncOptions{}); sum.Failed != 2 || !errors.Is(sum.First, ErrConflict) {
			t.Error(sum)
		}
		r.sameThere("/www/a/y", []byte("in a folder"))
	})
	t.Run("are replaced with --delete", func(t *testing.T) {
		t.Parallel()
		r, up := build(t)
		if tally, sum := synced(t, r, up, SyncOptions{Delete: true}); sum.Failed != 0 || tally.Deletes != 3 {
			t.Error(tally, sum)
		}
		r.sameThere("/www/a", []byte("a file"))
		r.sameThere("/www/b/x", []byte("in a folder"))
		if tally, _ := synced(t, r, up, SyncOptions{Delete: true}); !tally.Empty() {
			t.Error(tally)
		}
	})
}

func TestSyncDeletes(t *testing.T) {
	t.Parallel()
	build := func(t *testing.T, o ftpservertest.Options) (*rig, Trees) {
		r := newRig(t, o)
		dir := t.TempDir()
		writeHere(t, filepath.Join(dir, "a"), []byte("a"))
		return r, Trees{Here: dir, There: "www", Up: true}
	}
	fill := func(r *rig) {
		for _, name := range []string{"/www/x/1", "/www/x/deep/2", "/www/y.keep", "/www/z/3", "/www/z/4.keep"} {
			r.has(name, []byte(name))
		}
	}
	o := SyncOptions{Delete: true, Filter: Filter{{false, "*.keep"}}}
	t.Run("what the source does not have, but not what is left out", func(t *testing.T) {
		t.Parallel()
		r, up := build(t, ftpservertest.Options{})
		fill(r)
		tally, sum := synced(t, r, up, o)
		if tally.Deletes != 5 || sum.Failed != 0 {
			t.Error(tally, sum, r.taken())
		}
		if names := r.names("/www"); !slices.Equal(sorted(names), []string{"a", "y.keep", "z"}) {
			t.Errorf("%q", names)
		}
		if tally, _ := synced(t, r, up, o); !tally.Empty() {
			t.Error(tally)
		}
	})
	t.Run("nothing, if a copy fails", func(t *testing.T) {
		t.Parallel()
		r, up := build(t, ftpservertest.Options{Perm: ftpserver.PermAll &^ ftpserver.PermWrite})
		fill(r)
		if _, sum := synced(t, r, up, o); sum.Failed != 1 || sum.Skipped != 5 {
			t.Error(sum, r.taken())
		}
		r.sameThere("/www/x/deep/2", []byte("/www/x/deep/2"))
	})
	t.Run("nothing, if a folder cannot be read", func(t *testing.T) {
		t.Parallel()
		inner := newRig(t, ftpservertest.Options{})
		r := newRig(t, ftpservertest.Options{Files: &blind{inner.files, "/src/b"}})
		r.files = inner.files
		r.has("/src/a", []byte("a"))
		r.has("/src/b/x", []byte("x"))
		down := Trees{Here: t.TempDir(), There: "src"}
		old := writeHere(t, filepath.Join(down.Here, "old"), []byte("old"))
		kept := writeHere(t, filepath.Join(down.Here, "b", "x"), []byte("x"))
		tally, sum := synced(t, r, down, SyncOptions{Delete: true})
		if !tally.Incomplete || tally.Deletes != 0 || sum.Failed != 1 {
			t.Error(tally, sum, r.taken())
		}
		sameHere(t, old, []byte("old"))
		sameHere(t, kept, []byte("x"))
		sameHere(t, filepath.Join(down.Here, "a"), []byte("a"))
	})
}

func sorted(names []string) []string { slices.Sort(names); return names }

// blind is a server that cannot read one folder.
type blind struct {
	storage.FS
	dir storage.Path
}

func (b *blind) List(ctx context.Context, dir storage.Path) iter.Seq2[storage.Info, error] {
	if dir == b.dir {
		return func(yield func(storage.Info, error) bool) { yield(storage.Info{}, os.ErrPermission) }
	}
	return b.FS.List(ctx, dir)
}

// A source that cannot be read at all is an error, not an empty folder.
func TestSyncOfNoSource(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	dir := t.TempDir()
	writeHere(t, filepath.Join(dir, "a"), []byte("a"))
	r.has("/file", []byte("f"))
	for _, trees := range []Trees{
		{Here: dir, There: "none"},
		{Here: dir, There: "file"},
		{Here: filepath.Join(dir, "none"), There: "", Up: true},
	} {
		if _, err := r.engine().Compare(t.Context(), trees, SyncOptions{Delete: true}, &bytes.Buffer{}); err == nil {
			t.Errorf("%+v is compared", trees)
		}
	}
}

// A plan that was made some time ago does only what is still right.
func TestApplyRechecks(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	dir := siteHere(t)
	up := Trees{Here: dir, There: "www", Up: true}
	r.has("/www/extra", []byte("e"))
	r.has("/www/extra2", []byte("e"))
	r.has("/www/one", []byte("old one"))
	var plan bytes.Buffer
	if _, err := r.engine().Compare(t.Context(), up, SyncOptions{Delete: true}, &plan); err != nil {
		t.Fatal(err)
	}
	writeHere(t, filepath.Join(dir, "sub", "two"), []byte("changed since"))
	r.has("/www/one", []byte("changed there"))
	writeHere(t, filepath.Join(dir, "extra"), []byte("wanted after all"))
	sum, err := r.engine().Apply(t.Context(), up, bytes.NewReader(plan.Bytes()), true, nil)
	if err != nil || sum.Failed != 2 {
		t.Fatal(sum, err)
	}
	for _, result := range r.taken() {
		if result.Status == StatusFailed && !errors.Is(result.Err, ErrMoved) {
			t.Error(result.Err)
		}
	}
	r.sameThere("/www/one", []byte("changed there"))
	r.sameThere("/www/extra", []byte("e"))
	r.sameThere("/www/sub/deep/three", []byte("333"))
}

func TestReadPlanRefuses(t *testing.T) {
	t.Parallel()
	const head, end = `{"plan":1,"source":"a","target":"b","made":"2026-01-01T00:00:00Z"}` + "\n", `{"end":"plan","entries":0}` + "\n"
	for _, test := range []struct{ why, plan string }{
		{"nothing", ""},
		{"another version", strings.Replace(head, "1", "2", 1) + end},
		{"no end", head + `{"do":"mkdir","path":"a","why":"new"}` + "\n"},
		{"no JSON", head + "mkdir a\n" + end},
		{"a field that nobody knows", head + `{"do":"mkdir","path":"a","why":"new","force":true}` + "\n" + end},
		{"a path that leads out", head + `{"do":"mkdir","path":"../a","why":"new"}` + "\n" + end},
		{"an absolute path", head + `{"do":"mkdir","path":"/a","why":"new"}` + "\n" + end},
		{"a line end in a path", head + `{"do":"mkdir","path":"a\r\nDELE b","why":"new"}` + "\n" + end},
		{"something to do that nobody knows", head + `{"do":"chmod","path":"a","why":"new"}` + "\n" + end},
		{"a copy of nothing", head + `{"do":"copy","path":"a","why":"new"}` + "\n" + end},
		{"a deletion of nothing", head + `{"do":"delete","path":"a","why":"extra"}` + "\n" + end},
		{"a deletion of a folder as a file", head + `{"do":"delete","path":"a","why":"extra","target":{"kind":"dir","size":0}}` + "\n" + end},
		{"the deletion of all", head + `{"do":"rmdir","path":".","why":"extra","target":{"kind":"dir","size":0}}` + "\n" + end},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			if _, err := ReadPlan(strings.NewReader(test.plan)); !errors.Is(err, ErrPlan) {
				t.Error(err)
			}
		})
	}
	if _, err := ReadPlan(strings.NewReader(head + end)); err != nil {
		t.Error(err)
	}
}

func TestCap(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text    string
		entries int64
		want    int64
	}{
		{"25%", 100, 25}, {"25%", 1, 1}, {"25%", 0, 0}, {"0", 100, 0}, {"0%", 100, 0}, {"7", 3, 7}, {"100%", 3, 3}, {"2.5%", 100, 3},
	} {
		c, err := ParseCap(test.text)
		if err != nil || c.Of(test.entries) != test.want {
			t.Errorf("%s of %d is %d (%v), not %d", test.text, test.entries, c.Of(test.entries), err, test.want)
		}
	}
	for _, text := range []string{"", "x", "-1", "101%", "-1%", "NaN%", "%"} {
		if _, err := ParseCap(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
