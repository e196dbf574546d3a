package account

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// clock goes on only when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newTestThrottle(allow ...netip.Prefix) (*Throttle, *clock) {
	c := &clock{now: time.Unix(1_000_000, 0)}
	t := NewThrottle(allow...)
	t.SetClock(c.read)
	return t, c
}

// address gives every n another network.
func address(n int) netip.Addr {
	var b [16]byte
	b[0] = 0x20
	binary.BigEndian.PutUint32(b[4:], uint32(n))
	return netip.AddrFrom16(b)
}

// guess says whether a wrong password is looked at.
func guess(t testing.TB, th *Throttle, addr netip.Addr, name string) bool {
	t.Helper()
	done, err := th.Begin(t.Context(), addr, name)
	if errors.Is(err, ErrThrottled) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	done(false)
	return true
}

// guesses counts how many of n wrong passwords are looked at.
func guesses(n int, one func(i int) bool) (looked int) {
	for i := range n {
		if one(i) {
			looked++
		}
	}
	return looked
}

var (
	home  = netip.MustParseAddr("192.0.2.1")
	other = netip.MustParseAddr("198.51.100.1")
)

func TestThrottle(t *testing.T) {
	for _, tt := range []struct {
		why  string
		one  func(t *testing.T, th *Throttle) func(i int) bool
		want int           // of 200 tries are looked at
		wait time.Duration // and after that time
		more int           // of 200 more
	}{
		{"an account, from everywhere: 30, one back in 2 s", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool { return guess(t, th, address(i), "alice") }
		}, 30, 5 * time.Second, 2},
		{"an address, with every name: 60, one back in 1 s", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool { return guess(t, th, home, fmt.Sprint(i)) }
		}, 60, 5 * time.Second, 5},
		{"all is back after a minute, and no more", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool { return guess(t, th, home, fmt.Sprint(i)) }
		}, 60, time.Hour, 60},
		{"one address, one account", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool { return guess(t, th, home, "alice") }
		}, 30, 10 * time.Second, 5},
		{"a part of a token is none", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool { return guess(t, th, home, "alice") }
		}, 30, 2*time.Second - time.Nanosecond, 0},
		{"a network of IPv6 is one address", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool {
				return guess(t, th, netip.MustParseAddr(fmt.Sprintf("2001:db8:0:1:%x::%x", i, i)), fmt.Sprint(i))
			}
		}, 60, 0, 0},
		{"two networks of IPv6 are two", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool {
				return guess(t, th, netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i%2)), fmt.Sprint(i))
			}
		}, 120, 0, 0},
		{"an IPv4 address in its two forms is one", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool {
				return guess(t, th, []netip.Addr{home, netip.AddrFrom16(home.As16())}[i%2], fmt.Sprint(i))
			}
		}, 60, 0, 0},
		{"a zone makes no other address", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool {
				return guess(t, th, netip.MustParseAddr(fmt.Sprintf("fe80::1%%eth%d", i)), fmt.Sprint(i))
			}
		}, 60, 0, 0},
		{"two IPv4 addresses are two", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool { return guess(t, th, []netip.Addr{home, other}[i%2], fmt.Sprint(i)) }
		}, 120, 0, 0},
		{"no address is one address", func(t *testing.T, th *Throttle) func(int) bool {
			return func(i int) bool { return guess(t, th, netip.Addr{}, fmt.Sprint(i)) }
		}, 60, 0, 0},
	} {
		t.Run(tt.why, func(t *testing.T) {
			th, clock := newTestThrottle()
			one := tt.one(t, th)
			if got := guesses(200, one); got != tt.want {
				t.Errorf("%d are looked at, want %d", got, tt.want)
			}
			clock.pass(tt.wait)
			if got := guesses(200, one); got != tt.more {
				t.Errorf("%d are looked at after %v, want %d", got, tt.wait, tt.more)
			}
		})
	}
}

func TestRightPasswordsCostNothing(t *testing.T) {
	th, _ := newTestThrottle()
	for range 1000 {
		done, err := th.Begin(t.Context(), home, "alice")
		if err != nil {
			t.Fatal(err)
		}
		done(true)
		done(false) // the second time, it is too late
	}
	if n := len(th.accounts.byKey) + len(th.addresses.byKey); n != 0 {
		t.Errorf("%d full buckets are kept", n)
	}
	if got := guesses(100, func(int) bool { return guess(t, th, home, "alice") }); got != 30 {
		t.Errorf("%d wrong ones are left", got)
	}
}

func TestOneEmptyBucketSpendsNothingOfTheOther(t *testing.T) {
	th, _ := newTestThrottle()
	guesses(30, func(i int) bool { return guess(t, th, address(i), "alice") })
	guesses(100, func(int) bool { return guess(t, th, home, "alice") })
	if got := guesses(100, func(i int) bool { return guess(t, th, home, fmt.Sprint(i)) }); got != 60 {
		t.Errorf("%d are left of the address's 60", got)
	}
}

func TestAllowed(t *testing.T) {
	th, clock := newTestThrottle()
	for range 100 {
		if !th.Allowed(home, "alice") {
			t.Fatal("asking costs something")
		}
	}
	guesses(30, func(i int) bool { return guess(t, th, address(i), "alice") })
	if th.Allowed(home, "alice") || !th.Allowed(home, "bob") {
		t.Error("the wrong account is closed")
	}
	clock.pass(2 * time.Second)
	if !th.Allowed(home, "alice") {
		t.Error("nothing came back")
	}
}

func TestTheRightPasswordFromAnAllowedNetworkAlwaysWorks(t *testing.T) {
	th, _ := newTestThrottle(netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32"))
	guesses(30, func(i int) bool { return guess(t, th, address(i), "alice") })
	for _, from := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1%eth0"} {
		addr := netip.MustParseAddr(from)
		if got := guesses(100, func(int) bool { return guess(t, th, addr, "alice") }); got != 100 || !th.Allowed(addr, "alice") {
			t.Errorf("%d of 100 are looked at from %s", got, from)
		}
	}
	if guess(t, th, other, "alice") {
		t.Error("others come in, too")
	}
	th.SetAllow()
	if guess(t, th, home, "alice") {
		t.Error("a list that is gone still counts")
	}
}

func TestParallelLoginsDoNotMultiplyTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := NewThrottle()
		var looked, refused atomic.Int64
		check := make(chan struct{})
		for range 200 {
			go func() {
				done, err := th.Begin(t.Context(), home, "alice")
				if err != nil {
					refused.Add(1)
					return
				}
				looked.Add(1)
				<-check
				done(false)
			}()
		}
		synctest.Wait()
		if looked.Load() != 30 || refused.Load() != 0 {
			t.Errorf("%d are looked at at once, %d refused before it is known", looked.Load(), refused.Load())
		}
		close(check)
		synctest.Wait()
		if looked.Load() != 30 || refused.Load() != 170 {
			t.Errorf("%d are looked at, %d refused", looked.Load(), refused.Load())
		}
	})
}

func TestParallelRightLoginsAllGetTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := NewThrottle()
		var in atomic.Int64
		check := make(chan struct{})
		for range 500 {
			go func() {
				done, err := th.Begin(t.Context(), home, "alice")
				if err != nil {
					t.Error(err)
					return
				}
				in.Add(1)
				<-check
				done(true)
			}()
		}
		synctest.Wait()
		if in.Load() != 30 {
			t.Errorf("%d are looked at at once", in.Load())
		}
		close(check)
		synctest.Wait()
		if in.Load() != 500 {
			t.Errorf("%d are in", in.Load())
		}
	})
}

func TestWaitingHeedsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := NewThrottle()
		for range 30 {
			if _, err := th.Begin(t.Context(), home, "alice"); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := th.Begin(ctx, other, "alice"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if n := len(th.addresses.byKey); n != 1 {
			t.Errorf("%d addresses are kept", n)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	th, clock := newTestThrottle()
	th.accounts.limit, th.addresses.limit = 100, 100
	guesses(30, func(i int) bool { return guess(t, th, address(i), "alice") })
	for i := range 10_000 {
		guess(t, th, address(1000+i), fmt.Sprint(i))
	}
	if a, b := len(th.accounts.byKey), len(th.addresses.byKey); a != 100 || b != 100 {
		t.Errorf("%d accounts and %d addresses are kept", a, b)
	}
	if guess(t, th, home, "alice") {
		t.Error("a flood of other names makes one forget who is being guessed")
	}
	clock.pass(time.Minute)
	guess(t, th, home, "bob")
	if n := len(th.accounts.byKey); n != 1 {
		t.Errorf("%d are kept after a minute", n)
	}
	if len(th.accounts.queue) != len(th.accounts.byKey) || len(th.addresses.queue) != len(th.addresses.byKey) {
		t.Error("queue and map differ")
	}
}

func TestAFlowOfNamesKeepsChecksThatAreUnderWay(t *testing.T) {
	th, _ := newTestThrottle()
	th.accounts.limit = 10
	var done []func(bool)
	for i := range 50 {
		d, err := th.Begin(t.Context(), address(i), fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		done = append(done, d)
	}
	for _, d := range done {
		d(false)
	}
	guess(t, th, home, "alice")
	if n := len(th.accounts.byKey); n != 10 {
		t.Errorf("%d are kept", n)
	}
}

func TestLongNamesAreNotKeptWhole(t *testing.T) {
	th, _ := newTestThrottle()
	long := string(make([]byte, 1<<20))
	guess(t, th, home, long)
	for name := range th.accounts.byKey {
		if len(name) > maxName {
			t.Errorf("%d bytes", len(name))
		}
	}
}

// TestThrottleRace counts over many goroutines what passes in a fixed time.
func TestThrottleRace(t *testing.T) {
	th, _ := newTestThrottle()
	var looked atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 10 {
				if guess(t, th, home, "alice") {
					looked.Add(1)
				}
			}
		})
	}
	all.Wait()
	if looked.Load() != 30 {
		t.Errorf("%d of 200 tries over 20 connections were looked at", looked.Load())
	}
}

func BenchmarkThrottle(b *testing.B) {
	b.Run("right", func(b *testing.B) {
		th := NewThrottle()
		b.ReportAllocs()
		for b.Loop() {
			done, err := th.Begin(b.Context(), home, "alice")
			if err != nil {
				b.Fatal(err)
			}
			done(true)
		}
	})
	b.Run("flood", func(b *testing.B) {
		th, _ := newTestThrottle()
		for i := range maxBuckets {
			guess(b, th, address(i), fmt.Sprint(i))
		}
		n := maxBuckets
		b.ReportAllocs()
		for b.Loop() {
			n++
			guess(b, th, address(n), fmt.Sprint(n))
		}
	})
}
