package ftpserver

import (
	"context"
	"hash/maphash"
	"io/fs"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// maxMatched is how many names LIST, NLST and STAT show where a wildcard or
// the control connection is used (security.md P8).
const maxMatched = 10_000

// listing sends lines about files.
type listing struct {
	entries iter.Seq2[storage.Info, error]
	line    func(b []byte, i *storage.Info) []byte
}

func (l *listing) opening(level Protection) string {
	return "Here comes the listing, " + level.String()
}

func (l *listing) carry(ctx context.Context, t *transfer, c dataConn) error {
	buffer := chunkBuffers.Get().(*[]byte)
	defer chunkBuffers.Put(buffer)
	b := (*buffer)[:0]
	send := func() error {
		_, err := c.Write(b)
		t.moved.Add(int64(len(b)))
		b = b[:0]
		return err
	}
	for info, err := range l.entries {
		if err != nil {
			return err
		}
		b = append(l.line(b, &info), '\r', '\n')
		if len(b) > chunk-maxLine {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if len(b) > 0 {
		if err := send(); err != nil {
			return err
		}
	}
	return c.end()
}

func (l *listing) close(err error) error { return err }

func (l *listing) done(*transfer) string { return "Done" }

// list is for people (RFC 959 §4.1.3, in the form of protocol.md §6.2).
func (s *session) list(ctx context.Context, arg string) (ftp.Reply, error) {
	found, err := s.find(ctx, arg)
	if err != nil {
		return ftp.Reply{}, err
	}
	return s.sendListing(ctx, "LIST", found, s.listLine())
}

func (s *session) listLine() func([]byte, *storage.Info) []byte {
	at := time.Now()
	return func(b []byte, i *storage.Info) []byte {
		e := entry(i)
		return ftp.AppendListLine(b, &e, s.user, "sealift", at)
	}
}

// nlst sends names that work in RETR as they stand (RFC 1123 §4.1.2.7).
func (s *session) nlst(ctx context.Context, arg string) (ftp.Reply, error) {
	found, err := s.find(ctx, arg)
	if err != nil {
		return ftp.Reply{}, err
	}
	return s.sendListing(ctx, "NLST", found, func(b []byte, i *storage.Info) []byte {
		return append(append(b, found.prefix...), i.Name...)
	})
}

// mlsd sends facts, for programs (RFC 3659 §7). A file's path is 501.
func (s *session) mlsd(ctx context.Context, arg string) (ftp.Reply, error) {
	dir, info, err := s.lookup(ctx, arg, PermList)
	if err != nil {
		return ftp.Reply{}, err
	}
	if info.Type != storage.Dir {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "Not a directory; MLST tells of a file"}, nil
	}
	found := found{path: dir, entries: s.grant.Files.List(ctx, dir)}
	return s.sendListing(ctx, "MLSD", found, s.factLine(dir))
}

// found is what a listing shows.
type found struct {
	path    storage.Path
	prefix  string // of each name in NLST
	entries iter.Seq2[storage.Info, error]
}

func (s *session) sendListing(ctx context.Context, verb string, f found, line func([]byte, *storage.Info) []byte) (ftp.Reply, error) {
	l := &listing{entries: s.presentable(f.entries), line: line}
	return s.transfer(ctx, &transfer{verb: verb, path: f.path, body: l, ascii: verb != "MLSD"})
}

// find looks for what LIST, NLST and STAT are asked about: a directory, a
// file, or the names that match a wildcard in the last element. Words that
// begin with "-" are options of ls to some clients, unless such a name exists.
func (s *session) find(ctx context.Context, arg string) (found, error) {
	f, err := s.findExact(ctx, arg)
	if err == nil {
		return f, nil
	}
	if stripped, had := stripOptions(arg); had {
		if f, err = s.findExact(ctx, stripped); err == nil {
			return f, nil
		}
		arg = stripped
	}
	dir, pattern := splitPattern(arg)
	if !ftp.HasMeta(pattern) || ftp.HasMeta(dir) {
		return found{}, err
	}
	return s.findMatching(ctx, dir, pattern)
}

func (s *session) findExact(ctx context.Context, arg string) (found, error) {
	p, info, err := s.lookup(ctx, arg, PermList)
	if err != nil {
		return found{}, err
	}
	if info.Type == storage.Dir {
		return found{path: p, prefix: prefixOf(arg), entries: s.grant.Files.List(ctx, p)}, nil
	}
	dir, _ := splitPattern(strings.TrimRight(arg, "/"))
	return found{path: p, prefix: dir, entries: one(info)}, nil
}

func one(info storage.Info) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) { yield(info, nil) }
}

func (s *session) findMatching(ctx context.Context, dir, pattern string) (found, error) {
	f, err := s.findExact(ctx, dir)
	if err != nil {
		return found{}, err
	}
	if info, err := s.grant.Files.Stat(ctx, f.path); err != nil || info.Type != storage.Dir {
		return found{}, fs.ErrNotExist
	}
	f.prefix, f.entries = dir, s.matching(f, pattern)
	for range f.entries {
		return f, nil
	}
	return found{}, fs.ErrNotExist
}

// matching are the entries whose names match, up to a limit.
func (s *session) matching(f found, pattern string) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		matched := 0
		for info, err := range f.entries {
			if err == nil && !ftp.Match(pattern, info.Name) {
				continue
			}
			if matched++; matched > maxMatched {
				s.cfg.Log.Warn("listing cut", "session", s.id, "path", string(f.path), "names", maxMatched)
				return
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

// stripOptions drops leading words that begin with a hyphen.
func stripOptions(arg string) (rest string, had bool) {
	for rest = arg; strings.HasPrefix(rest, "-"); had = true {
		_, rest, _ = strings.Cut(rest, " ")
		rest = strings.TrimLeft(rest, " ")
	}
	return rest, had
}

// splitPattern parts an argument behind its last slash.
func splitPattern(arg string) (dir, last string) {
	i := strings.LastIndexByte(arg, '/')
	return arg[:i+1], arg[i+1:]
}

func prefixOf(dir string) string {
	if dir == "" || strings.HasSuffix(dir, "/") {
		return dir
	}
	return dir + "/"
}

// presentable leaves out names that would break a line (RFC 3659 §2.2).
func (s *session) presentable(entries iter.Seq2[storage.Info, error]) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		for info, err := range entries {
			if strings.ContainsAny(info.Name, "\r\n\x00") {
				s.cfg.Log.Warn("name left out of a listing", "session", s.id, "name", info.Name)
				continue
			}
			if !yield(info, err) {
				return
			}
		}
	}
}

func entry(i *storage.Info) ftp.Entry {
	return ftp.Entry{
		Name: i.Name, Dir: i.Type == storage.Dir, Size: i.Size, ModTime: i.ModTime,
		Mode: i.Mode, HasMode: i.Mode != 0,
	}
}

// factLine makes MLSD's lines for the entries of dir.
func (s *session) factLine(dir storage.Path) func([]byte, *storage.Info) []byte {
	facts, rights := s.facts, s.rightsIn(dir)
	return func(b []byte, i *storage.Info) []byte {
		e := s.factEntry(i, rights(i))
		return facts.Append(b, &e)
	}
}

func (s *session) factEntry(i *storage.Info, perm Perm) ftp.Entry {
	e := entry(i)
	e.Perm = permFact(i, perm)
	if i.ID != [2]uint64{} {
		e.Unique = strconv.FormatUint(maphash.Comparable(s.srv.unique, i.ID), 36)
	}
	return e
}

// rightsIn tells the account's rights on the entries of dir.
func (s *session) rightsIn(dir storage.Path) func(*storage.Info) Perm {
	if len(s.grant.Mounts) == 0 {
		perm := s.grant.Perm
		return func(*storage.Info) Perm { return perm }
	}
	return func(i *storage.Info) Perm { return s.grant.permAt(dir.Join(i.Name)) }
}

// permFact is what the account may do with an entry (RFC 3659 §7.5.5).
func permFact(i *storage.Info, perm Perm) string {
	letters := fileLetters
	if i.Type == storage.Dir {
		letters = dirLetters
	}
	var b [8]byte
	n := 0
	for _, l := range letters {
		if perm&l.right != 0 && (!i.Unfinished || l.letter != 'r') || l.right == 0 {
			b[n] = l.letter
			n++
		}
	}
	return string(b[:n])
}

type permLetter struct {
	letter byte
	right  Perm
}

var fileLetters = []permLetter{
	{'a', PermAppend}, {'d', PermDelete}, {'f', PermRename}, {'r', PermRead}, {'w', PermOverwrite},
}

var dirLetters = []permLetter{
	{'c', PermWrite}, {'d', PermRmdir}, {'e', 0}, {'f', PermRename}, {'l', PermList}, {'m', PermMkdir}, {'p', PermDelete},
}

// mlst tells the facts of one file over the control connection (RFC 3659 §7).
func (s *session) mlst(ctx context.Context, arg string) (ftp.Reply, error) {
	p, info, err := s.lookup(ctx, arg, PermList)
	if err != nil {
		return ftp.Reply{}, err
	}
	e := s.factEntry(&info, s.grant.permAt(p))
	e.Name = string(p)
	return ftp.Reply{Code: ftp.CodeFileOK, Text: "Facts:\n" + string(s.facts.Append(nil, &e)) + "\nEnd"}, nil
}
