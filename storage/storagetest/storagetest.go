// Package storagetest is the contract of package storage as a test suite that
// every implementation runs.
package storagetest

import (
	"sync"
	"testing"

	"github.com/sealift/sealift/storage"
)

// A Tree is a store to be tested.
type Tree struct {
	// FS is an account's view of it, which keeps what is suspended.
	FS storage.FS
	// Other is the same tree as another account sees it.
	Other storage.FS
	// Dir is an empty directory in which the suite works; "" is the root.
	Dir storage.Path
	// Usage walks the whole tree and tells what it holds, as a storage.Meter
	// counts it.
	Usage func() (bytes, files int64)
}

// Run tests the trees that open returns, a new one for each test. Both views
// of the tree report to m.
func Run(t *testing.T, open func(t *testing.T, m storage.Meter) Tree) {
	for _, group := range [][]test{
		uploadTests, readTests, resumeTests, busyTests, allowTests, meterTests,
		removeTests, renameTests, treeTests, linkTests, nameTests, listTests, raceTests,
	} {
		for _, test := range group {
			t.Run(test.why, func(t *testing.T) {
				m := &Meter{}
				s := newSuite(t, open(t, m), m)
				test.run(s)
				s.settled()
			})
		}
	}
}

type test struct {
	why string
	run func(s *suite)
}

// A Meter is a storage.Meter with limits; 0 is none. It is for tests.
type Meter struct {
	mu                 sync.Mutex
	bytes, files       int64
	maxBytes, maxFiles int64
}

// Add implements storage.Meter.
func (m *Meter) Add(bytes, files int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.maxBytes > 0 && bytes > 0 && m.bytes+bytes > m.maxBytes {
		return storage.ErrQuota
	}
	if m.maxFiles > 0 && files > 0 && m.files+files > m.maxFiles {
		return storage.ErrQuota
	}
	m.bytes += bytes
	m.files += files
	return nil
}

// Sum is what was added.
func (m *Meter) Sum() (bytes, files int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bytes, m.files
}

// Limit sets the limits.
func (m *Meter) Limit(maxBytes, maxFiles int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.maxBytes, m.maxFiles = maxBytes, maxFiles
}
