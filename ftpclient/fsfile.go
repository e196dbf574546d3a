package ftpclient

import (
	"io"
	"io/fs"
)

// viewFile is an open file of a view. Its transfer begins at the first Read,
// and again after another file was read, or where the offset is another one.
type viewFile struct {
	info
	view   *view
	name   string
	path   string
	at     int64 // of the next Read
	closed bool

	stream   io.ReadCloser // nil: none
	streamAt int64
}

func (f *viewFile) Stat() (fs.FileInfo, error) { return f.info, nil }

func (f *viewFile) Read(p []byte) (int, error) {
	f.view.mu.Lock()
	defer f.view.mu.Unlock()
	n, err := f.readFrom(p, f.at)
	f.at += int64(n)
	return n, err
}

// readFrom reads once. The view's mutex is held.
func (f *viewFile) readFrom(p []byte, offset int64) (int, error) {
	switch {
	case f.closed:
		return 0, pathError("read", f.name, fs.ErrClosed)
	case len(p) == 0:
		return 0, nil
	case f.streamAt == offset && f.stream != nil:
	case f.e.Kind == File && f.e.Size >= 0 && offset >= f.e.Size:
		return 0, io.EOF
	default:
		if err := f.openAt(offset); err != nil {
			return 0, pathError("read", f.name, err)
		}
	}
	n, err := f.stream.Read(p)
	f.streamAt += int64(n)
	return n, pathError("read", f.name, err)
}

func (f *viewFile) openAt(offset int64) error {
	f.view.suspend()
	stream, err := f.view.c.Retrieve(f.view.ctx, f.path, offset)
	if err != nil {
		return err
	}
	f.stream, f.streamAt, f.view.streaming = stream, offset, f
	return nil
}

// Seek costs nothing by itself.
func (f *viewFile) Seek(offset int64, whence int) (int64, error) {
	f.view.mu.Lock()
	defer f.view.mu.Unlock()
	switch {
	case f.closed:
		return 0, pathError("seek", f.name, fs.ErrClosed)
	case whence == io.SeekCurrent:
		offset += f.at
	case whence == io.SeekEnd:
		offset += f.Size()
	case whence != io.SeekStart:
		return 0, pathError("seek", f.name, fs.ErrInvalid)
	}
	if offset < 0 {
		return 0, pathError("seek", f.name, fs.ErrInvalid)
	}
	f.at = offset
	return offset, nil
}

func (f *viewFile) ReadAt(p []byte, offset int64) (n int, err error) {
	f.view.mu.Lock()
	defer f.view.mu.Unlock()
	if offset < 0 {
		return 0, pathError("read", f.name, fs.ErrInvalid)
	}
	for n < len(p) && err == nil {
		var m int
		m, err = f.readFrom(p[n:], offset+int64(n))
		n += m
	}
	return n, err
}

func (f *viewFile) Close() error {
	f.view.mu.Lock()
	defer f.view.mu.Unlock()
	if f.closed {
		return pathError("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	if f.stream != nil {
		f.view.suspend()
	}
	return nil
}
