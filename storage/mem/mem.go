// Package mem keeps files in memory, for tests and for trees that need not
// outlive the process.
package mem

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/sealift/sealift/storage"
)

// Options of a tree. The zero value is usable.
type Options struct {
	// Owner is the account whose unfinished uploads the FS sees.
	Owner string
	// Meter keeps account of what the tree holds; nil if nobody does.
	Meter storage.Meter
	// Capacity is how many bytes fit into the tree, unfinished uploads and
	// those that run included; then it is ErrNoSpace. 0 is without limit.
	Capacity int64
}

// FS is a storage.FS in memory.
type FS struct {
	tree  *tree
	owner string
}

var trees atomic.Uint64

// New returns an FS of a new, empty tree.
func New(o Options) *FS {
	t := &tree{id: trees.Add(1), meter: o.Meter, capacity: o.Capacity}
	t.root = t.node(storage.Dir)
	return &FS{tree: t, owner: o.Owner}
}

// As is the same tree as another account sees it.
func (f *FS) As(owner string) *FS { return &FS{tree: f.tree, owner: owner} }

// Usage walks the tree and tells what it holds, as a Meter counts it.
func (f *FS) Usage() (bytes, files int64) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	sum := f.tree.root.usage()
	return sum.bytes, sum.files
}

// Stat implements storage.FS.
func (f *FS) Stat(ctx context.Context, p storage.Path) (storage.Info, error) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	n, kept, err := f.find(ctx, p)
	switch {
	case err != nil:
		return storage.Info{}, fail("stat", p, err)
	case kept != nil:
		return f.tree.describe(p.Base(), kept, true), nil
	}
	return f.tree.describe(p.Base(), n, false), nil
}

// find is the node under p or, where none is, the account's unfinished upload.
func (f *FS) find(ctx context.Context, p storage.Path) (n, kept *node, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	n, err = f.tree.lookup(p)
	if err == nil || p == storage.Root {
		return n, nil, err
	}
	if dir, parentErr := f.tree.dir(p.Dir()); parentErr == nil {
		if kept := dir.unfinished[f.slot(p.Base())]; kept != nil && dir.follow(f.tree, p) == nil {
			return nil, kept, nil
		}
	}
	return nil, nil, err
}

// Open implements storage.FS.
func (f *FS) Open(ctx context.Context, p storage.Path, offset int64) (io.ReadCloser, error) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	n, kept, err := f.find(ctx, p)
	switch {
	case err != nil:
	case kept != nil:
		err = &storage.UnfinishedError{Size: kept.size()}
	case n.kind == storage.Dir:
		err = storage.ErrNotRegular
	case offset < 0 || offset > n.size():
		err = storage.ErrOffset
	}
	if err != nil {
		return nil, fail("open", p, err)
	}
	return &reader{ctx: ctx, data: bytes.NewReader(n.data[offset:])}, nil
}

// reader reads a file as it was when it was opened.
type reader struct {
	ctx    context.Context
	data   *bytes.Reader
	closed bool
}

func (r *reader) Read(b []byte) (int, error) {
	if r.closed {
		return 0, fs.ErrClosed
	}
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.data.Read(b)
}

func (r *reader) Close() error {
	if r.closed {
		return fs.ErrClosed
	}
	r.closed = true
	return nil
}

// List implements storage.FS.
func (f *FS) List(ctx context.Context, dir storage.Path) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		names, err := f.names(ctx, dir)
		if err != nil {
			yield(storage.Info{}, fail("list", dir, err))
			return
		}
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				yield(storage.Info{}, fail("list", dir, err))
				return
			}
			if info, err := f.Stat(ctx, dir.Join(name)); err == nil && !yield(info, nil) {
				return
			}
		}
	}
}

func (f *FS) names(ctx context.Context, p storage.Path) ([]string, error) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := f.tree.dir(p)
	if err != nil {
		return nil, err
	}
	names := slices.Collect(maps.Keys(dir.children))
	for slot := range dir.unfinished {
		if slot.owner == f.owner && dir.children[slot.name] == nil {
			names = append(names, slot.name)
		}
	}
	return names, nil
}

// Features implements storage.FS.
func (f *FS) Features(ctx context.Context, dir storage.Path) (storage.Features, error) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return storage.Features{}, fail("features", dir, err)
	}
	if _, err := f.tree.dir(dir); err != nil {
		return storage.Features{}, fail("features", dir, err)
	}
	return storage.Features{Free: f.tree.free(), Modes: true, Symlinks: true}, nil
}

func (f *FS) slot(name string) slot { return slot{name: name, owner: f.owner} }

func fail(op string, p storage.Path, err error) error {
	return &fs.PathError{Op: op, Path: string(p), Err: err}
}
