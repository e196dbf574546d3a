// Package xferlog writes the transfer log of wu-ftpd, which the tools that
// count transfers read.
package xferlog

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/sealift/sealift/ftpserver"
)

// A Log is one file, which another program may move away (see Reopen). A nil
// Log writes nothing.
type Log struct {
	path string

	mu   sync.Mutex
	file *os.File
}

// Open opens the file at path, made with mode 0640 if it is missing.
func Open(path string) (*Log, error) {
	l := &Log{path: path}
	return l, l.Reopen()
}

// Reopen goes on in the file that has the name now. On an error the former
// one stays in use.
func (l *Log) Reopen() error {
	if l == nil {
		return nil
	}
	file, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	l.mu.Lock()
	former := l.file
	l.file = file
	l.mu.Unlock()
	if former != nil {
		return former.Close()
	}
	return nil
}

// Add writes the line of a transfer of a file; listings have none.
func (l *Log) Add(t ftpserver.Transfer) error {
	line := Line(t)
	if l == nil || line == "" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.file.WriteString(line)
	return err
}

// Path is the name of the file, "" for a nil Log.
func (l *Log) Path() string {
	if l == nil {
		return ""
	}
	return l.path
}

// Close closes the file.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// Line is the transfer as xferlog(5) has it: the time of its end, seconds,
// client, bytes, path, type, action, direction, access mode, user, service,
// two fields for a user verified by ident, and whether it is complete. It is
// "" for what is no file.
func Line(t ftpserver.Transfer) string {
	var direction string
	switch t.Verb {
	case "RETR":
		direction = "o"
	case "STOR", "APPE", "STOU":
		direction = "i"
	default:
		return ""
	}
	kind, complete := "b", "i"
	if t.ASCII {
		kind = "a"
	}
	if t.Reply.Code/100 == 2 {
		complete = "c"
	}
	end := t.Start.Add(t.Duration)
	seconds := max(1, int64(t.Duration.Round(time.Second)/time.Second))
	return fmt.Sprintf("%s %d %s %d %s %s _ %s r %s ftp 0 * %s\n",
		end.Local().Format(time.ANSIC), seconds, t.Remote.Addr(), t.Bytes, word(t.Path), kind, direction, word(t.User), complete)
}

// word makes s one field: what is a space, or does not show, is "_".
func word(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, s)
}
