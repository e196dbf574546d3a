// Package mount puts folders of other trees into an account's tree.
package mount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/sealift/sealift/storage"
)

// FS is a storage.FS that passes what concerns a mount point, or what lies
// below one, to the tree that is mounted there, and all else to a root.
//
// Mount points and the directories on the way to them cannot be removed,
// renamed or replaced; what the root holds under these names is not seen. A
// directory on the way that the root lacks is shown, but nothing can be made in
// it. Rename and Symlink from one tree to another are storage.ErrUnsupported.
type FS struct {
	root   storage.FS
	mounts map[storage.Path]storage.FS
	// below are the names that mounts put into a directory, for each
	// directory on the way to one.
	below map[storage.Path][]string
}

// New returns an FS of root with other trees in it. The mount points are
// clean paths other than the root's.
func New(root storage.FS, mounts map[storage.Path]storage.FS) (*FS, error) {
	f := &FS{root: root, mounts: maps.Clone(mounts), below: map[storage.Path][]string{}}
	for _, p := range slices.Sorted(maps.Keys(mounts)) {
		clean, err := storage.Resolve(storage.Root, string(p))
		if err != nil || clean != p || p == storage.Root {
			return nil, fmt.Errorf("mount: %q is not a path to mount at: want /name or /dir/name", p)
		}
		for ; p != storage.Root; p = p.Dir() {
			f.announce(p)
		}
	}
	return f, nil
}

func (f *FS) announce(p storage.Path) {
	if !slices.Contains(f.below[p.Dir()], p.Base()) {
		f.below[p.Dir()] = append(f.below[p.Dir()], p.Base())
	}
}

// A place is a path in the tree that holds it.
type place struct {
	fs    storage.FS
	point storage.Path // where that tree is mounted
	path  storage.Path // in that tree
}

// at finds the tree of the innermost mount point that p lies in.
func (f *FS) at(p storage.Path) place {
	for point := p; point != storage.Root; point = point.Dir() {
		if mounted, ok := f.mounts[point]; ok {
			return place{mounted, point, cut(p, point)}
		}
	}
	return place{f.root, storage.Root, p}
}

// cut is p as seen from point.
func cut(p, point storage.Path) storage.Path {
	if p == point {
		return storage.Root
	}
	return storage.Path(strings.TrimPrefix(string(p), string(point)))
}

// isMount reports whether a tree is mounted at p.
func (f *FS) isMount(p storage.Path) bool { return f.mounts[p] != nil }

// fixed reports whether p is a mount point or on the way to one.
func (f *FS) fixed(p storage.Path) bool {
	return p == storage.Root || f.isMount(p) || len(f.below[p]) > 0
}

// Stat implements storage.FS.
func (f *FS) Stat(ctx context.Context, p storage.Path) (storage.Info, error) {
	at := f.at(p)
	info, err := at.fs.Stat(ctx, at.path)
	if f.fixed(p) && !f.isMount(p) && isNoDir(info, err) {
		return storage.Info{Name: p.Base(), Type: storage.Dir}, nil
	}
	info.Name = p.Base()
	return info, err
}

// List implements storage.FS.
func (f *FS) List(ctx context.Context, dir storage.Path) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		if f.listMounts(ctx, dir, yield) {
			f.listTree(ctx, dir, yield)
		}
	}
}

// listMounts yields what mounts put into dir, and reports whether to go on. A
// tree that cannot be reached is left out.
func (f *FS) listMounts(ctx context.Context, dir storage.Path, yield func(storage.Info, error) bool) bool {
	for _, name := range f.below[dir] {
		if info, err := f.Stat(ctx, dir.Join(name)); err == nil && !yield(info, nil) {
			return false
		}
	}
	return true
}

func (f *FS) listTree(ctx context.Context, dir storage.Path, yield func(storage.Info, error) bool) {
	at := f.at(dir)
	for info, err := range at.fs.List(ctx, at.path) {
		if err != nil && f.virtual(ctx, dir) {
			return
		}
		if err == nil && slices.Contains(f.below[dir], info.Name) {
			continue
		}
		if !yield(info, err) {
			return
		}
	}
}

// virtual reports whether dir is a directory only because a mount point lies
// below it.
func (f *FS) virtual(ctx context.Context, dir storage.Path) bool {
	if !f.fixed(dir) || f.isMount(dir) {
		return false
	}
	at := f.at(dir)
	return isNoDir(at.fs.Stat(ctx, at.path))
}

// isNoDir reports whether what Stat said is that no directory stands there.
func isNoDir(info storage.Info, err error) bool {
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, storage.ErrNotDir)
	}
	return info.Type != storage.Dir
}

// Open implements storage.FS.
func (f *FS) Open(ctx context.Context, p storage.Path, offset int64) (io.ReadCloser, error) {
	if f.fixed(p) {
		return nil, fail("open", p, storage.ErrNotRegular)
	}
	at := f.at(p)
	return at.fs.Open(ctx, at.path, offset)
}

// Create implements storage.FS.
func (f *FS) Create(ctx context.Context, p storage.Path, m storage.Mode) (storage.Writer, error) {
	if f.fixed(p) {
		return nil, fail("create", p, storage.ErrIsDir)
	}
	at := f.at(p)
	w, err := at.fs.Create(ctx, at.path, m)
	if err != nil {
		return nil, f.orVirtual(ctx, "create", p, err)
	}
	return w, nil
}

// orVirtual is err, or fs.ErrPermission where p cannot be made because its
// directory is virtual.
func (f *FS) orVirtual(ctx context.Context, op string, p storage.Path, err error) error {
	if err != nil && ctx.Err() == nil && f.virtual(ctx, p.Dir()) {
		return fail(op, p, fs.ErrPermission)
	}
	return err
}

// Mkdir implements storage.FS.
func (f *FS) Mkdir(ctx context.Context, p storage.Path) error {
	if f.fixed(p) {
		return fail("mkdir", p, fs.ErrExist)
	}
	at := f.at(p)
	return f.orVirtual(ctx, "mkdir", p, at.fs.Mkdir(ctx, at.path))
}

// Remove implements storage.FS.
func (f *FS) Remove(ctx context.Context, p storage.Path, t storage.Type) error {
	switch {
	case f.fixed(p) && t == storage.File:
		return fail("remove", p, storage.ErrIsDir)
	case f.fixed(p):
		return fail("remove", p, fs.ErrPermission)
	}
	at := f.at(p)
	return at.fs.Remove(ctx, at.path, t)
}

// Rename implements storage.FS.
func (f *FS) Rename(ctx context.Context, from, to storage.Path, replace bool) error {
	switch {
	case f.fixed(from):
		return fail("rename", from, fs.ErrPermission)
	case f.fixed(to):
		return fail("rename", to, fs.ErrExist)
	}
	a, b := f.at(from), f.at(to)
	if a.point != b.point {
		return fail("rename", from, fmt.Errorf("%w: from one tree to another", storage.ErrUnsupported))
	}
	return f.orVirtual(ctx, "rename", to, a.fs.Rename(ctx, a.path, b.path, replace))
}

// SetAttr implements storage.FS.
func (f *FS) SetAttr(ctx context.Context, p storage.Path, a storage.Attr) error {
	if f.virtual(ctx, p) {
		return fail("setattr", p, fs.ErrPermission)
	}
	at := f.at(p)
	return at.fs.SetAttr(ctx, at.path, a)
}

// Symlink implements storage.FS.
func (f *FS) Symlink(ctx context.Context, target, p storage.Path) error {
	if f.fixed(p) {
		return fail("symlink", p, fs.ErrExist)
	}
	if clean, err := storage.Resolve(storage.Root, string(target)); err != nil || clean != target {
		return fail("symlink", p, fs.ErrPermission)
	}
	a, b := f.at(target), f.at(p)
	if a.point != b.point || f.fixed(target) && !f.isMount(target) {
		return fail("symlink", p, fmt.Errorf("%w: from one tree to another", storage.ErrUnsupported))
	}
	return f.orVirtual(ctx, "symlink", p, a.fs.Symlink(ctx, a.path, b.path))
}

// Features implements storage.FS.
func (f *FS) Features(ctx context.Context, dir storage.Path) (storage.Features, error) {
	at := f.at(dir)
	if f.virtual(ctx, dir) {
		at.path = storage.Root
	}
	return at.fs.Features(ctx, at.path)
}

func fail(op string, p storage.Path, err error) error {
	return &fs.PathError{Op: op, Path: string(p), Err: err}
}
