package ftpserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// upload receives a file. Nothing shows under its name before Commit.
type upload struct {
	writer storage.Writer
	name   string // as the 150 tells it
	stou   bool   // the reply names the file, and nothing is kept of a part
}

func (u *upload) opening(level Protection) string {
	if u.stou {
		return "FILE: " + u.name // exactly so (RFC 1123 §4.1.2.9)
	}
	return fmt.Sprintf("Ready for %s, %v", u.name, level)
}

func (u *upload) carry(ctx context.Context, t *transfer, c dataConn) error {
	c.receiving()
	if err := receiveInto(u.writer, limited(ctx, c, t.rate), &t.moved); err != nil {
		return err
	}
	if !t.finishing() {
		return errAborted
	}
	// All bytes are there; that the peer has gone since is no loss.
	_ = c.end()
	return nil
}

// close commits, or keeps what came of an upload that was cut: a failure of
// the storage leaves nothing (protocol.md §7).
func (u *upload) close(err error) error {
	var cut cutError
	var reply ftp.Reply
	switch {
	case err == nil:
		return u.writer.Commit()
	case u.stou:
		return errors.Join(err, u.writer.Abort())
	case errors.As(err, &cut), errors.As(err, &reply), isOutside(err):
		return errors.Join(err, u.writer.Suspend())
	}
	return errors.Join(err, u.writer.Abort())
}

// isOutside reports whether something else than the storage ended a transfer.
func isOutside(err error) bool {
	for _, outside := range []error{errAborted, errGone, errKicked, errNobody, errBadAddress, errUnbound, errDataTLS, context.Canceled, net.ErrClosed} {
		if errors.Is(err, outside) {
			return true
		}
	}
	return false
}

func (u *upload) done(t *transfer) string {
	if u.stou {
		return fmt.Sprintf("Stored %d bytes as %s", t.moved.Load(), u.name)
	}
	return fmt.Sprintf("Stored %d bytes", t.moved.Load())
}

// stor receives a file (RFC 959 §4.1.3); behind REST it goes on with one
// (protocol.md §7.5).
func (s *session) stor(ctx context.Context, arg string) (ftp.Reply, error) {
	return s.store(ctx, "STOR", arg, storage.Mode{Offset: s.state.Offset})
}

// appe adds to a file; behind REST it is STOR (RFC 3659 §5.3).
func (s *session) appe(ctx context.Context, arg string) (ftp.Reply, error) {
	return s.store(ctx, "APPE", arg, storage.Mode{Offset: s.state.Offset, Append: s.state.Offset == 0})
}

func (s *session) store(ctx context.Context, verb, arg string, m storage.Mode) (ftp.Reply, error) {
	p, err := s.resolveNew(arg, permUpload)
	if err != nil {
		return ftp.Reply{}, err
	}
	m.Allow, m.Expect = allow(s.grant.permAt(p)), s.expect
	w, err := s.grant.Files.Create(ctx, p, m)
	if err != nil {
		return ftp.Reply{}, err
	}
	return s.receive(ctx, verb, p, m.Offset, &upload{writer: w, name: arg})
}

// allow is what the account's rights let an upload do.
func allow(perm Perm) (a storage.Allow) {
	for right, allowed := range map[Perm]storage.Allow{
		PermWrite: storage.AllowNew, PermAppend: storage.AllowExtend, PermOverwrite: storage.AllowReplace,
	} {
		if perm&right != 0 {
			a |= allowed
		}
	}
	return a
}

// stou receives a file under a name that is new (RFC 959 §4.1.3).
func (s *session) stou(ctx context.Context, _ string) (ftp.Reply, error) {
	if s.state.Offset > 0 {
		return ftp.Reply{Code: ftp.CodeBadOffset, Text: "STOU begins a new file; REST has no meaning"}, nil
	}
	var random [4]byte
	rand.Read(random[:])
	name := time.Now().UTC().Format("20060102-150405-") + hex.EncodeToString(random[:])
	p, err := s.resolve(name, PermWrite)
	if err != nil {
		return ftp.Reply{}, err
	}
	w, err := s.grant.Files.Create(ctx, p, storage.Mode{Allow: storage.AllowNew, Expect: s.expect})
	if err != nil {
		return ftp.Reply{}, err
	}
	return s.receive(ctx, "STOU", p, 0, &upload{writer: w, name: name, stou: true})
}

func (s *session) receive(ctx context.Context, verb string, p storage.Path, offset int64, u *upload) (ftp.Reply, error) {
	if s.state.Converts {
		u.writer = &fromNetwork{Writer: u.writer}
	}
	return s.transfer(ctx, &transfer{verb: verb, path: p, offset: offset, body: u, ascii: s.ascii, rate: s.rate(true)})
}
