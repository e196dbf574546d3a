package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

// item is a file or folder of one of two trees.
type item struct {
	name      string
	kind      ftpclient.Kind
	size      int64
	modTime   time.Time
	precision time.Duration // of modTime; 0 if it is exact
}

// side is one of two trees that shall become equal. Paths are relative to its
// top, "." being the top itself.
type side interface {
	// list gives a folder in the order of names; with an error, what came
	// before it.
	list(ctx context.Context, dir string) ([]item, error)
	// stat is nil for what is not there.
	stat(ctx context.Context, path string) (*item, error)
	makeDir(ctx context.Context, path string) error
	// remove removes a file or link, or an empty folder.
	remove(ctx context.Context, path string, kind ftpclient.Kind) error
	// digest is that of a whole file, in hex.
	digest(ctx context.Context, path, algorithm string) (string, error)
	// path is for people.
	path(path string) string
	// refuses says why a name cannot be used on this side.
	refuses(name string) error
	// twins are names that would be one here.
	twins(names []string) map[string]string
}

// here is a tree on this machine.
type here struct{ top place }

func (h here) at(name string) place { return place{h.top.root, path.Join(h.top.name, name)} }

func (h here) path(name string) string { return h.at(name).path() }

func (h here) refuses(name string) error { return checkName(name) }

func (h here) twins(names []string) map[string]string { return twins(runtime.GOOS, names) }

func (h here) list(_ context.Context, dir string) (items []item, err error) {
	entries, err := h.at(dir).list()
	for _, entry := range entries {
		info, infoErr := entry.Info()
		if errors.Is(infoErr, fs.ErrNotExist) {
			continue
		}
		if infoErr != nil {
			return items, local(infoErr)
		}
		items = append(items, itemOf(info))
	}
	return items, err
}

func itemOf(info fs.FileInfo) item {
	i := item{name: info.Name(), kind: kindHere(info.Mode()), size: info.Size(), modTime: info.ModTime()}
	if i.modTime.Nanosecond() == 0 && i.modTime.Second()%2 == 0 {
		i.precision = 2 * time.Second // it may be FAT
	}
	return i
}

func (h here) stat(_ context.Context, name string) (*item, error) {
	info, err := h.at(name).stat()
	if err != nil || info == nil {
		return nil, err
	}
	i := itemOf(info)
	return &i, nil
}

func (h here) makeDir(_ context.Context, name string) error { return h.at(name).makeDir() }

func (h here) remove(_ context.Context, name string, _ ftpclient.Kind) error {
	return local(h.at(name).root.Remove(h.at(name).system()))
}

func (h here) digest(ctx context.Context, name, algorithm string) (string, error) {
	f, err := h.at(name).source().open()
	if err != nil {
		return "", local(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", local(err)
	}
	sum := newDigest(algorithm)
	err = digestPart(ctx, sum, f, 0, info.Size())
	return sumOf(sum), err
}

// there is a tree on the server.
type there struct {
	e   *Engine
	top string
}

func (t there) at(name string) string {
	if name == "." {
		return t.top
	}
	return ftp.JoinPath(t.top, name)
}

func (t there) path(name string) string { return t.at(name) }

func (t there) refuses(string) error { return nil }

func (t there) twins([]string) map[string]string { return nil }

func (t there) list(ctx context.Context, dir string) (items []item, err error) {
	entries, err := t.e.list(ctx, t.at(dir))
	for _, entry := range entries {
		items = append(items, itemThere(entry))
	}
	return items, err
}

func itemThere(e ftpclient.Entry) item {
	return item{name: e.Name, kind: e.Kind, size: e.Size, modTime: e.ModTime, precision: e.Precision}
}

func (t there) stat(ctx context.Context, name string) (*item, error) {
	entry, err := t.e.stat(ctx, t.at(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	i := itemThere(entry)
	return &i, nil
}

func (t there) makeDir(ctx context.Context, name string) error {
	_, err := t.e.makeDir(ctx, t.at(name))
	return err
}

func (t there) remove(ctx context.Context, name string, kind ftpclient.Kind) error {
	return t.e.with(ctx, func(c *ftpclient.Conn) error {
		if kind == ftpclient.Dir {
			return c.RemoveDir(ctx, t.at(name))
		}
		return c.Remove(ctx, t.at(name))
	})
}

func (t there) digest(ctx context.Context, name, algorithm string) (sum string, err error) {
	err = t.e.with(ctx, func(c *ftpclient.Conn) error {
		h, err := c.Hash(ctx, t.at(name), algorithm, 0, -1)
		sum = fmt.Sprintf("%x", h.Sum)
		return err
	})
	return sum, err
}
