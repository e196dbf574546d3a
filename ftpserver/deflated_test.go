package ftpserver

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
)

// tape is a data connection of which both directions are in memory.
type tape struct {
	dataConn
	in    io.Reader
	out   bytes.Buffer
	ended bool
}

func (c *tape) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c *tape) Write(p []byte) (int, error) { return c.out.Write(p) }
func (c *tape) Flush() error                { return nil }
func (c *tape) receiving()                  {}
func (c *tape) end() error                  { c.ended = true; return nil }

func squeezed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDeflatedDownload(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a", strings.Repeat("line\n", 100_000)} {
		var under tape
		c := &deflated{dataConn: &under, level: 9}
		var moved atomic.Int64
		if err := errors.Join(c.sendFrom(strings.NewReader(text), &moved), c.end()); err != nil {
			t.Fatal(err)
		}
		r, err := zlib.NewReader(&under.out)
		if err != nil {
			t.Fatalf("%d bytes: %v", len(text), err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != text || moved.Load() != int64(len(text)) || !under.ended {
			t.Errorf("%d bytes came as %d (%v), %d were counted, the connection is ended: %t",
				len(text), len(got), err, moved.Load(), under.ended)
		}
	}
}

func TestDeflatedUpload(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("some text ", 1000)
	whole := squeezed(t, text)
	for _, test := range []struct {
		why  string
		sent []byte
		want string
		cut  bool
		err  error
	}{
		{"a whole file", whole, text, false, nil},
		{"an empty file", squeezed(t, ""), "", false, nil},
		{"nothing at all is an empty file", nil, "", false, nil},
		{"the stream ends too early", whole[:len(whole)-6], "", true, nil},
		{"bytes behind the end are not lost in silence", append(bytes.Clone(whole), 'x'), "", true, errTrailing},
		{"no zlib stream", []byte("some text, as it is"), "", true, zlib.ErrHeader},
		{"the sum is wrong", append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]+1), "", true, zlib.ErrChecksum},
		{"zeros that would fill a disk", squeezed(t, strings.Repeat("\x00", 10<<20)), "", false, errInflates},
	} {
		under := &tape{in: bytes.NewReader(test.sent)}
		c := &deflated{dataConn: under, level: 6}
		c.receiving()
		got, err := io.ReadAll(c)
		var broken cutError
		switch {
		case errors.As(err, &broken) != test.cut, test.err != nil && !errors.Is(err, test.err):
			t.Errorf("%s: error %v", test.why, err)
		case !test.cut && test.err == nil && (err != nil || string(got) != test.want):
			t.Errorf("%s: %d bytes, %v", test.why, len(got), err)
		}
		if err := c.end(); err != nil || under.out.Len() > 0 {
			t.Errorf("%s: the end of an upload sends %d bytes, %v", test.why, under.out.Len(), err)
		}
	}
}
