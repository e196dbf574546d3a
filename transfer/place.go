package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// A place is a name in a tree here that nothing leads out of: no "..", and no
// link (os.Root).
type place struct {
	root *os.Root
	name string // relative to root, with slashes, clean
}

// openPlaces opens the folder dir for writing into it.
func openPlaces(dir string) (*os.Root, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return os.OpenRoot(full)
}

// in is a name in the folder that p is.
func (p place) in(name string) place { return place{p.root, path.Join(p.name, name)} }

func (p place) system() string { return filepath.FromSlash(p.name) }

// path is for people and the journal.
func (p place) path() string { return filepath.Join(p.root.Name(), p.system()) }

func (p place) part() place {
	return place{p.root, path.Join(path.Dir(p.name), partName(path.Base(p.name)))}
}

// stat is what stands there, not followed; nil if nothing does.
func (p place) stat() (fs.FileInfo, error) {
	info, err := p.root.Lstat(p.system())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, local(err)
}

// open opens the file for reading and writing; it is made if need be.
func (p place) open() (*os.File, error) {
	info, err := p.stat()
	if err != nil {
		return nil, err
	}
	if info != nil && !info.Mode().IsRegular() {
		return nil, local(fmt.Errorf("%s: %w: it is %s", p.path(), ErrConflict, kindOf(info.Mode())))
	}
	f, err := p.root.OpenFile(p.system(), os.O_CREATE|os.O_RDWR, 0o666)
	return f, local(err)
}

func (p place) remove() error {
	if err := p.root.Remove(p.system()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return local(err)
	}
	return nil
}

// makeDir makes the folder and those that lead to it.
func (p place) makeDir() error {
	err := p.root.MkdirAll(p.system(), 0o777)
	info, statErr := p.stat()
	if statErr == nil && info != nil && info.IsDir() {
		return nil
	}
	if err == nil || info != nil {
		return local(fmt.Errorf("%s: %w: it is not a folder", p.path(), ErrConflict))
	}
	return local(err)
}

// publish gives part the name p, in one step, durably, with the time of the
// source and the permissions of what it replaces.
func (p place) publish(part place, modTime time.Time) error {
	old, err := p.stat()
	switch {
	case err != nil:
		return err
	case old != nil && old.IsDir():
		return local(fmt.Errorf("%s: %w: it is a folder", p.path(), ErrConflict))
	case old != nil && old.Mode().IsRegular():
		if err := p.root.Chmod(part.system(), old.Mode().Perm()); err != nil {
			return local(err)
		}
	}
	if !modTime.IsZero() {
		if err := p.root.Chtimes(part.system(), time.Time{}, modTime); err != nil {
			return local(err)
		}
	}
	if err := p.root.Rename(part.system(), p.system()); err != nil {
		return local(err)
	}
	return p.syncDir()
}

func (p place) syncDir() error {
	dir, err := p.root.Open(filepath.FromSlash(path.Dir(p.name)))
	if err != nil {
		return local(err)
	}
	defer dir.Close()
	return local(syncDir(dir))
}

// kindOf is a file's kind for people.
func kindOf(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a file"
	case m.IsDir():
		return "a folder"
	case m&fs.ModeSymlink != 0:
		return "a link"
	}
	return "a device or the like"
}
