package transfer

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

// Get downloads what the patterns name, each a path on the server whose
// elements are patterns of ftp.Match. One that nothing fits is taken for a
// name. Exactly makes a pattern of a name.
//
// target is a folder that is there, or ends in a separator, which makes it
// one; then the files keep their names. Else, for one file or, with recursive,
// one folder, it is the name of the copy. "" is the current folder.
//
// The error is why the run as a whole ended early: the end of ctx, or a server
// that cannot be reached or is not trusted. That single files failed is in the
// Summary.
func (e *Engine) Get(ctx context.Context, patterns []string, target string, recursive bool) (Summary, error) {
	g := &getting{e: e, recursive: recursive, target: target, asFolder: len(patterns) > 1 || isFolder(target)}
	defer g.close()
	g.crew = e.crew(ctx)
	var err error
	for _, pattern := range patterns {
		if err = g.pattern(g.crew.ctx, pattern); err != nil {
			break
		}
	}
	err = g.crew.end(err)
	return e.summary(), err
}

// isFolder reports whether files go into target rather than becoming it.
func isFolder(target string) bool {
	if target == "" || os.IsPathSeparator(target[len(target)-1]) {
		return true
	}
	info, err := os.Stat(target)
	return err == nil && info.IsDir()
}

// getting is one Get.
type getting struct {
	e         *Engine
	crew      *crew
	recursive bool
	target    string
	asFolder  bool

	root *os.Root // of the folder that all goes into; opened when it is needed
	base string   // name within it, "" if the files keep theirs
}

func (g *getting) close() {
	if g.root != nil {
		g.root.Close()
	}
}

// pattern downloads all that fits one pattern.
func (g *getting) pattern(ctx context.Context, pattern string) error {
	found, err := g.e.find(ctx, pattern)
	if err != nil {
		return g.failed(ctx, pattern, err)
	}
	if len(found) > 1 {
		g.asFolder = true
	}
	for _, entry := range found {
		at, err := g.place(entry)
		if err == nil {
			err = g.entry(ctx, entry, at)
		} else {
			err = g.failed(ctx, entry.Path, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// failed reports one file that could not even be begun.
func (g *getting) failed(ctx context.Context, source string, err error) error {
	return g.e.failed(ctx, Result{Action: ActionDownload, Source: source, Size: -1}, err)
}

// place is where an entry goes.
func (g *getting) place(entry ftpclient.Entry) (place, error) {
	if g.root == nil {
		if err := g.open(); err != nil {
			return place{}, local(err)
		}
	}
	name := cmp.Or(g.base, path.Base(ftp.TrimPath(entry.Path)))
	if name == "." || name == "/" { // the login folder, or the root
		return place{g.root, "."}, nil
	}
	return place{g.root, name}, checkName(name)
}

func (g *getting) open() error {
	dir := cmp.Or(g.target, ".")
	if g.asFolder && os.IsPathSeparator(dir[len(dir)-1]) {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
	}
	if !g.asFolder {
		dir, g.base = filepath.Dir(g.target), filepath.Base(g.target)
	}
	var err error
	g.root, err = openPlaces(dir)
	return err
}

// entry downloads a file, or a folder with all that is in it.
func (g *getting) entry(ctx context.Context, entry ftpclient.Entry, at place) error {
	switch {
	case entry.Kind == ftpclient.Dir && !g.recursive:
		return g.failed(ctx, entry.Path, fmt.Errorf("%s is a folder: -r copies it", entry.Path))
	case entry.Kind == ftpclient.Dir:
		return g.tree(ctx, entry.Path, at)
	}
	return g.crew.give(func(ctx context.Context) Result { return g.e.download(ctx, entry, at) })
}

// tree downloads a folder: its files first, then the folders in it.
func (g *getting) tree(ctx context.Context, dir string, at place) error {
	if at.name != "." {
		if err := at.makeDir(); err != nil {
			return g.failed(ctx, dir, err)
		}
	}
	entries, err := g.e.list(ctx, dir)
	if err != nil {
		if stop := g.failed(ctx, dir, err); stop != nil {
			return stop
		}
	}
	doubled := twins(runtime.GOOS, namesOf(entries))
	for _, entry := range entries {
		if err := g.child(ctx, entry, at, doubled); err != nil {
			return err
		}
	}
	for _, entry := range entries {
		if entry.Kind != ftpclient.Dir || checkName(entry.Name) != nil || doubled[entry.Name] != "" {
			continue
		}
		if err := g.tree(ctx, entry.Path, at.in(entry.Name)); err != nil {
			return err
		}
	}
	return nil
}

// child downloads a file of a folder, or tells why not.
func (g *getting) child(ctx context.Context, entry ftpclient.Entry, dir place, doubled map[string]string) error {
	switch {
	case isOurs(entry.Name):
		return nil
	case checkName(entry.Name) != nil:
		return g.failed(ctx, entry.Path, checkName(entry.Name))
	case doubled[entry.Name] != "":
		return g.failed(ctx, entry.Path, fmt.Errorf("%w: %q would overwrite %q", ErrName, entry.Name, doubled[entry.Name]))
	case entry.Kind == ftpclient.Dir:
		return nil
	case entry.Kind != ftpclient.File:
		g.e.skip(entry.Path, entry.Kind)
		return nil
	}
	at := dir.in(entry.Name)
	return g.crew.give(func(ctx context.Context) Result { return g.e.download(ctx, entry, at) })
}

// skip tells of something that is not copied.
func (e *Engine) skip(path string, kind ftpclient.Kind) {
	r := Result{Action: ActionSkip, Source: path, Size: -1}
	why := "it is a link: links are not followed"
	if kind != ftpclient.Link {
		why = "it is neither a file nor a folder"
	}
	r.end(&skipped{why}, time.Now())
	e.report(r)
}

func namesOf(entries []ftpclient.Entry) []string {
	names := make([]string, len(entries))
	for i := range entries {
		names[i] = entries[i].Name
	}
	return names
}

// list gives a folder, in the order of names. Entries that came before an
// error are given with it. One folder is in memory, no connection is held.
func (e *Engine) list(ctx context.Context, dir string) (entries []ftpclient.Entry, err error) {
	err = e.with(ctx, func(c *ftpclient.Conn) error {
		entries = entries[:0]
		for entry, err := range c.List(ctx, dir) {
			if err != nil {
				return err
			}
			entries = append(entries, entry)
		}
		return nil
	})
	slices.SortFunc(entries, func(a, b ftpclient.Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, err
}

// Exactly is a pattern that only path fits.
func Exactly(path string) string { return escaper.Replace(path) }

var escaper = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// literal is the path that a pattern is if it has nothing special in it.
func literal(pattern string) (path string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		case strings.IndexByte("*?[", c) >= 0:
			return pattern, false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// find gives what fits the pattern, or else has it as its name.
func (e *Engine) find(ctx context.Context, pattern string) ([]ftpclient.Entry, error) {
	path, exact := literal(ftp.TrimPath(pattern))
	if !exact {
		found, err := e.glob(ctx, path)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	entry, err := e.stat(ctx, path)
	if err != nil {
		return nil, err
	}
	return []ftpclient.Entry{entry}, nil
}

// stat asks about one path; the login folder is always there.
func (e *Engine) stat(ctx context.Context, path string) (entry ftpclient.Entry, err error) {
	if path == "" || path == "." || path == "/" {
		return ftpclient.Entry{Path: path, Kind: ftpclient.Dir, Size: -1}, nil
	}
	err = e.with(ctx, func(c *ftpclient.Conn) (err error) {
		entry, err = c.Stat(ctx, path)
		return err
	})
	return entry, err
}

// glob gives what fits a pattern, from the left to the right.
func (e *Engine) glob(ctx context.Context, pattern string) ([]ftpclient.Entry, error) {
	dir, name := ftp.SplitPath(pattern)
	if path, exact := literal(dir); exact {
		return e.match(ctx, path, name)
	}
	parents, err := e.glob(ctx, dir)
	if err != nil {
		return nil, err
	}
	var found []ftpclient.Entry
	for _, parent := range parents {
		if parent.Kind != ftpclient.Dir {
			continue
		}
		below, err := e.match(ctx, parent.Path, name)
		if err != nil {
			return nil, err
		}
		found = append(found, below...)
	}
	return found, nil
}

// match gives the entries of dir whose name fits. A name that begins with a
// dot is meant only by a pattern that does.
func (e *Engine) match(ctx context.Context, dir, pattern string) ([]ftpclient.Entry, error) {
	entries, err := e.list(ctx, dir)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(entries, func(entry ftpclient.Entry) bool {
		hidden := strings.HasPrefix(entry.Name, ".") && !strings.HasPrefix(pattern, ".")
		return hidden || isOurs(entry.Name) || !ftp.Match(pattern, entry.Name)
	}), nil
}
