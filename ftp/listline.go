package ftp

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrListLine: a line of LIST in a form that is not known.
var ErrListLine = errors.New("ftp: a line of LIST in an unknown form")

// A Listed is what one line of LIST tells. Type is "file", "dir", or as in
// MLSD "os.unix=slink" for a link and "os.unix=…" for what is neither.
type Listed struct {
	Entry
	// Target is where a link leads, if the line tells it.
	Target string
	// Precision of ModTime: a second, a minute or a day.
	Precision time.Duration
}

// ParseListLine reads a line of LIST, which no standard describes: the form of
// "ls -l" with its variants (no group, numeric dates, NetWare, classic Mac
// OS), of DOS and IIS, EPLF, VMS, and z/OS data sets and members.
//
// ok is false for lines that name no entry: "total 12", headings, ".", "..".
// Times are the server's own, and taken as UTC; a year that is left out is the
// last one that does not put the time more than a day after now. Sizes that
// are told in blocks are -1. Errors are ErrListLine.
func ParseListLine(line string, now time.Time) (l Listed, ok bool, err error) {
	if strings.ContainsAny(line, "\x00\r\n") {
		return Listed{}, false, ErrListLine
	}
	fields := cutFields(line)
	if isHeading(fields) {
		return Listed{}, false, nil
	}
	for _, form := range []func(string, []field, time.Time) (Listed, bool){
		unixLine, dosLine, eplfLine, vmsLine, dataSetLine, memberLine,
	} {
		l, ok = form(line, fields, now)
		if !ok {
			continue
		}
		if l.Name == "" {
			return Listed{}, false, ErrListLine
		}
		return l, l.Name != "." && l.Name != "..", nil
	}
	return Listed{}, false, ErrListLine
}

func isHeading(fields []field) bool {
	if len(fields) == 0 {
		return true
	}
	switch strings.ToLower(fields[0].text) {
	case "total":
		return len(fields) == 2
	case "volume":
		return len(fields) > 8 && fields[1].text == "Unit"
	case "name":
		return len(fields) > 3 && fields[1].text == "VV.MM"
	case "directory":
		return len(fields) == 2 && strings.HasSuffix(fields[1].text, "]")
	}
	return false
}

// A field is a word of the line, and where it ends in it.
type field struct {
	text string
	end  int
}

func cutFields(line string) []field {
	var fields []field
	end := 0
	for word := range strings.FieldsFuncSeq(line, isBlank) {
		end += strings.Index(line[end:], word) + len(word)
		fields = append(fields, field{word, end})
	}
	return fields
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' }

// restAfter is the line behind a field and one blank: names may begin with
// more of them.
func restAfter(line string, f field) string {
	if f.end >= len(line) {
		return ""
	}
	return line[f.end+1:]
}

// unixLine: "drwxr-xr-x 2 alice staff 4096 Nov 22 10:15 name". What stands
// between the mode and the date differs much; the size is the last of it.
func unixLine(line string, fields []field, now time.Time) (Listed, bool) {
	kind, ok := unixKind(fields)
	if !ok {
		return Listed{}, false
	}
	for i := 2; i < len(fields); i++ {
		size, err := parseDigits(fields[i-1].text, 63)
		if err != nil {
			continue
		}
		when, precision, used := parseListDate(fields[i:], now)
		if used == 0 {
			continue
		}
		l := Listed{Entry: Entry{Size: int64(size), ModTime: when, Type: unixTypes[kind], Dir: kind == 'd'}, Precision: precision}
		l.Name = restAfter(line, fields[i+used-1])
		l.finishUnix(kind, fields[0].text)
		return l, true
	}
	return Listed{}, false
}

var unixTypes = map[byte]string{'-': "file", 'd': "dir", 'l': "os.unix=slink",
	'b': "os.unix=blk", 'c': "os.unix=chr", 'p': "os.unix=pipe", 's': "os.unix=socket"}

// unixKind is the letter of a line that begins like one of "ls -l", or like
// one of NetWare: "d [RWCEAFMS] ".
func unixKind(fields []field) (byte, bool) {
	if len(fields) < 5 {
		return 0, false
	}
	mode := fields[0].text
	if unixTypes[mode[0]] == "" {
		return 0, false
	}
	if len(mode) == 1 {
		return mode[0], strings.HasPrefix(fields[1].text, "[")
	}
	return mode[0], len(mode) >= 10 && strings.Trim(mode[1:10], "rwxsStTlL-") == ""
}

func (l *Listed) finishUnix(kind byte, mode string) {
	switch kind {
	case 'd':
		l.Size = 0
	case 'l':
		l.Name, l.Target, _ = strings.Cut(l.Name, " -> ")
		l.Size = -1
	case 'b', 'c', 'p', 's':
		l.Size = -1
	}
	if len(mode) >= 10 {
		l.Mode, l.HasMode = modeOfLetters(mode[1:10]), true
	} else {
		l.Name = strings.TrimLeft(l.Name, " ") // NetWare pads
	}
}

// dosLine: "11-22-25  10:15AM       <DIR>          name".
func dosLine(line string, fields []field, _ time.Time) (Listed, bool) {
	if len(fields) < 4 {
		return Listed{}, false
	}
	when, ok := parseDOSTime(fields[0].text, fields[1].text)
	if !ok {
		return Listed{}, false
	}
	l := Listed{Entry: Entry{ModTime: when, Type: "file"}, Precision: time.Minute}
	l.Name = restAfter(line, fields[2])
	if size, err := parseDigits(fields[2].text, 63); err == nil {
		l.Size = int64(size)
		return l, true
	}
	l.Name = strings.TrimLeft(l.Name, " ")
	switch fields[2].text {
	case "<DIR>":
		l.Dir, l.Type = true, "dir"
	case "<JUNCTION>", "<SYMLINK>", "<SYMLINKD>":
		l.Type, l.Size = "os.unix=slink", -1
		l.Name, l.Target = cutTarget(l.Name)
	default:
		return Listed{}, false
	}
	return l, true
}

// cutTarget parts "name [C:\target]".
func cutTarget(s string) (name, target string) {
	if i := strings.LastIndex(s, " ["); i > 0 && strings.HasSuffix(s, "]") {
		return s[:i], s[i+2 : len(s)-1]
	}
	return s, ""
}

// eplfLine: "+i8388621.48594,m825718503,r,s280,\tname", Bernstein's Easily
// Parsed List Format.
func eplfLine(line string, _ []field, _ time.Time) (Listed, bool) {
	facts, name, ok := strings.Cut(line, "\t")
	if !ok || facts[:min(1, len(facts))] != "+" {
		return Listed{}, false
	}
	l := Listed{Entry: Entry{Name: name, Size: -1, Type: "file"}, Precision: time.Second}
	for fact := range strings.SplitSeq(facts[1:], ",") {
		switch {
		case fact == "/":
			l.Dir, l.Type, l.Size = true, "dir", 0
		case strings.HasPrefix(fact, "s"):
			if n, err := parseDigits(fact[1:], 63); err == nil {
				l.Size = int64(n)
			}
		case strings.HasPrefix(fact, "m"):
			if n, err := parseDigits(fact[1:], 40); err == nil {
				l.ModTime = time.Unix(int64(n), 0).UTC()
			}
		case strings.HasPrefix(fact, "up"):
			if m, err := strconv.ParseUint(fact[2:], 8, 32); err == nil {
				l.Mode, l.HasMode = fileMode(uint32(m)), true
			}
		}
	}
	return l, true
}
