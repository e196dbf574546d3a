package transfer

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate reserves the disk space of a file, so that a disk that is too
// small shows at once. A file system that cannot is no error.
func allocate(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return &os.PathError{Op: "allocate", Path: f.Name(), Err: err}
	}
	return nil
}
