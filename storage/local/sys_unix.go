//go:build unix

package local

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sealift/sealift/storage"
)

// openCarefully are the flags that keep an open from waiting, and from making
// a terminal ours.
const openCarefully = unix.O_NONBLOCK | unix.O_NOCTTY

const hasModes = true

func permissions(fi os.FileInfo) fs.FileMode { return fi.Mode().Perm() }

// identity is the same for two names of one file.
func identity(fi os.FileInfo) [2]uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return [2]uint64{uint64(st.Dev), st.Ino}
	}
	return [2]uint64{}
}

// links is the number of names that a file has.
func links(fi os.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}

// lockFile locks the file, against other handles of it in this and in other
// processes, until it is closed. An exclusive lock excludes all others.
// ErrBusy when it is locked already.
func lockFile(file *os.File, exclusive bool) error {
	how := unix.LOCK_SH | unix.LOCK_NB
	if exclusive {
		how = unix.LOCK_EX | unix.LOCK_NB
	}
	for {
		err := unix.Flock(int(file.Fd()), how)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return storage.ErrBusy
		default:
			return err
		}
	}
}

// syncFolder makes the names in a directory durable. File systems that cannot
// say so.
func syncFolder(handle *os.File) error {
	err := handle.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

// validPath reports whether the system can hold the names in p.
func validPath(storage.Path) bool { return true }
