package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/sealift/sealift/storage"
)

// Mkdir implements storage.FS.
func (f *FS) Mkdir(ctx context.Context, p storage.Path) error {
	err := f.make(ctx, p, func(in *folder) error { return in.root.Mkdir(p.Base(), 0o777) })
	if err != nil {
		return f.fail("mkdir", p, err)
	}
	return nil
}

// make runs do, which makes p, where not even an unfinished upload of the
// account stands there.
func (f *FS) make(ctx context.Context, p storage.Path, do func(in *folder) error) error {
	if err := creatable(ctx, p); err != nil {
		return err
	}
	if p == storage.Root {
		return fs.ErrExist
	}
	in, err := f.folder(p.Dir())
	if err != nil {
		return err
	}
	defer in.close()
	defer in.lock(p.Base())()
	kept, err := in.unfinished(p.Base())
	if err == nil && kept != nil {
		err = fs.ErrExist
	}
	if err != nil {
		return err
	}
	return do(in)
}

// SetAttr implements storage.FS.
func (f *FS) SetAttr(ctx context.Context, p storage.Path, a storage.Attr) error {
	if err := f.setAttr(ctx, p, a); err != nil {
		return f.fail("setattr", p, err)
	}
	return nil
}

func (f *FS) setAttr(ctx context.Context, p storage.Path, a storage.Attr) error {
	info, err := f.stat(ctx, p)
	if err != nil {
		return err
	}
	if info.Unfinished {
		return &storage.UnfinishedError{Size: info.Size}
	}
	if a.Mode != nil {
		if err := f.root.Chmod(p.Rel(), a.Mode.Perm()); err != nil {
			return err
		}
	}
	if a.ModTime != nil {
		return f.root.Chtimes(p.Rel(), time.Time{}, *a.ModTime)
	}
	return nil
}

// Remove implements storage.FS.
func (f *FS) Remove(ctx context.Context, p storage.Path, t storage.Type) error {
	if err := f.removeEntry(ctx, p, t); err != nil {
		return f.fail("remove", p, err)
	}
	return nil
}

func (f *FS) removeEntry(ctx context.Context, p storage.Path, t storage.Type) error {
	if err := existing(ctx, p); err != nil {
		return err
	}
	if p == storage.Root {
		return errRemoveRoot(t)
	}
	in, err := f.folder(p.Dir())
	if err != nil {
		return err
	}
	defer in.close()
	defer in.lock(p.Base())()
	entry, err := in.lstat(p.Base())
	if err != nil {
		return err
	}
	kept, err := in.unfinished(p.Base())
	switch {
	case err != nil:
		return err
	case entry == nil && kept == nil:
		return fs.ErrNotExist
	case t == storage.Dir:
		return in.removeDir(p.Base(), entry)
	}
	return in.removeFile(p.Base(), entry, kept)
}

func errRemoveRoot(t storage.Type) error {
	if t == storage.File {
		return storage.ErrIsDir
	}
	return fs.ErrPermission
}

// removeFile removes the file or link name, and the account's unfinished
// upload of that name.
func (in *folder) removeFile(name string, entry os.FileInfo, kept *partial) error {
	switch {
	case entry == nil:
	case entry.IsDir():
		return storage.ErrIsDir
	case !entry.Mode().IsRegular() && entry.Mode()&fs.ModeSymlink == 0:
		return storage.ErrNotRegular
	default:
		if err := in.remove(name); err != nil {
			return err
		}
		in.fs.release(count(entry, kept).minus(count(nil, kept)))
	}
	if kept == nil {
		return nil
	}
	if err := in.dropLeftover(kept); err != nil {
		return err
	}
	if err := in.remove(kept.name); err != nil {
		return err
	}
	in.fs.release(count(nil, kept))
	return nil
}

// removeDir removes the directory name, with what others have left in it of
// interrupted uploads.
func (in *folder) removeDir(name string, entry os.FileInfo) error {
	if entry == nil || !entry.IsDir() {
		return storage.ErrNotDir
	}
	err := in.root.Remove(name)
	if !errors.Is(in.fs.kind(err), storage.ErrNotEmpty) {
		return err
	}
	inner, err := in.fs.folder(in.path.Join(name))
	if err != nil {
		return err
	}
	defer inner.close()
	if err := inner.clearLeftovers(); err != nil {
		return err
	}
	return in.root.Remove(name)
}

// clearLeftovers removes the hidden files of a folder that holds nothing else;
// ErrNotEmpty if it does, or if one is the account's or of an upload that runs.
func (in *folder) clearLeftovers() error {
	var leftovers []string
	for name, err := range in.names(context.Background()) {
		if err != nil {
			return err
		}
		l, ok := parseHidden(name)
		if !ok || (l.owner == in.fs.owner && in.holdsUnfinished(name, l)) || in.locked(name) {
			return storage.ErrNotEmpty
		}
		leftovers = append(leftovers, name)
	}
	for _, name := range leftovers {
		if err := in.sweepFile(name, time.Now().Add(time.Hour), true); err != nil {
			return err
		}
	}
	return nil
}

// holdsUnfinished reports whether a hidden file is an unfinished upload, and
// not waste.
func (in *folder) holdsUnfinished(hiddenName string, l label) bool {
	fi, err := in.lstat(hiddenName)
	if err != nil || fi == nil {
		return false
	}
	return l.tag == tagKept || (l.tag == tagLive && isLeftover(fi))
}
