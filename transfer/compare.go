package transfer

import (
	"context"
	"fmt"
	"path"
	"sync"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// folderPair is a folder of the source and the one like it in the target.
type folderPair struct {
	path  string
	there bool        // the target has it
	step  *Step       // that makes it; nil if it is there, or planned already
	above *folderPair // that it is in

	remembered map[string]remembered
}

func (d *folderPair) child(name string) string { return path.Join(d.path, name) }

// pair is what has one name in both trees; nil where nothing has.
type pair struct {
	name           string
	source, target *item
	digestWhy      string // "" or WhyContent, if digests were compared
	err            error  // of the comparison
}

// walk compares folder by folder. Only the names of folders that are still to
// come are kept, and the entries of one.
func (c *comparing) walk(ctx context.Context, top *folderPair) error {
	open := []*folderPair{top}
	for len(open) > 0 {
		d := open[len(open)-1]
		below, err := c.folder(ctx, d)
		if err != nil {
			return err
		}
		open = open[:len(open)-1]
		for i := range below {
			open = append(open, below[len(below)-1-i])
		}
	}
	return nil
}

// folder compares one folder, and returns those to go on with.
func (c *comparing) folder(ctx context.Context, d *folderPair) (below []*folderPair, err error) {
	if !c.o.Filter.onlyIncludes() {
		c.makeFor(d)
	}
	pairs, err := c.pairs(ctx, d)
	if err != nil {
		return nil, err
	}
	if c.o.Checksum {
		c.digests(ctx, d, pairs)
	}
	for i := range pairs {
		next, err := c.pair(ctx, d, &pairs[i])
		if err != nil {
			return nil, err
		}
		if next != nil {
			below = append(below, next)
		}
	}
	return below, nil
}

// pairs reads a folder on both sides. One that cannot be read is told, and
// left as it is.
func (c *comparing) pairs(ctx context.Context, d *folderPair) ([]pair, error) {
	source, err := c.source.list(ctx, d.path)
	if err != nil && d.path == "." {
		return nil, err // no source at all
	}
	if err != nil {
		c.tally.Incomplete = true
		return nil, c.failed(ctx, c.source.path(d.path), "", err)
	}
	var target []item
	if d.there {
		if target, err = c.target.list(ctx, d.path); err != nil {
			c.tally.Incomplete = true
			return nil, c.failed(ctx, "", c.target.path(d.path), err)
		}
	}
	if c.o.Memory != nil && c.trees.Up {
		d.remembered = c.o.Memory.load(c.e.memoryFile(c.o.Memory, c.trees, d.path))
	}
	source, target = c.wanted(d, source), c.wanted(d, target)
	c.tally.Entries += int64(len(target))
	return c.usable(ctx, d, merge(source, target))
}

// wanted are the items that the filter lets through.
func (c *comparing) wanted(d *folderPair, items []item) []item {
	kept := items[:0]
	for _, i := range items {
		if !isOurs(i.name) && !c.o.Filter.excludes(d.child(i.name), i.kind == ftpclient.Dir) {
			kept = append(kept, i)
		}
	}
	return kept
}

// merge pairs what has the same name.
func merge(source, target []item) (pairs []pair) {
	for len(source)+len(target) > 0 {
		switch {
		case len(target) == 0 || len(source) > 0 && source[0].name < target[0].name:
			pairs = append(pairs, pair{name: source[0].name, source: &source[0]})
			source = source[1:]
		case len(source) == 0 || target[0].name < source[0].name:
			pairs = append(pairs, pair{name: target[0].name, target: &target[0]})
			target = target[1:]
		default:
			pairs = append(pairs, pair{name: source[0].name, source: &source[0], target: &target[0]})
			source, target = source[1:], target[1:]
		}
	}
	return pairs
}

// usable leaves out the names that the target cannot have, and tells them.
func (c *comparing) usable(ctx context.Context, d *folderPair, pairs []pair) (kept []pair, err error) {
	var names []string
	for _, p := range pairs {
		if p.source != nil {
			names = append(names, p.name)
		}
	}
	doubled := c.target.twins(names)
	for _, p := range pairs {
		if p.source == nil {
			kept = append(kept, p)
			continue
		}
		problem := c.target.refuses(p.name)
		if other := doubled[p.name]; problem == nil && other != "" {
			problem = fmt.Errorf("%w: %q would overwrite %q", ErrName, p.name, other)
		}
		if problem == nil {
			kept = append(kept, p)
		} else if err := c.failed(ctx, c.source.path(d.child(p.name)), "", problem); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// pair decides what is to be done with one name; next is a folder to go on
// with.
func (c *comparing) pair(ctx context.Context, d *folderPair, p *pair) (next *folderPair, err error) {
	name := d.child(p.name)
	switch {
	case p.source == nil:
		return nil, c.extra(ctx, name, p.target)
	case p.source.kind != ftpclient.File && p.source.kind != ftpclient.Dir:
		c.e.skip(c.source.path(name), p.source.kind)
		return nil, nil
	case p.err != nil:
		return nil, c.failed(ctx, c.source.path(name), c.target.path(name), p.err)
	}
	if p.target != nil && p.target.kind != p.source.kind {
		if cleared, err := c.clear(ctx, d, name, p); !cleared || err != nil {
			return nil, err
		}
	}
	if p.source.kind == ftpclient.Dir {
		next = &folderPair{path: name, there: p.target != nil, above: d}
		if p.target == nil {
			next.step = &Step{Do: DoMkdir, Path: name, Why: WhyNew, Source: stateOf(p.source)}
		}
		return next, nil
	}
	why, err := c.why(ctx, d, p)
	if err != nil {
		return nil, c.failed(ctx, c.source.path(name), c.target.path(name), err)
	}
	if why != "" {
		c.emit(d, Step{Do: DoCopy, Path: name, Why: why, Source: stateOf(p.source), Target: stateOf(p.target)})
	}
	return nil, nil
}

// why says why a file is to be copied; "" if it is the same already.
func (c *comparing) why(ctx context.Context, d *folderPair, p *pair) (string, error) {
	switch {
	case p.target == nil:
		return WhyNew, nil
	case p.source.size >= 0 && p.target.size >= 0 && p.source.size != p.target.size:
		return WhySize, nil
	case c.o.Checksum:
		return p.digestWhy, nil
	case c.sameTimes(p.source, p.target):
		return "", nil
	}
	if err := c.askTimes(ctx, d, p); err != nil {
		return "", err
	}
	switch {
	case c.sameTimes(p.source, p.target):
		return "", nil
	case !c.newerOnly():
		return WhyTime, nil
	}
	known, found := d.remembered[p.name]
	if found && known.Size == p.source.size && known.ModTime.Equal(p.source.modTime) {
		return "", nil
	}
	return WhyNewer, nil
}

// newerOnly: the server sets the time of a file to that of its upload, and
// does not let it be changed.
func (c *comparing) newerOnly() bool { return c.trees.Up && !c.e.known().times }

func (c *comparing) sameTimes(source, target *item) bool {
	tolerance := max(source.precision, target.precision)
	if sameTime(source.modTime, target.modTime, tolerance) {
		return true
	}
	return c.newerOnly() && source.modTime.Before(target.modTime)
}

// askTimes asks for the times again where a listing tells minutes or days
// only, or the server's own time zone.
func (c *comparing) askTimes(ctx context.Context, d *folderPair, p *pair) error {
	for _, one := range []struct {
		side side
		item **item
	}{{c.source, &p.source}, {c.target, &p.target}} {
		if (*one.item).precision <= 2*time.Second {
			continue
		}
		exact, err := one.side.stat(ctx, d.child(p.name))
		if err != nil {
			return err
		}
		if exact != nil && !exact.modTime.IsZero() {
			*one.item = exact
		}
	}
	return nil
}

// digests compares the files of one size, some at once.
func (c *comparing) digests(ctx context.Context, d *folderPair, pairs []pair) {
	turns := make(chan struct{}, c.e.o.Parallel)
	var all sync.WaitGroup
	for i := range pairs {
		p := &pairs[i]
		if p.source == nil || p.target == nil || p.source.kind != ftpclient.File || p.target.kind != ftpclient.File || p.source.size != p.target.size {
			continue
		}
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			p.digestWhy, p.err = c.digest(ctx, d.child(p.name))
		})
	}
	all.Wait()
}

func (c *comparing) digest(ctx context.Context, name string) (why string, err error) {
	source, err := c.source.digest(ctx, name, c.algorithm)
	if err != nil {
		return "", err
	}
	target, err := c.target.digest(ctx, name, c.algorithm)
	if err != nil {
		return "", err
	}
	if source != target {
		return WhyContent, nil
	}
	return "", nil
}

// extra plans the deletion of what the source does not have.
func (c *comparing) extra(ctx context.Context, name string, target *item) error {
	if !c.o.Delete {
		return nil
	}
	_, err := c.deletion(ctx, name, target, WhyExtra)
	return err
}

// clear makes room for something of another kind.
func (c *comparing) clear(ctx context.Context, d *folderPair, name string, p *pair) (cleared bool, err error) {
	if !c.o.Delete {
		problem := fmt.Errorf("%w: the source is a %v, the target a %v; --delete replaces it", ErrConflict, p.source.kind, p.target.kind)
		return false, c.failed(ctx, c.source.path(name), c.target.path(name), problem)
	}
	c.makeFor(d)
	cleared, err = c.deletion(ctx, name, p.target, WhyConflict)
	if err == nil && !cleared {
		problem := fmt.Errorf("%w: there are files in it that the filter excludes", ErrConflict)
		err = c.failed(ctx, c.source.path(name), c.target.path(name), problem)
	}
	p.target = nil
	return cleared, err
}

// deletion plans to delete a file, or a folder with what is in it, children
// first. A folder that holds something excluded stays.
func (c *comparing) deletion(ctx context.Context, name string, target *item, why string) (all bool, err error) {
	switch target.kind {
	case ftpclient.Other:
		c.e.skip(c.target.path(name), target.kind)
		return false, nil
	case ftpclient.File, ftpclient.Link:
		c.emit(nil, Step{Do: DoDelete, Path: name, Why: why, Target: stateOf(target)})
		return true, nil
	}
	items, err := c.target.list(ctx, name)
	if err != nil {
		c.tally.Incomplete = true
		return false, c.failed(ctx, "", c.target.path(name), err)
	}
	all = true
	for _, i := range items {
		child := path.Join(name, i.name)
		if c.o.Filter.excludes(child, i.kind == ftpclient.Dir) {
			all = false
			continue
		}
		c.tally.Entries++
		gone, err := c.deletion(ctx, child, &i, why)
		if err != nil {
			return false, err
		}
		all = all && gone
	}
	if all {
		c.emit(nil, Step{Do: DoRmdir, Path: name, Why: why, Target: stateOf(target)})
	}
	return all, nil
}
