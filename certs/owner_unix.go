//go:build unix

package certs

import (
	"os"
	"path/filepath"
	"syscall"
)

// ownerOf is the user and the group of a directory; ok is false where that
// changes nothing: this is not root, or the directory is root's.
func ownerOf(dir string) (uid, gid int, ok bool) {
	info, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return 0, 0, false
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known || owner.Uid == 0 {
		return 0, 0, false
	}
	return int(owner.Uid), int(owner.Gid), true
}

// leaveToOwner gives a file that root makes to the user whose directory it is
// in: a server that runs as that user must be able to read it.
func leaveToOwner(f *os.File) error {
	uid, gid, ok := ownerOf(filepath.Dir(f.Name()))
	if !ok {
		return nil
	}
	return f.Chown(uid, gid)
}
