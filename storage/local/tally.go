package local

import (
	"io/fs"
	"os"
)

// A tally is an amount of bytes and names. At every moment the Meter has been
// told the sum of what stands under all names and of what each running upload
// holds.
type tally struct{ bytes, files int64 }

func (t tally) plus(u tally) tally  { return tally{t.bytes + u.bytes, t.files + u.files} }
func (t tally) minus(u tally) tally { return tally{t.bytes - u.bytes, t.files - u.files} }

// grows reports whether the Meter may refuse t.
func (t tally) grows() bool { return t.bytes > 0 || t.files > 0 }

// charge tells the Meter.
func (f *FS) charge(t tally) error {
	if f.options.Meter == nil || t == (tally{}) {
		return nil
	}
	return f.options.Meter.Add(t.bytes, t.files)
}

// release tells the Meter of something that went, which it cannot refuse.
func (f *FS) release(t tally) {
	if f.options.Meter != nil && t != (tally{}) {
		_ = f.options.Meter.Add(-t.bytes, -t.files)
	}
}

// change runs do, which changes what is held by t: growth is told before it,
// and taken back if do fails, shrinkage after it.
func (f *FS) change(t tally, do func() error) error {
	if !t.grows() {
		err := do()
		if err == nil {
			err = f.charge(t)
		}
		return err
	}
	if err := f.charge(t); err != nil {
		return err
	}
	err := do()
	if err != nil {
		f.release(t)
	}
	return err
}

// count is what a name holds if entry stands there, nil for nothing, and an
// unfinished upload.
func count(entry os.FileInfo, kept *partial) tally {
	var t tally
	if entry != nil && !entry.IsDir() {
		t = countFile(entry)
	}
	if kept != nil {
		t = tally{t.bytes + kept.info.Size(), 1}
	}
	return t
}

// countFile counts a file with its bytes, a link as a name, and special files,
// which are never shown, not at all.
func countFile(fi os.FileInfo) tally {
	switch fi.Mode().Type() {
	case 0:
		return tally{fi.Size(), 1}
	case fs.ModeSymlink:
		return tally{0, 1}
	}
	return tally{}
}
