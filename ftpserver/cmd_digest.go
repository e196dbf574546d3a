package ftpserver

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

const defaultDigest = "SHA-256"

// toTheEnd stands for the last byte of a file, whichever that is.
const toTheEnd = -2

var digestCommands = map[string]*command{
	"HASH": {run: (*session).hash, args: argPath, needs: needLogin, perm: PermRead, codes: hashes, feat: featHash,
		help: "path: digest of a file; OPTS HASH chooses which"},
	"MD5":     {run: (*session).md5, args: argPath, needs: needLogin, perm: PermRead, feat: line("MD5"), help: "path: MD5 of a file"},
	"XCRC":    xDigest("XCRC", "CRC32"),
	"XMD5":    xDigest("XMD5", "MD5"),
	"XSHA1":   xDigest("XSHA1", "SHA-1"),
	"XSHA256": xDigest("XSHA256", "SHA-256"),
	"XSHA512": xDigest("XSHA512", "SHA-512"),
}

// hash answers the digest of a file, or of a RANG of it
// (draft-bryan-ftpext-hash). The bytes are those of TYPE I.
func (s *session) hash(ctx context.Context, arg string) (ftp.Reply, error) {
	first, last := int64(0), int64(toTheEnd)
	if s.state.Ranged {
		first, last = s.state.First, s.state.Last
	}
	s.state = s.state.withoutRange()
	p, err := s.resolve(arg, PermRead)
	if err != nil {
		return ftp.Reply{}, err
	}
	if info, err := s.grant.Files.Stat(ctx, p); err == nil && info.Type == storage.Dir {
		return ftp.Reply{Code: ftp.CodeNameRefused, Text: "A directory has no digest"}, nil
	}
	sum, n, err := s.sum(ctx, p, s.digest, first, last)
	if err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Replyf(ftp.CodeFileStatus, "%s %d-%d %s %s", s.digest, first, max(first, first+n-1), sum, arg), nil
}

// sum reads bytes first to last, or to the end where last is toTheEnd. While it
// takes long, lines go out so that nobody thinks the connection dead.
func (s *session) sum(ctx context.Context, p storage.Path, digest string, first, last int64) (hexSum string, n int64, err error) {
	f, err := s.grant.Files.Open(ctx, p, first)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	var from io.Reader = f
	if last != toTheEnd {
		from = io.LimitReader(f, last-first+1)
	}
	algorithm, _ := ftp.DigestNamed(digest) // it was chosen from the table
	h := algorithm.New()
	buffer := chunkBuffers.Get().(*[]byte)
	defer chunkBuffers.Put(buffer)
	for told := time.Now(); ; {
		m, err := from.Read(*buffer)
		h.Write((*buffer)[:m])
		n += int64(m)
		switch {
		case err == io.EOF:
			return hex.EncodeToString(h.Sum(nil)), n, nil
		case err != nil:
			return "", n, err
		case time.Since(told) > 10*time.Second:
			told = time.Now()
			s.send(fmt.Appendf(s.out[:0], "213-%d bytes read\r\n", n))
		}
	}
}

// md5 is the answer of draft-twine-ftpmd5.
func (s *session) md5(ctx context.Context, arg string) (ftp.Reply, error) {
	p, err := s.resolve(arg, PermRead)
	if err != nil {
		return ftp.Reply{}, err
	}
	if info, err := s.grant.Files.Stat(ctx, p); err == nil && info.Type == storage.Dir {
		return ftp.Reply{Code: ftp.CodeBadParameter, Text: "Not a file"}, nil
	}
	sum, _, err := s.sum(ctx, p, "MD5", 0, toTheEnd)
	if err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Replyf(ftp.CodeDigest, "%s %s", arg, strings.ToUpper(sum)), nil
}

// xDigest is a row for one of the X… verbs.
func xDigest(verb, digest string) *command {
	return &command{
		run: func(s *session, ctx context.Context, arg string) (ftp.Reply, error) {
			return s.xSum(ctx, digest, arg)
		},
		args: argPath, needs: needLogin, perm: PermRead, feat: line(verb),
		help: `path [start end]: ` + digest + ` of a file, or of end - start bytes of it`,
	}
}

func (s *session) xSum(ctx context.Context, digest, arg string) (ftp.Reply, error) {
	name, first, last, err := s.digestArgs(ctx, arg)
	if err != nil {
		return ftp.Reply{}, err
	}
	p, err := s.resolve(name, PermRead)
	if err != nil {
		return ftp.Reply{}, err
	}
	sum, _, err := s.sum(ctx, p, digest, first, last)
	if errors.Is(err, storage.ErrOffset) {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "The range begins past the end of the file"}, nil
	}
	if err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Reply{Code: ftp.CodeFileOK, Text: strings.ToUpper(sum)}, nil
}

var errDigestArgs = ftp.Reply{Code: ftp.CodeBadArgument, Text: `That needs a path, or "path" start end`}

// digestArgs parts a path, which may be quoted, from a range. Without quotes
// two numbers at the end belong to the name if a file has it.
func (s *session) digestArgs(ctx context.Context, arg string) (name string, first, last int64, err error) {
	if inner, ok := strings.CutPrefix(arg, `"`); ok {
		name, rest, closed := strings.Cut(inner, `"`)
		if !closed {
			return "", 0, 0, errDigestArgs
		}
		first, last, err = digestRange(strings.Fields(rest))
		return name, first, last, err
	}
	fields := strings.Fields(arg)
	if len(fields) < 3 || s.stands(ctx, arg) {
		return arg, 0, toTheEnd, nil
	}
	first, last, err = digestRange(fields[len(fields)-2:])
	if err != nil {
		return arg, 0, toTheEnd, nil
	}
	name = strings.TrimSuffix(arg, fields[len(fields)-1])
	name = strings.TrimSuffix(strings.TrimRight(name, " "), fields[len(fields)-2])
	return strings.TrimRight(name, " "), first, last, nil
}

// digestRange reads "start end", which means the bytes before end.
func digestRange(fields []string) (first, last int64, err error) {
	if len(fields) == 0 {
		return 0, toTheEnd, nil
	}
	if len(fields) != 2 {
		return 0, 0, errDigestArgs
	}
	first, err1 := ftp.ParseNumber(fields[0])
	end, err2 := ftp.ParseNumber(fields[1])
	if err1 != nil || err2 != nil || end < first {
		return 0, 0, errDigestArgs
	}
	return first, end - 1, nil
}

func (s *session) stands(ctx context.Context, name string) bool {
	p, err := s.resolve(name, PermRead)
	if err != nil {
		return false
	}
	_, err = s.grant.Files.Stat(ctx, p)
	return err == nil
}

// featHash marks the digest that OPTS HASH chose.
func featHash(s *session) string {
	var b strings.Builder
	b.WriteString("HASH ")
	for _, d := range ftp.Digests {
		b.WriteString(d.Name)
		if d.Name == s.digest {
			b.WriteByte('*')
		}
		b.WriteByte(';')
	}
	return b.String()
}
