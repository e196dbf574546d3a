package storage

import (
	"errors"
	"fmt"
)

// Errors of an FS, beside fs.ErrNotExist, fs.ErrExist and fs.ErrPermission.
var (
	ErrName        = errors.New("storage: name is not allowed")
	ErrNotDir      = errors.New("storage: not a directory")
	ErrIsDir       = errors.New("storage: is a directory")
	ErrNotEmpty    = errors.New("storage: directory is not empty")
	ErrNotRegular  = errors.New("storage: not a regular file")
	ErrBusy        = errors.New("storage: in use by another upload")
	ErrOffset      = errors.New("storage: offset fits nothing that is there")
	ErrNoSpace     = errors.New("storage: no space left")
	ErrQuota       = errors.New("storage: quota exceeded")
	ErrUnsupported = errors.New("storage: not supported by this store")
)

// An UnfinishedError says that only an interrupted upload stands under a name.
type UnfinishedError struct {
	Size int64 // bytes that have come
}

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("storage: unfinished upload of %d bytes", e.Size)
}
