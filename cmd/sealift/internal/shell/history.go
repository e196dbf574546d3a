package shell

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A History is the lines that were typed, also in earlier runs. It is a
// term.History.
type History struct {
	file  string // "" for none
	lines []string
	err   error // of the last write
}

// maxLines is how many are kept.
const maxLines = 1000

// HistoryFile is sealift/history in $XDG_STATE_HOME, else in ~/.local/state;
// "" if there is no home.
func HistoryFile(getenv func(string) string) string {
	dir := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		if getenv("HOME") == "" {
			return ""
		}
		dir = filepath.Join(getenv("HOME"), ".local", "state")
	}
	return filepath.Join(dir, "sealift", "history")
}

// OpenHistory reads what is kept in file.
func OpenHistory(file string) (*History, error) {
	h := &History{file: file}
	if file == "" {
		return h, nil
	}
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	for lines := bufio.NewScanner(strings.NewReader(string(data))); lines.Scan(); {
		h.lines = append(h.lines, lines.Text())
	}
	if len(h.lines) <= 2*maxLines {
		return h, nil
	}
	h.lines = slices.Clone(h.lines[len(h.lines)-maxLines:])
	return h, os.WriteFile(file, []byte(strings.Join(h.lines, "\n")+"\n"), 0o600)
}

// secret lines are not kept: they hold passwords, or may.
var secret = regexp.MustCompile(`(?i)\bpass\b|\bacct\b|pswd|password|://[^/@]*:[^/@]*@`)

// Add keeps a line, unless it repeats the last one, begins with a blank, or
// looks as if it had a password in it.
func (h *History) Add(line string) {
	if line == "" || line[0] == ' ' || secret.MatchString(line) || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	h.err = h.write(line)
}

func (h *History) write(line string) error {
	if h.file == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	return errors.Join(err, f.Close())
}

// Len is how many lines there are.
func (h *History) Len() int { return len(h.lines) }

// At is the line that was typed n lines before the last one.
func (h *History) At(n int) string { return h.lines[len(h.lines)-1-n] }

// Err is why the last line could not be kept, nil if it could.
func (h *History) Err() error { return h.err }
