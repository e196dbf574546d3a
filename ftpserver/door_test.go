package ftpserver

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	office = netip.MustParseAddr("192.0.2.1")
	home1  = netip.MustParseAddr("198.51.100.7")
)

func TestDoor(t *testing.T) {
	t.Parallel()
	roomy := Limits{}.withDefaults()
	tight := func(change func(*Limits)) Limits {
		l := roomy
		change(&l)
		return l
	}
	tests := []struct {
		why    string
		limits Limits
		in     func(d *door, l *Limits) // who is in already
		addr   netip.Addr
		enters bool
	}{
		{"an empty server", roomy, func(*door, *Limits) {}, office, true},
		{"the last place", tight(func(l *Limits) { l.Sessions = 2 }), strangers(1), office, true},
		{"no place is left", tight(func(l *Limits) { l.Sessions = 2 }), strangers(2), home1, false},
		{"users take places too", tight(func(l *Limits) { l.Sessions = 2 }), users(2), home1, false},
		{"too many before the login", tight(func(l *Limits) { l.LoggedOutSessions = 2 }), strangers(2), home1, false},
		{"those who are logged in do not count", tight(func(l *Limits) { l.LoggedOutSessions = 2 }), users(2), home1, true},
		{"too many from one address", tight(func(l *Limits) { l.SessionsPerAddress = 2 }), users(2), office, false},
		{"another address is another matter", tight(func(l *Limits) { l.SessionsPerAddress = 2 }), users(2), home1, true},
		{"too many from one address before the login", tight(func(l *Limits) { l.LoggedOutSessionsPerAddress = 2 }), strangers(2), office, false},
		{"the same, logged in", tight(func(l *Limits) { l.LoggedOutSessionsPerAddress = 2 }), users(2), office, true},
		{"who was turned away takes no place", tight(func(l *Limits) { l.Sessions = 2 }), func(d *door, l *Limits) {
			strangers(1)(d, l)
			d.enter(home1, &Limits{})
		}, office, true},
	}
	for _, test := range tests {
		var d door
		test.in(&d, &test.limits)
		p, refusal := d.enter(test.addr, &test.limits)
		if (p != nil) != test.enters || (refusal == "") != test.enters {
			t.Errorf("%s: got %v, %q", test.why, p, refusal)
		}
	}
}

func strangers(n int) func(*door, *Limits) {
	return func(d *door, l *Limits) {
		for range n {
			d.enter(office, l)
		}
	}
}

func users(n int) func(*door, *Limits) {
	return func(d *door, l *Limits) {
		for range n {
			p, _ := d.enter(office, l)
			p.login("alice", 0)
		}
	}
}

func TestDoorCountsSessionsOfAnAccount(t *testing.T) {
	t.Parallel()
	var d door
	roomy := Limits{}.withDefaults()
	first, _ := d.enter(office, &roomy)
	second, _ := d.enter(home1, &roomy)
	for _, step := range []struct {
		why  string
		ok   bool
		want bool
	}{
		{"the first of two", first.login("alice", 2), true},
		{"the second of two", second.login("alice", 2), true},
		{"logging in again takes no second place", second.login("alice", 2), true},
		{"another account", second.login("bob", 1), true},
		{"that account is full", first.login("bob", 1), false},
	} {
		if step.ok != step.want {
			t.Errorf("%s: got %v", step.why, step.ok)
		}
	}
	if d.users["alice"] != 0 || d.users["bob"] != 1 {
		t.Errorf("places taken: %v", d.users)
	}
	first.leave()
	second.leave()
	if !d.empty() {
		t.Errorf("somebody is still in: %+v", &d)
	}
}

func (d *door) empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inside == 0 && d.loggedOut == 0 && len(d.addresses) == 0 && len(d.users) == 0
}

// Whatever many do at once, no limit is passed and all places come back.
func TestDoorUnderManyAtOnce(t *testing.T) {
	t.Parallel()
	l := Limits{Sessions: 12, SessionsPerAddress: 8, LoggedOutSessions: 9, LoggedOutSessionsPerAddress: 5}
	const perUser = 3
	var d door
	var refused atomic.Int64
	var all sync.WaitGroup
	for i := range 16 {
		addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 3)})
		all.Go(func() {
			for range 2000 {
				p, _ := d.enter(addr, &l)
				if p == nil {
					refused.Add(1)
					continue
				}
				for range rand.N(4) {
					if rand.N(3) == 0 {
						p.logout()
					} else if !p.login(fmt.Sprint("user", rand.N(3)), perUser) {
						refused.Add(1)
					}
				}
				runtime.Gosched() // so that others come while this one is in
				if why := d.overfull(&l, perUser); why != "" {
					t.Error(why)
					return
				}
				p.leave()
			}
		})
	}
	all.Wait()
	if !d.empty() {
		t.Errorf("somebody is still in: %+v", &d)
	}
	if refused.Load() == 0 {
		t.Error("no limit was ever reached: the test shows nothing")
	}
}

func (d *door) overfull(l *Limits, perUser int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	sum, out := 0, 0
	for addr, here := range d.addresses {
		sum, out = sum+here.inside, out+here.loggedOut
		if here.inside > l.SessionsPerAddress || here.loggedOut > here.inside || here.loggedOut < 0 {
			return fmt.Sprintf("%v has %+v", addr, *here)
		}
	}
	if sum != d.inside || out != d.loggedOut || d.inside > l.Sessions {
		return fmt.Sprintf("the counts differ: %d of %d, %d of %d", sum, d.inside, out, d.loggedOut)
	}
	for user, n := range d.users {
		if n > perUser || n <= 0 {
			return fmt.Sprintf("%s has %d sessions", user, n)
		}
	}
	return ""
}

// A client that has a whole /64 of IPv6 is one client.
func TestDoorCountsNetworksOfIPv6(t *testing.T) {
	t.Parallel()
	l := Limits{SessionsPerAddress: 1}.withDefaults()
	var d door
	for _, test := range []struct {
		why    string
		addr   string
		refuse bool
	}{
		{"the first one finds a place", "2001:db8::1", false},
		{"another address of the same network is the same client", "2001:db8::2:1", true},
		{"another network is another client", "2001:db8:0:1::1", false},
		{"of IPv4 each address is a client", "192.0.2.1", false},
		{"…", "192.0.2.2", false},
	} {
		_, refusal := d.enter(netip.MustParseAddr(test.addr), &l)
		if (refusal != "") != test.refuse {
			t.Errorf("%s: %s: %q", test.why, test.addr, refusal)
		}
	}
}
