package local

import (
	"errors"
	"io/fs"
	"os"

	"github.com/sealift/sealift/storage"
)

// A folder is a directory as it was when it was opened: what is done in it by
// single names stays in it, wherever the directory is moved meanwhile.
type folder struct {
	fs     *FS
	path   storage.Path
	root   *os.Root
	handle *os.File
	info   os.FileInfo
}

// folder opens the directory dir. The root of the tree is open already.
func (f *FS) folder(dir storage.Path) (*folder, error) {
	if dir == storage.Root {
		return f.top, nil
	}
	// The dot makes os.Root open dir as a directory only; a FIFO of that name
	// would keep it waiting.
	root, err := f.root.OpenRoot(dir.Rel() + "/.")
	if err != nil {
		return nil, err
	}
	in, err := openFolder(f, dir, root)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return in, nil
}

func openFolder(f *FS, dir storage.Path, root *os.Root) (*folder, error) {
	handle, err := root.OpenFile(".", os.O_RDONLY|openCarefully, 0)
	if err != nil {
		return nil, err
	}
	info, err := handle.Stat()
	if err != nil {
		return nil, errors.Join(err, handle.Close())
	}
	return &folder{fs: f, path: dir, root: root, handle: handle, info: info}, nil
}

// close closes the folder, unless it is the root, which FS.Close closes.
func (in *folder) close() {
	if in != in.fs.top {
		in.handle.Close()
		in.root.Close()
	}
}

// key is what a name is locked by; it is known from its hidden names too.
func (in *folder) key(name string) nameKey {
	if isLong(name) {
		name = hashName(name)
	}
	return nameKey{dir: identity(in.info), name: name}
}

// lock keeps others of this process from changing name.
func (in *folder) lock(name string) (unlock func()) { return names.lock(in.key(name)) }

// lstat is nil, nil where nothing has that name.
func (in *folder) lstat(name string) (os.FileInfo, error) {
	fi, err := in.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return fi, err
}

// stillThere fails if another directory, or none, stands at the folder's path.
func (in *folder) stillThere() error {
	if in == in.fs.top {
		return nil
	}
	fi, err := in.fs.root.Stat(in.path.Rel())
	if err != nil {
		return err
	}
	if !os.SameFile(fi, in.info) {
		return fs.ErrNotExist
	}
	return nil
}

// remove removes the file or link name; it is no error if it is gone already.
func (in *folder) remove(name string) error {
	if err := in.fs.try("remove"); err != nil {
		return err
	}
	err := in.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// rename renames a name of the folder to another, in one step.
func (in *folder) rename(from, to string, noReplace bool) error {
	if err := in.fs.try("rename"); err != nil {
		return err
	}
	return renameIn(in, from, in, to, noReplace)
}

// sync makes the names in the folder durable.
func (in *folder) sync() error {
	if in.fs.options.NoSync {
		return nil
	}
	if err := in.fs.try("sync"); err != nil {
		return err
	}
	return syncFolder(in.handle)
}

// renameByLink renames without replacing where the system has no such call: by
// a second name for a file, else by looking first, under the lock of the name.
func renameByLink(a *folder, from string, b *folder, to string) error {
	oldPath, newPath := a.path.Join(from).Rel(), b.path.Join(to).Rel()
	err := a.fs.root.Link(oldPath, newPath)
	if err == nil {
		return a.root.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if fi, err := b.lstat(to); err != nil || fi != nil {
		return errors.Join(err, fs.ErrExist)
	}
	return a.fs.root.Rename(oldPath, newPath)
}

// A target is what stands under a name, hidden files apart; nothing if entry
// is nil.
type target struct {
	entry os.FileInfo // the name itself
	file  os.FileInfo // what it leads to; nil for a dangling link
}

// target is what stands under name. An outward link is an error.
func (in *folder) target(name string) (target, error) {
	entry, err := in.lstat(name)
	if err != nil || entry == nil || entry.Mode()&fs.ModeSymlink == 0 {
		return target{entry: entry, file: entry}, err
	}
	file, err := in.fs.root.Stat(in.path.Join(name).Rel())
	if errors.Is(err, fs.ErrNotExist) {
		return target{entry: entry}, nil
	}
	return target{entry: entry, file: file}, err
}

// complete is target for an upload: only a regular file may stand there.
func (in *folder) complete(name string) (target, error) {
	t, err := in.target(name)
	switch {
	case err != nil || !t.exists() || t.file.Mode().IsRegular():
		return t, err
	case t.file.IsDir():
		return t, storage.ErrIsDir
	}
	return t, storage.ErrNotRegular
}

func (t target) exists() bool { return t.file != nil }

// size is -1 where nothing is.
func (t target) size() int64 {
	if t.exists() {
		return t.file.Size()
	}
	return -1
}
