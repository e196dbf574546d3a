package transfer

import (
	"cmp"
	"context"
	"hash"
	"io"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// What an earlier run left is used only if it is proved to be the beginning
// of what the server has now: by the server's digest of just these bytes, or,
// where it makes none, by the journal: the source has the size and time that
// were recorded, and what is here has the digest that was.

// resume decides, in the first attempt, from where to go on.
func (d *download) resume(ctx context.Context, c *ftpclient.Conn) error {
	info, err := d.file.Stat()
	if err != nil || info.Size() == 0 {
		return local(err)
	}
	rec := d.rec.read()
	if rec != nil && !d.isRecordOfThis(rec) {
		rec = nil
	}
	if d.source.Size < 0 {
		d.restart("the server does not tell how long the file is")
		return nil
	}
	why := ""
	for _, parts := range candidates(info.Size(), d.source.Size, rec) {
		if why, err = d.proveParts(ctx, c, parts, rec); err != nil {
			return err
		}
		if why == "" {
			d.goOn(parts)
			return nil
		}
	}
	if why == "" {
		why = "what is here is longer than the file on the server"
	}
	d.restart(why)
	return nil
}

func (d *download) isRecordOfThis(rec *record) bool {
	return !rec.Upload && rec.Server == d.e.server && rec.Remote == d.remote && rec.Local == d.at.path()
}

// candidates are the parts that may be here, the best first: the hidden file
// as it is, which may have more than the journal knows, and what the journal
// knows.
func candidates(here, size int64, rec *record) (all [][]*part) {
	single := rec == nil || len(rec.Parts) == 1
	if single && here <= size {
		all = append(all, []*part{{last: size, done: here}})
	}
	if rec == nil || rec.Size != size {
		return all
	}
	var parts []*part
	for _, p := range rec.Parts {
		last := p.Last
		if last < 0 {
			last = size
		}
		if p.First+p.Done > here {
			return all
		}
		parts = append(parts, &part{first: p.First, last: last, done: p.Done})
	}
	if single && len(all) > 0 && parts[0].done == here {
		return all
	}
	return append(all, parts)
}

// proveParts reads what is here; why is "" if all of it is proved. It leaves
// the running digests in the parts.
func (d *download) proveParts(ctx context.Context, c *ftpclient.Conn, parts []*part, rec *record) (why string, err error) {
	algorithm := cmp.Or(d.algorithm, ownDigest)
	for i, p := range parts {
		p.sum = newDigest(algorithm)
		if p.done == 0 {
			continue
		}
		var recorded hash.Hash
		var both io.Writer = p.sum
		if rec != nil {
			recorded = newDigest(rec.Algorithm)
			both = io.MultiWriter(p.sum, recorded)
		}
		if err := digestPart(ctx, both, d.file, p.first, p.done); err != nil {
			return "", err
		}
		if d.algorithm != "" {
			same, known, err := sameBytes(ctx, c, d.remote, algorithm, p.first, p.done, p.sum.Sum(nil))
			if err != nil {
				return "", err
			}
			if known && !same {
				return "what is here is not the beginning of the file on the server", nil
			}
			if known {
				continue
			}
		}
		if why := d.proveByRecord(rec, i, p, recorded); why != "" {
			return why, nil
		}
	}
	return "", nil
}

func (d *download) proveByRecord(rec *record, i int, p *part, sum hash.Hash) (why string) {
	switch {
	case rec == nil:
		return "the journal does not know what is here, and the server makes no digest of it"
	case !rec.sameSource(d.source.Size, d.source.ModTime):
		return "the file on the server is not the one of which a part is here"
	case i >= len(rec.Parts) || rec.Parts[i].Done != p.done || rec.Parts[i].Sum != sumOf(sum):
		return "what is here is not what the journal knows"
	}
	return ""
}

// goOn takes the parts that were proved.
func (d *download) goOn(parts []*part) {
	d.algorithm = cmp.Or(d.algorithm, ownDigest)
	d.mu.Lock()
	d.parts = parts
	d.mu.Unlock()
	d.res.Resumed = d.done()
	d.saved.bytes = d.res.Resumed
}

// When the journal is written: early for the first time, and then rarely, as
// it waits for the disk.
const (
	firstSaveBytes, nextSaveBytes = 8 << 20, 64 << 20
	firstSaveTime, nextSaveTime   = time.Second, 5 * time.Second
)

// saved is when the journal was written, and with how much.
type saved struct {
	bytes   int64
	at      time.Time
	times   int
	running bool
}

// due reports whether it is time to write the journal, having n bytes.
func (s *saved) due(n int64) bool {
	if s.at.IsZero() {
		s.at = time.Now()
	}
	if s.times == 0 {
		return n-s.bytes >= firstSaveBytes || time.Since(s.at) >= firstSaveTime
	}
	return n-s.bytes >= nextSaveBytes || time.Since(s.at) >= nextSaveTime
}

// save records how far the download is, now or when it is time to. It does
// not wait: what is recorded is first made durable. A journal that cannot be
// written costs a resume, not the file.
func (d *download) save(now bool) {
	if d.rec == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n := int64(0)
	for _, p := range d.parts {
		n += p.done
	}
	if d.saved.running || !now && !d.saved.due(n) {
		return
	}
	rec := d.record()
	if rec == nil {
		return
	}
	d.saved = saved{bytes: n, at: time.Now(), times: d.saved.times + 1, running: true}
	d.saving.Go(func() {
		if d.file.Sync() == nil {
			d.rec.write(rec)
		}
		d.mu.Lock()
		d.saved.running = false
		d.mu.Unlock()
	})
}

// record is the state; nil if there is nothing to go on with later. The mutex
// is held.
func (d *download) record() *record {
	if d.source.Size < 0 || len(d.parts) == 0 {
		return nil
	}
	rec := &record{
		Server: d.e.server, Remote: d.remote, Local: d.at.path(),
		Size: d.source.Size, ModTime: d.source.ModTime, Algorithm: d.algorithm,
	}
	for _, p := range d.parts {
		rec.Parts = append(rec.Parts, recordedPart{First: p.first, Last: p.last, Done: p.done, Sum: sumOf(p.sum)})
	}
	return rec
}
