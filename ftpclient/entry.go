package ftpclient

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
)

// Kind is what an Entry is.
type Kind int

const (
	File Kind = iota
	Dir
	Link
	Other // a device, a socket, or what the server does not tell
)

func (k Kind) String() string {
	switch k {
	case File:
		return "file"
	case Dir:
		return "dir"
	case Link:
		return "link"
	}
	return "other"
}

// An Entry is what a server tells about a file or folder.
type Entry struct {
	Name string // in its folder
	Path string // as the methods of Conn take it
	Kind Kind
	Size int64 // in bytes; -1: not known. Of a folder it means nothing
	// ModTime is the zero Time if it is not known. Precision is how exact it
	// is: a second, or in listings of LIST a minute or a day.
	ModTime   time.Time
	Precision time.Duration
	Target    string      // where a Link leads; "" if not told
	Perm      string      // the letters of RFC 3659 §7.5.5; "" if not told
	Unique    string      // the same for two names of one object; "" if not told
	Mode      fs.FileMode // permission bits, if HasMode is set
	HasMode   bool
}

// entryOf takes what was parsed. Its Type says more than file and dir on some
// servers: "os.unix=slink:target", "os.unix=chr-1/2".
func entryOf(e ftp.Entry) Entry {
	made := Entry{
		Name: e.Name, Size: e.Size, ModTime: e.ModTime, Perm: e.Perm, Unique: e.Unique, Mode: e.Mode, HasMode: e.HasMode,
	}
	made.Kind, made.Target = kindOf(e)
	if !e.ModTime.IsZero() {
		made.Precision = time.Second
		if e.ModTime.Nanosecond() != 0 {
			made.Precision = time.Millisecond
		}
	}
	return made
}

func kindOf(e ftp.Entry) (k Kind, target string) {
	special, target, _ := strings.Cut(e.Type, ":")
	switch {
	case e.Dir:
		return Dir, ""
	case e.Type == "file", e.Type == "" && e.Size >= 0:
		return File, ""
	case strings.HasSuffix(special, "=slink"), strings.HasSuffix(special, "=symlink"):
		return Link, target
	}
	return Other, ""
}

func listedEntry(l ftp.Listed) Entry {
	e := entryOf(l.Entry)
	e.Target, e.Precision = l.Target, l.Precision
	return e
}

// checkName refuses names that are not of an entry of the folder listed.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00\r\n") {
		return fmt.Errorf("%w: the server lists %q", ErrName, name)
	}
	return nil
}
