// Package ftp holds the words that both ends of an FTP connection share:
// commands, replies, addresses, facts and listings. It does no I/O.
package ftp

import (
	"errors"
	"strings"
)

// A Command is one line of the control connection, split at the first space
// and not interpreted. Verb is in upper case.
type Command struct{ Verb, Arg string }

// Errors of a control line.
var (
	// ErrControlByte: NUL, or CR that does not end the line (501).
	ErrControlByte = errors.New("ftp: NUL, CR or LF inside a command")
	// ErrEmptyLine: nothing that could be a verb (500).
	ErrEmptyLine = errors.New("ftp: empty command line")
	// ErrVerb: a Command whose Verb is empty or would be split.
	ErrVerb = errors.New("ftp: verb is empty, starts with a byte above 235, or holds a space")
)

// ParseCommand splits a control line that has lost its line end. Leading
// spaces, and bytes above 235 that a Telnet urgent signal may have left
// before the verb, are dropped (RFC 959 §4.1.3). Exactly one space parts the
// verb from its argument; all further ones belong to the argument, where they
// may be part of a name (RFC 2640 §3.1, RFC 3659 §2.2).
func ParseCommand(line string) (Command, error) {
	if hasControlByte(line) {
		return Command{}, ErrControlByte
	}
	start := 0
	for start < len(line) && skipped(line[start]) {
		start++
	}
	verb, arg, _ := strings.Cut(line[start:], " ")
	if verb == "" {
		return Command{}, ErrEmptyLine
	}
	return Command{Verb: upper(verb), Arg: arg}, nil
}

// skipped reports whether c, standing before a verb, is not a part of it.
func skipped(c byte) bool { return c == ' ' || c >= 236 }

func hasControlByte(line string) bool {
	return strings.IndexByte(line, 0) >= 0 || strings.IndexByte(line, '\r') >= 0 || strings.IndexByte(line, '\n') >= 0
}

// upper is strings.ToUpper for ASCII alone: all other bytes stay what they
// are. It copies only what it changes.
func upper(s string) string {
	first := strings.IndexFunc(s, func(r rune) bool { return 'a' <= r && r <= 'z' })
	if first < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:first])
	for i := first; i < len(s); i++ {
		c := s[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// Line is the command as it goes to the peer, without the line end, and
// before byte 255 is doubled for Telnet. A command that holds CR, LF or NUL is
// ErrControlByte: text of a caller never becomes a second command. A verb
// that the peer would not read back as it is, is ErrVerb.
func (c Command) Line() (string, error) {
	if c.Verb == "" || skipped(c.Verb[0]) || strings.IndexByte(c.Verb, ' ') >= 0 {
		return "", ErrVerb
	}
	line := c.Verb
	if c.Arg != "" {
		line += " " + c.Arg
	}
	if hasControlByte(line) {
		return "", ErrControlByte
	}
	return line, nil
}
