package ftp

import (
	"errors"
	"strings"
	"testing"
)

func TestReplyParser(t *testing.T) {
	for _, c := range []struct {
		why, lines string
		want       Reply
	}{
		{"one line", "220 ready", Reply{220, "ready"}},
		{"no text", "200 ", Reply{200, ""}},
		{"no text and no blank, as some printers send", "226", Reply{226, ""}},
		{"text with blanks at its ends stays", "220  a ", Reply{220, " a "}},
		{"several lines", "211-Features:\n MLST\n UTF8\n211 End", Reply{211, "Features:\nMLST\nUTF8\nEnd"}},
		{"ProFTPD repeats the code", "211-Features:\n211-MLST\n211 End", Reply{211, "Features:\nMLST\nEnd"}},
		{"an inner line with another code is text", "230-Welcome\n500 files wait\n230 in", Reply{230, "Welcome\n500 files wait\nin"}},
		{"the code with something else behind it is text", "211-a\n2110 b\n211 c", Reply{211, "a\n2110 b\nc"}},
		{"an indented code is text (RFC 959 §4.2)", "211-a\n 211 b\n211 c", Reply{211, "a\n211 b\nc"}},
		{"only one leading blank is the form's", "213-Status\n  x\n213 End", Reply{213, "Status\n x\nEnd"}},
		{"the last line is a bare code", "230-Welcome\n230", Reply{230, "Welcome\n"}},
		{"an empty inner line", "230-a\n\n230 b", Reply{230, "a\n\nb"}},
	} {
		got, err := parseReply(c.lines)
		if err != nil || got != c.want {
			t.Errorf("%s: %q is %+v, %v; want %+v", c.why, c.lines, got, err, c.want)
		}
	}
}

func TestReplyParserRefuses(t *testing.T) {
	for _, c := range []struct{ why, lines string }{
		{"not a number", "SSH-2.0-OpenSSH"},
		{"TLS where FTP should be", "\x16\x03\x01\x02\x00"},
		{"nothing", ""},
		{"a code of two digits", "22 ready"},
		{"a code of four digits", "2200 ready"},
		{"a code that no reply has", "020 x"},
		{"protected replies are not negotiated (RFC 2228)", "631 abcd"},
		{"a tab is no blank", "220\tready"},
		{"more than anybody sends", "220-" + strings.Repeat("x", MaxReply+1)},
		{"more than anybody sends, in many lines", "220-" + strings.Repeat("x\n", MaxReply)},
	} {
		if got, err := parseReply(c.lines); !errors.Is(err, ErrReply) {
			t.Errorf("%s: %+v, %v; want %v", c.why, got, err, ErrReply)
		}
	}
}

func TestReplyParserIsReadyForTheNext(t *testing.T) {
	var p ReplyParser
	for _, c := range []struct{ line, want string }{{"220 first", "first"}, {"331 second", "second"}} {
		if done, err := p.Line(c.line); !done || err != nil {
			t.Fatalf("%q: %v, %v", c.line, done, err)
		}
		if got := p.Reply().Text; got != c.want {
			t.Errorf("%q: text %q, want %q", c.line, got, c.want)
		}
	}
}

var errUnfinished = errors.New("the reply has no end")

func parseReply(lines string) (Reply, error) {
	var p ReplyParser
	for line := range strings.SplitSeq(lines, "\n") {
		done, err := p.Line(line)
		if err != nil {
			return Reply{}, err
		}
		if done {
			return p.Reply(), nil
		}
	}
	return Reply{}, errUnfinished
}

// FuzzReplyParser: what a reply is sent as is read back as the same.
func FuzzReplyParser(f *testing.F) {
	for _, s := range []string{"220 ready", "211-a\n b\n211 c", "230-x\n230", "500", "99 x", "211-\n211-\n211 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		r, err := parseReply(lines)
		if err != nil {
			return
		}
		if strings.ContainsFunc(r.Text, func(c rune) bool { return c < ' ' && c != '\n' || c > '~' }) {
			return // goes out as "?", see Reply.Append
		}
		wire := strings.TrimSuffix(string(r.Append(nil)), "\r\n")
		again, err := parseReply(strings.ReplaceAll(wire, "\r\n", "\n"))
		if err != nil || again != r {
			t.Errorf("%q was read as %+v, sent as %q and read as %+v, %v", lines, r, wire, again, err)
		}
	})
}
