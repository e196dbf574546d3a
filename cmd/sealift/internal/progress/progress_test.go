package progress

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"
)

// screenshot is what a terminal got.
type screenshot struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (s *screenshot) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.text.Write(p)
	select {
	case s.more <- struct{}{}:
	default:
	}
	return n, err
}

func (s *screenshot) ReadFrom(r io.Reader) (int64, error) {
	p, err := io.ReadAll(r)
	if err == nil {
		_, err = s.Write(p)
	}
	return int64(len(p)), err
}

func (*screenshot) IsTerminal() bool               { return true }
func (*screenshot) GetTermSize() (int, int, error) { return 100, 40, nil }
func (*screenshot) Flush(int) error                { return nil }

// wait waits until the terminal has shown a text.
func (s *screenshot) wait(t *testing.T, text string) {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		s.mu.Lock()
		shown := s.text.String()
		s.mu.Unlock()
		if strings.Contains(shown, text) {
			return
		}
		select {
		case <-s.more:
		case <-timeout:
			t.Fatalf("no %q in %q", text, shown)
		}
	}
}

func newScreenshot() (*screenshot, *Display) {
	s := &screenshot{more: make(chan struct{}, 1)}
	return s, show(s, mpb.WithConsoleWriter(s), mpb.WithRefreshRate(5*time.Millisecond))
}

func TestBars(t *testing.T) {
	shot, d := newScreenshot()
	a := d.Start("in/a\x1b[2J.csv", 1<<20)
	shot.wait(t, `in/a\x1b[2J.csv`)
	a.Add(512 << 10)
	shot.wait(t, "512 KiB")
	a.Add(512 << 10)
	shot.wait(t, "1.0 MiB")
	b := d.Start("b", -1)
	shot.wait(t, "0 of 2 files")
	b.At(7)
	shot.wait(t, "7 B")
	a.Done(nil)
	shot.wait(t, "1 of 2 files")
	if _, err := d.Write([]byte("a line\n")); err != nil {
		t.Fatal(err)
	}
	shot.wait(t, "a line\n")
	b.Done(errors.New("cut"))
	b.End()
	d.Expect(5, 3<<20)
	shot.wait(t, "1 of 5 files")
	d.Close()
}

func TestCloseGivesUpWhatIsLeft(t *testing.T) {
	shot, d := newScreenshot()
	d.Start("half", 100).Add(50)
	shot.wait(t, "50 B")
	d.Close()
}

// Files that end in several goroutines while others begin do not stop each
// other, nor the drawing.
func TestMany(t *testing.T) {
	_, d := newScreenshot()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				f := d.Start("x", 1000)
				for i := range 10 {
					f.At(int64(100 * (i + 1)))
				}
				f.End()
			}
		})
	}
	all.Wait()
	if done := d.total.done.Load(); done != 400 || d.total.bytes != 400_000 {
		t.Errorf("%d files, %d bytes", done, d.total.bytes)
	}
	d.Close()
}

func TestNothingIsShownWithoutTerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	d := New(file, os.Getenv)
	d.Expect(2, 10)
	f := d.Start("a", 10)
	f.Add(5)
	f.At(10)
	f.Done(nil)
	if _, err := d.Write([]byte("a line\n")); err != nil {
		t.Fatal(err)
	}
	d.Close()
	if got, err := os.ReadFile(file.Name()); err != nil || string(got) != "a line\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPace(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	p := &pace{}
	p.skip(1000)
	p.sample(start, 1000)
	if rate := p.sample(start.Add(time.Second), 3000); rate != 2000 {
		t.Errorf("what was there before counts: %v", rate)
	}
	if rate := p.sample(start.Add(time.Second+time.Millisecond), 9000); rate != 2000 {
		t.Errorf("two samples in no time make a rate: %v", rate)
	}
	if rate := p.sample(start.Add(2*time.Second), 3000); rate >= 2000 || rate < 1000 {
		t.Errorf("a pause does not make it slower, or at once: %v", rate)
	}
	if rate := p.sample(start.Add(time.Minute), 3000); rate > 1 {
		t.Errorf("what stands still has a rate: %v", rate)
	}
}

func TestRemaining(t *testing.T) {
	for _, tt := range []struct {
		why  string
		n    int64
		rate float64
		want string
	}{
		{"nothing moves", 10, 0, "--:--"},
		{"nothing is left", 0, 10, "--:--"},
		{"rounded up", 11, 10, "00:02"},
		{"minutes", 6000, 10, "10:00"},
		{"hours", 36610, 10, "1:01:01"},
		{"nobody waits that long", 1 << 40, 1, "> 4 days"},
	} {
		if got := remaining(tt.n, tt.rate); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct{ why, name, want string }{
		{"short names stay", "a", "a"},
		{"the end tells more", strings.Repeat("x", 30) + ".csv", "…" + strings.Repeat("x", 22) + ".csv"},
		{"characters, not bytes", strings.Repeat("ä", 27), strings.Repeat("ä", 27)},
	} {
		if got := shorten(tt.name); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}
