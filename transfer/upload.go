package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// An upload brings one file to the server.
//
// On a server that commits whole files by itself it goes to the final name,
// unless a complete file stands there: then nobody could ask how much of an
// interrupted upload the server has. In that case, and on all other servers,
// it goes to a hidden name, and is renamed when it is proved to be whole.
type upload struct {
	e     *Engine
	from  source
	final string
	res   *Result
	meter Meter

	file   *os.File
	info   fs.FileInfo // of the file, as it was when it was begun
	rec    *entry
	change bool // it changed on the way, once

	there *ftpclient.Entry // what stands under the final name; nil: nothing
	fresh bool             // there was looked at just now
	seen  bool             // first is known
	under string           // the name that the bytes go to
	first *ftpclient.Entry // what stood under the final name at first

	// before is what stood under the name under when it was begun at zero.
	before *ftpclient.Entry

	noHidden bool // the server refuses the hidden name
	again    bool // begin at zero: the server does not go on with what it has
	failed   bool // what arrived was not what was sent, once
	renaming bool // the rename was sent; nobody knows if it was done
	awaited  bool // the server had time to show what an earlier run left

	progress
}

// progress is how far an upload is.
type progress struct {
	mu        sync.Mutex
	algorithm string
	sum       digestAt
	most      int64 // bytes that were ever sent to under, in this run
	moved     int64
	saved     saved
	saving    sync.WaitGroup
}

// source is a file here.
type source struct {
	path string // for people and the journal
	open func() (*os.File, error)
}

// upload brings the file to the name final. there is what stands under that
// name if fresh is true; else it is asked.
func (e *Engine) upload(ctx context.Context, from source, final string, there *ftpclient.Entry, fresh bool) Result {
	began := time.Now()
	res := Result{Action: ActionUpload, Source: from.path, Target: final, Size: -1}
	u := &upload{e: e, from: from, final: final, res: &res, there: there, fresh: fresh}
	err := u.run(ctx)
	if u.meter != nil {
		u.meter.End()
	}
	res.Moved = u.moved
	res.end(err, began)
	return res
}

func (u *upload) run(ctx context.Context) (err error) {
	if u.file, err = u.from.open(); err != nil {
		return local(err)
	}
	defer u.file.Close()
	if u.info, err = u.file.Stat(); err != nil {
		return local(err)
	}
	if !u.info.Mode().IsRegular() {
		return &skipped{"it is " + kindOf(u.info.Mode())}
	}
	u.res.Size = u.info.Size()
	if u.rec, err = u.e.o.Journal.open("there\x00" + u.e.server + "\x00" + u.final); err != nil {
		return local(err)
	}
	defer u.rec.close()
	err = u.e.retry(ctx, func() (moved bool, err error) {
		before := u.moved
		u.res.Tries++
		err = u.e.once(ctx, func(c *ftpclient.Conn) error { return u.attempt(ctx, c) })
		return u.moved > before, err
	})
	return u.close(err)
}

// close leaves in the journal what can be gone on with.
func (u *upload) close(err error) error {
	u.saving.Wait()
	if err != nil && u.most > 0 && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrSourceChanged) {
		u.save(true)
		u.saving.Wait()
		return err
	}
	if err != nil && u.most == 0 {
		return err // what an earlier run recorded stays
	}
	return cmp.Or(err, local(u.rec.forget()))
}

// attempt does what is still to be done, on one connection.
func (u *upload) attempt(ctx context.Context, c *ftpclient.Conn) error {
	if err := u.unchanged(); err != nil {
		return err
	}
	if err := u.look(ctx, c); err != nil {
		return err
	}
	if err := u.await(ctx, c); err != nil {
		return err
	}
	if u.renaming {
		if done, err := u.renamed(ctx, c); done || err != nil {
			return err
		}
	}
	u.choose()
	offset, err := u.offset(ctx, c)
	if err != nil {
		return err
	}
	if u.meter == nil {
		u.meter = u.e.meter(u.final, u.res.Size)
	}
	u.meter.At(offset)
	if offset < u.res.Size || offset == 0 || u.under == u.final && u.unfinished() {
		if err := u.send(ctx, c, offset); err != nil {
			return err
		}
	}
	return u.finish(ctx, c)
}

// unchanged begins anew, once, if the file is not what it was.
func (u *upload) unchanged() error {
	now, err := u.file.Stat()
	if err != nil {
		return local(err)
	}
	if sameFile(now, u.info) {
		return nil
	}
	if u.change {
		return local(fmt.Errorf("%s: %w, again", u.from.path, ErrSourceChanged))
	}
	u.change, u.again, u.info, u.res.Size, u.res.Resumed = true, true, now, now.Size(), 0
	u.res.note("started again: the file changed while it was sent")
	return nil
}

func sameFile(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// look finds out what stands under the final name.
func (u *upload) look(ctx context.Context, c *ftpclient.Conn) error {
	if !u.fresh {
		var err error
		if u.there, err = statOrNil(ctx, c, u.final); err != nil {
			return err
		}
	}
	u.fresh = false
	isFirst := !u.seen
	if isFirst {
		u.seen, u.first = true, u.there
	}
	switch {
	case u.there == nil:
	case u.there.Kind == ftpclient.Dir:
		return local(fmt.Errorf("%s: %w: it is a folder", u.final, ErrConflict))
	case u.e.o.NoClobber && isFirst && !u.unfinished() && !u.isDirect(u.rec.read()):
		return &skipped{"it is there already"}
	}
	return nil
}

// A server may take a moment to notice that an upload was cut off, and to show
// what came of it.
const (
	awaitPause = 100 * time.Millisecond
	awaitTimes = 20
)

// await gives the server that moment, if an upload was cut off.
func (u *upload) await(ctx context.Context, c *ftpclient.Conn) error {
	under := ""
	if u.most > 0 {
		under = u.under
	} else if rec := u.rec.read(); !u.awaited && u.isRecordOfThis(rec) && rec.sameSource(u.res.Size, u.info.ModTime()) {
		under = rec.Under
	}
	u.awaited = true
	if u.renaming || u.again || under == "" {
		return nil
	}
	for range awaitTimes {
		has, err := statOrNil(ctx, c, under)
		if err != nil || has != nil {
			if under == u.final {
				u.there = has
			}
			return err
		}
		select {
		case <-time.After(awaitPause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// statOrNil is nil for what is not there, and for what a server that tells
// nothing of files may have.
func statOrNil(ctx context.Context, c *ftpclient.Conn, path string) (*ftpclient.Entry, error) {
	e, err := c.Stat(ctx, path)
	switch {
	case err == nil:
		return &e, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), refused(err):
		return nil, nil
	}
	return nil, err
}

// unfinished reports whether what stands under the final name is no complete
// file but an interrupted upload of this account, which it may not read.
func (u *upload) unfinished() bool {
	if u.there == nil || !u.e.known().commits || !u.e.known().perms || may(u.there, 'r') {
		return false
	}
	// An account that may only upload may read no file: the journal decides.
	return may(u.there, 'f') || u.isDirect(u.rec.read())
}

func may(e *ftpclient.Entry, right byte) bool {
	for i := range len(e.Perm) {
		if e.Perm[i] == right {
			return true
		}
	}
	return false
}

// isDirect reports whether the journal has an upload to the final name.
func (u *upload) isDirect(rec *record) bool { return u.isRecordOfThis(rec) && rec.Under == u.final }

func (u *upload) isRecordOfThis(rec *record) bool {
	return rec != nil && rec.Upload && rec.Server == u.e.server && rec.Remote == u.final && rec.Local == u.from.path
}

// choose decides to which name the bytes go.
func (u *upload) choose() {
	under := remotePart(u.final)
	stays := u.under == under && u.most > 0 // part of it is there already
	if u.e.o.InPlace || u.noHidden || u.e.noRename.Load() || !stays && u.e.known().commits && u.commitsHere() {
		under = u.final
	}
	if under != u.under && u.under != "" {
		u.most = 0
	}
	u.under = under
}

// commitsHere reports whether the server's own way will do.
func (u *upload) commitsHere() bool {
	if u.there == nil || u.unfinished() {
		return true
	}
	// A complete file stands there. Without the right to rename, it is
	// replaced all the same, but an interrupted upload begins again.
	return u.e.known().perms && !may(u.there, 'f')
}

// replaces reports whether a complete file stands where the bytes go to.
func (u *upload) replaces() bool { return u.under == u.final && u.there != nil && !u.unfinished() }
