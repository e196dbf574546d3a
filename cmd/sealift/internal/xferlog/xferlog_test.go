package xferlog

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpserver"
)

var stored = ftpserver.Transfer{
	User: "alice", Remote: netip.MustParseAddrPort("192.0.2.7:40000"), Verb: "STOR", Path: "/in/a b.pdf", Bytes: 1234,
	Start:    time.Date(2026, 3, 5, 7, 8, 9, 0, time.Local),
	Duration: 2 * time.Second, Reply: ftp.Reply{Code: ftp.CodeDone},
}

func TestLine(t *testing.T) {
	for _, tt := range []struct {
		why    string
		change func(*ftpserver.Transfer)
		want   string
	}{
		{"an upload", func(*ftpserver.Transfer) {},
			"Thu Mar  5 07:08:11 2026 2 192.0.2.7 1234 /in/a_b.pdf b _ i r alice ftp 0 * c\n"},
		{"a download in lines of text that was cut", func(x *ftpserver.Transfer) {
			x.Verb, x.ASCII, x.Reply.Code = "RETR", true, ftp.CodeCut
		}, "Thu Mar  5 07:08:11 2026 2 192.0.2.7 1234 /in/a_b.pdf a _ o r alice ftp 0 * i\n"},
		{"a transfer takes a second at least", func(x *ftpserver.Transfer) { x.Duration = time.Millisecond },
			"Thu Mar  5 07:08:09 2026 1 192.0.2.7 1234 /in/a_b.pdf b _ i r alice ftp 0 * c\n"},
		{"no name makes a second line or a further field", func(x *ftpserver.Transfer) {
			x.Path, x.User = "/x\n\x1b[2J y\u2028\u202e", "e v\til"
		}, "Thu Mar  5 07:08:11 2026 2 192.0.2.7 1234 /x__[2J_y__ b _ i r e_v_il ftp 0 * c\n"},
		{"listings are no transfers of files", func(x *ftpserver.Transfer) { x.Verb = "MLSD" }, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			x := stored
			tt.change(&x)
			if got := Line(x); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "xferlog")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	add := func() {
		t.Helper()
		if err := l.Add(stored); err != nil {
			t.Fatal(err)
		}
	}
	add()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	add()
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	add()
	for name, want := range map[string]int{path + ".1": 2, path: 1} {
		if data, err := os.ReadFile(name); err != nil || strings.Count(string(data), "\n") != want {
			t.Errorf("%s: %q, %v; want %d lines", filepath.Base(name), data, err, want)
		}
	}
}

func TestNone(t *testing.T) {
	var l *Log
	if l.Add(stored) != nil || l.Reopen() != nil || l.Close() != nil || l.Path() != "" {
		t.Error("a nil Log does something")
	}
}
