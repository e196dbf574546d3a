package ftp

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// ErrEntry: a line that is no entry of MLST or MLSD.
var ErrEntry = errors.New("ftp: malformed MLSD entry")

// Facts is a set of facts that MLST and MLSD tell (RFC 3659 §7.5).
type Facts uint8

// The facts that Sealift knows, in the order in which it sends them.
const (
	FactType Facts = 1 << iota
	FactSize
	FactModify
	FactPerm
	FactUnique
	FactMode // UNIX.mode

	AllFacts = FactType | FactSize | FactModify | FactPerm | FactUnique | FactMode
)

var factNames = [...]string{"Type", "Size", "Modify", "Perm", "Unique", "UNIX.mode"}

// An Entry is one line of an MLSD listing, or of LIST.
type Entry struct {
	// Name is the bare name in a listing, and the whole path in MLST. What
	// ParseEntry returns is the server's text: it may hold "/" or be "..".
	Name string
	Dir  bool
	// Size in bytes; not told of directories. -1: not known.
	Size int64
	// ModTime is when the content changed. The zero Time: not known.
	ModTime time.Time
	// Perm holds the letters of RFC 3659 §7.5.5, in lower case. "": not told.
	Perm string
	// Unique is the same for two names of one object. "": not told.
	Unique string
	// Mode counts if HasMode is set: permission bits, set-uid, set-gid, sticky.
	Mode    fs.FileMode
	HasMode bool
	// Type is set by ParseEntry alone: the Type fact in lower case, such as
	// file, dir, cdir, pdir, os.unix=slink. "": the server did not tell it.
	Type string
}

// ParseFacts reads the list of OPTS MLST, "Type;Size;". Case does not matter,
// and unknown facts are dropped (RFC 3659 §7.9). A list with a blank in it is
// a syntax error there (501), for which the caller looks.
func ParseFacts(list string) Facts {
	var f Facts
	for name := range strings.SplitSeq(list, ";") {
		f |= factNamed(name)
	}
	return f
}

// factNamed is 0 for a name that is not known.
func factNamed(name string) Facts {
	for i, known := range factNames {
		if strings.EqualFold(name, known) {
			return 1 << i
		}
	}
	return 0
}

// String is the list as OPTS MLST and its reply have it: "Type;Size;".
func (f Facts) String() string {
	var b strings.Builder
	for i, name := range factNames {
		if f&(1<<i) != 0 {
			b.WriteString(name)
			b.WriteByte(';')
		}
	}
	return b.String()
}

// Feature is the list as FEAT has it: every fact, those of f with a star
// (RFC 3659 §7.8).
func (f Facts) Feature() string {
	var b strings.Builder
	for i, name := range factNames {
		b.WriteString(name)
		if f&(1<<i) != 0 {
			b.WriteByte('*')
		}
		b.WriteByte(';')
	}
	return b.String()
}

// Append appends the entry with the facts of f, "Type=file;Size=1; name",
// without a line end (RFC 3659 §7.2). A fact is left out where e does not
// know it, and where its value would break the form. CR, LF and NUL in the
// name become "?"; entries with such names should not be listed at all.
func (f Facts) Append(b []byte, e *Entry) []byte {
	if f&FactType != 0 {
		b = appendType(b, e.Dir)
	}
	if f&FactSize != 0 && !e.Dir && e.Size >= 0 {
		b = append(strconv.AppendInt(append(b, "Size="...), e.Size, 10), ';')
	}
	if f&FactModify != 0 && !e.ModTime.IsZero() && expressible(e.ModTime) {
		b = append(AppendTime(append(b, "Modify="...), e.ModTime), ';')
	}
	if f&FactPerm != 0 && isToken(e.Perm) {
		b = append(append(append(b, "Perm="...), e.Perm...), ';')
	}
	if f&FactUnique != 0 && isToken(e.Unique) {
		b = append(append(append(b, "Unique="...), e.Unique...), ';')
	}
	if f&FactMode != 0 && e.HasMode {
		b = append(appendMode(append(b, "UNIX.mode="...), e.Mode), ';')
	}
	return appendName(append(b, ' '), e.Name)
}

func appendType(b []byte, dir bool) []byte {
	if dir {
		return append(b, "Type=dir;"...)
	}
	return append(b, "Type=file;"...)
}

// appendMode appends four octal digits.
func appendMode(b []byte, mode fs.FileMode) []byte {
	m := unixMode(mode)
	return append(b, byte('0'+m>>9), byte('0'+m>>6&7), byte('0'+m>>3&7), byte('0'+m&7))
}

// appendName appends a name that cannot end its line.
func appendName(b []byte, name string) []byte {
	start := len(b)
	b = append(b, name...)
	if strings.IndexByte(name, '\n') < 0 && strings.IndexByte(name, '\r') < 0 && strings.IndexByte(name, 0) < 0 {
		return b
	}
	for i, c := range b[start:] {
		if c == '\n' || c == '\r' || c == 0 {
			b[start+i] = '?'
		}
	}
	return b
}

// isToken reports whether s can be the value of a fact: not empty, and
// nothing in it that is a blank, a semicolon or a control character.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == ';' || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}

// specialModes pairs the bits above 0777 of a Unix mode with Go's.
var specialModes = [...]struct {
	unix uint32
	mode fs.FileMode
}{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}}

func unixMode(mode fs.FileMode) uint32 {
	m := uint32(mode.Perm())
	for _, s := range specialModes {
		if mode&s.mode != 0 {
			m |= s.unix
		}
	}
	return m
}

func fileMode(m uint32) fs.FileMode {
	mode := fs.FileMode(m) & fs.ModePerm
	for _, s := range specialModes {
		if m&s.unix != 0 {
			mode |= s.mode
		}
	}
	return mode
}

// ParseEntry reads one line of MLSD, or of MLST without the blank that leads
// it there. Fact names are taken in any case; unknown facts, and values that
// cannot be read, count as not sent. A line without facts, without a name,
// or with NUL, CR or LF in it is ErrEntry, except that an empty set of facts
// is legal when the blank before the name is there.
func ParseEntry(line string) (Entry, error) {
	facts, name, ok := cutFacts(line)
	if !ok || name == "" || strings.ContainsAny(line, "\x00\r\n") {
		return Entry{}, ErrEntry
	}
	e := Entry{Name: name, Size: -1}
	for fact := range strings.SplitSeq(strings.TrimSuffix(facts, ";"), ";") {
		factName, value, found := strings.Cut(fact, "=")
		if !found && facts != "" {
			return Entry{}, ErrEntry
		}
		e.set(factNamed(factName), value)
	}
	if e.Dir {
		e.Size = 0
	}
	return e, nil
}

// cutFacts parts the facts from the name. The first blank does it, unless the
// facts before it are not closed and a later blank follows closed ones: some
// servers put the target of a link, blanks and all, into the Type fact.
func cutFacts(line string) (facts, name string, ok bool) {
	facts, name, ok = strings.Cut(line, " ")
	if facts == "" || strings.HasSuffix(facts, ";") {
		return facts, name, ok
	}
	if closed, rest, found := strings.Cut(line, "; "); found {
		return closed, rest, true
	}
	return facts, name, ok
}

func (e *Entry) set(fact Facts, value string) {
	switch fact {
	case FactType:
		e.Type = strings.ToLower(value)
		e.Dir = e.Type == "dir" || e.Type == "cdir" || e.Type == "pdir"
	case FactSize:
		if n, err := parseDigits(value, 63); err == nil {
			e.Size = int64(n)
		}
	case FactModify:
		if t, err := ParseTime(value); err == nil {
			e.ModTime = t
		}
	case FactPerm:
		e.Perm = strings.ToLower(value)
	case FactUnique:
		e.Unique = value
	case FactMode:
		if m, err := strconv.ParseUint(value, 8, 32); err == nil {
			e.Mode, e.HasMode = fileMode(uint32(m)), true
		}
	}
}
