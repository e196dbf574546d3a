package ftpserver

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// noted is a storage.Writer that notes what is done to it.
type noted struct {
	bytes.Buffer
	ends []string
	fail error
}

func (n *noted) Write(p []byte) (int, error) {
	if n.fail != nil {
		return 0, n.fail
	}
	return n.Buffer.Write(p)
}
func (n *noted) Commit() error  { n.ends = append(n.ends, "commit"); return nil }
func (n *noted) Suspend() error { n.ends = append(n.ends, "suspend"); return nil }
func (n *noted) Abort() error   { n.ends = append(n.ends, "abort"); return nil }

// sentASCII is what a download makes of a file.
func sentASCII(t testing.TB, file io.Reader) string {
	t.Helper()
	got, err := io.ReadAll(newToNetwork(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// storedASCII is what an upload in pieces of n bytes makes of the peer's
// bytes.
func storedASCII(t testing.TB, sent string, n int) string {
	t.Helper()
	file := &noted{}
	w := &fromNetwork{Writer: file}
	for rest := sent; rest != ""; {
		piece := rest[:min(n, len(rest))]
		rest = rest[len(piece):]
		if m, err := w.Write([]byte(piece)); m != len(piece) || err != nil {
			t.Fatalf("wrote %d of %d: %v", m, len(piece), err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

func TestToNetwork(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ why, file, sent string }{
		{"nothing", "", ""},
		{"a line gets a CR", "a\n", "a\r\n"},
		{"one that has it keeps it", "a\r\n", "a\r\n"},
		{"the last line may have no end", "a\nb", "a\r\nb"},
		{"empty lines", "\n\n", "\r\n\r\n"},
		{"a CR alone stays", "a\rb\r", "a\rb\r"},
		{"CR CR LF stays", "a\r\r\n", "a\r\r\n"},
		{"mixed", "\r\n\n\r", "\r\n\r\n\r"},
		{"much", strings.Repeat("line\n", 10_000), strings.Repeat("line\r\n", 10_000)},
	} {
		if got := sentASCII(t, strings.NewReader(test.file)); got != test.sent {
			t.Errorf("%s: got %.60q, want %.60q", test.why, got, test.sent)
		}
		if got := sentASCII(t, iotest.OneByteReader(strings.NewReader(test.file))); got != test.sent {
			t.Errorf("%s, byte by byte: got %.60q, want %.60q", test.why, got, test.sent)
		}
		if got := sentASCII(t, iotest.DataErrReader(strings.NewReader(test.file))); got != test.sent {
			t.Errorf("%s, with the end in the last read: got %.60q, want %.60q", test.why, got, test.sent)
		}
	}
}

func TestToNetworkFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	src := io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken))
	got, err := io.ReadAll(newToNetwork(src))
	if string(got) != "a\r\nb" || err != broken {
		t.Errorf("got %q, %v; want what came before the failure, and the failure", got, err)
	}
}

func TestFromNetwork(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ why, sent, file string }{
		{"nothing", "", ""},
		{"a line loses its CR", "a\r\n", "a\n"},
		{"one that has none stays", "a\n", "a\n"},
		{"a CR alone stays", "a\rb", "a\rb"},
		{"at the end too", "a\r", "a\r"},
		{"two of them", "\r\r", "\r\r"},
		{"CR CR LF loses one", "a\r\r\n", "a\r\n"},
		{"empty lines", "\r\n\r\n", "\n\n"},
	} {
		for _, n := range []int{1, 2, 3, 100} {
			if got := storedASCII(t, test.sent, n); got != test.file {
				t.Errorf("%s, in pieces of %d: got %q, want %q", test.why, n, got, test.file)
			}
		}
	}
}

func TestFromNetworkFails(t *testing.T) {
	t.Parallel()
	full := errors.New("full")
	file := &noted{}
	w := &fromNetwork{Writer: file}
	if _, err := w.Write([]byte("a\r")); err != nil {
		t.Fatal(err)
	}
	file.fail = full
	if err := w.Commit(); err != full {
		t.Errorf("the CR that was held could not be written, and Commit said %v", err)
	}
	if len(file.ends) != 1 || file.ends[0] != "abort" {
		t.Errorf("the upload ended with %v, want one abort", file.ends)
	}
}

func FuzzASCII(f *testing.F) {
	f.Add("a\r\nb\n\r\r\n", 1)
	f.Add("\r", 3)
	f.Fuzz(func(t *testing.T, text string, n int) {
		n = 1 + max(n, -n-1)%len(text+"x")
		stored := storedASCII(t, text, n)
		if want := strings.ReplaceAll(text, "\r\n", "\n"); stored != want {
			t.Fatalf("%q in pieces of %d is stored as %q, want %q", text, n, stored, want)
		}
		sent := sentASCII(t, strings.NewReader(text))
		if one := sentASCII(t, iotest.OneByteReader(strings.NewReader(text))); one != sent {
			t.Fatalf("%q is sent as %q, read byte by byte as %q", text, sent, one)
		}
		if !strings.Contains(text, "\r") && storedASCII(t, sent, n) != text {
			t.Fatalf("%q comes back as %q", text, storedASCII(t, sent, n))
		}
		if again := sentASCII(t, strings.NewReader(sent)); again != sent {
			t.Fatalf("%q is sent as %q, and that as %q", text, sent, again)
		}
	})
}
