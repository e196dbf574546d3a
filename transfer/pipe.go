package transfer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// PutFrom uploads what r has, to its end. It can neither be tried again nor
// gone on with, since what was read is gone.
func (e *Engine) PutFrom(ctx context.Context, r io.Reader, target string) Result {
	began := time.Now()
	res := Result{Action: ActionUpload, Source: "-", Target: target, Size: -1, Tries: 1}
	u := &upload{e: e, final: target, res: &res, meter: e.meter(target, -1)}
	err := e.once(ctx, func(c *ftpclient.Conn) error { return u.pipe(ctx, c, r) })
	u.meter.End()
	res.Moved = u.moved
	res.end(err, began)
	e.report(res)
	return res
}

func (u *upload) pipe(ctx context.Context, c *ftpclient.Conn, r io.Reader) error {
	if err := u.look(ctx, c); err != nil {
		return err
	}
	u.choose()
	u.algorithm = ownDigest
	if known := u.e.known().digest; known != "" {
		u.algorithm = known
	}
	u.sum = digestAt{newDigest(u.algorithm), 0}
	n, err := c.Store(ctx, u.under, 0, &piped{ctx, u, r})
	if err != nil {
		return errors.Join(err, u.dropPipe(ctx, c))
	}
	u.res.Size = n
	return u.finish(ctx, c)
}

// dropPipe removes a hidden file that nobody will go on with.
func (u *upload) dropPipe(ctx context.Context, c *ftpclient.Conn) error {
	if u.under == u.final || c.Err() != nil || ctx.Err() != nil {
		return nil
	}
	if err := c.Remove(ctx, u.under); err != nil && !refused(err) {
		return err
	}
	return nil
}

// piped gives what comes from a pipe.
type piped struct {
	ctx context.Context
	u   *upload
	r   io.Reader
}

func (p *piped) Read(b []byte) (int, error) {
	if p.u.e.limiter != nil {
		b = b[:min(len(b), p.u.e.limiter.Burst())]
	}
	n, err := p.r.Read(b)
	if n > 0 {
		if waitErr := p.u.e.wait(p.ctx, n); waitErr != nil {
			return 0, waitErr
		}
		p.u.sum.Write(b[:n])
		p.u.moved += int64(n)
		p.u.meter.At(p.u.moved)
	}
	if err != nil && err != io.EOF {
		err = local(err)
	}
	return n, err
}

// GetTo downloads a file into w. After a break it goes on where it was, as
// long as the file on the server is the same.
func (e *Engine) GetTo(ctx context.Context, path string, w io.Writer) Result {
	began := time.Now()
	res := Result{Action: ActionDownload, Source: path, Target: "-", Size: -1}
	p := &printing{e: e, path: path, w: w, res: &res}
	err := e.retry(ctx, func() (moved bool, err error) {
		before := p.n
		res.Tries++
		err = e.once(ctx, func(c *ftpclient.Conn) error { return p.attempt(ctx, c) })
		return p.n > before, err
	})
	if p.meter != nil {
		p.meter.End()
	}
	res.Moved = p.n
	res.end(err, began)
	e.report(res)
	return res
}

// printing is a download whose bytes cannot be taken back.
type printing struct {
	e         *Engine
	path      string
	w         io.Writer
	res       *Result
	meter     Meter
	source    ftpclient.Entry
	algorithm string
	sum       hash.Hash
	n         int64
}

func (p *printing) attempt(ctx context.Context, c *ftpclient.Conn) error {
	if err := p.look(ctx, c); err != nil {
		return err
	}
	if p.n == 0 || p.n != p.source.Size {
		r, err := c.Retrieve(ctx, p.path, p.n)
		if err != nil {
			return err
		}
		defer r.Close()
		if _, err = io.Copy(&printer{ctx, p}, r); err != nil {
			return err
		}
	}
	if p.source.Size >= 0 && p.n != p.source.Size {
		return local(fmt.Errorf("%s: %w: %d bytes came, not %d", p.path, ErrDamaged, p.n, p.source.Size))
	}
	return p.prove(ctx, c)
}

// look makes sure that the source is the one whose beginning was printed.
func (p *printing) look(ctx context.Context, c *ftpclient.Conn) error {
	now, err := c.Stat(ctx, p.path)
	switch {
	case err != nil:
		return err
	case now.Kind == ftpclient.Dir:
		return local(fmt.Errorf("%s: %w: it is a folder", p.path, ErrConflict))
	case p.sum == nil:
		p.algorithm = ownDigest
		if known := p.e.known().digest; known != "" {
			p.algorithm = known
		}
		p.sum, p.meter = newDigest(p.algorithm), p.e.meter(p.path, now.Size)
	case now.Size != p.source.Size || !now.ModTime.Equal(p.source.ModTime):
		return local(fmt.Errorf("%s: %w: the file on the server changed after %d bytes", p.path, ErrDamaged, p.n))
	}
	p.source, p.res.Size = now, now.Size
	return nil
}

func (p *printing) prove(ctx context.Context, c *ftpclient.Conn) error {
	verify := p.e.o.Verify
	if verify == VerifyAuto || verify == VerifyHash {
		there, err := c.Hash(ctx, p.path, p.algorithm, 0, -1)
		switch {
		case err == nil && hex.EncodeToString(there.Sum) != sumOf(p.sum):
			return local(fmt.Errorf("%s: %w: the server's %s is another", p.path, ErrDamaged, p.algorithm))
		case err == nil:
			p.res.Verified, p.res.Digest = p.algorithm, sumOf(p.sum)
			return nil
		case !tellsNothing(err) || verify == VerifyHash:
			return err
		}
	}
	if verify != VerifyNone && p.source.Size >= 0 {
		p.res.Verified = "size"
	}
	return nil
}

// printer passes on what comes.
type printer struct {
	ctx context.Context
	*printing
}

func (p *printer) Write(b []byte) (int, error) {
	if err := p.e.wait(p.ctx, len(b)); err != nil {
		return 0, err
	}
	n, err := p.w.Write(b)
	p.sum.Write(b[:n])
	p.n += int64(n)
	p.meter.At(p.n)
	return n, local(err)
}
