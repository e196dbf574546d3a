package local

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"

	"github.com/sealift/sealift/storage"
)

// batch is how many names of a directory are read at a time.
const batch = 512

// List implements storage.FS.
func (f *FS) List(ctx context.Context, dir storage.Path) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		if err := f.list(ctx, dir, yield); err != nil {
			yield(storage.Info{}, f.fail("list", dir, err))
		}
	}
}

// list returns nil where yield wants no more.
func (f *FS) list(ctx context.Context, dir storage.Path, yield func(storage.Info, error) bool) error {
	if err := existing(ctx, dir); err != nil {
		return err
	}
	in, err := f.folder(dir)
	if err != nil {
		return err
	}
	defer in.close()
	for name, err := range in.names(ctx) {
		if err != nil {
			return err
		}
		info, shown, err := in.entry(name)
		if err != nil {
			return err
		}
		if shown && !yield(info, nil) {
			return nil
		}
	}
	return nil
}

// names yields the names in the folder, hidden ones too.
func (in *folder) names(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		handle, err := in.root.OpenFile(".", os.O_RDONLY|openCarefully, 0)
		if err != nil {
			yield("", err)
			return
		}
		defer handle.Close()
		for {
			names, err := handle.Readdirnames(batch)
			if err == nil {
				err = ctx.Err()
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield("", err)
				return
			}
			for _, name := range names {
				if !yield(name, nil) {
					return
				}
			}
		}
	}
}

// entry describes what name stands for, if that is shown.
func (in *folder) entry(name string) (info storage.Info, shown bool, err error) {
	if isHidden(name) {
		return in.unfinishedEntry(name)
	}
	there, err := in.target(name)
	if errors.Is(err, in.fs.outward) {
		return storage.Info{}, false, nil
	}
	if err != nil || !there.exists() {
		return storage.Info{}, false, in.unlessGone(err)
	}
	info, err = describe(name, there.file)
	return info, err == nil, nil
}

// unlessGone is nil for the errors of links that lead nowhere.
func (in *folder) unlessGone(err error) error {
	if kind := in.fs.kind(err); errors.Is(kind, fs.ErrNotExist) || errors.Is(kind, storage.ErrNotDir) {
		return nil
	}
	return err
}

// unfinishedEntry describes the unfinished upload that a hidden file holds, if
// it is the account's and no complete file stands under its name.
func (in *folder) unfinishedEntry(hiddenName string) (info storage.Info, shown bool, err error) {
	l, ok := parseHidden(hiddenName)
	if !ok || l.owner != in.fs.owner || l.long {
		return storage.Info{}, false, nil
	}
	there, err := in.target(l.name)
	if err != nil || there.exists() {
		return storage.Info{}, false, nil
	}
	kept := in.peek(l.name)
	if kept == nil || kept.name != hiddenName {
		return storage.Info{}, false, nil
	}
	return kept.describe(l.name), true, nil
}
