package local

import (
	"errors"
	"io/fs"
	"os"

	"github.com/sealift/sealift/storage"
)

// upload is a storage.Writer.
type upload struct {
	*folder
	name string
	mode storage.Mode

	file    *os.File // the hidden file, locked
	part    string   // its name
	claimed bool     // it is an unfinished upload that goes on
	keep    int64    // bytes that were there before
	size    int64    // bytes in the file
	came    bool     // a byte has come
	failed  error    // of a Write; nothing is kept then

	there      target   // what stood under the name at Create
	old        *partial // the unfinished upload that the first byte drops
	source     *os.File // the complete file that is extended, locked; or nil
	sourceInfo os.FileInfo
	whole      bool // all of source is kept

	held  tally // what the Meter was told for this upload
	ahead int64 // bytes of it that have not come yet
}

// Write implements storage.Writer. After an error nothing is kept.
func (u *upload) Write(data []byte) (int, error) {
	if u.failed != nil {
		return 0, u.failed
	}
	if len(data) == 0 {
		return 0, nil
	}
	n, err := u.write(data)
	if err != nil {
		u.failed = u.fail("write", err)
	}
	return n, u.failed
}

func (u *upload) write(data []byte) (int, error) {
	if err := u.start(); err != nil {
		return 0, err
	}
	if err := u.pay(int64(len(data))); err != nil {
		return 0, err
	}
	if err := u.fs.try("write"); err != nil {
		n, _ := u.file.Write(data[:len(data)/2])
		u.size += int64(n)
		return n, err
	}
	n, err := u.file.Write(data)
	u.size += int64(n)
	return n, err
}

// pay tells the Meter of n bytes, as far as they were not announced.
func (u *upload) pay(n int64) error {
	ahead := min(n, u.ahead)
	if err := u.fs.charge(tally{bytes: n - ahead}); err != nil {
		return err
	}
	u.ahead -= ahead
	u.held.bytes += n - ahead
	return nil
}

// start does what waits for the first byte: it drops an older unfinished
// upload, and what of this one lies behind the offset.
func (u *upload) start() error {
	if u.came {
		return nil
	}
	u.came = true
	if u.claimed && u.size > u.keep {
		return u.stepBack()
	}
	if err := u.dropOld(); err != nil {
		return err
	}
	if u.source == nil {
		return nil
	}
	live := u.hiddenName(tagLive, u.name)
	err := u.rename(u.part, live, true)
	if err == nil {
		u.part = live
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func (u *upload) stepBack() error {
	if err := u.fs.try("truncate"); err != nil {
		return err
	}
	if err := u.file.Truncate(u.keep); err != nil {
		return err
	}
	gone := tally{bytes: u.size - u.keep}
	u.fs.release(gone)
	u.held = u.held.minus(gone)
	u.size = u.keep
	return nil
}

// dropOld removes the unfinished upload that was there at Create, if it is.
func (u *upload) dropOld() error {
	if u.old == nil {
		return nil
	}
	defer u.lock(u.name)()
	now, err := u.unfinished(u.name)
	if err != nil || now == nil || !os.SameFile(now.info, u.old.info) {
		return err
	}
	entry, err := u.lstat(u.name)
	if err != nil {
		return err
	}
	if err := u.remove(now.name); err != nil {
		return err
	}
	gone := count(entry, now).minus(count(entry, nil))
	u.held.files += gone.files
	u.fs.release(tally{bytes: gone.bytes})
	return nil
}

// Commit implements storage.Writer.
func (u *upload) Commit() error {
	err := u.failed
	if err == nil {
		err = u.commit()
	}
	if err != nil {
		err = errors.Join(u.fail("commit", err), u.discard())
	}
	u.close()
	return err
}

func (u *upload) commit() error {
	if err := u.start(); err != nil {
		return err
	}
	if err := u.keepMode(u.there); err != nil {
		return err
	}
	if err := u.syncFile(); err != nil {
		return err
	}
	return u.publish()
}

// keepMode gives the upload the permission bits of the file that it replaces.
func (u *upload) keepMode(there target) error {
	if !hasModes || !there.exists() {
		return nil
	}
	if err := u.fs.try("chmod"); err != nil {
		return err
	}
	return u.file.Chmod(there.file.Mode().Perm())
}

func (u *upload) syncFile() error {
	if u.fs.options.NoSync {
		return nil
	}
	if err := u.fs.try("sync"); err != nil {
		return err
	}
	return u.file.Sync()
}

// Suspend implements storage.Writer.
func (u *upload) Suspend() error {
	defer u.close()
	switch {
	case u.failed != nil:
		return errors.Join(u.failed, u.discard())
	case !u.came:
		return u.cancel()
	case u.fs.options.KeepInterrupted == 0:
		return u.discard()
	}
	if err := u.putAside(u.hiddenName(tagKept, u.name), false); err != nil {
		return errors.Join(u.fail("suspend", err), u.discard())
	}
	return nil
}

// Abort implements storage.Writer.
func (u *upload) Abort() error {
	defer u.close()
	if !u.came {
		return u.cancel()
	}
	return u.discard()
}

// cancel ends an upload of which no byte has come.
func (u *upload) cancel() error {
	if !u.claimed {
		return u.discard()
	}
	err := u.putAside(u.hiddenName(tagKept, u.name), true)
	if errors.Is(err, fs.ErrExist) {
		return u.discard() // a newer one has been suspended
	}
	return err
}

// putAside makes the file of the upload the unfinished one, under the name
// kept. An older one is replaced, or with ifNone fs.ErrExist.
func (u *upload) putAside(kept string, ifNone bool) error {
	defer u.lock(u.name)()
	entry, err := u.lstat(u.name)
	if err != nil {
		return err
	}
	old, err := u.unfinished(u.name)
	if err != nil {
		return err
	}
	if ifNone && old != nil {
		return fs.ErrExist
	}
	fi, err := u.file.Stat()
	if err != nil {
		return err
	}
	mine := &partial{name: kept, info: fi}
	change := count(entry, mine).minus(count(entry, old)).minus(u.held)
	err = u.fs.change(change, func() error { return u.rename(u.part, kept, ifNone) })
	if err == nil {
		u.held = tally{}
	}
	return err
}

// discard removes the file of the upload.
func (u *upload) discard() error {
	if err := u.remove(u.part); err != nil {
		return u.fail("discard", err)
	}
	u.fs.release(u.held)
	u.held = tally{}
	return nil
}

func (u *upload) close() {
	// After a sync there is nothing left that closing could tell; without one
	// nothing was promised.
	if u.file != nil {
		_ = u.file.Close()
	}
	if u.source != nil {
		_ = u.source.Close()
	}
	u.folder.close()
}

// fail is err with the name of the target.
func (u *upload) fail(op string, err error) error {
	return u.fs.fail(op, u.path.Join(u.name), err)
}
