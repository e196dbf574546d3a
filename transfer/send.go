package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/sealift/sealift/ftpclient"
)

// digestAt is the digest of the first n bytes.
type digestAt struct {
	hash.Hash
	n int64
}

// offset decides from where to go on. What the server has is used only if it
// is proved to be the beginning of the file: it came in this run, or its
// digest says so, or the journal does.
func (u *upload) offset(ctx context.Context, c *ftpclient.Conn) (int64, error) {
	u.algorithm = cmp.Or(u.e.known().digest, ownDigest)
	offset, why, err := u.proved(ctx, c)
	if err != nil {
		return 0, err
	}
	if why != "" {
		u.res.note("started again: %s", why)
	}
	if offset == 0 {
		u.sum = digestAt{newDigest(u.algorithm), 0}
		u.most, u.res.Resumed = 0, 0
	} else if u.most == 0 {
		u.res.Resumed = offset
	}
	u.most = max(u.most, offset)
	u.saved.bytes = offset
	return offset, nil
}

// worthAsking is the size from which on it is worth while to ask the server
// for the beginning of a file: smaller ones are sent again.
const worthAsking = 256 << 10

// proved is how many bytes the server has that are the file's; why says why
// there are none though it has some.
func (u *upload) proved(ctx context.Context, c *ftpclient.Conn) (n int64, why string, err error) {
	has := u.there
	if u.under != u.final && u.res.Size < worthAsking {
		return 0, "", nil
	}
	if u.under != u.final {
		if has, err = statOrNil(ctx, c, u.under); err != nil {
			return 0, "", err
		}
	}
	switch {
	case u.again:
		u.again, u.before = false, has
		return 0, "", nil
	case has == nil && u.most > 0:
		return 0, "the server has nothing of it any more", nil
	case has == nil || has.Kind != ftpclient.File || has.Size <= 0, u.replaces() && !u.ownWork(has):
		u.before = has
		return 0, "", nil
	case has.Size > u.res.Size:
		u.before = has
		return 0, "the server has more than the file here", nil
	}
	mine := has.Size <= u.most && !sameEntry(has, u.before)
	if why, err = u.prefix(ctx, c, has.Size, mine); err != nil || why != "" {
		u.before = has
		return 0, why, err
	}
	return has.Size, "", nil
}

// sameEntry reports whether a file of the server is the one it was.
func sameEntry(a, b *ftpclient.Entry) bool {
	return a != nil && b != nil && a.Size == b.Size && a.ModTime.Equal(b.ModTime)
}

// ownWork reports whether a file under the final name, where another may have
// stood, may be what came of this upload.
func (u *upload) ownWork(has *ftpclient.Entry) bool {
	if u.e.known().commits {
		return u.most == u.res.Size && has.Size == u.most && !sameEntry(has, u.first)
	}
	return u.most > 0 && !sameEntry(has, u.first) || u.most == 0 && u.isDirect(u.rec.read())
}

// prefix proves that the first n bytes of the file are what the server has,
// and leaves their digest in sum. They need no proof if they are this run's.
func (u *upload) prefix(ctx context.Context, c *ftpclient.Conn, n int64, mine bool) (why string, err error) {
	rec := u.rec.read()
	if !u.isRecordOfThis(rec) || rec.Under != u.under {
		rec = nil
	}
	sum := newDigest(u.algorithm)
	recorded, err := u.digestPrefix(ctx, sum, n, rec)
	if err != nil {
		return "", err
	}
	u.sum = digestAt{sum, n}
	if mine {
		return "", nil
	}
	same, known, err := u.askPrefix(ctx, c, n, sum.Sum(nil))
	switch {
	case err != nil:
		return "", err
	case known && same:
		return "", nil
	case known:
		return "what the server has is not the beginning of the file", nil
	case rec == nil:
		return "the journal does not know what the server has, and the server makes no digest of it", nil
	case !rec.sameSource(u.res.Size, u.info.ModTime()), rec.Parts[0].Sum != recorded:
		return "the file is not the one of which the server has a part", nil
	case u.under == u.final && u.e.o.InPlace && n > rec.Parts[0].Done:
		return "the journal does not know all that the server has", nil
	}
	return "", nil
}

// askPrefix asks the server for a digest of the n bytes that it has. Nothing
// is told of an upload that a Sealift server keeps.
func (u *upload) askPrefix(ctx context.Context, c *ftpclient.Conn, n int64, sum []byte) (same, known bool, err error) {
	if u.e.known().digest == "" || u.under == u.final && u.unfinished() {
		return false, false, nil
	}
	return sameBytes(ctx, c, u.under, u.algorithm, 0, n, sum)
}

// digestPrefix adds the first n bytes of the file to sum, and returns the
// digest of as many as the journal knows, in its algorithm.
func (u *upload) digestPrefix(ctx context.Context, sum hash.Hash, n int64, rec *record) (recorded string, err error) {
	if rec == nil || rec.Parts[0].Done > u.res.Size {
		return "", digestPart(ctx, sum, u.file, 0, n)
	}
	known := newDigest(rec.Algorithm)
	done := rec.Parts[0].Done
	both := min(n, done)
	if err := digestPart(ctx, io.MultiWriter(sum, known), u.file, 0, both); err != nil {
		return "", err
	}
	if err := digestPart(ctx, sum, u.file, both, n-both); err != nil {
		return "", err
	}
	if err := digestPart(ctx, known, u.file, both, done-both); err != nil {
		return "", err
	}
	return sumOf(known), nil
}

// send sends the file from offset on.
func (u *upload) send(ctx context.Context, c *ftpclient.Conn, offset int64) error {
	_, err := c.Store(ctx, u.under, offset, &outgoing{ctx: ctx, u: u, at: offset})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrSourceChanged):
		return &againError{u.dropChanged(ctx, c, err)}
	case offset > 0 && (refused(err) || errors.Is(err, ftpclient.ErrNotSupported)):
		u.again = true
		u.res.note("started again: the server does not go on with what it has: %s", said(err))
		return &againError{err}
	case u.under != u.final && refused(err) && u.moved == 0 && nameRefused(err):
		u.noHidden = true
		u.res.note("the server refuses the name %s: written in place", u.under)
		return &againError{err}
	}
	return err
}

// nameRefused reports whether a refusal may be about the name (553, 550).
func nameRefused(err error) bool {
	refusal, ok := errors.AsType[*ftpclient.ReplyError](err)
	return ok && (refusal.Reply.Code == 550 || refusal.Reply.Code == 553 || refusal.Reply.Code == 501)
}

// outgoing gives what is to be sent, and only as long as the file is what it
// was: the end of a file that changed is an error, so that it is not stored.
type outgoing struct {
	ctx context.Context
	u   *upload
	at  int64
}

func (o *outgoing) Read(p []byte) (int, error) {
	u := o.u
	if err := o.ctx.Err(); err != nil {
		return 0, context.Cause(o.ctx)
	}
	left := u.res.Size - o.at
	if left == 0 {
		return 0, o.atEnd()
	}
	p = p[:min(int64(len(p)), left)]
	if u.e.limiter != nil {
		p = p[:min(len(p), u.e.limiter.Burst())]
	}
	n, err := u.file.ReadAt(p, o.at)
	if n > 0 {
		err = u.e.wait(o.ctx, n)
		o.at += int64(n)
		u.sent(p[:n], o.at)
		return n, err
	}
	if err == io.EOF {
		return 0, fmt.Errorf("%s: %w: it became shorter", u.from.path, ErrSourceChanged)
	}
	return 0, local(err)
}

func (o *outgoing) atEnd() error {
	now, err := o.u.file.Stat()
	if err != nil {
		return local(err)
	}
	if !sameFile(now, o.u.info) {
		return fmt.Errorf("%s: %w", o.u.from.path, ErrSourceChanged)
	}
	return io.EOF
}

// sent counts what goes out.
func (u *upload) sent(p []byte, at int64) {
	u.mu.Lock()
	u.sum.Write(p)
	u.sum.n = at
	u.most = max(u.most, at)
	u.moved += int64(len(p))
	u.mu.Unlock()
	u.meter.At(at)
	u.save(false)
}

// dropChanged removes what came of a file that changed: nobody will go on
// with it.
func (u *upload) dropChanged(ctx context.Context, c *ftpclient.Conn, err error) error {
	u.again = true
	if strings.HasSuffix(u.under, partSuffix) && c.Err() == nil {
		if removeErr := c.Remove(ctx, u.under); removeErr != nil && !refused(removeErr) {
			return errors.Join(err, removeErr)
		}
	}
	return err
}
