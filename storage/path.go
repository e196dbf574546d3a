package storage

import (
	"path"
	"strings"
)

// Path is a clean, rooted, slash-separated path inside an account's tree, "/"
// being its root. Only Resolve makes one from a peer's text.
type Path string

// Root is the top of every tree.
const Root Path = "/"

// maxPath is the longest path, in bytes, that Resolve returns.
const maxPath = 4096

// Resolve makes arg, as a peer sent it, a Path: absolute, or relative to cwd.
// "." and ".." are resolved textually and never lead above the root (RFC 3659
// §6); an empty arg is cwd. Bytes are taken as they are: a backslash or a
// percent sign is part of a name. A name that holds NUL, CR or LF is ErrName,
// and so is a path over 4,096 bytes.
func Resolve(cwd Path, arg string) (Path, error) {
	if strings.ContainsAny(arg, "\x00\r\n") {
		return "", ErrName
	}
	full := arg
	if !strings.HasPrefix(arg, "/") {
		full = string(cwd) + "/" + arg
	}
	p := path.Clean("/" + full)
	if len(p) > maxPath {
		return "", ErrName
	}
	return Path(p), nil
}

// Base is the last element of p; "/" for the root.
func (p Path) Base() string { return path.Base(string(p)) }

// Dir is the directory that holds p; the root holds itself.
func (p Path) Dir() Path { return Path(path.Dir(string(p))) }

// Join is the entry name of the directory p. The name is one element.
func (p Path) Join(name string) Path {
	if p == Root {
		return Root + Path(name)
	}
	return p + "/" + Path(name)
}

// Within reports whether p is dir or lies below it.
func (p Path) Within(dir Path) bool {
	return p == dir || dir == Root || strings.HasPrefix(string(p), string(dir)+"/")
}

// Rel is p without its leading slash, "." for the root, as os.Root wants it.
func (p Path) Rel() string {
	if p == Root {
		return "."
	}
	return string(p[1:])
}
