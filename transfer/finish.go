package transfer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// finish proves what the server has, gives it its time and its name.
func (u *upload) finish(ctx context.Context, c *ftpclient.Conn) error {
	if err := u.prove(ctx, c); err != nil {
		return err
	}
	if err := u.keepTime(ctx, c); err != nil {
		return err
	}
	if u.under == u.final {
		return nil
	}
	u.renaming = true
	return u.rename(ctx, c)
}

func (u *upload) prove(ctx context.Context, c *ftpclient.Conn) error {
	verify, algorithm := u.e.o.Verify, u.e.known().digest
	if verify == VerifyNone {
		return nil
	}
	if verify != VerifySize && algorithm != "" {
		there, err := c.Hash(ctx, u.under, algorithm, 0, -1)
		if err == nil {
			return u.sameSum(ctx, c, there)
		}
		if !tellsNothing(err) || verify == VerifyHash {
			return err
		}
	}
	if verify == VerifyHash {
		return local(ErrNoDigest)
	}
	there, err := statOrNil(ctx, c, u.under)
	switch {
	case err != nil:
		return err
	case there == nil || there.Size < 0:
		u.res.note("the server does not tell how long the file is")
		return nil
	case there.Size != u.res.Size:
		return u.damaged(ctx, c, fmt.Sprintf("the server has %d bytes, not %d", there.Size, u.res.Size))
	}
	u.res.Verified = "size"
	return nil
}

func (u *upload) sameSum(ctx context.Context, c *ftpclient.Conn, there ftpclient.Hash) error {
	here := u.sum.Sum(nil)
	if !bytes.Equal(here, there.Sum) {
		return u.damaged(ctx, c, "the server's "+there.Algorithm+" is another")
	}
	u.res.Verified, u.res.Digest = u.algorithm, hex.EncodeToString(here)
	return nil
}

// damaged starts again, once; what is damaged twice is so for good, and is
// removed where it does not stand under the final name.
func (u *upload) damaged(ctx context.Context, c *ftpclient.Conn, why string) error {
	err := fmt.Errorf("%s: %w: %s", u.final, ErrDamaged, why)
	if !u.failed && u.file != nil {
		u.failed, u.again = true, true
		u.res.note("started again: %s", why)
		return &againError{err}
	}
	if u.under == u.final {
		return local(err)
	}
	if removeErr := c.Remove(ctx, u.under); removeErr != nil && !refused(removeErr) {
		err = errors.Join(err, removeErr)
	}
	return local(err)
}

// keepTime gives the copy the time of the source, if the server can.
func (u *upload) keepTime(ctx context.Context, c *ftpclient.Conn) error {
	if u.info == nil {
		return nil // what comes from a pipe has no time
	}
	err := c.SetModTime(ctx, u.under, u.info.ModTime())
	u.res.TimeKept = err == nil
	if err != nil && (tellsNothing(err) || isReply(err)) {
		return nil
	}
	return err
}

func isReply(err error) bool { return errors.As(err, new(*ftpclient.ReplyError)) }

// rename gives the file its name. A server that does not replace files with
// RNTO is helped by removing the old one first.
func (u *upload) rename(ctx context.Context, c *ftpclient.Conn) error {
	err := c.Rename(ctx, u.under, u.final)
	refusal, ok := errors.AsType[*ftpclient.ReplyError](err)
	if !ok || refusal.Temporary() {
		return err
	}
	if !strings.HasPrefix(refusal.Command, "RNTO") {
		return u.withoutRename(ctx, c, err)
	}
	there, statErr := statOrNil(ctx, c, u.final)
	if statErr != nil || there == nil || there.Kind == ftpclient.Dir {
		return errors.Join(err, statErr)
	}
	if removeErr := c.Remove(ctx, u.final); removeErr != nil {
		return fmt.Errorf("%w; the old file cannot be removed either: %w", err, removeErr)
	}
	u.res.note("the server does not replace files by renaming: the old one was removed first")
	if err := c.Rename(ctx, u.under, u.final); err != nil {
		return fmt.Errorf("%w; the file is on the server as %s", err, u.under)
	}
	return nil
}

// withoutRename begins again in place where the account may not rename.
func (u *upload) withoutRename(ctx context.Context, c *ftpclient.Conn, err error) error {
	if u.file == nil {
		return fmt.Errorf("%w; the file is on the server as %s; --in-place does without a rename", err, u.under)
	}
	u.e.noRename.Store(true)
	u.renaming, u.again = false, true
	u.res.note("the account may not rename: written in place")
	if removeErr := c.Remove(ctx, u.under); removeErr != nil && !refused(removeErr) {
		return removeErr
	}
	return &againError{err}
}

// renamed finds out whether a rename whose reply was lost was done.
func (u *upload) renamed(ctx context.Context, c *ftpclient.Conn) (done bool, err error) {
	hidden, err := statOrNil(ctx, c, u.under)
	if err != nil || hidden != nil {
		return false, err
	}
	return u.there != nil && u.there.Size == u.res.Size, nil
}

// save records how far the upload is, now or when it is time to. A journal
// that cannot be written costs a resume, not the file. Where a complete file
// is replaced without a hidden name, nothing can be gone on with.
func (u *upload) save(now bool) {
	if u.rec == nil || u.e.known().commits && u.replaces() {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.saved.running || !now && !u.saved.due(u.sum.n) {
		return
	}
	rec := &record{
		Upload: true, Server: u.e.server, Remote: u.final, Local: u.from.path, Under: u.under,
		Size: u.res.Size, ModTime: u.info.ModTime(), Algorithm: u.algorithm,
		Parts: []recordedPart{{Last: u.res.Size, Done: u.sum.n, Sum: sumOf(u.sum)}},
	}
	u.saved = saved{bytes: u.sum.n, at: time.Now(), times: u.saved.times + 1, running: true}
	u.saving.Go(func() {
		u.rec.write(rec)
		u.mu.Lock()
		u.saved.running = false
		u.mu.Unlock()
	})
}
