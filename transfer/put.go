package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

// Put uploads files and, with recursive, folders.
//
// target is a folder on the server that is there, or ends in "/", which makes
// it one; then the files keep their names. Else, for one file or folder, it is
// the name of the copy. "" is the folder that the login leads to. The result
// is like that of Get. A link that is named is followed, one in a folder is
// not.
func (e *Engine) Put(ctx context.Context, files []string, target string, recursive bool) (Summary, error) {
	p := &putting{e: e, recursive: recursive, target: target}
	p.crew = e.crew(ctx)
	err := p.all(p.crew.ctx, files)
	err = p.crew.end(err)
	return e.summary(), err
}

// putting is one Put.
type putting struct {
	e         *Engine
	crew      *crew
	recursive bool
	target    string
	asFolder  bool
}

func (p *putting) all(ctx context.Context, files []string) error {
	if err := p.open(ctx, len(files) > 1); err != nil {
		return p.failed(ctx, p.target, err)
	}
	for _, file := range files {
		if err := p.named(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

// open finds out whether target is a folder, and makes it if it has to be.
func (p *putting) open(ctx context.Context, many bool) error {
	made := strings.HasSuffix(p.target, "/") && ftp.TrimPath(p.target) != "/"
	p.target = ftp.TrimPath(p.target)
	there, err := p.e.stat(ctx, p.target)
	switch {
	case err == nil && there.Kind == ftpclient.Dir:
		p.asFolder = true
		return nil
	case err == nil && (many || made):
		return local(fmt.Errorf("%s: %w: it is not a folder", p.target, ErrConflict))
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist) && !refused(err):
		return err
	}
	if many || made {
		p.asFolder = true
		_, err := p.e.makeDir(ctx, p.target)
		return err
	}
	return nil
}

// makeDir makes a folder on the server with all that lead to it. One that is
// there is no error; then isNew is false.
func (e *Engine) makeDir(ctx context.Context, dir string) (isNew bool, err error) {
	if ftp.TrimPath(dir) == "" || ftp.TrimPath(dir) == "/" {
		return false, nil
	}
	err = e.with(ctx, func(c *ftpclient.Conn) error {
		if err := c.MakeDir(ctx, dir); err == nil || !refused(err) {
			isNew = err == nil
			return err
		}
		return c.MakeDirAll(ctx, dir)
	})
	return isNew, err
}

// failed reports one file that could not even be begun.
func (p *putting) failed(ctx context.Context, source string, err error) error {
	return p.e.failed(ctx, Result{Action: ActionUpload, Source: source, Size: -1}, err)
}

// named uploads one of the files that the caller named.
func (p *putting) named(ctx context.Context, file string) error {
	full, err := filepath.Abs(file)
	if err != nil {
		return p.failed(ctx, file, local(err))
	}
	info, err := os.Stat(full)
	if err != nil {
		return p.failed(ctx, file, local(err))
	}
	target := p.target
	if p.asFolder {
		target = ftp.JoinPath(p.target, filepath.Base(full))
	}
	switch {
	case info.IsDir() && !p.recursive:
		return p.failed(ctx, file, fmt.Errorf("%s is a folder: -r copies it", file))
	case info.IsDir():
		return p.folder(ctx, full, target)
	case !info.Mode().IsRegular():
		return p.failed(ctx, file, local(fmt.Errorf("%s is %s: - copies from stdin", file, kindOf(info.Mode()))))
	}
	from := source{path: full, open: func() (*os.File, error) { return os.Open(full) }}
	return p.crew.give(func(ctx context.Context) Result { return p.e.upload(ctx, from, target, nil, false) })
}

// folder uploads a folder. Nothing that is a link leads out of it.
func (p *putting) folder(ctx context.Context, dir, target string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return p.failed(ctx, dir, local(err))
	}
	err = p.tree(ctx, place{root, "."}, target)
	p.crew.wait() // the files are opened in root
	return errors.Join(err, root.Close())
}

// tree uploads the files of a folder, then the folders in it.
func (p *putting) tree(ctx context.Context, from place, target string) error {
	isNew, err := p.e.makeDir(ctx, target)
	if err != nil {
		return p.failed(ctx, from.path(), err)
	}
	entries, err := from.list()
	if err != nil {
		return p.failed(ctx, from.path(), err)
	}
	for _, entry := range entries {
		if err := p.child(from.in(entry.Name()), entry, ftp.JoinPath(target, entry.Name()), isNew); err != nil {
			return err
		}
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		if err := p.tree(ctx, from.in(entry.Name()), ftp.JoinPath(target, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// child uploads a file of a folder, or tells why not. In a new folder there is
// nothing yet that could stand in its place.
func (p *putting) child(from place, entry fs.DirEntry, target string, isNew bool) error {
	switch {
	case entry.IsDir():
		return nil
	case isOurs(entry.Name()):
		return nil
	case !entry.Type().IsRegular():
		p.e.skip(from.path(), kindHere(entry.Type()))
		return nil
	}
	return p.crew.give(func(ctx context.Context) Result { return p.e.upload(ctx, from.source(), target, nil, isNew) })
}

// list gives the entries of the folder p, in the order of names.
func (p place) list() ([]fs.DirEntry, error) {
	dir, err := p.root.Open(p.system())
	if err != nil {
		return nil, local(err)
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, local(err)
}

// source is the file p, which is opened only if it is one.
func (p place) source() source {
	return source{path: p.path(), open: func() (*os.File, error) {
		info, err := p.root.Lstat(p.system())
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s has become %s", path.Base(p.name), kindOf(info.Mode()))
		}
		return p.root.Open(p.system())
	}}
}

// kindHere is the kind of a file here, as ftpclient names them.
func kindHere(m fs.FileMode) ftpclient.Kind {
	switch {
	case m.IsRegular():
		return ftpclient.File
	case m.IsDir():
		return ftpclient.Dir
	case m&fs.ModeSymlink != 0, runtime.GOOS == "windows" && m&fs.ModeIrregular != 0:
		return ftpclient.Link
	}
	return ftpclient.Other
}
