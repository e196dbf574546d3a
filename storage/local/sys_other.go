//go:build !linux && !darwin

package local

import "os"

// renameIn renames within the directories of two folders. Where noReplace is
// set and to stands already, it is fs.ErrExist.
func renameIn(a *folder, from string, b *folder, to string, noReplace bool) error {
	if noReplace {
		return renameByLink(a, from, b, to)
	}
	return a.fs.root.Rename(a.path.Join(from).Rel(), b.path.Join(to).Rel())
}

// free is unknown here.
func free(*os.File) int64 { return -1 }
