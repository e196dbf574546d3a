package transfer

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
	"github.com/sealift/sealift/storage"
)

// damaging is a server that stores the first uploads with a byte changed.
type damaging struct {
	storage.FS
	left int
}

func (d *damaging) Create(ctx context.Context, p storage.Path, m storage.Mode) (storage.Writer, error) {
	w, err := d.FS.Create(ctx, p, m)
	if err == nil && d.left > 0 {
		d.left--
		return damagingWriter{w}, nil
	}
	return w, err
}

type damagingWriter struct{ storage.Writer }

func (w damagingWriter) Write(p []byte) (int, error) {
	q := bytes.Clone(p)
	q[0] ^= 1
	return w.Writer.Write(q)
}

func TestPutThatArrivesDamaged(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why   string
		times int
		fails bool
	}{
		{"once: it is sent again", 1, false},
		{"always: it fails", 100, true},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, ftpservertest.Options{})
			r2 := newRig(t, ftpservertest.Options{Files: &damaging{r.files, test.times}})
			r2.files = r.files
			content := noise(100_000)
			sum, err := put(t, r2, fileHere(t, content), "")
			if err != nil || (sum.Failed == 1) != test.fails {
				t.Fatal(sum, err)
			}
			if one := r2.one(); test.fails && !errors.Is(one.Err, ErrDamaged) {
				t.Error(one.Err)
			}
			if !test.fails {
				r2.sameThere("/a", content)
			}
		})
	}
}

// noReplace is a server that does not rename onto a file.
type noReplace struct{ storage.FS }

func (n noReplace) Rename(ctx context.Context, from, to storage.Path, _ bool) error {
	return n.FS.Rename(ctx, from, to, false)
}

func TestPutWhereRenamingDoesNotReplace(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{})
	r2 := newRig(t, ftpservertest.Options{Files: noReplace{r.files}})
	r2.files = r.files
	r2.has("/a", []byte("old"))
	content := noise(100_000)
	if sum, err := put(t, r2, fileHere(t, content), ""); err != nil || sum.Done != 1 {
		t.Fatal(sum, err, r2.one())
	}
	r2.sameThere("/a", content)
	if one := r2.one(); len(one.Notes) != 1 || !strings.Contains(one.Notes[0], "the old one was removed first") {
		t.Errorf("%q", one.Notes)
	}
}

func TestPutInPlaces(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why     string
		perm    ftpserver.Perm
		inPlace bool
		note    string
	}{
		{"--in-place", ftpserver.PermAll, true, ""},
		{"an account that may not rename", ftpserver.PermAll &^ ftpserver.PermRename, false, "the account may not rename: written in place"},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, ftpservertest.Options{Perm: test.perm,
				Config: ftpserver.Config{Policy: ftpserver.Policy{UnprotectedCommands: true, UnprotectedData: true}}})
			r.wire.hidden, r.clear, r.o.InPlace = noCommit, true, test.inPlace
			content := noise(100_000)
			if sum, err := put(t, r, fileHere(t, content), ""); err != nil || sum.Done != 1 {
				t.Fatal(sum, err, r.one())
			}
			r.sameThere("/a", content)
			one := r.one()
			if test.note != "" && !slices.Contains(one.Notes, test.note) || test.note == "" && len(one.Notes) > 0 {
				t.Errorf("%q", one.Notes)
			}
		})
	}
}

// A refusal is not tried again, and what is refused to one file is not to the
// others.
func TestPutRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, ftpservertest.Options{Perm: ftpserver.PermReadOnly})
	r.o.Backoff = func(int) time.Duration { t.Error("it tries again"); return 0 }
	a, b := fileHere(t, []byte("a")), fileHere(t, []byte("b"))
	sum, err := r.engine().Put(t.Context(), []string{a, b}, "", false)
	if err != nil || sum.Failed != 2 || sum.First == nil {
		t.Fatal(sum, err)
	}
}
