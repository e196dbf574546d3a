package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"os"
	"path"
	"sync"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// A download brings one file here. Its content is in a hidden file next to
// the target until it is whole and proved.
type download struct {
	e      *Engine
	remote string
	at     place
	res    *Result
	meter  Meter

	source ftpclient.Entry // as it was when the parts were begun
	begun  bool            // what is in the hidden file is of this run, or proved
	failed bool            // what arrived was not what was sent, once
	fresh  bool            // source was looked at just now
	file   *os.File        // the hidden one
	rec    *entry

	algorithm string

	mu     sync.Mutex // guards the fields of parts, and saves
	parts  []*part
	saved  saved
	saving sync.WaitGroup
	moved  int64
}

// A part are the bytes first to last-1 of the file; last is -1 where the size
// of the file is not known.
type part struct {
	first, last int64
	done        int64
	sum         hash.Hash // of what is done
	err         error     // of the last try
}

func (p *part) isWhole() bool { return p.last >= 0 && p.first+p.done == p.last }

// download brings the file that known describes; what is not known of it is
// asked.
func (e *Engine) download(ctx context.Context, known ftpclient.Entry, at place) Result {
	began := time.Now()
	res := Result{Action: ActionDownload, Source: known.Path, Target: at.path(), Size: known.Size}
	d := &download{e: e, remote: known.Path, at: at, res: &res, source: known, fresh: isExact(known)}
	err := d.run(ctx)
	if d.meter != nil {
		d.meter.End()
	}
	res.Moved = d.moved
	res.end(err, began)
	return res
}

// isExact reports whether a listing told all that counts.
func isExact(e ftpclient.Entry) bool {
	return e.Kind == ftpclient.File && e.Size >= 0 && !e.ModTime.IsZero() && e.Precision <= time.Second
}

func (d *download) run(ctx context.Context) (err error) {
	if err := d.allowed(); err != nil {
		return err
	}
	if d.rec, err = d.e.o.Journal.open("here\x00" + d.at.path()); err != nil {
		return local(err)
	}
	defer d.rec.close()
	if d.file, err = d.at.part().open(); err != nil {
		return err
	}
	err = d.e.retry(ctx, func() (moved bool, err error) {
		before := d.moved
		d.res.Tries++
		err = d.attempt(ctx)
		return d.moved > before, err
	})
	return d.close(err)
}

// allowed looks at what stands under the name.
func (d *download) allowed() error {
	if err := checkName(path.Base(d.at.name)); err != nil {
		return err
	}
	old, err := d.at.stat()
	switch {
	case err != nil || old == nil:
		return err
	case old.IsDir():
		return local(fmt.Errorf("%s: %w: it is a folder", d.at.path(), ErrConflict))
	case d.e.o.NoClobber:
		return &skipped{"it is there already"}
	}
	return nil
}

// close keeps the hidden file if it is worth to be gone on with.
func (d *download) close(err error) error {
	d.saving.Wait()
	keep := err != nil && !errors.Is(err, ErrDamaged) && (d.done() > 0 || !d.begun && d.hasPart())
	if keep && d.begun {
		d.save(true)
		d.saving.Wait()
	}
	closeErr := local(d.file.Close())
	if err != nil && !keep {
		closeErr = errors.Join(closeErr, d.at.part().remove())
	}
	if !keep {
		closeErr = errors.Join(closeErr, local(d.rec.forget()))
	}
	if err == nil {
		return closeErr
	}
	return err
}

// done is how many bytes are here.
func (d *download) done() (n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.parts {
		n += p.done
	}
	return n
}

// attempt does what is still to be done.
func (d *download) attempt(ctx context.Context) error {
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if err := d.fetchAll(ctx); err != nil {
		return err
	}
	if err := d.prove(ctx); err != nil {
		return err
	}
	if err := d.file.Sync(); err != nil {
		return local(err)
	}
	if err := d.at.publish(d.at.part(), d.source.ModTime); err != nil {
		return err
	}
	d.res.TimeKept = !d.source.ModTime.IsZero()
	return nil
}

// prepare makes sure that the source is the one of the parts, and decides
// from where to go on.
func (d *download) prepare(ctx context.Context) error {
	if d.parts != nil || !d.fresh || d.hasPart() {
		if err := d.e.once(ctx, func(c *ftpclient.Conn) error { return d.look(ctx, c) }); err != nil {
			return err
		}
	}
	if d.parts == nil {
		d.begin()
	}
	if err := local(d.trim()); err != nil {
		return err
	}
	if d.meter == nil {
		d.meter = d.e.meter(d.remote, d.source.Size)
	}
	d.meter.At(d.done())
	d.fresh, d.begun = false, true
	return nil
}

// hasPart reports whether an earlier run left something.
func (d *download) hasPart() bool {
	info, err := d.file.Stat()
	return err == nil && info.Size() > 0
}

// look asks what the source is now, and in the first attempt whether what an
// earlier run left is the beginning of it.
func (d *download) look(ctx context.Context, c *ftpclient.Conn) error {
	d.algorithm = d.e.known().digest
	if !d.fresh || d.parts != nil {
		now, err := c.Stat(ctx, d.remote)
		if err != nil {
			return err
		}
		if now.Kind == ftpclient.Dir {
			return local(fmt.Errorf("%s: %w: it is a folder", d.remote, ErrConflict))
		}
		if d.parts != nil && (now.Size != d.source.Size || !now.ModTime.Equal(d.source.ModTime)) {
			d.restart("the file on the server changed")
		}
		d.source, d.res.Size = now, now.Size
	}
	if !d.begun {
		return d.resume(ctx, c)
	}
	return nil
}

// restart forgets what is here, and says why.
func (d *download) restart(why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.parts, d.res.Resumed, d.begun = nil, 0, true
	d.res.note("started again: %s", why)
}

// begin divides the file.
func (d *download) begin() {
	d.algorithm = cmp.Or(d.e.known().digest, ownDigest)
	d.mu.Lock()
	defer d.mu.Unlock()
	size := d.source.Size
	if size < 0 {
		d.parts = []*part{{last: -1, sum: newDigest(d.algorithm)}}
		return
	}
	n := min(int64(max(d.e.o.Segments, 1)), max(size/d.e.o.SegmentSize, 1))
	if d.e.noSeek.Load() {
		n = 1
	}
	for i := range n {
		d.parts = append(d.parts, &part{first: size / n * i, last: size / n * (i + 1), sum: newDigest(d.algorithm)})
	}
	d.parts[n-1].last = size
}

// trim makes the hidden file as long as what is done, or for several parts as
// long as the whole.
func (d *download) trim() error {
	if len(d.parts) == 1 {
		return d.file.Truncate(d.parts[0].done)
	}
	info, err := d.file.Stat()
	if err != nil || info.Size() == d.source.Size {
		return err
	}
	if err := d.file.Truncate(d.source.Size); err != nil {
		return err
	}
	return allocate(d.file, d.source.Size)
}
