package ftpserver

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"net/netip"
	"sync"
	"time"
)

const (
	ticketKeyLife  = 6 * time.Hour
	ticketKeysKept = 28 // a week: tls.Config takes no older ticket
	endedKept      = time.Hour
	endedMost      = 10_000
)

// ticketMark stands before the session ID in the part of a ticket that is
// ours.
var ticketMark = []byte("sealift session ")

// sessionID names a control session in its tickets. It is never shown.
type sessionID [16]byte

// tickets seals the TLS sessions of one server, and knows whose they are.
type tickets struct {
	now func() time.Time

	mu      sync.Mutex
	keys    [][32]byte // the newest first
	changed time.Time
	sealer  *tls.Config
	owners  map[sessionID]*ticketOwner
	ended   []endedSession // in the order of their end
}

// ticketOwner is who a control session is; user is "" before the login.
type ticketOwner struct {
	user string
	addr netip.Addr
}

type endedSession struct {
	id   sessionID
	when time.Time
}

func newTickets() *tickets {
	return &tickets{now: time.Now, owners: map[sessionID]*ticketOwner{}}
}

// begin registers a control session.
func (t *tickets) begin(addr netip.Addr) sessionID {
	var id sessionID
	rand.Read(id[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	t.owners[id] = &ticketOwner{addr: addr}
	return id
}

// login says whose session it is; "" when the login is dropped.
func (t *tickets) login(id sessionID, user string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := t.owners[id]; o != nil {
		o.user = user
	}
}

// end keeps the session for an hour, for clients that go on with its tickets.
func (t *tickets) end(id sessionID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = append(t.ended, endedSession{id, t.now()})
	t.forget()
}

// forget drops the sessions that ended too long ago.
func (t *tickets) forget() {
	now, drop := t.now(), 0
	for drop < len(t.ended) && (len(t.ended)-drop > endedMost || now.Sub(t.ended[drop].when) > endedKept) {
		delete(t.owners, t.ended[drop].id)
		drop++
	}
	t.ended = t.ended[drop:]
}

// bound reports whether a ticket of the session named by ticket proves that a
// data connection belongs to the session id: it is the same, or another one
// of the same account from the same address.
func (t *tickets) bound(ticket, id sessionID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget()
	theirs, ours := t.owners[ticket], t.owners[id]
	switch {
	case theirs == nil || ours == nil:
		return false
	case ticket == id:
		return true
	}
	return theirs.user != "" && *theirs == *ours
}

// seal makes a ticket that names the session id.
func (t *tickets) seal(id sessionID, cs tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
	ss.Extra = append(ss.Extra, append(bytes.Clone(ticketMark), id[:]...))
	return t.current().EncryptTicket(cs, ss)
}

// open reads a ticket of ours. Any other one is no error, but no session.
func (t *tickets) open(identity []byte, cs tls.ConnectionState) (*tls.SessionState, sessionID) {
	if len(identity) == 0 {
		return nil, sessionID{}
	}
	ss, err := t.current().DecryptTicket(identity, cs)
	if err != nil || ss == nil {
		return nil, sessionID{}
	}
	for _, extra := range ss.Extra {
		if id, ours := bytes.CutPrefix(extra, ticketMark); ours && len(id) == len(sessionID{}) {
			return ss, sessionID(id)
		}
	}
	return nil, sessionID{}
}

// current has the keys of the hour.
func (t *tickets) current() *tls.Config {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.now(); t.sealer == nil || now.Sub(t.changed) > ticketKeyLife {
		var key [32]byte
		rand.Read(key[:])
		t.keys = append([][32]byte{key}, t.keys[:min(len(t.keys), ticketKeysKept-1)]...)
		t.sealer = &tls.Config{}
		t.sealer.SetSessionTicketKeys(t.keys)
		t.changed = now
	}
	return t.sealer
}
