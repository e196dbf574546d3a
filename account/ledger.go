package account

import (
	"math"
	"sync"
)

// A Ledger keeps account of the bytes and files that an account holds, and of
// how many it may hold. Its Add is what a store's meter needs. It is safe for
// concurrent use.
type Ledger struct {
	full error

	mu           sync.Mutex
	bytes, files counter
}

// counter is what is used, and the limit; no limit if that is 0.
type counter struct{ used, limit int64 }

// NewLedger is a ledger without usage and without limits. full is the error
// of an Add that would pass a limit.
func NewLedger(full error) *Ledger { return &Ledger{full: full} }

// Add adds bytes and files, each of which may be negative, both or none. What
// grows past its limit is refused with the error given to NewLedger; what
// shrinks never is, nor is what stays. Nothing sinks below zero.
func (l *Ledger) Add(bytes, files int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.bytes.fits(bytes) || !l.files.fits(files) {
		return l.full
	}
	l.bytes.add(bytes)
	l.files.add(files)
	return nil
}

// Usage is what is held and what may be held; a limit of 0 is none.
func (l *Ledger) Usage() (bytes, files, maxBytes, maxFiles int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes.used, l.files.used, l.bytes.limit, l.files.limit
}

// SetLimits changes what may be held; 0, or less, is no limit. It takes
// nothing away: what stands above a new limit stays and cannot grow.
func (l *Ledger) SetLimits(maxBytes, maxFiles int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes.limit, l.files.limit = max(0, maxBytes), max(0, maxFiles)
}

// SetUsage says what is held, as counted while nothing changed.
func (l *Ledger) SetUsage(bytes, files int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes.used, l.files.used = max(0, bytes), max(0, files)
}

func (c *counter) fits(n int64) bool {
	limit := c.limit
	if limit == 0 {
		limit = math.MaxInt64
	}
	return n <= 0 || n <= limit-c.used
}

func (c *counter) add(n int64) { c.used = max(0, c.used+n) }
