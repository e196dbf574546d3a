package ftpserver

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/sealift/sealift/storage"
)

var fiftyKB = bytes.Repeat([]byte("0123456789"), 5_000)

// security.md T3: only close_notify is the end of a file. Without it nothing
// is published, whatever the verb; what has come is kept for its owner.
func TestUploadWithoutCloseNotify(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why  string
		line string
		kept bool
	}{
		{"STOR of a new file", "STOR new", true},
		{"STOR over a file", "STOR old", false},
		{"APPE to a file", "APPE old", false},
		{"APPE to nothing", "APPE new", true},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			files := treeOf(t, "alice", map[string]string{"old": "precious"})
			p := privatePeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{TLS: serverTLS()}), "alice")
			data := p.begin(test.line)
			if _, err := data.Write(fiftyKB); err != nil {
				t.Fatal(err)
			}
			bareFIN(t, data)
			if text := p.await(426); !strings.Contains(text, "close_notify") {
				t.Errorf("426 %s: want it to say what was missing", text)
			}
			if got := readAll(t, files, "/old"); string(got) != "precious" {
				t.Errorf("the file that stood there holds %d bytes now", len(got))
			}
			info, err := files.Stat(t.Context(), "/new")
			if test.kept && (err != nil || !info.Unfinished || info.Size != int64(len(fiftyKB))) {
				t.Errorf("of the upload got %+v, %v, want it unfinished, with all bytes", info, err)
			}
			if !test.kept && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("got %+v, %v, want nothing", info, err)
			}
			if _, err := files.As("bob").Stat(t.Context(), "/new"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("another account: got %v, want nothing there", err)
			}
		})
	}
}

// missing_close_notify = "accept" is for clients that never send it.
func TestUploadWithoutCloseNotifyIsAccepted(t *testing.T) {
	t.Parallel()
	files := treeOf(t, "alice", nil)
	config := Config{TLS: serverTLS(), Policy: Policy{AcceptMissingCloseNotify: true}}
	p := privatePeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, config), "alice")
	data := p.begin("STOR new")
	if _, err := data.Write(fiftyKB); err != nil {
		t.Fatal(err)
	}
	bareFIN(t, data)
	p.await(226)
	if got := readAll(t, files, "/new"); !bytes.Equal(got, fiftyKB) {
		t.Errorf("%d bytes were stored, want %d", len(got), len(fiftyKB))
	}
}

// An account may be held to more than the server, and to less.
func TestCloseNotifyIsTheAccountsPolicy(t *testing.T) {
	t.Parallel()
	files := treeOf(t, "alice", nil)
	accounts := grants{"alice": {Files: files, Perm: PermAll, Policy: &Policy{AcceptMissingCloseNotify: true}}}
	p := privatePeer(t, startServer(t, accounts, Config{TLS: serverTLS()}), "alice")
	data := p.begin("STOR new")
	if _, err := data.Write(fiftyKB); err != nil {
		t.Fatal(err)
	}
	bareFIN(t, data)
	p.await(226)
}

// A TLS record that was tampered with is 426, and what came before it is kept.
func TestUploadWithABrokenRecord(t *testing.T) {
	t.Parallel()
	files := treeOf(t, "alice", map[string]string{"f": "precious"})
	p := privatePeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{TLS: serverTLS()}), "alice")
	data := p.begin("STOR f")
	if _, err := data.Write(fiftyKB); err != nil {
		t.Fatal(err)
	}
	if _, err := data.NetConn().Write([]byte("\x17\x03\x03\x00\x20" + strings.Repeat("x", 32))); err != nil {
		t.Fatal(err)
	}
	p.await(426)
	if got := readAll(t, files, "/f"); string(got) != "precious" {
		t.Errorf("the file that stood there holds %d bytes now", len(got))
	}
}

// STOU keeps nothing of an upload that was cut: nobody knows its name.
func TestInterruptedSTOULeavesNothing(t *testing.T) {
	t.Parallel()
	files := treeOf(t, "alice", nil)
	p := privatePeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{TLS: serverTLS()}), "alice")
	data := p.begin("STOU")
	if _, err := data.Write(fiftyKB); err != nil {
		t.Fatal(err)
	}
	bareFIN(t, data)
	p.await(426)
	if left := content(t, files); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What ends in order is published, and goes on where REST says.
func TestInterruptedUploadIsResumed(t *testing.T) {
	t.Parallel()
	files := treeOf(t, "alice", nil)
	p := privatePeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{TLS: serverTLS()}), "alice")
	data := p.begin("STOR f")
	if _, err := data.Write(fiftyKB[:30_000]); err != nil {
		t.Fatal(err)
	}
	bareFIN(t, data)
	p.await(426)
	if got := p.want(213, "SIZE f"); got != "30000" {
		t.Fatalf("SIZE says %s, want 30000", got)
	}
	p.want(350, "REST 30000")
	data = p.begin("STOR f")
	if _, err := data.Write(fiftyKB[30_000:]); err != nil {
		t.Fatal(err)
	}
	finish(t, data)
	p.await(226)
	if got := readAll(t, files, storage.Path("/f")); !bytes.Equal(got, fiftyKB) {
		t.Errorf("%d bytes were stored, want %d", len(got), len(fiftyKB))
	}
}
