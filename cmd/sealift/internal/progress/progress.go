// Package progress shows on a terminal how far transfers are: a bar for each
// file on its way, and one for all of them.
package progress

import (
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/sealift/sealift/cmd/sealift/internal/screen"
)

// A Display is a place where bars are shown. One that is not on a terminal
// shows none; its methods work all the same. They may be called by several
// goroutines.
type Display struct {
	out  io.Writer
	bars *mpb.Progress // nil: nothing is shown

	mu    sync.Mutex
	live  map[*File]bool
	total total
}

// total is the sum of all files.
type total struct {
	bar          *mpb.Bar     // nil while there is but one file
	files, done  atomic.Int64 // begun or expected; over
	begun        int64
	expected     int64
	size, bytes  int64 // of the files begun, as far as they are known
	expectedSize int64
}

// New shows bars on w if it is a terminal that can move its cursor. They have
// no colours.
func New(w io.Writer, getenv func(string) string) *Display {
	f, isFile := w.(*os.File)
	if !isFile || !isatty.IsTerminal(f.Fd()) || getenv("TERM") == "dumb" {
		return &Display{out: w}
	}
	return show(w)
}

func show(w io.Writer, options ...mpb.ContainerOption) *Display {
	options = append([]mpb.ContainerOption{mpb.WithOutput(w)}, options...)
	return &Display{out: w, bars: mpb.New(options...), live: map[*File]bool{}}
}

// Write prints lines above the bars. p is whole lines.
func (d *Display) Write(p []byte) (int, error) {
	if d.bars == nil {
		return d.out.Write(p)
	}
	return d.bars.Write(p)
}

// Expect says what is to come in all, once it is known. size -1 is unknown.
func (d *Display) Expect(files int, size int64) {
	if d.bars == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total.expected, d.total.expectedSize = int64(files), max(size, 0)
	d.showTotal()
}

// Start begins a file of that size in bytes, -1 if it is not known. Its Done
// or End has to be called.
func (d *Display) Start(name string, size int64) *File {
	f := &File{d: d, size: size, pace: new(pace)}
	if d.bars == nil {
		return f
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total.begun++
	d.total.size += max(size, 0)
	d.live[f] = true
	f.bar = d.add(decor.Name(shorten(screen.Printable(name)), left(nameWidth)), size, 0, f.pace)
	d.showTotal()
	return f
}

const nameWidth = 28

func left(width int) decor.WC { return decor.WC{W: width, C: decor.DindentRight} }

// add makes a bar. Those of files are above that of the total.
func (d *Display) add(title decor.Decorator, size int64, priority int, p *pace) *mpb.Bar {
	// A bar that begins without a total is not complete until it is aborted.
	bar := d.bars.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.BarPriority(priority),
		mpb.PrependDecorators(title),
		mpb.AppendDecorators(decor.Any(p.counted), decor.Any(p.rated), decor.Any(p.left)),
	)
	bar.SetTotal(max(size, 1), false)
	return bar
}

// showTotal updates the sum, and shows it if there is more than one file. The
// mutex is held.
func (d *Display) showTotal() {
	t := &d.total
	t.files.Store(max(t.begun, t.expected))
	if t.bar == nil {
		if t.files.Load() < 2 {
			return
		}
		t.bar = d.add(decor.Any(d.summary, left(nameWidth)), 0, 1000, new(pace))
	}
	t.bar.SetTotal(max(t.size, t.expectedSize, t.bytes, 1), false)
	t.bar.SetCurrent(t.bytes)
}

// summary is called while bars are drawn, which whoever has the mutex may be
// waiting for.
func (d *Display) summary(decor.Statistics) string {
	return counted(d.total.done.Load(), d.total.files.Load())
}

// Close takes the bars away. Files that are not done are given up.
func (d *Display) Close() {
	if d.bars == nil {
		return
	}
	d.mu.Lock()
	for f := range d.live {
		f.bar.Abort(true)
	}
	clear(d.live)
	if d.total.bar != nil {
		d.total.bar.Abort(true)
	}
	d.mu.Unlock()
	d.bars.Wait()
}

// A File is one that is on its way. Its methods may be called by several
// goroutines.
type File struct {
	d    *Display
	bar  *mpb.Bar // nil: nothing is shown
	size int64
	pace *pace

	// Guarded by the mutex of d.
	at    int64
	begun bool
}

// Add says that n more bytes are there.
func (f *File) Add(n int64) {
	if f.bar == nil {
		return
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.move(f.at + n)
}

// At says how many bytes of the file are there. What the first call tells may
// be from an earlier time: it counts, but not for the rate.
func (f *File) At(done int64) {
	if f.bar == nil {
		return
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if !f.begun && done > 0 {
		f.pace.skip(done)
		f.bar.SetRefill(done)
	}
	f.move(done)
}

// move is with the mutex of d.
func (f *File) move(at int64) {
	f.begun = true
	f.d.total.bytes += at - f.at
	f.at = at
	if at > f.size { // it grows, or its size is not known
		f.bar.SetTotal(at, false)
	}
	f.bar.SetCurrent(at)
	f.d.showTotal()
}

// Done says that nothing more comes of the file, and why.
func (f *File) Done(err error) {
	if f.bar == nil {
		return
	}
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if !f.d.live[f] {
		return
	}
	delete(f.d.live, f)
	if err == nil {
		f.d.total.done.Add(1)
	}
	f.bar.Abort(true)
	f.d.showTotal()
}

// End is Done without an error.
func (f *File) End() { f.Done(nil) }
