package storage

import "io/fs"

// Base is what an upload builds on.
type Base uint8

// The three things that an upload may build on.
const (
	FromNothing Base = iota
	FromUnfinished
	FromComplete
)

// Plan says what an upload of mode m builds on, and how many bytes of that it
// keeps, where a complete file and an unfinished upload of the given numbers
// of bytes stand under its name; -1 for one that does not. ErrOffset when
// m.Offset fits neither.
func (m Mode) Plan(complete, unfinished int64) (base Base, keep int64, err error) {
	switch {
	case m.Offset > 0:
		return planOffset(m.Offset, complete, unfinished)
	case m.Offset < 0:
		return FromNothing, 0, ErrOffset
	case m.Append && complete >= 0:
		return FromComplete, complete, nil
	case m.Append && unfinished >= 0:
		return FromUnfinished, unfinished, nil
	}
	return FromNothing, 0, nil
}

func planOffset(n, complete, unfinished int64) (Base, int64, error) {
	switch {
	case unfinished == n:
		return FromUnfinished, n, nil
	case complete == n:
		return FromComplete, n, nil
	case unfinished > n && complete < n:
		return FromUnfinished, n, nil
	case complete > n && unfinished < n:
		return FromComplete, n, nil
	}
	return FromNothing, 0, ErrOffset
}

// Check is nil if a allows an upload to be published: exists says that a
// complete file stands under the name, extends that the upload holds all its
// bytes and more. Else it is fs.ErrExist, or fs.ErrPermission where it is a
// new name that is not allowed.
func (a Allow) Check(exists, extends bool) error {
	switch {
	case exists && extends && a&AllowExtend != 0:
		return nil
	case exists && !extends && a&AllowReplace != 0:
		return nil
	case exists:
		return fs.ErrExist
	case a&AllowNew == 0:
		return fs.ErrPermission
	}
	return nil
}
