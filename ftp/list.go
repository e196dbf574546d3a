package ftp

import (
	"io/fs"
	"strconv"
	"time"
)

// Modes of entries that have none.
const (
	defaultFileMode fs.FileMode = 0o644
	defaultDirMode  fs.FileMode = 0o755
)

// Widths of the columns of LIST.
const (
	ownerWidth = 8
	sizeWidth  = 12
)

// recentPast is how far back LIST gives the time of day instead of the year.
const recentPast = 180 * 24 * time.Hour

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// AppendListLine appends the entry as a line of LIST in the form of "ls -l",
// without a line end:
//
//	-rw-r--r--   1 alice    sealift          2048 Nov 22 10:15 name
//
// The date is UTC: the time of day within the 180 days before now, else the
// year. A mode that is not known is 0644, 0755 for directories; an unknown
// size is 0, an unknown date is 1970. Blanks and control characters in owner
// and group become "_"; empty, they are "-". CR, LF and NUL in the name
// become "?"; entries with such names should not be listed at all.
func AppendListLine(b []byte, e *Entry, owner, group string, now time.Time) []byte {
	b = append(appendPermissions(b, e), "   1 "...)
	b = append(appendColumn(b, owner), ' ')
	b = append(appendColumn(b, group), ' ')
	b = append(appendPadded(b, max(e.Size, 0), sizeWidth), ' ')
	b = append(appendListDate(b, e.ModTime, now), ' ')
	return appendName(b, e.Name)
}

func appendPermissions(b []byte, e *Entry) []byte {
	kind, mode := byte('-'), defaultFileMode
	if e.Dir {
		kind, mode = 'd', defaultDirMode
	}
	if e.HasMode {
		mode = e.Mode
	}
	b = append(b, kind)
	const letters = "rwxrwxrwx"
	for i := range letters {
		if mode&(1<<(8-i)) != 0 {
			b = append(b, letters[i])
		} else {
			b = append(b, '-')
		}
	}
	bits := b[len(b)-len(letters):]
	markSpecial(&bits[2], mode&fs.ModeSetuid != 0, 's')
	markSpecial(&bits[5], mode&fs.ModeSetgid != 0, 's')
	markSpecial(&bits[8], mode&fs.ModeSticky != 0, 't')
	return b
}

// markSpecial puts the letter in the place of x, in upper case in that of "-".
func markSpecial(bit *byte, set bool, letter byte) {
	switch {
	case !set:
	case *bit == 'x':
		*bit = letter
	default:
		*bit = letter - 'a' + 'A'
	}
}

// appendColumn appends an owner or a group, padded on the right.
func appendColumn(b []byte, s string) []byte {
	if s == "" {
		s = "-"
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			b = append(b, '_')
		} else {
			b = append(b, s[i])
		}
	}
	return appendSpaces(b, ownerWidth-len(s))
}

// appendPadded appends a number that is not negative, padded on the left.
func appendPadded(b []byte, n int64, width int) []byte {
	digits := 1
	for rest := n; rest >= 10; rest /= 10 {
		digits++
	}
	return strconv.AppendInt(appendSpaces(b, width-digits), n, 10)
}

func appendSpaces(b []byte, n int) []byte {
	for range n {
		b = append(b, ' ')
	}
	return b
}

// appendListDate appends "Nov 22 10:15" or "Nov 22  2025".
func appendListDate(b []byte, t, now time.Time) []byte {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	t = t.UTC()
	year, month, day := t.Date()
	b = append(b, months[3*month-3:3*month]...)
	b = append(appendPadded(append(b, ' '), int64(day), 2), ' ')
	if age := now.Sub(t); age < 0 || age > recentPast {
		return appendPadded(b, int64(max(year, 0)), 5)
	}
	hour, minute, _ := t.Clock()
	return appendTwo(append(appendTwo(b, hour), ':'), minute)
}
