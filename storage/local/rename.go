package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/sealift/sealift/storage"
)

// Rename implements storage.FS.
func (f *FS) Rename(ctx context.Context, from, to storage.Path, replace bool) error {
	if err := f.move(ctx, from, to, replace); err != nil {
		return f.fail("rename", from, err)
	}
	return nil
}

func (f *FS) move(ctx context.Context, from, to storage.Path, replace bool) error {
	if err := movable(ctx, from, to); err != nil {
		return err
	}
	a, err := f.folder(from.Dir())
	if err != nil {
		return err
	}
	defer a.close()
	b, err := f.folder(to.Dir())
	if err != nil {
		return err
	}
	defer b.close()
	defer names.lockBoth(a.key(from.Base()), b.key(to.Base()))()
	m := move{a: a, b: b, from: from.Base(), to: to.Base()}
	if err := m.look(); err != nil {
		return err
	}
	if m.sameFolder() && m.from == m.to {
		return nil
	}
	if m.onlyCase() {
		return renameIn(a, m.from, b, m.to, false)
	}
	if err := m.check(replace); err != nil {
		return err
	}
	return m.run(!replace || m.source.IsDir())
}

// movable checks what the paths alone tell.
func movable(ctx context.Context, from, to storage.Path) error {
	if err := existing(ctx, from); err != nil {
		return err
	}
	if err := creatable(ctx, to); err != nil {
		return err
	}
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

// A move is a rename whose two names are locked.
type move struct {
	a, b       *folder
	from, to   string
	source     os.FileInfo
	dest       target
	kept, over *partial // the account's unfinished uploads under from and to
}

func (m *move) look() (err error) {
	if m.source, err = m.a.lstat(m.from); err != nil {
		return err
	}
	if m.kept, err = m.a.unfinished(m.from); err != nil {
		return err
	}
	switch {
	case m.source == nil && m.kept != nil:
		return &storage.UnfinishedError{Size: m.kept.info.Size()}
	case m.source == nil:
		return fs.ErrNotExist
	case !isShown(m.source):
		return storage.ErrNotRegular
	}
	m.dest, err = m.b.target(m.to)
	if m.dest.entry != nil && err != nil {
		err = nil // a link that leads outside is an entry like others
	}
	if err != nil {
		return err
	}
	m.over, err = m.b.unfinished(m.to)
	return err
}

func (m *move) sameFolder() bool { return os.SameFile(m.a.info, m.b.info) }

// onlyCase reports whether the two names are one for the file system, as where
// it does not tell upper from lower case.
func (m *move) onlyCase() bool {
	return m.sameFolder() && strings.EqualFold(m.from, m.to) &&
		m.dest.entry != nil && os.SameFile(m.source, m.dest.entry)
}

func isShown(entry os.FileInfo) bool {
	return entry.IsDir() || entry.Mode().IsRegular() || entry.Mode()&fs.ModeSymlink != 0
}

// check refuses to replace what must stay.
func (m *move) check(replace bool) error {
	dest := m.dest.entry
	switch {
	case dest == nil && (!m.source.IsDir() || m.over == nil):
		return nil
	case dest == nil, !replace, m.source.IsDir():
		return fs.ErrExist
	case m.dest.exists() && m.dest.file.IsDir():
		return fs.ErrExist
	case !isShown(dest):
		return storage.ErrNotRegular
	}
	return nil
}

func (m *move) run(noReplace bool) error {
	if err := m.a.fs.try("rename"); err != nil {
		return err
	}
	if m.dest.entry != nil && os.SameFile(m.source, m.dest.entry) {
		// Two names of one file: rename(2) would leave both.
		return m.a.fs.change(m.left(), func() error { return m.a.remove(m.from) })
	}
	return m.a.fs.change(m.left().plus(m.came()), func() error {
		return renameIn(m.a, m.from, m.b, m.to, noReplace)
	})
}

// left is what goes from the first name, came what comes to the second.
func (m *move) left() tally { return count(nil, m.kept).minus(count(m.source, m.kept)) }
func (m *move) came() tally { return count(m.source, m.over).minus(count(m.dest.entry, m.over)) }

// Symlink implements storage.FS. The link is relative, so that it means the
// same to whoever sees the directory under another path; for that, no link may
// stand in the path to it.
func (f *FS) Symlink(ctx context.Context, target, p storage.Path) error {
	if !f.options.Symlinks {
		return f.fail("symlink", p, storage.ErrUnsupported)
	}
	if err := f.symlink(ctx, target, p); err != nil {
		return f.fail("symlink", p, err)
	}
	return nil
}

func (f *FS) symlink(ctx context.Context, target, p storage.Path) error {
	if err := existing(ctx, target); err != nil {
		return err
	}
	if err := f.inside(target); err != nil {
		return err
	}
	if err := f.plain(p.Dir()); err != nil {
		return err
	}
	return f.make(ctx, p, func(in *folder) error {
		return f.change(tally{files: 1}, func() error {
			return in.root.Symlink(relative(p.Dir(), target), p.Base())
		})
	})
}

// inside is fs.ErrPermission for a target outside the tree.
func (f *FS) inside(target storage.Path) error {
	if clean, err := storage.Resolve(storage.Root, string(target)); err != nil || clean != target {
		return fs.ErrPermission
	}
	if _, err := f.root.Stat(target.Rel()); errors.Is(err, f.outward) {
		return err
	}
	return nil
}

// plain is fs.ErrPermission if a link stands in the path dir.
func (f *FS) plain(dir storage.Path) error {
	for ; dir != storage.Root; dir = dir.Dir() {
		fi, err := f.root.Lstat(dir.Rel())
		if err != nil {
			return err
		}
		if fi.Mode()&fs.ModeSymlink != 0 {
			return fs.ErrPermission
		}
	}
	return nil
}

// relative is the path from the directory dir to target.
func relative(dir, target storage.Path) string {
	up := 0
	for !target.Within(dir) {
		dir = dir.Dir()
		up++
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(string(target), string(dir)), "/")
	text := strings.Repeat("../", up) + rest
	if text == "" {
		return "."
	}
	return strings.TrimSuffix(text, "/")
}
