// Package local keeps files in a directory of the operating system.
//
// Every file operation goes through one os.Root, so that no name and no link
// leads out of the directory. An upload is written to a hidden file beside its
// target and renamed over it when it is complete and durable; see names.go for
// the names of hidden files and how they tell who may resume them.
package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/sealift/sealift/storage"
)

// Options of an FS. The zero value is usable.
type Options struct {
	// Owner is the account whose unfinished uploads this FS sees. Two FSs of
	// one directory with different owners see the same complete files.
	Owner string
	// Meter keeps account of what the directory holds; nil if nobody does.
	// FSs that share a directory need to share the Meter. Start it with what
	// Usage says.
	Meter storage.Meter
	// KeepInterrupted is how long Suspend may keep an upload, until Sweep
	// removes it; with 0 Suspend discards it at once.
	KeepInterrupted time.Duration
	// Symlinks lets Symlink make links. Links that stand there already are
	// followed in any case, as long as they stay inside.
	Symlinks bool
	// NoSync leaves out every fsync: a file that was committed may be lost or
	// empty after a power cut. For benchmarks and tests only.
	NoSync bool
}

// FS is a storage.FS over one directory.
type FS struct {
	options Options
	root    *os.Root
	top     *folder // of root
	owner   string  // hash of Options.Owner, as it stands in hidden names
	// outward is the error of os.Root for a path that leads out of it.
	outward error
	// fault, in tests, makes the operation of that name fail.
	fault func(op string) error
}

// Open returns an FS of the directory dir, which must exist. The caller closes
// it after the last use of it and of its Writers.
func Open(dir string, o Options) (*FS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &FS{options: o, root: root, owner: ownerTag(o.Owner), outward: outwardError(root)}
	if f.top, err = openFolder(f, storage.Root, root); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

// outwardError is the cause that root gives for names outside of it; package
// os does not export it.
func outwardError(root *os.Root) error {
	var failed *fs.PathError
	if _, err := root.Lstat(".."); errors.As(err, &failed) {
		return failed.Err
	}
	return errors.New("local: os.Root let .. pass")
}

// Close releases the directory. Readers that are open stay usable.
func (f *FS) Close() error {
	return errors.Join(f.top.handle.Close(), f.root.Close())
}

// Stat implements storage.FS.
func (f *FS) Stat(ctx context.Context, p storage.Path) (storage.Info, error) {
	info, err := f.stat(ctx, p)
	if err != nil {
		return storage.Info{}, f.fail("stat", p, err)
	}
	return info, nil
}

func (f *FS) stat(ctx context.Context, p storage.Path) (storage.Info, error) {
	if err := existing(ctx, p); err != nil {
		return storage.Info{}, err
	}
	fi, err := f.root.Stat(p.Rel())
	if err == nil {
		return describe(p.Base(), fi)
	}
	if kept := f.unfinishedAt(p, err); kept != nil {
		return kept.describe(p.Base()), nil
	}
	return storage.Info{}, err
}

// unfinishedAt is the account's unfinished upload to p, for an operation that
// failed with err; nil if there is none, or if err is not that nothing is there.
func (f *FS) unfinishedAt(p storage.Path, err error) *partial {
	if !errors.Is(err, fs.ErrNotExist) || p == storage.Root {
		return nil
	}
	in, err := f.folder(p.Dir())
	if err != nil {
		return nil
	}
	defer in.close()
	return in.peek(p.Base())
}

// describe is the Info of a regular file or directory.
func describe(name string, fi os.FileInfo) (storage.Info, error) {
	info := storage.Info{Name: name, ModTime: fi.ModTime(), Mode: permissions(fi), ID: identity(fi)}
	switch {
	case fi.IsDir():
		info.Type = storage.Dir
	case fi.Mode().IsRegular():
		info.Size = fi.Size()
	default:
		return storage.Info{}, storage.ErrNotRegular
	}
	return info, nil
}

// Open implements storage.FS. The reader is an *os.File: it never waits long,
// so it does not watch ctx.
func (f *FS) Open(ctx context.Context, p storage.Path, offset int64) (io.ReadCloser, error) {
	file, err := f.open(ctx, p, offset)
	if err != nil {
		return nil, f.fail("open", p, err)
	}
	return file, nil
}

func (f *FS) open(ctx context.Context, p storage.Path, offset int64) (*os.File, error) {
	if err := existing(ctx, p); err != nil {
		return nil, err
	}
	file, fi, err := openRegular(f.root, p.Rel(), os.O_RDONLY)
	if kept := f.unfinishedAt(p, err); kept != nil {
		return nil, &storage.UnfinishedError{Size: kept.info.Size()}
	}
	if err != nil {
		return nil, err
	}
	if err := seek(file, fi, offset); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func seek(file *os.File, fi os.FileInfo, offset int64) error {
	if offset < 0 || offset > fi.Size() {
		return storage.ErrOffset
	}
	if offset == 0 {
		return nil
	}
	_, err := file.Seek(offset, io.SeekStart)
	return err
}

// openRegular opens a file without waiting for the other end of a FIFO or for
// a device, looks at what it has opened and refuses what is no regular file.
func openRegular(root *os.Root, name string, flag int) (*os.File, os.FileInfo, error) {
	file, err := root.OpenFile(name, flag|openCarefully, 0)
	if err != nil {
		return nil, nil, err
	}
	fi, err := file.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = storage.ErrNotRegular
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, fi, nil
}

// Features implements storage.FS.
func (f *FS) Features(ctx context.Context, dir storage.Path) (storage.Features, error) {
	if err := existing(ctx, dir); err != nil {
		return storage.Features{}, f.fail("features", dir, err)
	}
	in, err := f.folder(dir)
	if err != nil {
		return storage.Features{}, f.fail("features", dir, err)
	}
	defer in.close()
	return storage.Features{Free: free(in.handle), Modes: hasModes, Symlinks: f.options.Symlinks}, nil
}

// existing refuses paths that no operation on existing names may reach.
func existing(ctx context.Context, p storage.Path) error {
	if hasHidden(p) || !validPath(p) {
		return fs.ErrNotExist
	}
	return ctx.Err()
}

// creatable refuses paths under which nothing may be made.
func creatable(ctx context.Context, p storage.Path) error {
	if hasHidden(p) || !validPath(p) {
		return storage.ErrName
	}
	return ctx.Err()
}

// try fails where a test wants op to fail.
func (f *FS) try(op string) error {
	if f.fault == nil {
		return nil
	}
	return f.fault(op)
}
