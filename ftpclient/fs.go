package ftpclient

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/sealift/sealift/ftp"
)

// FS is a view of the current folder and what is below it, for reading, as
// long as ctx lives. Its files are io.Seeker and io.ReaderAt; they may be used
// side by side, but each change from one to another costs the server a new
// transfer. The Conn must not be used otherwise meanwhile.
//
// Links are what they are: Open follows them, ReadDir and Stat do not where
// the server tells. Sizes that a server does not tell are 0.
func (c *Conn) FS(ctx context.Context) fs.FS { return &view{c: c, ctx: ctx} }

var _ interface {
	fs.ReadDirFS
	fs.StatFS
} = (*view)(nil)

// view does one thing at a time with the Conn. streaming is the file whose
// transfer is open.
type view struct {
	c   *Conn
	ctx context.Context

	mu        sync.Mutex
	root      string
	streaming *viewFile
}

// path is the absolute path of a name, wherever the current folder will be.
func (v *view) path(name string) (string, error) {
	if v.root == "" {
		root, err := v.c.CurrentDir(v.ctx)
		if err != nil {
			return "", err
		}
		v.root = root
	}
	if name == "." {
		return v.root, nil
	}
	return ftp.JoinPath(v.root, name), nil
}

// pathError wraps what happened to a name.
func pathError(op, name string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func (v *view) Stat(name string) (fs.FileInfo, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stat("stat", name)
}

func (v *view) stat(op, name string) (info, error) {
	if !fs.ValidPath(name) {
		return info{}, pathError(op, name, fs.ErrInvalid)
	}
	v.suspend()
	path, err := v.path(name)
	if err != nil {
		return info{}, pathError(op, name, err)
	}
	e, err := v.c.Stat(v.ctx, path)
	if err != nil {
		return info{}, pathError(op, name, err)
	}
	if _, e.Name = ftp.SplitPath(name); name == "." {
		e.Kind = Dir
	}
	return info{e}, nil
}

func (v *view) Open(name string) (fs.File, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i, err := v.stat("open", name)
	if err != nil {
		return nil, err
	}
	if i.IsDir() {
		return &viewDir{info: i, view: v, name: name}, nil
	}
	path, err := v.path(name)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	return &viewFile{info: i, view: v, name: name, path: path}, nil
}

func (v *view) ReadDir(name string) ([]fs.DirEntry, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !fs.ValidPath(name) {
		return nil, pathError("readdir", name, fs.ErrInvalid)
	}
	v.suspend()
	path, err := v.path(name)
	if err != nil {
		return nil, pathError("readdir", name, err)
	}
	entries := []fs.DirEntry{}
	for e, err := range v.c.List(v.ctx, path) {
		if err != nil {
			return entries, pathError("readdir", name, err)
		}
		entries = append(entries, fs.FileInfoToDirEntry(info{e}))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// suspend ends the transfer that is open; its file goes on when it is read.
func (v *view) suspend() {
	if v.streaming != nil {
		v.streaming.stream.Close()
		v.streaming.stream, v.streaming = nil, nil
	}
}

// info is an Entry as io/fs wants it.
type info struct{ e Entry }

func (i info) Name() string       { return i.e.Name }
func (i info) ModTime() time.Time { return i.e.ModTime }
func (i info) IsDir() bool        { return i.e.Kind == Dir }
func (i info) Sys() any           { return i.e }
func (i info) Size() int64 {
	if i.e.Kind == Dir {
		return 0
	}
	return max(i.e.Size, 0)
}

// Mode has the bits that the server tells, else those of what can be read.
func (i info) Mode() fs.FileMode {
	mode := i.e.Mode
	if !i.e.HasMode {
		mode = 0o444
	}
	switch i.e.Kind {
	case Dir:
		if !i.e.HasMode {
			mode = 0o555
		}
		mode |= fs.ModeDir
	case Link:
		mode |= fs.ModeSymlink
	case Other:
		mode |= fs.ModeIrregular
	}
	return mode
}

// viewDir is an open folder. It is listed at the first ReadDir.
type viewDir struct {
	info
	view    *view
	name    string
	entries []fs.DirEntry
	listed  bool
	closed  bool
}

func (d *viewDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *viewDir) Read([]byte) (int, error) {
	return 0, pathError("read", d.name, errors.New("is a directory"))
}

func (d *viewDir) Close() error {
	if d.closed {
		return pathError("close", d.name, fs.ErrClosed)
	}
	d.closed = true
	return nil
}

func (d *viewDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if d.closed {
		return nil, pathError("readdir", d.name, fs.ErrClosed)
	}
	if !d.listed {
		entries, err := d.view.ReadDir(d.name)
		if err != nil {
			return nil, err
		}
		d.entries, d.listed = entries, true
	}
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	given := d.entries[:n:n]
	d.entries = d.entries[n:]
	return given, nil
}
