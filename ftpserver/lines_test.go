package ftpserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// pieces gives its bytes in reads of the sizes given, over and over; a size of
// 0 is a read that times out.
type pieces struct {
	rest  []byte
	sizes []byte
	next  int
}

func (p *pieces) Read(b []byte) (int, error) {
	size := len(b)
	if len(p.sizes) > 0 {
		size = int(p.sizes[p.next%len(p.sizes)])
		p.next++
	}
	switch {
	case size == 0:
		return 0, os.ErrDeadlineExceeded
	case len(p.rest) == 0:
		return 0, io.EOF
	}
	n := copy(b[:min(size, len(b))], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// heard is what a lineReader makes of a stream: lines, errors in their place,
// and what it answers.
type heard struct {
	lines   []string
	answers []byte
	most    int // bytes that it kept at once
}

func hear(stream, sizes []byte) heard {
	var h heard
	var answers bytes.Buffer
	var l lineReader
	l.reset(&pieces{rest: stream, sizes: sizes}, &answers)
	for {
		line, err := l.next()
		h.most = max(h.most, cap(l.buf))
		switch {
		case err == nil:
			h.lines = append(h.lines, "= "+line)
		case errors.Is(err, os.ErrDeadlineExceeded):
		case errors.Is(err, errLineTooLong):
			h.lines = append(h.lines, "too long")
		default:
			h.answers = answers.Bytes()
			if errors.Is(err, errFlood) {
				h.lines = append(h.lines, "flood")
			}
			return h
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		why     string
		stream  string
		lines   []string
		answers string
	}{
		{"CR LF ends a line", "NOOP\r\n", []string{"= NOOP"}, ""},
		{"so does LF", "NOOP\nNOOP\n", []string{"= NOOP", "= NOOP"}, ""},
		{"one CR belongs to the end, not two", "NOOP\r\r\n", []string{"= NOOP\r"}, ""},
		{"a CR elsewhere is left for others to refuse", "NO\rOP\r\n", []string{"= NO\rOP"}, ""},
		{"NUL too", "NO\x00OP\r\n", []string{"= NO\x00OP"}, ""},
		{"an empty line is a line", "\r\n\n", []string{"= ", "= "}, ""},
		{"what has no end is no line", "NOOP", nil, ""},
		{"a line of 4,096 bytes", long(4096) + "\r\n", []string{"= " + long(4096)}, ""},
		{"the same, ended by LF", long(4096) + "\n", []string{"= " + long(4096)}, ""},
		{"one byte more is too long, and the next line is read", long(4097) + "\r\nNOOP\r\n", []string{"too long", "= NOOP"}, ""},
		{"just under the flood", long(65534) + "\r\nNOOP\r\n", []string{"too long", "= NOOP"}, ""},
		{"64 KiB without a line end", long(65537) + "\nNOOP\n", []string{"flood"}, ""},
		{"lines before a flood are heard", "NOOP\n" + long(70000), []string{"= NOOP", "flood"}, ""},

		{"IAC IAC is byte 255", "RETR \xff\xff\r\n", []string{"= RETR \xff"}, ""},
		{"WILL is declined", "\xff\xfb\x01NOOP\r\n", []string{"= NOOP"}, "\xff\xfe\x01"},
		{"DO is declined", "\xff\xfd\x03NOOP\r\n", []string{"= NOOP"}, "\xff\xfc\x03"},
		{"WONT and DONT need no answer", "\xff\xfc\x01\xff\xfe\x01NOOP\r\n", []string{"= NOOP"}, ""},
		{"interrupt process and data mark, as lftp sends them before ABOR", "\xff\xf4\xff\xf2ABOR\r\n", []string{"= ABOR"}, ""},
		{"an urgent signal may eat the data mark", "\xff\xf4\xffABOR\r\n", []string{"= ABOR"}, ""},
		{"a subnegotiation is skipped", "\xff\xfa\x18\x00VT\xff\xff100\xff\xf0NOOP\r\n", []string{"= NOOP"}, ""},
		{"a line end inside it is none", "\xff\xfaNOOP\r\n\xff\xf0NOOP\r\n", []string{"= NOOP"}, ""},
		{"an option in the middle of a word", "NO\xff\xfd\x06OP\r\n", []string{"= NOOP"}, "\xff\xfc\x06"},
		{"an option named as a line end", "NO\xff\xfd\nOP\r\n", []string{"= NOOP"}, "\xff\xfc\n"},
		{"64 answers and no more", strings.Repeat("\xff\xfd\x01", 64) + "NOOP\n" + "\xff\xfd\x01" + "NOOP\n",
			[]string{"= NOOP", "flood"}, strings.Repeat("\xff\xfc\x01", 65)},
		{"a subnegotiation without an end", "NOOP\n\xff\xfa" + long(5000) + "\xff\xf0NOOP\n", []string{"= NOOP", "flood"}, ""},
		{"many short ones are none", strings.Repeat("\xff\xfa"+long(4000)+"\xff\xf0", 5) + "NOOP\n", []string{"= NOOP"}, ""},
	}
	for _, test := range tests {
		for _, sizes := range [][]byte{nil, {1}, {1, 0}, {0, 3, 2, 0, 0, 7}, {255}} {
			got := hear([]byte(test.stream), sizes)
			if !slices.Equal(got.lines, test.lines) {
				t.Errorf("%s, in reads of %v: got %.80q, want %.80q", test.why, sizes, got.lines, test.lines)
			}
			if string(got.answers) != test.answers {
				t.Errorf("%s, in reads of %v: answered %q, want %q", test.why, sizes, got.answers, test.answers)
			}
		}
	}
}

// An idle session keeps a small buffer, whatever has come before.
func TestLinesGiveMemoryBack(t *testing.T) {
	t.Parallel()
	l := lineReader{src: &pieces{rest: []byte(strings.Repeat("x", 4000) + "\n")}}
	if _, err := l.next(); err != nil {
		t.Fatal(err)
	}
	if cap(l.buf) > lineBuffer {
		t.Errorf("%d bytes are kept, want %d at most", cap(l.buf), lineBuffer)
	}
}

func TestLinesBuffered(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		stream string
		want   bool
	}{
		{"nothing behind the line", "AUTH TLS\r\n", false},
		{"a command behind it", "AUTH TLS\r\nSYST\r\n", true},
		{"half a command behind it", "AUTH TLS\r\nS", true},
		{"half a Telnet sequence behind it", "AUTH TLS\r\n\xff", true},
	} {
		var l lineReader
		l.reset(&pieces{rest: []byte(test.stream)}, io.Discard)
		if line, err := l.next(); err != nil || line != "AUTH TLS" {
			t.Fatalf("%s: got %q, %v", test.why, line, err)
		}
		if got := l.buffered(); got != test.want {
			t.Errorf("%s: buffered is %v, want %v", test.why, got, test.want)
		}
	}
}

// What was heard does not depend on how it came, and the limits hold.
func FuzzLines(f *testing.F) {
	f.Add([]byte("USER a\r\nPASS b\r\n"), []byte{1})
	f.Add([]byte("\xff\xfb\x01\xff\xff\xff\xfaabc\xff\xf0NOOP\n"), []byte{2, 0, 1})
	f.Add([]byte(strings.Repeat("a", 4096)+"\r\nNOOP\r\n"), []byte{255})
	f.Add(bytes.Repeat([]byte("0123456789abcdef"), 4100), []byte{7, 200})
	f.Add(bytes.Repeat([]byte("\xff\xfd\x01"), 70), []byte{4})
	f.Fuzz(func(t *testing.T, stream, sizes []byte) {
		if bytes.IndexFunc(sizes, func(r rune) bool { return r != 0 }) < 0 {
			sizes = nil
		}
		whole, parts := hear(stream, nil), hear(stream, sizes)
		if !slices.Equal(whole.lines, parts.lines) {
			t.Fatalf("one read gives %.200q, reads of %v give %.200q", whole.lines, sizes, parts.lines)
		}
		if !bytes.Equal(whole.answers, parts.answers) {
			t.Fatalf("one read is answered %q, reads of %v %q", whole.answers, sizes, parts.answers)
		}
		for _, h := range []heard{whole, parts} {
			if err := h.check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func (h heard) check() error {
	if h.most > 4*maxLine {
		return fmt.Errorf("%d bytes were kept", h.most)
	}
	if len(h.answers) > 3*(maxTelnetAnswers+1) {
		return fmt.Errorf("%d bytes of answers", len(h.answers))
	}
	for _, line := range h.lines {
		if len(line) > len("= ")+maxLine || strings.Contains(line, "\n") {
			return fmt.Errorf("no line: %.100q", line)
		}
	}
	return nil
}
