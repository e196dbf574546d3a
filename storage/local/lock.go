package local

import (
	"cmp"
	"sync"
)

// names serialises what changes one name, in all FSs of this process. It is
// held while a name is looked at and changed, never while data is moved or
// somebody is waited for.
var names = nameLocks{held: map[nameKey]*nameLock{}}

// nameKey is a name in a directory, whatever path leads there. Where the
// directory has no identity, equal names in all directories share a lock.
type nameKey struct {
	dir  [2]uint64
	name string
}

type nameLock struct {
	sync.Mutex
	users int
}

type nameLocks struct {
	mu   sync.Mutex
	held map[nameKey]*nameLock
}

// lock waits until nobody else has key, and returns what gives it back.
func (l *nameLocks) lock(key nameKey) (unlock func()) {
	l.mu.Lock()
	n := l.held[key]
	if n == nil {
		n = &nameLock{}
		l.held[key] = n
	}
	n.users++
	l.mu.Unlock()
	n.Lock()
	return func() { l.unlock(key, n) }
}

func (l *nameLocks) unlock(key nameKey, n *nameLock) {
	n.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.users--; n.users == 0 {
		delete(l.held, key)
	}
}

// tryLock is lock for who has another lock already: it does not wait.
func (l *nameLocks) tryLock(key nameKey) (unlock func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[key] != nil {
		return nil, false
	}
	n := &nameLock{users: 1}
	n.Lock()
	l.held[key] = n
	return func() { l.unlock(key, n) }, true
}

// lockBoth locks two keys, which may be the same, in an order of its own.
func (l *nameLocks) lockBoth(a, b nameKey) (unlock func()) {
	order := a.compare(b)
	if order == 0 {
		return l.lock(a)
	}
	if order > 0 {
		a, b = b, a
	}
	first := l.lock(a)
	second := l.lock(b)
	return func() {
		second()
		first()
	}
}

func (k nameKey) compare(other nameKey) int {
	return cmp.Or(
		cmp.Compare(k.dir[0], other.dir[0]),
		cmp.Compare(k.dir[1], other.dir[1]),
		cmp.Compare(k.name, other.name),
	)
}
