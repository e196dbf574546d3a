package transfer

import "os"

// lockFile makes the file and takes its lock; ErrBusy if somebody has it.
func lockFile(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := tryLock(f); err != nil {
			f.Close()
			return nil, err
		}
		if stillThere(f, path) {
			return f, nil
		}
		f.Close() // removed by whoever had it just before
	}
}

func stillThere(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}

// unlockFile removes the file while it is locked, and gives the lock back.
// Where an open file cannot be removed, it stays, which does no harm.
func unlockFile(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}
