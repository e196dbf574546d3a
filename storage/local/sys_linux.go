package local

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renameIn renames within the directories of two folders, in one step. Where
// noReplace is set and to stands already, it is fs.ErrExist.
func renameIn(a *folder, from string, b *folder, to string, noReplace bool) error {
	var flags uint
	if noReplace {
		flags = unix.RENAME_NOREPLACE
	}
	err := unix.Renameat2(int(a.handle.Fd()), from, int(b.handle.Fd()), to, flags)
	if noReplace && (errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS)) {
		return renameByLink(a, from, b, to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// free is the number of bytes left for users; -1 if unknown.
func free(handle *os.File) int64 {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(handle.Fd()), &st); err != nil {
		return -1
	}
	return int64(st.Bavail) * st.Bsize
}
