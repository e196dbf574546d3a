package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestJournal(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "journal")
	j, err := OpenJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := j.open("here\x00/x")
	if err != nil {
		t.Fatal(err)
	}
	if e.read() != nil {
		t.Error("there is a record of nothing")
	}
	want := record{Server: "s", Remote: "r", Local: "l", Size: 10, ModTime: lastYear, Algorithm: ownDigest,
		Parts: []recordedPart{{0, 5, 2, "aa"}, {5, 10, 5, "bb"}}}
	if err := e.write(&want); err != nil {
		t.Fatal(err)
	}
	if _, err := j.open("here\x00/x"); !errors.Is(err, ErrBusy) {
		t.Errorf("a second transfer to the same name: %v", err)
	}
	other, err := j.open("here\x00/y")
	if err != nil {
		t.Fatal(err)
	}
	other.close()
	e.close()
	again, err := j.open("here\x00/x")
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	got := again.read()
	if got == nil || got.Parts[1] != want.Parts[1] || !got.sameSource(10, lastYear) || got.sameSource(10, time.Time{}) || got.sameSource(11, lastYear) {
		t.Errorf("%+v", got)
	}
	if err := again.forget(); err != nil || again.read() != nil {
		t.Error(err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Error(info.Mode(), err)
	}
}

// What cannot be a record is none.
func TestJournalOfNonsense(t *testing.T) {
	t.Parallel()
	j, err := OpenJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e, err := j.open("x")
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	for _, test := range []struct{ why, text string }{
		{"nothing", ""},
		{"cut", `{"version":1,"size":10,"parts":[{"first":0,"la`},
		{"another version", `{"version":2,"size":10,"algorithm":"SHA-256","parts":[{"first":0,"last":10,"done":2}]}`},
		{"an algorithm that nobody knows", `{"version":1,"size":10,"algorithm":"X","parts":[{"first":0,"last":10,"done":2}]}`},
		{"no parts", `{"version":1,"size":10,"algorithm":"SHA-256"}`},
		{"a gap", `{"version":1,"size":10,"algorithm":"SHA-256","parts":[{"first":0,"last":4},{"first":5,"last":10}]}`},
		{"more than there is", `{"version":1,"size":10,"algorithm":"SHA-256","parts":[{"first":0,"last":10,"done":11}]}`},
		{"less than nothing", `{"version":1,"size":10,"algorithm":"SHA-256","parts":[{"first":0,"last":10,"done":-1}]}`},
	} {
		if err := os.WriteFile(e.path(), []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if e.read() != nil {
			t.Errorf("%s is taken for a record", test.why)
		}
	}
}

func TestJournalForgets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, fresh := writeHere(t, filepath.Join(dir, "old.json"), nil), writeHere(t, filepath.Join(dir, "new.json"), nil)
	when := time.Now().Add(-forgetAfter - time.Hour)
	if err := os.Chtimes(old, when, when); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error(err)
	}
}

func TestTemporary(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why     string
		err     error
		reached bool
		want    bool
	}{
		{"a connection that broke", reset, true, true},
		{"a server that is gone for now", &connecting{reset}, true, true},
		{"a server that never was", &connecting{reset}, false, false},
		{"a full disk there", reply(452), true, false},
		{"a busy file", reply(450), true, true},
		{"a file that is not there", reply(550), true, false},
		{"no right", reply(553), true, false},
		{"a disk here", local(os.ErrPermission), true, false},
		{"something else", errors.New("x"), true, false},
		{"a certificate", badCertificate, true, false},
		{"a broken handshake, whatever the server says", handshakeBroke, true, true},
	} {
		if got := temporary(test.err, test.reached); got != test.want {
			t.Errorf("%s: %v", test.why, got)
		}
	}
}
