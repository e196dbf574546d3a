package ftp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestReplyAppend(t *testing.T) {
	for _, c := range []struct {
		why   string
		reply Reply
		want  string
	}{
		{"one line", Reply{CodeOK, "Fine"}, "200 Fine\r\n"},
		{"no text, but the space (959 §4.2)", Reply{CodeOK, ""}, "200 \r\n"},
		{"two lines: hyphen, then space", Reply{CodeHelp, "a\nb"}, "214-a\r\n214 b\r\n"},
		{"inner lines start with a space (2389 §3.2)", Reply{CodeStatus, "Features:\nUTF8\nEnd"}, "211-Features:\r\n UTF8\r\n211 End\r\n"},
		{"an inner line that looks like the end is none", Reply{CodeStatus, "a\n211 b\nc"}, "211-a\r\n 211 b\r\n211 c\r\n"},
		{"empty lines stay", Reply{CodeOK, "\n\n"}, "200-\r\n \r\n200 \r\n"},
		{"CR cannot end a line", Reply{CodeOK, "a\rb"}, "200 a?b\r\n"},
		{"control characters cannot reach a terminal", Reply{CodeOK, "\x00\t\x1b[1m\x7f"}, "200 ???[1m?\r\n"},
		{"byte 255 is doubled (3659 §2.2)", Reply{CodePath, "a\xffb\xff"}, "257 a\xff\xffb\xff\xff\r\n"},
		{"UTF-8 stays", Reply{CodePath, `"/é"`}, "257 \"/é\"\r\n"},
		{"none at all is our fault, and still a reply", Reply{}, "451 \r\n"},
		{"two digits are no code", Reply{99, "x"}, "451 x\r\n"},
		{"above 5yz there is nothing", Reply{600, "x"}, "451 x\r\n"},
		{"a negative code is none", Reply{-200, "x\ny"}, "451-x\r\n451 y\r\n"},
	} {
		if got := string(c.reply.Append(nil)); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

func TestReplyAppendKeepsWhatIsThere(t *testing.T) {
	b := Reply{CodeOK, "a"}.Append(nil)
	if got, want := string(Reply{CodeGoodbye, "b"}.Append(b)), "200 a\r\n221 b\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestReplyAsError(t *testing.T) {
	err := fmt.Errorf("store: %w", Replyf(CodeQuota, "%d bytes too many", 7))
	var r Reply
	if !errors.As(err, &r) || r.Code != CodeQuota || r.Error() != "552 7 bytes too many" {
		t.Errorf("%v holds the reply %v", err, r)
	}
}

func TestReplyKinds(t *testing.T) {
	for _, c := range []struct {
		why            string
		code           Code
		zero, positive bool
	}{
		{"no reply", 0, true, false},
		{"preliminary is not yet done", CodeOpening, false, false},
		{"done", CodeOK, false, true},
		{"done, the last of 2yz", 299, false, true},
		{"more is wanted", CodePending, false, false},
		{"not now", CodeBusy, false, false},
		{"never", CodeUnavailable, false, false},
	} {
		r := Reply{Code: c.code}
		if r.IsZero() != c.zero || r.Positive() != c.positive {
			t.Errorf("%s: %d: IsZero %v, Positive %v", c.why, c.code, r.IsZero(), r.Positive())
		}
	}
}

func FuzzReplyAppend(f *testing.F) {
	f.Add(200, "Fine")
	f.Add(211, "Features:\n UTF8\n211 End\nEnd")
	f.Add(257, "\"a\xff\"")
	f.Add(0, "\r\n\x00\x1b")
	f.Fuzz(func(t *testing.T, code int, text string) {
		sent := Reply{Code(code), text}.Append(nil)
		lines := strings.SplitAfter(string(sent), "\r\n")
		lines = lines[:len(lines)-1]
		if len(lines) != strings.Count(text, "\n")+1 || !bytes.HasSuffix(sent, []byte("\r\n")) {
			t.Fatalf("%q makes the lines %q", text, lines)
		}
		first := lines[0][:3]
		if first < "100" || first > "599" {
			t.Fatalf("code %q", first)
		}
		for i, line := range lines {
			checkReplyLine(t, line, first, i == 0, i == len(lines)-1)
		}
	})
}

func checkReplyLine(t *testing.T, line, code string, first, last bool) {
	t.Helper()
	prefix := " "
	switch {
	case last:
		prefix = code + " "
	case first:
		prefix = code + "-"
	}
	body, ok := strings.CutPrefix(line, prefix)
	if !ok {
		t.Errorf("line %q does not start with %q", line, prefix)
	}
	body = strings.ReplaceAll(strings.TrimSuffix(body, "\r\n"), "\xff\xff", "")
	if i := strings.IndexFunc(body, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		t.Errorf("line %q holds a control byte", line)
	}
	if strings.Contains(body, "\xff") {
		t.Errorf("line %q holds a byte 255 that is not doubled", line)
	}
}

func TestReplyAppendAllocations(t *testing.T) {
	buf := make([]byte, 0, 256)
	for _, c := range []struct{ why, text string }{
		{"one line needs nothing but b", "Stored 512 bytes"},
		{"nor do several", "Features:\nUTF8\nTVFS\nEnd"},
	} {
		r := Reply{CodeStatus, c.text}
		if n := testing.AllocsPerRun(100, func() { buf = r.Append(buf[:0]) }); n != 0 {
			t.Errorf("%s: %v allocations", c.why, n)
		}
	}
}

func BenchmarkReplyAppend(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"line", "Entering Extended Passive Mode (|||40121|)"},
		{"lines", "Features:\nEPSV\nMDTM\nMLST Type*;Size*;Modify*;\nUTF8\nEnd"},
	} {
		b.Run(c.name, func(b *testing.B) {
			r, buf := Reply{CodeStatus, c.text}, make([]byte, 0, 256)
			b.ReportAllocs()
			for b.Loop() {
				buf = r.Append(buf[:0])
			}
		})
	}
}
