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
)

// ParseCommand splits a control line that has lost its line end. Leading
// spaces, and bytes above 235 that a Telnet urgent signal may have left
// before the verb, are dropped (RFC 959 §4.1.3). Exactly one space parts the
// verb from its argument; all further ones belong to the argument, where they
// may be part of a name (RFC 2640 §3.1, RFC 3659 §2.2).
func ParseCommand(line string) (Command, error) {
	if strings.ContainsAny(line, "\x00\r\n") {
		return Command{}, ErrControlByte
	}
	start := 0
	for start < len(line) && (line[start] == ' ' || line[start] >= 236) {
		start++
	}
	verb, arg, _ := strings.Cut(line[start:], " ")
	if verb == "" {
		return Command{}, ErrEmptyLine
	}
	return Command{Verb: upper(verb), Arg: arg}, nil
}

// upper is strings.ToUpper for ASCII alone: all other bytes stay what they are.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// Line is the command as it goes over the wire, without the line end. A
// command that holds CR, LF or NUL is ErrControlByte: text of a caller never
// becomes a second command.
func (c Command) Line() (string, error) {
	line := c.Verb
	if c.Arg != "" {
		line += " " + c.Arg
	}
	if strings.ContainsAny(line, "\x00\r\n") {
		return "", ErrControlByte
	}
	return line, nil
}
