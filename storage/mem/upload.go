package mem

import (
	"context"
	"io/fs"
	"time"

	"github.com/sealift/sealift/storage"
)

// upload is a storage.Writer.
type upload struct {
	fs   *FS
	path storage.Path
	dir  *node
	mode storage.Mode

	data    []byte // what was kept, and what has come
	keep    int64
	claimed *node // the unfinished upload that goes on
	old     *node // the unfinished upload that the first byte drops
	source  *node // the complete file that is extended
	whole   bool  // all of source is kept
	came    bool
	failed  error

	used  int64 // bytes taken of the capacity
	held  tally // what the Meter was told for this upload
	ahead int64 // bytes of it that have not come yet
}

// Create implements storage.FS.
func (f *FS) Create(ctx context.Context, p storage.Path, m storage.Mode) (storage.Writer, error) {
	f.tree.mu.Lock()
	defer f.tree.mu.Unlock()
	u := &upload{fs: f, path: p, mode: m}
	if err := u.begin(ctx); err != nil {
		return nil, fail("create", p, err)
	}
	return u, nil
}

func (u *upload) begin(ctx context.Context) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if u.path == storage.Root {
		return storage.ErrIsDir
	}
	if u.dir, err = u.fs.tree.parent(u.path); err != nil {
		return err
	}
	there := u.dir.follow(u.fs.tree, u.path)
	if there != nil && there.kind == storage.Dir {
		return storage.ErrIsDir
	}
	kept := u.dir.unfinished[u.slot()]
	base, keep, err := u.mode.Plan(there.size(), kept.size())
	resumed := u.mode.Offset > 0 || u.mode.Append
	if resumed && (err != nil || base == storage.FromNothing) && u.dir.running[u.slot()] > 0 {
		return storage.ErrBusy // what it may be meant to go on with
	}
	if err != nil {
		return err
	}
	u.keep, u.old = keep, kept
	u.whole = base == storage.FromComplete && keep == there.size()
	if err := u.mode.Allow.Check(there != nil, u.whole); err != nil {
		return err
	}
	return u.build(base, there)
}

// build takes what the upload needs, or nothing.
func (u *upload) build(base storage.Base, there *node) error {
	t := u.fs.tree
	if base == storage.FromComplete && there.busy {
		return storage.ErrBusy
	}
	if left := t.free(); left >= 0 && u.mode.Expect > left {
		return storage.ErrNoSpace
	}
	held := tally{bytes: max(0, u.mode.Expect)}
	if u.dir.count(u.name(), u.entry()).files == 0 {
		held.files = 1
	}
	copied := int64(0)
	if base == storage.FromComplete {
		copied = u.keep
	}
	if err := t.charge(held); err != nil {
		return err
	}
	if err := t.take(copied); err != nil {
		_ = t.charge(tally{}.minus(held))
		return err
	}
	u.held, u.ahead, u.used = held, held.bytes, copied
	switch base {
	case storage.FromUnfinished:
		u.claim()
	case storage.FromComplete:
		u.source, u.data = there, there.data[:u.keep:u.keep]
		there.busy = true
	}
	u.dir.running[u.slot()]++
	return nil
}

// claim takes the unfinished upload over: it is no longer there for others.
func (u *upload) claim() {
	before := u.dir.count(u.name(), u.entry())
	u.claimed, u.old = u.old, nil
	delete(u.dir.unfinished, u.slot())
	u.held = u.held.plus(before).minus(u.dir.count(u.name(), u.entry()))
	u.used += u.claimed.size()
	u.data = u.claimed.data[:u.keep:u.keep]
}

func (u *upload) name() string { return u.path.Base() }
func (u *upload) slot() slot   { return u.fs.slot(u.name()) }
func (u *upload) entry() *node { return u.dir.children[u.name()] }

// Write implements storage.Writer.
func (u *upload) Write(data []byte) (int, error) {
	t := u.fs.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	if u.failed == nil && len(data) > 0 {
		u.start()
		u.failed = u.pay(int64(len(data)))
	}
	if u.failed != nil {
		return 0, fail("write", u.path, u.failed)
	}
	u.data = append(u.data, data...)
	return len(data), nil
}

// pay makes room for n bytes and tells the Meter, as far as they were not
// announced.
func (u *upload) pay(n int64) error {
	t := u.fs.tree
	ahead := min(n, u.ahead)
	if err := t.take(n); err != nil {
		return err
	}
	if err := t.charge(tally{bytes: n - ahead}); err != nil {
		t.used -= n
		return err
	}
	u.used += n
	u.ahead -= ahead
	u.held.bytes += n - ahead
	return nil
}

// start does what waits for the first byte.
func (u *upload) start() {
	if u.came {
		return
	}
	u.came = true
	t := u.fs.tree
	if u.claimed != nil {
		gone := u.claimed.size() - u.keep
		t.used -= gone
		u.used -= gone
		u.held.bytes -= gone
		_ = t.charge(tally{bytes: -gone})
		return
	}
	if u.old == nil || u.dir.unfinished[u.slot()] != u.old {
		return
	}
	before := u.dir.count(u.name(), u.entry())
	delete(u.dir.unfinished, u.slot())
	gone := before.minus(u.dir.count(u.name(), u.entry()))
	t.used -= gone.bytes
	u.held.files += gone.files
	_ = t.charge(tally{bytes: -gone.bytes})
}

// Commit implements storage.Writer.
func (u *upload) Commit() error {
	t := u.fs.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	err := u.failed
	if err == nil {
		u.start()
		err = u.publish()
	}
	if err != nil {
		u.discard()
		err = fail("commit", u.path, err)
	}
	u.end()
	return err
}

func (u *upload) publish() error {
	t := u.fs.tree
	if now, err := t.dir(u.path.Dir()); err != nil || now != u.dir {
		return fs.ErrNotExist
	}
	there := u.dir.follow(t, u.path)
	if there != nil && there.kind == storage.Dir {
		return storage.ErrIsDir
	}
	extends := u.whole && there == u.source
	if err := u.mode.Allow.Check(there != nil, extends); err != nil {
		return err
	}
	entry := u.entry()
	if there == nil && entry != nil && u.mode.Allow&storage.AllowReplace == 0 {
		return fs.ErrExist // a dangling link
	}
	n := u.finished()
	if there != nil {
		n.mode = there.mode
	}
	c := u.dir.count(u.name(), n).minus(u.dir.count(u.name(), entry)).minus(u.held)
	return t.change(c, func() {
		u.dir.children[u.name()] = n
		t.used += n.size() - u.used - max(0, entry.size())
		u.used, u.held = 0, tally{}
	})
}

// finished is the upload as a node.
func (u *upload) finished() *node {
	n := u.fs.tree.node(storage.File)
	n.data, n.modTime = u.data, time.Now()
	return n
}

// Suspend implements storage.Writer.
func (u *upload) Suspend() error {
	t := u.fs.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	defer u.end()
	if u.failed != nil {
		u.discard()
		return fail("suspend", u.path, u.failed)
	}
	if !u.came {
		u.cancel()
		return nil
	}
	if err := u.putAside(u.finished()); err != nil {
		u.discard()
		return fail("suspend", u.path, err)
	}
	return nil
}

// putAside makes n the account's unfinished upload of the name.
func (u *upload) putAside(n *node) error {
	if !u.fs.tree.root.contains(u.dir) {
		return fs.ErrNotExist
	}
	old := u.dir.unfinished[u.slot()]
	before := u.dir.count(u.name(), u.entry())
	u.dir.unfinished[u.slot()] = n
	c := u.dir.count(u.name(), u.entry()).minus(before).minus(u.held)
	if err := u.fs.tree.charge(c); err != nil {
		delete(u.dir.unfinished, u.slot())
		if old != nil {
			u.dir.unfinished[u.slot()] = old
		}
		return err
	}
	u.fs.tree.used += n.size() - u.used - max(0, old.size())
	u.used, u.held = 0, tally{}
	return nil
}

// Abort implements storage.Writer.
func (u *upload) Abort() error {
	t := u.fs.tree
	t.mu.Lock()
	defer t.mu.Unlock()
	defer u.end()
	if u.came {
		u.discard()
	} else {
		u.cancel()
	}
	return nil
}

// cancel ends an upload of which no byte has come.
func (u *upload) cancel() {
	if u.claimed == nil || u.dir.unfinished[u.slot()] != nil || u.putAside(u.claimed) != nil {
		u.discard()
	}
}

func (u *upload) discard() {
	_ = u.fs.tree.charge(tally{}.minus(u.held))
	u.fs.tree.used -= u.used
	u.used, u.held, u.data = 0, tally{}, nil
}

func (u *upload) end() {
	if u.source != nil {
		u.source.busy = false
	}
	if u.dir.running[u.slot()]--; u.dir.running[u.slot()] == 0 {
		delete(u.dir.running, u.slot())
	}
}
