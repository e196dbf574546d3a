package local

import (
	"errors"
	"io/fs"
	"os"

	"github.com/sealift/sealift/storage"
)

// publish puts the upload's file, which is durable, under its name and makes
// that durable. If it fails, what stood there before stands there again.
func (u *upload) publish() error {
	defer u.lock(u.name)()
	if err := u.stillThere(); err != nil {
		return err
	}
	there, err := u.complete(u.name)
	if err != nil {
		return err
	}
	if err := u.mode.Allow.Check(there.exists(), u.extends(there)); err != nil {
		return err
	}
	if there.exists() && !u.sameMode(there) {
		if err := u.keepMode(there); err != nil {
			return err
		}
	}
	change, err := u.settlement(there)
	if err != nil {
		return err
	}
	err = u.fs.change(change, func() error { return u.replace(there) })
	if err == nil {
		u.held = tally{}
	}
	return err
}

// extends reports whether the upload holds all bytes of the complete file that
// stands there now.
func (u *upload) extends(there target) bool {
	return u.whole && there.exists() && os.SameFile(there.file, u.sourceInfo) && there.size() == u.keep
}

// sameMode reports whether what stands there now has the permission bits that
// the upload was given before it was made durable.
func (u *upload) sameMode(now target) bool {
	return u.there.exists() && u.there.file.Mode().Perm() == now.file.Mode().Perm()
}

// settlement is what the Meter has to be told when the upload is published.
func (u *upload) settlement(there target) (tally, error) {
	if u.fs.options.Meter == nil {
		return tally{}, nil
	}
	kept, err := u.unfinished(u.name)
	if err != nil {
		return tally{}, err
	}
	after := tally{bytes: u.size, files: 1}
	if kept != nil {
		after.bytes += kept.info.Size()
	}
	return after.minus(count(there.entry, kept)).minus(u.held), nil
}

func (u *upload) replace(there target) error {
	spare, err := u.spare(there)
	if err != nil {
		return err
	}
	onlyNew := u.mode.Allow&storage.AllowReplace == 0 && !there.exists()
	if err := u.rename(u.part, u.name, onlyNew); err != nil {
		return errors.Join(err, u.dropSpare(spare))
	}
	if err := u.sync(); err != nil {
		return errors.Join(err, u.takeBack(there, spare))
	}
	// A spare that cannot be removed is waste, which Sweep finds.
	_ = u.dropSpare(spare)
	return nil
}

// spare gives what will be replaced a second, hidden name, until the new file
// is durable; "" where nothing is replaced or the file system cannot.
func (u *upload) spare(there target) (string, error) {
	if there.entry == nil || u.fs.options.NoSync {
		return "", nil
	}
	for {
		if err := u.fs.try("link"); err != nil {
			return "", err
		}
		spare := u.hiddenName(randomTag(), u.name)
		err := u.root.Link(u.name, spare)
		switch {
		case err == nil:
			return spare, nil
		case !errors.Is(err, fs.ErrExist):
			return "", nil
		}
	}
}

func (u *upload) dropSpare(spare string) error {
	if spare == "" {
		return nil
	}
	return u.root.Remove(spare)
}

// takeBack undoes the rename. What was replaced and has no second name cannot
// come back; then the new file, which is whole, is better than none.
func (u *upload) takeBack(there target, spare string) error {
	switch {
	case spare != "":
		return renameIn(u.folder, spare, u.folder, u.name, false)
	case there.entry == nil:
		return u.root.Remove(u.name)
	}
	return nil
}
