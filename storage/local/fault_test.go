package local

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/sealift/sealift/storage"
)

var errFault = errors.New("fault of the test")

// faultCases are uploads to f; "-" is nothing.
var faultCases = []struct {
	why                  string
	complete, unfinished string
	mode                 storage.Mode
	want                 string
}{
	{"a new file", "-", "-", storage.Mode{}, "new data"},
	{"over a file", "old", "-", storage.Mode{}, "new data"},
	{"over both", "old", "1234", storage.Mode{}, "new data"},
	{"only new", "-", "-", storage.Mode{Allow: storage.AllowNew}, "new data"},
	{"appended", "old", "-", storage.Mode{Append: true}, "oldnew data"},
	{"continued", "-", "1234", storage.Mode{Offset: 4}, "1234new data"},
	{"continued beside a file", "old", "1234", storage.Mode{Offset: 4}, "1234new data"},
	{"stepped back", "-", "1234", storage.Mode{Offset: 2}, "12new data"},
}

// TestFaults makes each operation of each upload fail, one at a time. If one
// of them is a sync before the end, Commit must not say that all is well.
func TestFaults(t *testing.T) {
	for _, c := range faultCases {
		t.Run(c.why, func(t *testing.T) {
			if c.mode.Allow == 0 {
				c.mode.Allow = storage.AllowAll
			}
			for n := 1; ; n++ {
				b := newBox(t)
				if c.complete != "-" {
					b.put("/f", c.complete)
				}
				if c.unfinished != "-" {
					b.must(b.create("/f", storage.Mode{}, c.unfinished).Suspend())
				}
				failed := b.failNth(n, errFault)
				err := uploadTwice(b, c.mode)
				b.fault = nil
				if *failed == "" {
					b.must(err)
					return
				}
				checkFault(b, *failed, err, c.complete, c.want)
			}
		})
	}
}

// failNth makes the n-th operation fail, and says which it was.
func (b *box) failNth(n int, err error) (failed *string) {
	failed = new(string)
	b.fault = func(op string) error {
		if n--; n == 0 {
			*failed = op
			return err
		}
		return nil
	}
	return failed
}

// uploadTwice uploads in two pieces, and goes on after an error as the server
// does: with Abort while data comes.
func uploadTwice(b *box, m storage.Mode) error {
	w, err := b.Create(b.t.Context(), "/f", m)
	if err != nil {
		return err
	}
	for _, data := range []string{"new ", "data"} {
		if _, err := w.Write([]byte(data)); err != nil {
			return errors.Join(err, w.Abort())
		}
	}
	return w.Commit()
}

func checkFault(b *box, failed string, err error, old, want string) {
	b.t.Helper()
	switch {
	case err == nil && failed != "remove":
		b.t.Errorf("a fault in %s is not told", failed)
	case err == nil:
		b.holds("f", want)
	case !errors.Is(err, errFault):
		b.t.Errorf("a fault in %s is told as %v", failed, err)
	case old != "-":
		b.holds("f", old)
	case slices.Contains(b.names(""), "f"):
		b.t.Errorf("after a fault in %s the new file stands there", failed)
	}
	if left := b.hidden(""); len(left) > 0 && failed != "remove" {
		if _, statErr := b.Stat(b.t.Context(), "/f"); old == "-" && statErr != nil {
			b.t.Errorf("after a fault in %s there is %q", failed, left)
		}
	}
	b.settled()
	b.put("/f", "later")
	b.holds("f", "later")
}

// TestFullDisk is that of the seam; there is one with a real disk for Linux.
func TestFullDisk(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		b := newBox(t)
		b.put("/f", "old")
		w, err := b.Create(t.Context(), "/f", storage.Mode{Allow: storage.AllowAll})
		b.must(err)
		b.failNth(1, &os.PathError{Op: "write", Err: errno})
		_, err = w.Write([]byte("data"))
		b.fault = nil
		b.is(err, storage.ErrNoSpace)
		b.is(w.Suspend(), storage.ErrNoSpace)
		b.holds("f", "old")
		if left := b.hidden(""); len(left) > 0 {
			t.Errorf("%v leaves %q", errno, left)
		}
		b.settled()
	}
}

// TestOrder shows that a file is durable before it has its name, and the name
// before Commit returns.
func TestOrder(t *testing.T) {
	tests := []struct {
		why    string
		old    bool
		noSync bool
		want   []string
	}{
		{"a new file", false, false, []string{"create", "write", "sync", "rename", "sync"}},
		{"a file in place of another", true, false, []string{"create", "write", "chmod", "sync", "link", "rename", "sync"}},
		{"without sync", false, true, []string{"create", "write", "rename"}},
	}
	for _, test := range tests {
		b := newBox(t)
		if test.old {
			b.put("/f", "old")
		}
		b.options.NoSync = test.noSync
		var ops []string
		b.fault = func(op string) error { ops = append(ops, op); return nil }
		b.put("/f", "data")
		if !slices.Equal(ops, test.want) {
			t.Errorf("%s: %q, want %q", test.why, ops, test.want)
		}
	}
}
