//go:build !windows && (!unix || solaris || aix)

package certs

import "os"

// lockFile does nothing: this system has no locks that end with the process.
// Two commands that revoke at the same moment must not be run there.
func lockFile(*os.File) error { return nil }
