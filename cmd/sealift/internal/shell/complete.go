package shell

import (
	"context"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/cmd/sealift/internal/tree"
	"github.com/sealift/sealift/ftpclient"
)

// kind is what may stand for an argument.
type kind int

const (
	remoteName kind = iota + 1
	remoteFolder
	localName
	commandName
)

var (
	none         []kind
	theirs       = []kind{remoteName}
	theirFolders = []kind{remoteFolder}
	ours         = []kind{localName}
)

// A candidate is how a word may go on. Those that lead on, folders, end in
// "/"; behind the others a blank is next.
type candidate string

// listing is the last folder that completion looked into: a second Tab does
// not ask the server again.
type listing struct {
	dir     string
	entries []ftpclient.Entry
	until   time.Time
}

const (
	completeTime = 5 * time.Second  // that a server has to answer a Tab
	cacheTime    = 15 * time.Second // that a listing is taken for true
)

// Complete goes on with the word before pos in line. If there are several
// ways it goes as far as they agree; if that is nowhere, they are returned.
func (s *Shell) Complete(ctx context.Context, line string, pos int) (completed string, newPos int, choices []string) {
	l := lex(line[:pos])
	begin, text := pos, ""
	if l.inWord {
		begin, text = l.start, l.text.String()
	}
	all := s.candidates(ctx, l.words, text)
	if len(all) == 0 {
		return line, pos, nil
	}
	common := commonPrefix(all)
	word := quote(common)
	if len(all) == 1 && !strings.HasSuffix(common, "/") {
		word += " "
	}
	if len(all) > 1 && common == text {
		return line, pos, shown(all)
	}
	return line[:begin] + word + line[pos:], begin + len(word), nil
}

// shown are the last parts of candidates.
func shown(all []candidate) []string {
	var names []string
	for _, c := range all {
		name := strings.TrimSuffix(string(c), "/")
		base := name[strings.LastIndexByte(name, '/')+1:]
		names = append(names, base+string(c[len(name):]))
	}
	return names
}

func commonPrefix(all []candidate) string {
	prefix := string(all[0])
	for _, c := range all[1:] {
		for !strings.HasPrefix(string(c), prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	return strings.ToValidUTF8(prefix, "")
}

// candidates begin with text, behind the words of the same command.
func (s *Shell) candidates(ctx context.Context, words []word, text string) (all []candidate) {
	switch s.kindOf(words) {
	case commandName:
		all = commandNames()
	case remoteName:
		all = s.remoteNames(ctx, text, false)
	case remoteFolder:
		all = s.remoteNames(ctx, text, true)
	case localName:
		all = s.localNames(text)
	}
	all = slices.DeleteFunc(all, func(c candidate) bool {
		return !strings.HasPrefix(string(c), text) || strings.ContainsFunc(string(c), func(r rune) bool { return !strconv.IsPrint(r) })
	})
	slices.Sort(all)
	return slices.Compact(all)
}

// kindOf is the kind of the word behind words.
func (s *Shell) kindOf(words []word) kind {
	if len(words) == 0 {
		return commandName
	}
	c, err := find(words[0].text)
	if err != nil || len(c.complete) == 0 {
		return 0
	}
	n := 0
	for _, w := range words[1:] {
		if !strings.HasPrefix(w.text, "-") {
			n++
		}
	}
	return c.complete[min(n, len(c.complete)-1)]
}

func commandNames() (all []candidate) {
	for _, c := range table {
		for _, name := range c.names {
			all = append(all, candidate(name))
		}
	}
	return all
}

// remoteNames are those in the folder that text is in. An error is no reason
// to disturb somebody who types.
func (s *Shell) remoteNames(ctx context.Context, text string, foldersOnly bool) (all []candidate) {
	dir, base := path.Split(text)
	for _, e := range s.listed(ctx, dir) {
		switch {
		case strings.HasPrefix(e.Name, ".") && !strings.HasPrefix(base, "."):
		case e.Kind == ftpclient.Dir:
			all = append(all, candidate(dir+e.Name+"/"))
		case !foldersOnly || e.Kind == ftpclient.Link:
			all = append(all, candidate(dir+e.Name))
		}
	}
	return all
}

func (s *Shell) listed(ctx context.Context, dir string) []ftpclient.Entry {
	if s.session == nil || s.session.Conn.Err() != nil {
		return nil
	}
	at := s.absolute(dir)
	if s.cache.dir == at && time.Now().Before(s.cache.until) {
		return s.cache.entries
	}
	ctx, cancel := context.WithTimeout(ctx, completeTime)
	defer cancel()
	if dir != "/" {
		dir = strings.TrimSuffix(dir, "/")
	}
	entries, err := tree.List(ctx, s.session.Conn, dir)
	if err != nil {
		return nil
	}
	s.cache = listing{at, entries, time.Now().Add(cacheTime)}
	return entries
}

func (s *Shell) localNames(text string) (all []candidate) {
	dir, base := path.Split(text)
	entries, err := os.ReadDir(s.here(dir))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(base, ".") {
			continue
		}
		name := dir + e.Name()
		if info, err := os.Stat(s.here(name)); err == nil && info.IsDir() {
			name += "/"
		}
		all = append(all, candidate(name))
	}
	return all
}
