package account

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// ErrThrottled: too many wrong passwords came from there or for that name.
var ErrThrottled = errors.New("account: too many wrong passwords")

// What one address (an IPv6 network of 64 bits counts as one) and one account
// may do. Both buckets are full again after a minute.
var (
	addressRate = Rate{Burst: 60, Every: time.Second}
	accountRate = Rate{Burst: 30, Every: 2 * time.Second}
)

// maxBuckets is how many addresses, and how many names, with wrong passwords
// of the last minute are remembered: at most 30 MB. When there are more, those
// with the fewest wrong passwords are forgotten first.
const maxBuckets = 1 << 16

// A Throttle limits how many wrong passwords are looked at, per address and
// per account, over all connections. Only wrong passwords cost something. It
// is safe for concurrent use.
type Throttle struct {
	now func() time.Time

	mu        sync.Mutex
	allow     []netip.Prefix
	addresses *buckets[netip.Prefix]
	accounts  *buckets[string]
}

// NewThrottle is a Throttle in which nothing is spent. From the networks in
// allow a password is always looked at, so that the right one always works.
func NewThrottle(allow ...netip.Prefix) *Throttle {
	t := &Throttle{
		now:       time.Now,
		addresses: newBuckets[netip.Prefix](addressRate, maxBuckets),
		accounts:  newBuckets[string](accountRate, maxBuckets),
	}
	t.SetAllow(allow...)
	return t
}

// SetClock makes now the time; before the Throttle is used. Differences are
// all that counts, so now should have a monotonic reading, like time.Now.
func (t *Throttle) SetClock(now func() time.Time) { t.now = now }

// SetAllow replaces the networks from which a password is always looked at.
func (t *Throttle) SetAllow(allow ...netip.Prefix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.allow = slices.Clone(allow)
}

// Allowed reports whether a password of name from addr would be looked at
// now. It reserves nothing.
func (t *Throttle) Allowed(addr netip.Addr, name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := keys(addr, name)
	return t.listed(addr) || t.ask(at, t.now()) != no
}

// Begin takes one token of addr and one of name before a password is looked
// at. The caller then calls done once: with false if the password was wrong,
// else, also when it could not be checked, with true, which gives the tokens
// back. If all that is left is reserved by other checks, Begin waits for one
// of them. Errors are ErrThrottled, or that of ctx while it waits; done is
// nil then.
func (t *Throttle) Begin(ctx context.Context, addr netip.Addr, name string) (done func(ok bool), err error) {
	at := keys(addr, name)
	for {
		wait, err := t.reserve(addr, at)
		switch {
		case err != nil:
			return nil, err
		case wait == nil:
			return t.settler(at), nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// place is the pair of buckets that a login uses.
type place struct {
	network netip.Prefix
	name    string
}

func keys(addr netip.Addr, name string) place {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	network, _ := addr.Prefix(bits) // an invalid address has the zero prefix
	return place{network, name[:min(len(name), maxName)]}
}

func (t *Throttle) listed(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(t.allow, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func (t *Throttle) ask(at place, now time.Time) answer {
	return max(t.addresses.ask(at.network, now), t.accounts.ask(at.name, now))
}

// reserve takes the tokens, or gives what to wait for.
func (t *Throttle) reserve(addr netip.Addr, at place) (wait <-chan struct{}, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if !t.listed(addr) {
		switch t.ask(at, now) {
		case no:
			return nil, ErrThrottled
		case later:
			return t.wait(at, now), nil
		}
	}
	t.addresses.reserve(at.network, now)
	t.accounts.reserve(at.name, now)
	return nil, nil
}

func (t *Throttle) wait(at place, now time.Time) <-chan struct{} {
	if t.addresses.ask(at.network, now) == later {
		return t.addresses.wait(at.network)
	}
	return t.accounts.wait(at.name)
}

func (t *Throttle) settler(at place) func(ok bool) {
	var once sync.Once
	return func(ok bool) {
		once.Do(func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			now := t.now()
			t.addresses.settle(at.network, !ok, now)
			t.accounts.settle(at.name, !ok, now)
		})
	}
}
