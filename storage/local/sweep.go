package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/sealift/sealift/storage"
)

// youngWaste is how old a hidden file must be that nobody can resume, so that
// it cannot be that of an upload which has not got its lock yet.
const youngWaste = time.Minute

// Sweep removes, of all accounts, the interrupted uploads that got no byte
// since olderThan ago, and what killed processes have left.
func (f *FS) Sweep(ctx context.Context, olderThan time.Duration) error {
	before := time.Now().Add(-olderThan)
	return f.walk(ctx, storage.Root, func(in *folder, name string) error {
		if !isHidden(name) {
			return nil
		}
		return in.sweepFile(name, before, false)
	})
}

// sweepFile removes a hidden file that was last written before that time and
// that no upload has locked. Waste goes when it is a minute old or, with all,
// however young it is.
func (in *folder) sweepFile(hiddenName string, before time.Time, all bool) error {
	l, ok := parseHidden(hiddenName)
	if !ok {
		return nil
	}
	unlock, free := names.tryLock(in.key(l.name))
	if !free {
		return nil
	}
	defer unlock()
	fi, err := in.lstat(hiddenName)
	if err != nil || fi == nil || !fi.Mode().IsRegular() {
		return err
	}
	waste := !in.holdsUnfinished(hiddenName, l)
	if waste && !all {
		before = time.Now().Add(-youngWaste)
	}
	if !fi.ModTime().Before(before) || in.locked(hiddenName) {
		return nil
	}
	return in.removeHidden(hiddenName, l, fi, waste)
}

// removeHidden removes a hidden file and tells the Meter what Usage counted
// for it.
func (in *folder) removeHidden(hiddenName string, l label, fi os.FileInfo, waste bool) error {
	gone := tally{bytes: fi.Size()}
	if !waste && !in.countedElsewhere(hiddenName, l) && !in.hasLeftover(hiddenName, l) {
		gone.files = 1
	}
	if err := in.remove(hiddenName); err != nil {
		return err
	}
	in.fs.release(gone)
	return nil
}

// countedElsewhere reports whether the name of an unfinished upload counts as
// one file already, for the complete file or for the account's kept upload.
func (in *folder) countedElsewhere(hiddenName string, l label) bool {
	switch {
	case l.long && in.hasLong(l.name):
		return true
	case l.tag == tagLive && in.has(withTag(hiddenName, tagKept)):
		return true
	}
	return !l.long && in.has(l.name)
}

// hasLeftover reports whether beside a kept upload one stands that a killed
// process has left; it would count in place of the other.
func (in *folder) hasLeftover(hiddenName string, l label) bool {
	if l.tag != tagKept {
		return false
	}
	fi, err := in.lstat(withTag(hiddenName, tagLive))
	return err == nil && fi != nil && isLeftover(fi)
}

// dropLeftover removes what a killed process has left beside a kept upload
// that is about to go, so that it does not take its place.
func (in *folder) dropLeftover(kept *partial) error {
	live := withTag(kept.name, tagLive)
	if kept.name == live || !in.has(live) || in.locked(live) {
		return nil
	}
	fi, err := in.lstat(live)
	if err != nil || fi == nil {
		return err
	}
	if err := in.remove(live); err != nil {
		return err
	}
	in.fs.release(tally{bytes: fi.Size()})
	return nil
}

// has reports whether a file or link has that name.
func (in *folder) has(name string) bool {
	entry, err := in.lstat(name)
	return err == nil && entry != nil && !entry.IsDir()
}

// hasLong reports whether a name stands in the folder that has this hash and
// is too long to be part of a hidden name.
func (in *folder) hasLong(hash string) bool {
	for name, err := range in.names(context.Background()) {
		if err == nil && isLong(name) && hashName(name) == hash {
			return true
		}
	}
	return false
}

// Usage walks the tree and tells what it holds, as a Meter counts it. Links
// count as names without bytes, directories not at all.
func (f *FS) Usage(ctx context.Context) (bytes, files int64, err error) {
	var sum tally
	err = f.walk(ctx, storage.Root, func(in *folder, name string) error {
		t, err := in.usage(name)
		sum = sum.plus(t)
		return err
	})
	return sum.bytes, sum.files, err
}

func (in *folder) usage(name string) (tally, error) {
	fi, err := in.lstat(name)
	if err != nil || fi == nil {
		return tally{}, err
	}
	l, ok := parseHidden(name)
	if !ok {
		return countFile(fi), nil
	}
	t := tally{bytes: fi.Size()}
	if in.holdsUnfinished(name, l) && !in.countedElsewhere(name, l) {
		t.files = 1
	}
	return t, nil
}

// walk calls visit for each name below dir that is no directory. It follows no
// links, and leaves out what vanishes meanwhile.
func (f *FS) walk(ctx context.Context, dir storage.Path, visit func(in *folder, name string) error) error {
	in, err := f.folder(dir)
	if err != nil {
		return err
	}
	defer in.close()
	for name, err := range in.names(ctx) {
		if err != nil {
			return err
		}
		fi, err := in.lstat(name)
		if err != nil {
			return err
		}
		switch {
		case fi == nil:
			continue
		case fi.IsDir():
			err = f.walk(ctx, dir.Join(name), visit)
		default:
			err = visit(in, name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
