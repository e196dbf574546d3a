//go:build !unix && !windows

package transfer

import "os"

// tryLock has no lock to take on these systems.
func tryLock(*os.File) error { return nil }

func syncDir(*os.File) error { return nil }
