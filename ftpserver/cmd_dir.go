package ftpserver

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// maxTree is how many entries DSIZ and RMDA look at.
const maxTree = 100_000

// errTreeTooLarge: more than maxTree entries (550).
var errTreeTooLarge = ftp.Reply{Code: ftp.CodeUnavailable, Text: "The tree has more than 100000 entries"}

// cwdTo changes the working directory (RFC 959 §4.1.1).
func (s *session) cwdTo(ctx context.Context, arg string) (ftp.Reply, error) {
	dir, err := s.directory(ctx, arg, 0)
	if err != nil {
		return ftp.Reply{}, err
	}
	s.cwd = dir
	return ftp.Replyf(ftp.CodeFileOK, "Now in %s", ftp.Quote(string(dir))), nil
}

func (s *session) cdup(ctx context.Context, _ string) (ftp.Reply, error) {
	return s.cwdTo(ctx, "..")
}

func (s *session) pwd(context.Context, string) (ftp.Reply, error) {
	return ftp.Reply{Code: ftp.CodePath, Text: ftp.Quote(string(s.cwd))}, nil
}

// mkd makes a directory; its parent must be there (RFC 959 App. II).
func (s *session) mkd(ctx context.Context, arg string) (ftp.Reply, error) {
	p, err := s.resolveNew(arg, PermMkdir)
	if err != nil {
		return ftp.Reply{}, err
	}
	if err := s.grant.Files.Mkdir(ctx, p); err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Reply{Code: ftp.CodePath, Text: ftp.Quote(string(p))}, nil
}

func (s *session) rmd(ctx context.Context, arg string) (ftp.Reply, error) {
	p, err := s.resolve(arg, PermRmdir)
	if err != nil {
		return ftp.Reply{}, err
	}
	if err := s.grant.Files.Remove(ctx, p, storage.Dir); err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Reply{Code: ftp.CodeFileOK, Text: "Removed"}, nil
}

// rmda removes a directory and all that is in it. The rights to delete and to
// remove directories are needed all the way down, and asked about before the
// first file goes.
func (s *session) rmda(ctx context.Context, arg string) (ftp.Reply, error) {
	top, err := s.resolve(arg, PermRmdir)
	if err != nil {
		return ftp.Reply{}, err
	}
	if top == storage.Root {
		return ftp.Reply{}, fs.ErrPermission
	}
	tree, err := s.walk(ctx, top)
	if err != nil {
		return ftp.Reply{}, err
	}
	for _, e := range tree {
		if s.grant.permAt(e.path)&e.rightToRemove() == 0 {
			return ftp.Reply{}, fs.ErrPermission
		}
	}
	tree, err = s.removeLinks(ctx, tree)
	if err != nil {
		return ftp.Reply{}, err
	}
	for _, e := range slices.Backward(tree) {
		err := s.grant.Files.Remove(ctx, e.path, e.info.Type)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return ftp.Reply{}, err
		}
	}
	return ftp.Reply{Code: ftp.CodeFileOK, Text: "Removed with all that was in it"}, nil
}

// removeLinks removes the links to directories in a tree, and is the rest of
// it: what such a link leads to stays. Only Remove tells a link from a
// directory.
func (s *session) removeLinks(ctx context.Context, tree []treeEntry) (rest []treeEntry, err error) {
	gone := map[storage.Path]bool{}
	for _, e := range tree {
		if gone[e.path.Dir()] {
			gone[e.path] = true
			continue
		}
		if e.info.Type == storage.Dir {
			switch err := s.grant.Files.Remove(ctx, e.path, storage.File); {
			case err == nil, errors.Is(err, fs.ErrNotExist):
				gone[e.path] = true
				continue
			case !errors.Is(err, storage.ErrIsDir):
				return nil, err
			}
		}
		rest = append(rest, e)
	}
	return rest, nil
}

// treeEntry is one entry of a walk.
type treeEntry struct {
	path storage.Path
	info storage.Info
}

func (e treeEntry) rightToRemove() Perm {
	if e.info.Type == storage.Dir {
		return PermRmdir
	}
	return PermDelete
}

// walk is the directory top and all below it, each directory before what is
// in it. A directory that was seen already is left out, so links make no circle.
func (s *session) walk(ctx context.Context, top storage.Path) ([]treeEntry, error) {
	info, err := s.grant.Files.Stat(ctx, top)
	if err != nil {
		return nil, err
	}
	if info.Type != storage.Dir {
		return nil, storage.ErrNotDir
	}
	tree := []treeEntry{{top, info}}
	seen := map[[2]uint64]bool{info.ID: true}
	for i := 0; i < len(tree); i++ {
		dir := tree[i]
		if dir.info.Type != storage.Dir {
			continue
		}
		for info, err := range s.grant.Files.List(ctx, dir.path) {
			if err != nil {
				return nil, err
			}
			if len(tree) >= maxTree {
				return nil, errTreeTooLarge
			}
			if info.Type == storage.Dir && info.ID != [2]uint64{} {
				if seen[info.ID] {
					continue
				}
				seen[info.ID] = true
			}
			tree = append(tree, treeEntry{dir.path.Join(info.Name), info})
		}
	}
	return tree, nil
}

// dsiz is the size of a tree (draft-peterson-streamlined-ftp), as far as the
// account may list it.
func (s *session) dsiz(ctx context.Context, arg string) (ftp.Reply, error) {
	top, err := s.resolve(arg, PermList)
	if err != nil {
		return ftp.Reply{}, err
	}
	tree, err := s.walk(ctx, top)
	if err != nil {
		return ftp.Reply{}, err
	}
	var sum int64
	for _, e := range tree {
		if s.grant.permAt(e.path.Dir())&PermList != 0 {
			sum += e.info.Size
		}
	}
	return ftp.Reply{Code: ftp.CodeFileStatus, Text: strconv.FormatInt(sum, 10)}, nil
}

// avbl is how many bytes may be added: what the quota leaves, or what the
// disk leaves, whichever is less.
func (s *session) avbl(ctx context.Context, arg string) (ftp.Reply, error) {
	dir, err := s.directory(ctx, arg, permUpload)
	if err != nil {
		return ftp.Reply{}, err
	}
	features, err := s.grant.Files.Features(ctx, dir)
	if err != nil {
		return ftp.Reply{}, err
	}
	free := features.Free
	if s.grant.Usage != nil {
		if left := s.grant.Usage().left(); left >= 0 && (free < 0 || left < free) {
			free = left
		}
	}
	if free < 0 {
		return ftp.Reply{Code: ftp.CodeUnavailable, Text: "Nobody knows how much space is left"}, nil
	}
	return ftp.Reply{Code: ftp.CodeFileStatus, Text: strconv.FormatInt(free, 10)}, nil
}
