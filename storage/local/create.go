package local

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/sealift/sealift/storage"
)

// copyStep is how many bytes of a file to be extended are copied between two
// looks at the context.
const copyStep = 64 << 20

// Create implements storage.FS.
func (f *FS) Create(ctx context.Context, p storage.Path, m storage.Mode) (storage.Writer, error) {
	u, err := f.create(ctx, p, m)
	if err != nil {
		return nil, f.fail("create", p, err)
	}
	return u, nil
}

func (f *FS) create(ctx context.Context, p storage.Path, m storage.Mode) (*upload, error) {
	if err := creatable(ctx, p); err != nil {
		return nil, err
	}
	if p == storage.Root {
		return nil, storage.ErrIsDir
	}
	in, err := f.folder(p.Dir())
	if err != nil {
		return nil, err
	}
	u := &upload{folder: in, name: p.Base(), mode: m}
	if err := u.begin(ctx); err != nil {
		if u.file != nil {
			err = errors.Join(err, u.cancel())
		}
		u.close()
		return nil, err
	}
	return u, nil
}

// begin looks at what is there and makes the hidden file. Of the account's
// bytes it changes none.
func (u *upload) begin(ctx context.Context) error {
	err := u.prepare()
	if err == nil && u.source != nil {
		err = u.copySource(ctx)
	}
	return err
}

func (u *upload) prepare() error {
	defer u.lock(u.name)()
	there, err := u.complete(u.name)
	if err != nil {
		return err
	}
	kept, err := u.unfinished(u.name)
	if err != nil {
		return err
	}
	if kept != nil {
		if err := u.dropLeftover(kept); err != nil {
			return err
		}
	}
	base, keep, err := u.mode.Plan(there.size(), kept.size())
	if u.isResumed() && (err != nil || base == storage.FromNothing) && u.running(u.name) {
		return storage.ErrBusy // what it may be meant to go on with
	}
	if err != nil {
		return err
	}
	u.keep, u.there = keep, there
	u.whole = base == storage.FromComplete && keep == there.size()
	if err := u.mode.Allow.Check(there.exists(), u.whole); err != nil {
		return err
	}
	return u.reserve(base, there, kept)
}

// isResumed reports whether the upload goes on with something.
func (u *upload) isResumed() bool { return u.mode.Offset > 0 || u.mode.Append }

// reserve tells the Meter of the upload and opens its file.
func (u *upload) reserve(base storage.Base, there target, kept *partial) error {
	if u.mode.Expect > 0 {
		if left := free(u.handle); left >= 0 && left < u.mode.Expect {
			return storage.ErrNoSpace
		}
	}
	held := tally{bytes: max(0, u.mode.Expect)}
	if there.entry == nil && kept == nil {
		held.files = 1
	}
	if err := u.fs.charge(held); err != nil {
		return err
	}
	u.held, u.ahead = held, held.bytes
	err := u.openFile(base, there, kept)
	if err != nil && u.file == nil {
		u.fs.release(held)
	}
	return err
}

func (u *upload) openFile(base storage.Base, there target, kept *partial) (err error) {
	switch base {
	case storage.FromUnfinished:
		return u.goOn(there, kept)
	case storage.FromComplete:
		return u.openCopy(there, kept)
	}
	u.old = kept
	if kept != nil && kept.name == u.hiddenName(tagLive, u.name) {
		// A killed process left it; it makes way for the file of this upload.
		kept.name = u.hiddenName(tagKept, u.name)
		if err := u.rename(u.hiddenName(tagLive, u.name), kept.name, true); err != nil {
			return err
		}
	}
	u.file, u.part, err = u.createPartial(tagLive, u.name)
	return err
}

// goOn continues the unfinished upload.
func (u *upload) goOn(there target, kept *partial) error {
	file, part, err := u.claim(kept, u.name)
	if err != nil {
		return err
	}
	u.file, u.part, u.claimed, u.size = file, part, true, kept.info.Size()
	// What stood under the name is now this upload's.
	u.held = u.held.plus(count(there.entry, kept)).minus(count(there.entry, nil))
	_, err = file.Seek(u.keep, io.SeekStart)
	return err
}

// openCopy locks the complete file, so that nobody else extends it, and makes
// the file for the copy. Until data comes that has a name that a crash leaves
// as waste.
func (u *upload) openCopy(there target, kept *partial) error {
	source, fi, err := openRegular(u.fs.root, u.path.Join(u.name).Rel(), os.O_RDONLY)
	if err != nil {
		return err
	}
	u.source, u.sourceInfo, u.old = source, fi, kept
	if err := lockFile(source, true); err != nil {
		return err
	}
	if !os.SameFile(fi, there.file) || fi.Size() != there.size() {
		return storage.ErrBusy
	}
	u.file, u.part, err = u.createPartial(randomTag(), u.name)
	return err
}

// copySource copies what is kept of the complete file. The system does that
// without moving data where it can (reflink, copy_file_range).
func (u *upload) copySource(ctx context.Context) error {
	for u.size < u.keep {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := u.fs.try("write"); err != nil {
			return err
		}
		n, err := io.CopyN(u.file, u.source, min(copyStep, u.keep-u.size))
		u.size += n
		if errors.Is(err, io.EOF) {
			return storage.ErrBusy // somebody made it shorter
		}
		if err != nil {
			return err
		}
	}
	return nil
}
