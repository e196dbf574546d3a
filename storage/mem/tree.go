package mem

import (
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/storage"
)

const (
	maxName  = 255 // bytes of a name, as on other systems
	maxLinks = 8   // links followed in one path
)

// A tree is what all FSs of New and As share. mu guards everything below it.
type tree struct {
	id       uint64
	meter    storage.Meter
	capacity int64

	mu    sync.Mutex
	root  *node
	nodes uint64
	used  int64 // bytes of all files and uploads
}

// A node is a file, a directory or a link. The data of a file never changes;
// an upload makes a new node.
type node struct {
	id      uint64
	kind    storage.Type
	mode    fs.FileMode
	modTime time.Time
	data    []byte
	link    storage.Path // "" if it is none
	busy    bool         // an upload extends it

	children   map[string]*node
	unfinished map[slot]*node
	running    map[slot]int // uploads
}

// A slot holds at most one unfinished upload.
type slot struct{ name, owner string }

func (t *tree) node(kind storage.Type) *node {
	t.nodes++
	n := &node{id: t.nodes, kind: kind, mode: 0o644, modTime: time.Now()}
	if kind == storage.Dir {
		n.mode = 0o755
		n.children = map[string]*node{}
		n.unfinished = map[slot]*node{}
		n.running = map[slot]int{}
	}
	return n
}

// size is -1 for nil.
func (n *node) size() int64 {
	if n == nil {
		return -1
	}
	return int64(len(n.data))
}

func (t *tree) describe(name string, n *node, unfinished bool) storage.Info {
	return storage.Info{
		Name:       name,
		Type:       n.kind,
		Size:       n.size(),
		ModTime:    n.modTime,
		Mode:       n.mode,
		ID:         [2]uint64{t.id, n.id},
		Unfinished: unfinished,
	}
}

// lookup finds p and follows links.
func (t *tree) lookup(p storage.Path) (*node, error) {
	at, rest, links := t.root, string(p[1:]), 0
	for rest != "" {
		if at.kind != storage.Dir {
			return nil, storage.ErrNotDir
		}
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		if len(name) > maxName {
			return nil, storage.ErrName
		}
		next := at.children[name]
		if next == nil {
			return nil, fs.ErrNotExist
		}
		if next.link == "" {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return nil, fs.ErrNotExist
		}
		at, rest = t.root, strings.Trim(string(next.link)+"/"+rest, "/")
	}
	return at, nil
}

// dir is lookup for a directory.
func (t *tree) dir(p storage.Path) (*node, error) {
	n, err := t.lookup(p)
	if err == nil && n.kind != storage.Dir {
		err = storage.ErrNotDir
	}
	return n, err
}

// parent is the directory in which p is, or may be made.
func (t *tree) parent(p storage.Path) (*node, error) {
	if len(p.Base()) > maxName {
		return nil, storage.ErrName
	}
	return t.dir(p.Dir())
}

// follow is the file or directory that p, a name in dir, leads to; nil if none.
func (dir *node) follow(t *tree, p storage.Path) *node {
	n := dir.children[p.Base()]
	if n == nil || n.link == "" {
		return n
	}
	n, err := t.lookup(n.link)
	if err != nil {
		return nil
	}
	return n
}

// contains reports whether m is n or lies below it.
func (n *node) contains(m *node) bool {
	if n == m {
		return true
	}
	for _, child := range n.children {
		if child.contains(m) {
			return true
		}
	}
	return false
}

func (t *tree) free() int64 {
	if t.capacity == 0 {
		return -1
	}
	return max(0, t.capacity-t.used)
}

// take makes room for n bytes.
func (t *tree) take(n int64) error {
	if left := t.free(); left >= 0 && n > left {
		return storage.ErrNoSpace
	}
	t.used += n
	return nil
}

// A tally is an amount of bytes and names.
type tally struct{ bytes, files int64 }

func (a tally) plus(b tally) tally  { return tally{a.bytes + b.bytes, a.files + b.files} }
func (a tally) minus(b tally) tally { return tally{a.bytes - b.bytes, a.files - b.files} }

// charge tells the Meter.
func (t *tree) charge(c tally) error {
	if t.meter == nil || c == (tally{}) {
		return nil
	}
	return t.meter.Add(c.bytes, c.files)
}

// change tells the Meter of c, and if it agrees runs do, which cannot fail.
func (t *tree) change(c tally, do func()) error {
	if c.bytes > 0 || c.files > 0 {
		if err := t.charge(c); err != nil {
			return err
		}
		do()
		return nil
	}
	do()
	return t.charge(c)
}

// count is what name holds in dir if n stood there.
func (dir *node) count(name string, n *node) tally {
	var sum tally
	if n != nil && n.kind == storage.File {
		sum = tally{n.size(), 1}
	}
	for slot, kept := range dir.unfinished {
		if slot.name == name {
			sum = tally{sum.bytes + kept.size(), 1}
		}
	}
	return sum
}

// usage is what the directory holds, with all below it.
func (dir *node) usage() tally {
	var sum tally
	for name, n := range dir.children {
		sum = sum.plus(dir.count(name, n))
		if n.kind == storage.Dir {
			sum = sum.plus(n.usage())
		}
	}
	seen := map[string]bool{}
	for slot := range dir.unfinished {
		if dir.children[slot.name] == nil && !seen[slot.name] {
			seen[slot.name] = true
			sum = sum.plus(dir.count(slot.name, nil))
		}
	}
	return sum
}
