package ftpserver

import (
	"net/netip"
	"sync"
)

// door counts who is in, and lets nobody in who finds no place (security.md
// L3).
type door struct {
	mu        sync.Mutex
	inside    int
	loggedOut int
	addresses map[netip.Addr]*places
	users     map[string]int
}

// places are those that one address takes.
type places struct{ inside, loggedOut int }

// pass is one session's place. Its methods are for that session alone.
type pass struct {
	door *door
	addr netip.Addr
	user string // "" before the login
}

// counted is what counts as one address: of IPv6 the /64 that one client has.
func counted(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		return netip.PrefixFrom(addr.WithZone(""), 64).Masked().Addr()
	}
	return addr
}

// enter takes a place for a client that is not logged in, or says why not.
func (d *door) enter(addr netip.Addr, l *Limits) (p *pass, refusal string) {
	addr = counted(addr)
	d.mu.Lock()
	defer d.mu.Unlock()
	here := d.addresses[addr]
	if here == nil {
		here = &places{}
	}
	switch {
	case d.inside >= l.Sessions || d.loggedOut >= l.LoggedOutSessions:
		return nil, "The server is full; try again later"
	case here.inside >= l.SessionsPerAddress || here.loggedOut >= l.LoggedOutSessionsPerAddress:
		return nil, "Too many connections from your address; close some"
	}
	if d.addresses == nil {
		d.addresses, d.users = map[netip.Addr]*places{}, map[string]int{}
	}
	d.addresses[addr] = here
	d.inside, d.loggedOut = d.inside+1, d.loggedOut+1
	here.inside, here.loggedOut = here.inside+1, here.loggedOut+1
	return &pass{door: d, addr: addr}, ""
}

// login takes one of the account's places, of which there are most (0: no
// limit).
func (p *pass) login(user string, most int) bool {
	p.logout()
	d := p.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if most > 0 && d.users[user] >= most {
		return false
	}
	d.users[user]++
	p.user = user
	d.loggedOut--
	d.addresses[p.addr].loggedOut--
	return true
}

// logout gives the account's place back.
func (p *pass) logout() {
	if p.user == "" {
		return
	}
	d := p.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users[p.user]--; d.users[p.user] == 0 {
		delete(d.users, p.user)
	}
	p.user = ""
	d.loggedOut++
	d.addresses[p.addr].loggedOut++
}

// leave gives the place back.
func (p *pass) leave() {
	p.logout()
	d := p.door
	d.mu.Lock()
	defer d.mu.Unlock()
	here := d.addresses[p.addr]
	d.inside, d.loggedOut = d.inside-1, d.loggedOut-1
	here.inside, here.loggedOut = here.inside-1, here.loggedOut-1
	if here.inside == 0 {
		delete(d.addresses, p.addr)
	}
}
