package ftpclient

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// maxDepth is where Walk takes a tree for one that loops.
const maxDepth = 256

// A folder of a walk that is still to be listed.
type folder struct {
	path  string
	depth int
	above []string // the Unique of what leads to it, itself last
}

// Walk gives everything below root, "" for the current folder: parents before
// their children, folder by folder, none of them held in memory except for
// the paths of the folders that are still to come. Links are not followed. An
// error comes last. The Conn is busy until the loop is over.
//
// On servers that show links as what they lead to, a link to a parent would
// make the tree endless: a folder within itself is not entered if the server
// tells that it is the same, and a depth of 256 folders is ErrProtocol.
func (c *Conn) Walk(ctx context.Context, root string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		open := []folder{{path: root}}
		for len(open) > 0 {
			here := open[len(open)-1]
			below, ok := c.walkFolder(ctx, here, yield)
			if !ok {
				return
			}
			slices.Reverse(below)
			open = append(open[:len(open)-1], below...)
		}
	}
}

// walkFolder gives the entries of one folder and returns those to go on with;
// not ok: the walk is over.
func (c *Conn) walkFolder(ctx context.Context, here folder, yield func(Entry, error) bool) (below []folder, ok bool) {
	if here.depth > maxDepth {
		yield(Entry{}, fmt.Errorf("%w: %d folders in each other, up to %.100q", ErrProtocol, here.depth, here.path))
		return nil, false
	}
	for e, err := range c.List(ctx, here.path) {
		if !yield(e, err) || err != nil {
			return nil, false
		}
		if e.Kind == Dir && (e.Unique == "" || !slices.Contains(here.above, e.Unique)) {
			below = append(below, here.child(e))
		}
	}
	return below, true
}

func (f folder) child(e Entry) folder {
	above := f.above
	if e.Unique != "" {
		above = append(slices.Clip(above), strings.Clone(e.Unique))
	}
	return folder{path: e.Path, depth: f.depth + 1, above: above}
}
