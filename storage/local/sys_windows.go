package local

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/sealift/sealift/storage"
)

const openCarefully = 0

// hasModes is false: there is only a read-only bit.
const hasModes = false

func permissions(os.FileInfo) fs.FileMode { return 0 }

// identity is not known from a FileInfo.
func identity(os.FileInfo) [2]uint64 { return [2]uint64{} }

func links(os.FileInfo) uint64 { return 1 }

func init() {
	for errno, kind := range map[syscall.Errno]error{
		windows.ERROR_DIRECTORY:            storage.ErrNotDir,
		windows.ERROR_DIR_NOT_EMPTY:        storage.ErrNotEmpty,
		windows.ERROR_DISK_FULL:            storage.ErrNoSpace,
		windows.ERROR_HANDLE_DISK_FULL:     storage.ErrNoSpace,
		windows.ERROR_INVALID_NAME:         storage.ErrName,
		windows.ERROR_NOT_SAME_DEVICE:      storage.ErrUnsupported,
		windows.ERROR_FILENAME_EXCED_RANGE: storage.ErrName,
		windows.ERROR_SHARING_VIOLATION:    storage.ErrBusy,
	} {
		kinds[errno] = kind
	}
}

// lockFile locks one byte far behind the end of the file, so that reading and
// writing go on, until it is closed. ErrBusy when it is locked already.
func lockFile(file *os.File, exclusive bool) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return storage.ErrBusy
	}
	return err
}

// syncFolder has nothing to do: NTFS writes names through its log, and a
// directory cannot be flushed.
func syncFolder(*os.File) error { return nil }

// validPath refuses what Windows takes for a separator, a stream or a
// wildcard, and the endings that it drops.
func validPath(p storage.Path) bool {
	for element := range strings.SplitSeq(string(p), "/") {
		if strings.ContainsAny(element, `\:*?"<>|`) || strings.TrimRight(element, ". ") != element {
			return false
		}
	}
	return true
}
