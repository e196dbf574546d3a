package ftp

import "strings"

// Paths of a server, as its commands take them: elements parted by "/",
// whatever its system is. "" is the current folder.

// JoinPath is the path of an entry of the folder dir.
func JoinPath(dir, name string) string {
	if dir == "" || strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

// SplitPath is the inverse; slashes at the end do not count. The dir of a bare
// name is "".
func SplitPath(path string) (dir, name string) {
	path = TrimPath(path)
	at := strings.LastIndexByte(path, '/')
	switch {
	case at < 0:
		return "", path
	case at == 0:
		return "/", path[1:]
	}
	return path[:at], path[at+1:]
}

// TrimPath drops slashes at the end, except of the root.
func TrimPath(path string) string {
	if trimmed := strings.TrimRight(path, "/"); trimmed != "" || path == "" {
		return trimmed
	}
	return "/"
}
