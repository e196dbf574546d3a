package local

import (
	"errors"
	"io/fs"
	"os"

	"github.com/sealift/sealift/storage"
)

// A partial is the file of an unfinished upload.
type partial struct {
	name string // of the hidden file
	info os.FileInfo
}

func (u *partial) describe(name string) storage.Info {
	return storage.Info{
		Name:       name,
		Size:       u.info.Size(),
		ModTime:    u.info.ModTime(),
		Mode:       permissions(u.info),
		ID:         identity(u.info),
		Unfinished: true,
	}
}

// size is -1 where there is none.
func (u *partial) size() int64 {
	if u == nil {
		return -1
	}
	return u.info.Size()
}

// hiddenName is the hidden name of the account's upload to name.
func (in *folder) hiddenName(tag, name string) string {
	return hiddenName(in.fs.owner, tag, name)
}

// unfinished is the account's interrupted upload to name; nil if there is
// none. The caller has locked name.
func (in *folder) unfinished(name string) (*partial, error) {
	kept := in.hiddenName(tagKept, name)
	fi, err := in.lstat(kept)
	if err != nil {
		return nil, err
	}
	if fi != nil && fi.Mode().IsRegular() {
		return &partial{name: kept, info: fi}, nil
	}
	live := in.hiddenName(tagLive, name)
	fi, err = in.lstat(live)
	if err != nil || fi == nil || !isLeftover(fi) || in.locked(live) {
		return nil, err
	}
	return &partial{name: live, info: fi}, nil
}

// isLeftover reports whether a file with the tag "live" counts as unfinished
// if nobody runs it. One without data has not begun; one with two names was
// about to be published.
func isLeftover(fi os.FileInfo) bool {
	return fi.Mode().IsRegular() && fi.Size() > 0 && links(fi) == 1
}

// peek is unfinished for readers; nil also when it cannot be told.
func (in *folder) peek(name string) *partial {
	defer in.lock(name)()
	kept, err := in.unfinished(name)
	if err != nil {
		return nil
	}
	return kept
}

// locked reports whether an upload has locked the hidden file. One that has
// gone, or cannot be opened, counts as locked.
func (in *folder) locked(hiddenName string) bool {
	file, _, err := openRegular(in.root, hiddenName, os.O_RDONLY)
	if err != nil {
		return true
	}
	defer file.Close()
	return lockFile(file, false) != nil
}

// running reports whether an upload of the account to name runs.
func (in *folder) running(name string) bool {
	live := in.hiddenName(tagLive, name)
	fi, err := in.lstat(live)
	return err == nil && fi != nil && in.locked(live)
}

// createPartial makes an empty hidden file and locks it: the one for name with
// the given tag or, where that is taken, one with a random tag.
func (in *folder) createPartial(tag, name string) (*os.File, string, error) {
	const flags = os.O_RDWR | os.O_CREATE | os.O_EXCL | openCarefully
	for {
		if err := in.fs.try("create"); err != nil {
			return nil, "", err
		}
		part := in.hiddenName(tag, name)
		file, err := in.root.OpenFile(part, flags, 0o666)
		if errors.Is(err, fs.ErrExist) {
			tag = randomTag()
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if err := lockFile(file, true); err != nil {
			return nil, "", errors.Join(err, file.Close(), in.remove(part))
		}
		return file, part, nil
	}
}

// claim takes an unfinished upload over: locks it and renames it, so that it
// is no longer found as unfinished. ErrBusy when another process was faster.
func (in *folder) claim(kept *partial, name string) (*os.File, string, error) {
	file, fi, err := openRegular(in.root, kept.name, os.O_RDWR)
	if err != nil {
		return nil, "", err
	}
	part := kept.name
	err = lockFile(file, true)
	if err == nil && part == in.hiddenName(tagKept, name) {
		part, err = in.moveToLive(part, name)
	}
	if err == nil {
		err = in.isStill(part, fi)
	}
	if err != nil {
		return nil, "", errors.Join(err, file.Close())
	}
	return file, part, nil
}

// moveToLive renames a hidden file of the caller's to the name that tells the
// account where to go on after a crash or, where that is taken, to a random one.
func (in *folder) moveToLive(part, name string) (string, error) {
	live := in.hiddenName(tagLive, name)
	err := in.rename(part, live, true)
	for errors.Is(err, fs.ErrExist) {
		live = in.hiddenName(randomTag(), name)
		err = in.rename(part, live, true)
	}
	return live, err
}

// isStill is ErrBusy if name is no longer the file fi.
func (in *folder) isStill(name string, fi os.FileInfo) error {
	now, err := in.lstat(name)
	if err == nil && (now == nil || !os.SameFile(now, fi)) {
		err = storage.ErrBusy
	}
	return err
}
