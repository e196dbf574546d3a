//go:build unix && !solaris && !aix

package certs

import (
	"os"
	"syscall"
)

// lockFile waits until no other process holds f. Closing f ends it.
func lockFile(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return err
		}
	}
}
