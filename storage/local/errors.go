package local

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/sealift/sealift/storage"
)

// fail is err as the contract names it, with what was tried.
func (f *FS) fail(op string, p storage.Path, err error) error {
	return &fs.PathError{Op: op, Path: string(p), Err: f.kind(err)}
}

// kind names the kind of an error of the operating system. What has a kind of
// package storage is not wrapped any more: some errno count as two kinds, as
// ENOTEMPTY does as fs.ErrExist.
func (f *FS) kind(err error) error {
	if errors.Is(err, f.outward) {
		return fmt.Errorf("%w: leads out of the tree", fs.ErrPermission)
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	if kind, known := kinds[errno]; known {
		return fmt.Errorf("%w (%s)", kind, errno.Error())
	}
	return err
}

// kinds are those of the errno that mean the same on every system; further
// ones are added for Windows.
var kinds = map[syscall.Errno]error{
	syscall.EBUSY:        storage.ErrBusy,
	syscall.EDQUOT:       storage.ErrNoSpace,
	syscall.EFBIG:        storage.ErrNoSpace,
	syscall.EILSEQ:       storage.ErrName,
	syscall.EINVAL:       storage.ErrName,
	syscall.EISDIR:       storage.ErrIsDir,
	syscall.ELOOP:        fs.ErrNotExist,
	syscall.EMLINK:       storage.ErrNoSpace,
	syscall.ENAMETOOLONG: storage.ErrName,
	syscall.ENODEV:       storage.ErrNotRegular,
	syscall.ENOSPC:       storage.ErrNoSpace,
	syscall.ENOTDIR:      storage.ErrNotDir,
	syscall.ENOTEMPTY:    storage.ErrNotEmpty,
	syscall.ENXIO:        storage.ErrNotRegular,
	syscall.EROFS:        fs.ErrPermission,
	syscall.EXDEV:        storage.ErrUnsupported,
}
