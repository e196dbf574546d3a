package mem

import (
	"context"
	"io/fs"

	"github.com/sealift/sealift/storage"
)

// Mkdir implements storage.FS.
func (f *FS) Mkdir(ctx context.Context, p storage.Path) error {
	return f.make(ctx, "mkdir", p, func() *node { return f.tree.node(storage.Dir) })
}

// Symlink implements storage.FS.
func (f *FS) Symlink(ctx context.Context, target, p storage.Path) error {
	if clean, err := storage.Resolve(storage.Root, string(target)); err != nil || clean != target {
		return fail("symlink", p, fs.ErrPermission)
	}
	return f.make(ctx, "symlink", p, func() *node {
		n := f.tree.node(storage.File)
		n.link = target
		return n
	})
}

// make puts what do returns under p, where nothing stands.
func (f *FS) make(ctx context.Context, op string, p storage.Path, do func() *node) error {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	err := ctx.Err()
	var dir *node
	if err == nil {
		dir, err = f.tree.parent(p)
	}
	switch {
	case err != nil:
	case p == storage.Root, dir.children[p.Base()] != nil, dir.unfinished[f.slot(p.Base())] != nil:
		err = fs.ErrExist
	default:
		n := do()
		c := dir.count(p.Base(), n).minus(dir.count(p.Base(), nil))
		err = f.tree.change(c, func() { dir.children[p.Base()] = n })
	}
	if err != nil {
		return fail(op, p, err)
	}
	return nil
}

// SetAttr implements storage.FS.
func (f *FS) SetAttr(ctx context.Context, p storage.Path, a storage.Attr) error {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	n, kept, err := f.find(ctx, p)
	if kept != nil {
		err = &storage.UnfinishedError{Size: kept.size()}
	}
	if err != nil {
		return fail("setattr", p, err)
	}
	if a.Mode != nil {
		n.mode = a.Mode.Perm()
	}
	if a.ModTime != nil {
		n.modTime = *a.ModTime
	}
	return nil
}

// Remove implements storage.FS.
func (f *FS) Remove(ctx context.Context, p storage.Path, t storage.Type) error {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	if err := f.remove(ctx, p, t); err != nil {
		return fail("remove", p, err)
	}
	return nil
}

func (f *FS) remove(ctx context.Context, p storage.Path, t storage.Type) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p == storage.Root && t == storage.Dir {
		return fs.ErrPermission
	}
	if p == storage.Root {
		return storage.ErrIsDir
	}
	dir, err := f.tree.parent(p)
	if err != nil {
		return err
	}
	n, kept := dir.children[p.Base()], dir.unfinished[f.slot(p.Base())]
	switch {
	case n == nil && kept == nil:
		return fs.ErrNotExist
	case t == storage.Dir && (n == nil || n.kind == storage.File):
		return storage.ErrNotDir
	case t == storage.Dir:
		return f.removeDir(dir, p.Base(), n)
	case n != nil && n.kind == storage.Dir:
		return storage.ErrIsDir
	}
	before := dir.count(p.Base(), n)
	delete(dir.children, p.Base())
	delete(dir.unfinished, f.slot(p.Base()))
	f.tree.used -= max(0, n.size()) + max(0, kept.size())
	return f.tree.charge(dir.count(p.Base(), nil).minus(before))
}

// removeDir removes n, with what others have left in it of interrupted uploads.
func (f *FS) removeDir(dir *node, name string, n *node) error {
	if len(n.children) > 0 || len(n.running) > 0 {
		return storage.ErrNotEmpty
	}
	for slot := range n.unfinished {
		if slot.owner == f.owner {
			return storage.ErrNotEmpty
		}
	}
	gone := n.usage()
	delete(dir.children, name)
	f.tree.used -= gone.bytes
	return f.tree.charge(tally{}.minus(gone))
}

// Rename implements storage.FS.
func (f *FS) Rename(ctx context.Context, from, to storage.Path, replace bool) error {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	err := ctx.Err()
	if err == nil {
		err = f.rename(from, to, replace)
	}
	if err != nil {
		return fail("rename", from, err)
	}
	return nil
}

func (f *FS) rename(from, to storage.Path, replace bool) error {
	if err := movable(from, to); err != nil {
		return err
	}
	a, err := f.tree.parent(from)
	if err != nil {
		return err
	}
	b, err := f.tree.parent(to)
	if err != nil {
		return err
	}
	n, dest := a.children[from.Base()], b.children[to.Base()]
	if kept := a.unfinished[f.slot(from.Base())]; n == nil && kept != nil {
		return &storage.UnfinishedError{Size: kept.size()}
	}
	over := b.unfinished[f.slot(to.Base())]
	switch {
	case n == nil:
		return fs.ErrNotExist
	case a == b && from.Base() == to.Base():
		return nil
	case n.kind == storage.Dir && n.contains(b):
		return storage.ErrName
	case dest != nil && (!replace || n.kind == storage.Dir || dest.kind == storage.Dir):
		return fs.ErrExist
	case n.kind == storage.Dir && over != nil:
		return fs.ErrExist
	}
	if end := b.follow(f.tree, to); end != nil && end.kind == storage.Dir {
		return fs.ErrExist
	}
	left := a.count(from.Base(), nil).minus(a.count(from.Base(), n))
	came := b.count(to.Base(), n).minus(b.count(to.Base(), dest))
	return f.tree.change(left.plus(came), func() {
		delete(a.children, from.Base())
		b.children[to.Base()] = n
		f.tree.used -= max(0, dest.size())
	})
}

// movable checks what the paths alone tell.
func movable(from, to storage.Path) error {
	switch {
	case from == storage.Root:
		return fs.ErrPermission
	case to == storage.Root:
		return fs.ErrExist
	case to != from && to.Within(from):
		return storage.ErrName
	}
	return nil
}
