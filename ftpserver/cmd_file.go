package ftpserver

import (
	"context"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// maxCounted is the largest file whose size in TYPE A is counted (RFC 3659
// §4 wants it exact).
const maxCounted = 10 << 20

// maxTold is the largest file whose 150 tells how many bytes come in TYPE A.
const maxTold = 64 << 10

// resolve makes a peer's text a Path on which the account has one of the
// rights. Every handler that takes a path comes through here, and uses the
// Path that was checked.
func (s *session) resolve(arg string, any Perm) (storage.Path, error) {
	p, err := storage.Resolve(s.cwd, arg)
	if err != nil {
		return "", err
	}
	if any != 0 && s.grant.permAt(p)&any == 0 {
		return "", fs.ErrPermission
	}
	return p, nil
}

// resolveNew is resolve for a name that is to be made: control characters are
// refused in it (protocol.md §4).
func (s *session) resolveNew(arg string, any Perm) (storage.Path, error) {
	p, err := s.resolve(arg, any)
	if err == nil && hasControl(p.Base()) {
		err = storage.ErrName
	}
	return p, err
}

func hasControl(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// lookup is resolve, and what stands there.
func (s *session) lookup(ctx context.Context, arg string, any Perm) (storage.Path, storage.Info, error) {
	p, err := s.resolve(arg, any)
	if err != nil {
		return "", storage.Info{}, err
	}
	info, err := s.grant.Files.Stat(ctx, p)
	return p, info, err
}

// directory is lookup for a directory alone.
func (s *session) directory(ctx context.Context, arg string, any Perm) (storage.Path, error) {
	dir, info, err := s.lookup(ctx, arg, any)
	if err == nil && info.Type != storage.Dir {
		err = storage.ErrNotDir
	}
	return dir, err
}

// retr sends one file over the data connection (RFC 959 §4.1.3), from the
// offset of a preceding REST, or the bytes of a RANG. The file is opened
// first, so a missing one is refused with 550 before the client is told to
// expect data.
func (s *session) retr(ctx context.Context, arg string) (ftp.Reply, error) {
	p, err := s.resolve(arg, PermRead)
	if err != nil {
		return ftp.Reply{}, err
	}
	offset := s.state.Offset
	if s.state.Ranged {
		offset = s.state.First
	}
	f, err := s.grant.Files.Open(ctx, p, offset)
	if err != nil {
		return ftp.Reply{}, err
	}
	d := &download{file: f, source: f, size: s.remaining(ctx, p, offset)}
	switch {
	case s.state.Ranged:
		d.source = io.LimitReader(f, s.state.Last-s.state.First+1)
		d.size = min(d.size, s.state.Last-s.state.First+1)
	case s.state.Converts:
		d.source, d.size = newToNetwork(f), s.convertedSize(ctx, p, d.size)
	}
	return s.transfer(ctx, &transfer{verb: "RETR", path: p, offset: offset, body: d, ascii: s.ascii, rate: s.rate(false)})
}

// remaining is what stands in the file from the offset on; -1 if unknown.
func (s *session) remaining(ctx context.Context, p storage.Path, offset int64) int64 {
	info, err := s.grant.Files.Stat(ctx, p)
	if err != nil {
		return -1
	}
	return max(0, info.Size-offset)
}

// convertedSize is how many bytes a file of this size has in TYPE A; -1 where
// counting them would cost as much as sending them.
func (s *session) convertedSize(ctx context.Context, p storage.Path, size int64) int64 {
	if size < 0 || size > maxTold {
		return -1
	}
	n, err := s.countLines(ctx, p)
	if err != nil {
		return -1
	}
	return n
}

// dele deletes a file (RFC 959 §4.1.3).
func (s *session) dele(ctx context.Context, arg string) (ftp.Reply, error) {
	p, err := s.resolve(arg, PermDelete)
	if err != nil {
		return ftp.Reply{}, err
	}
	if err := s.grant.Files.Remove(ctx, p, storage.File); err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Reply{Code: ftp.CodeFileOK, Text: "Deleted"}, nil
}

// rnfr notes what RNTO renames (RFC 959 §4.1.3).
func (s *session) rnfr(ctx context.Context, arg string) (ftp.Reply, error) {
	p, info, err := s.lookup(ctx, arg, PermRename)
	if err != nil {
		return ftp.Reply{}, err
	}
	if info.Unfinished {
		return ftp.Reply{}, &storage.UnfinishedError{Size: info.Size}
	}
	s.renaming, s.state.Renaming = p, true
	return ftp.Reply{Code: ftp.CodePending, Text: "RNTO comes next"}, nil
}

// rnto renames. A file that stands there is replaced where the account may
// overwrite.
func (s *session) rnto(ctx context.Context, arg string) (ftp.Reply, error) {
	to, err := s.resolveNew(arg, PermRename)
	if err != nil {
		return ftp.Reply{}, err
	}
	replace := s.grant.permAt(to)&PermOverwrite != 0
	if err := s.grant.Files.Rename(ctx, s.renaming, to, replace); err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Reply{Code: ftp.CodeFileOK, Text: "Renamed"}, nil
}

// size tells how many bytes RETR would send (RFC 3659 §4).
func (s *session) size(ctx context.Context, arg string) (ftp.Reply, error) {
	info, p, err := s.file(ctx, arg, PermList|PermRead|permUpload)
	if err != nil {
		return ftp.Reply{}, err
	}
	n := info.Size
	if s.state.Converts && !info.Unfinished {
		if n > maxCounted {
			return ftp.Reply{Code: ftp.CodeUnavailable, Text: "Too large to count in ASCII; use TYPE I"}, nil
		}
		if n, err = s.countLines(ctx, p); err != nil {
			return ftp.Reply{}, err
		}
	}
	return ftp.Reply{Code: ftp.CodeFileStatus, Text: strconv.FormatInt(n, 10)}, nil
}

// file is a regular file and what is known of it.
func (s *session) file(ctx context.Context, arg string, any Perm) (storage.Info, storage.Path, error) {
	p, info, err := s.lookup(ctx, arg, any)
	if err == nil && info.Type == storage.Dir {
		err = storage.ErrIsDir
	}
	return info, p, err
}

func (s *session) countLines(ctx context.Context, p storage.Path) (int64, error) {
	f, err := s.grant.Files.Open(ctx, p, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.Copy(io.Discard, newToNetwork(f))
}

// mdtm tells when a file was changed (RFC 3659 §3).
func (s *session) mdtm(ctx context.Context, arg string) (ftp.Reply, error) {
	info, _, err := s.file(ctx, arg, PermList|PermRead|permUpload)
	if err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Reply{Code: ftp.CodeFileStatus, Text: string(ftp.AppendTime(nil, info.ModTime))}, nil
}

// mfmt sets when a file was changed (draft-somers-ftp-mfxx §3).
func (s *session) mfmt(ctx context.Context, arg string) (ftp.Reply, error) {
	stamp, name, _ := strings.Cut(arg, " ")
	when, err := ftp.ParseTime(stamp)
	if err != nil || name == "" {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "MFMT needs YYYYMMDDHHMMSS and a name"}, nil
	}
	if err := s.setAttr(ctx, name, storage.Attr{ModTime: &when}); err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Replyf(ftp.CodeFileStatus, "Modify=%s; %s", ftp.AppendTime(nil, when), name), nil
}

// mff sets several facts (draft-somers-ftp-mfxx §5), or none if one of them
// is not known.
func (s *session) mff(ctx context.Context, arg string) (ftp.Reply, error) {
	facts, name, _ := strings.Cut(arg, " ")
	attr, told, refusal := parseAttr(facts)
	if !refusal.IsZero() {
		return refusal, nil
	}
	if name == "" {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "MFF needs facts and a name"}, nil
	}
	if err := s.setAttr(ctx, name, attr); err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Replyf(ftp.CodeFileStatus, "%s %s", told, name), nil
}

func parseAttr(facts string) (attr storage.Attr, told string, refusal ftp.Reply) {
	bad := ftp.Reply{Code: ftp.CodeBadArgument, Text: "MFF needs Modify=YYYYMMDDHHMMSS; or UNIX.mode=0644;"}
	if !strings.HasSuffix(facts, ";") {
		return attr, "", bad
	}
	for fact := range strings.SplitSeq(strings.TrimSuffix(facts, ";"), ";") {
		name, value, _ := strings.Cut(fact, "=")
		switch strings.ToLower(name) {
		case "modify":
			when, err := ftp.ParseTime(value)
			if err != nil {
				return attr, "", bad
			}
			attr.ModTime = &when
			told += "Modify=" + string(ftp.AppendTime(nil, when)) + ";"
		case "unix.mode":
			mode, err := parseMode(value)
			if err != nil {
				return attr, "", bad
			}
			attr.Mode = &mode
			told += "UNIX.mode=" + value + ";"
		default:
			return attr, "", ftp.Reply{Code: ftp.CodeBadParameter, Text: "Only Modify and UNIX.mode can be set"}
		}
	}
	return attr, told, ftp.Reply{}
}

// parseMode reads three or four octal digits.
func parseMode(s string) (fs.FileMode, error) {
	if len(s) != 3 && len(s) != 4 {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(s, 8, 9)
	return fs.FileMode(n), err
}

func (s *session) setAttr(ctx context.Context, name string, a storage.Attr) error {
	p, info, err := s.lookup(ctx, name, PermAttributes)
	if err != nil {
		return err
	}
	if info.Unfinished {
		return &storage.UnfinishedError{Size: info.Size}
	}
	return s.grant.Files.SetAttr(ctx, p, a)
}

// rate is the limit of a transfer in bytes per second; 0: none.
func (s *session) rate(upload bool) int64 {
	own, all := s.grant.DownloadRate, s.cfg.Limits.DownloadRate
	if upload {
		own, all = s.grant.UploadRate, s.cfg.Limits.UploadRate
	}
	if own > 0 {
		return own
	}
	return all
}
