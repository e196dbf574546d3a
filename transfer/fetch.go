package transfer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/sealift/sealift/ftpclient"
)

// fetchAll brings all that is missing, each part over a connection of its own.
func (d *download) fetchAll(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	parts := d.parts
	inner := len(parts) > 1 || parts[0].done > 0
	var all sync.WaitGroup
	for _, p := range parts {
		p.err = nil
		if p.isWhole() {
			continue
		}
		all.Go(func() {
			err := d.e.once(ctx, func(c *ftpclient.Conn) error { return d.fetch(ctx, c, p) })
			d.mu.Lock()
			defer d.mu.Unlock()
			if p.err = err; err != nil && (!temporary(err, true) || errors.As(err, new(*againError))) {
				stop(err)
			}
		})
	}
	all.Wait()
	err := context.Cause(ctx)
	for _, p := range parts {
		if err == nil {
			err = p.err
		}
	}
	if inner && refused(err) {
		d.e.noSeek.Store(unknownThere(err))
		d.restart("the server does not go on in the middle of a file: " + said(err))
		return &againError{err}
	}
	return err
}

// fetch brings one part.
func (d *download) fetch(ctx context.Context, c *ftpclient.Conn, p *part) error {
	r, err := c.Retrieve(ctx, d.remote, p.first+p.done)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(&sink{ctx, d, p}, r)
	switch {
	case errors.Is(err, errPartFull):
		return nil
	case err != nil:
		return err
	case p.last >= 0 && !p.isWhole():
		return d.short(p)
	}
	return nil
}

// short is a file that ended too early though the server says it was whole.
func (d *download) short(p *part) error {
	d.restart("the file on the server became shorter")
	return &againError{fmt.Errorf("%s ended at byte %d, not %d", d.remote, p.first+p.done, p.last)}
}

// errPartFull: the part is complete, what follows belongs to the next one.
var errPartFull = errors.New("transfer: the part is complete")

// sink takes what comes for a part.
type sink struct {
	ctx context.Context
	d   *download
	p   *part
}

func (s *sink) Write(b []byte) (int, error) {
	d, p := s.d, s.p
	at, full := p.first+p.done, false
	if p.last >= 0 && at+int64(len(b)) > p.last {
		b, full = b[:p.last-at], true
	}
	if full && p.last == d.source.Size {
		d.restart("the file on the server became longer")
		return 0, &againError{fmt.Errorf("%s is longer than the %d bytes that the server told", d.remote, p.last)}
	}
	if err := d.e.wait(s.ctx, len(b)); err != nil {
		return 0, err
	}
	n, err := d.file.WriteAt(b, at)
	d.took(p, b[:n])
	if err != nil {
		return n, local(err)
	}
	d.save(false)
	if full || p.isWhole() && p.last != d.source.Size {
		return n, errPartFull
	}
	return n, nil
}

// took counts what was written.
func (d *download) took(p *part, b []byte) {
	d.mu.Lock()
	p.sum.Write(b)
	p.done += int64(len(b))
	d.moved += int64(len(b))
	here := int64(0)
	for _, p := range d.parts {
		here += p.done
	}
	d.mu.Unlock()
	d.meter.At(here)
}

// prove compares what is here with what the server has.
func (d *download) prove(ctx context.Context) error {
	if d.e.o.Verify == VerifyNone {
		return nil
	}
	return d.e.once(ctx, func(c *ftpclient.Conn) error { return d.compare(ctx, c) })
}

func (d *download) compare(ctx context.Context, c *ftpclient.Conn) error {
	verify, algorithm := d.e.o.Verify, d.e.known().digest
	if verify != VerifySize && algorithm != "" {
		there, err := c.Hash(ctx, d.remote, algorithm, 0, -1)
		if err == nil {
			return d.sameSum(ctx, algorithm, there.Sum)
		}
		if !tellsNothing(err) || verify == VerifyHash {
			return err
		}
	}
	if verify == VerifyHash {
		return local(ErrNoDigest)
	}
	return d.sameSize(ctx, c)
}

func (d *download) sameSum(ctx context.Context, algorithm string, there []byte) error {
	here, err := d.digest(ctx, algorithm)
	if err != nil {
		return err
	}
	sum := here.Sum(nil)
	if !bytes.Equal(sum, there) {
		return d.damaged("its " + algorithm + " is not that of the file on the server")
	}
	d.res.Verified, d.res.Digest = algorithm, hex.EncodeToString(sum)
	return nil
}

// digest is that of the whole file here: the running one, or it is read
// again.
func (d *download) digest(ctx context.Context, algorithm string) (hash.Hash, error) {
	if len(d.parts) == 1 && algorithm == d.algorithm {
		return d.parts[0].sum, nil
	}
	h := newDigest(algorithm)
	return h, digestPart(ctx, h, d.file, 0, d.done())
}

// worthLooking is the size from which on a file takes long enough to change
// on the way.
const worthLooking = 1 << 20

// sameSize is what can be said without a digest.
func (d *download) sameSize(ctx context.Context, c *ftpclient.Conn) error {
	if d.source.Size < 0 {
		return nil
	}
	if d.source.Size >= worthLooking {
		now, err := c.Stat(ctx, d.remote)
		if err != nil {
			return err
		}
		if now.Size != d.source.Size || !now.ModTime.Equal(d.source.ModTime) {
			return d.damaged("the file on the server changed meanwhile")
		}
	}
	if here := d.done(); here != d.source.Size {
		return d.damaged(fmt.Sprintf("it has %d bytes, not %d", here, d.source.Size))
	}
	d.res.Verified = "size"
	return nil
}

// damaged starts again, once: what is damaged twice is so for good.
func (d *download) damaged(why string) error {
	err := fmt.Errorf("%s: %w: %s", d.remote, ErrDamaged, why)
	if d.failed {
		return local(err)
	}
	d.failed = true
	d.restart(why)
	return &againError{err}
}
