package ftpserver

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"
	"time"
)

// clocked is a set of tickets whose clock the test turns.
func clocked() (*tickets, func(time.Duration)) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	t := newTickets()
	t.now = func() time.Time { return now }
	return t, func(d time.Duration) { now = now.Add(d) }
}

// agreed is a TLS session as a handshake makes it.
func agreed(t testing.TB, version uint16) (tls.ConnectionState, *tls.SessionState) {
	t.Helper()
	var cs tls.ConnectionState
	var made *tls.SessionState
	config := serverTLS().Clone()
	config.WrapSession = func(c tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
		cs, made = c, ss
		return []byte("ticket"), nil
	}
	ours, theirs := socketPair(t) // a pipe without a buffer would hang at the ticket
	go func() {
		client := tls.Client(theirs, &tls.Config{
			InsecureSkipVerify: true, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1),
		})
		client.Handshake()
		client.Read(nil)
		client.Read(make([]byte, 1))
	}()
	if err := tls.Server(ours, config).Handshake(); err != nil || made == nil {
		t.Fatalf("no session was made: %v", err)
	}
	return cs, made
}

func TestTicketsOpenWhatTheySealed(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cs, ss := agreed(t, version)
		ours, _ := clocked()
		id := ours.begin(office)
		ticket, err := ours.seal(id, cs, ss)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(ticket, id[:]) {
			t.Error("the ticket shows whose it is")
		}
		if opened, whose := ours.open(ticket, cs); opened == nil || whose != id {
			t.Errorf("%s: opened %v of %x, want that of %x", tls.VersionName(version), opened, whose, id)
		}
		theirs := newTickets()
		unmarked, err := ours.current().EncryptTicket(cs, &tls.SessionState{Extra: [][]byte{[]byte("else")}})
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Clone(ticket)
		changed[len(changed)/2] ^= 1
		for _, test := range []struct {
			why    string
			by     *tickets
			ticket []byte
		}{
			{"no ticket", ours, nil},
			{"another server's", theirs, ticket},
			{"one bit is wrong", ours, changed},
			{"half of one", ours, ticket[:len(ticket)/2]},
			{"no ticket of a session", ours, unmarked},
			{"noise", ours, []byte("noise")},
		} {
			if opened, whose := test.by.open(test.ticket, cs); opened != nil || whose != (sessionID{}) {
				t.Errorf("%s: opened %v of %x", test.why, opened, whose)
			}
		}
	}
}

func TestTicketKeysRotate(t *testing.T) {
	t.Parallel()
	cs, ss := agreed(t, tls.VersionTLS13)
	tickets, pass := clocked()
	id := tickets.begin(office)
	opens := func(ticket []byte) bool {
		opened, _ := tickets.open(ticket, cs)
		return opened != nil
	}
	first, err := tickets.seal(id, cs, ss)
	if err != nil {
		t.Fatal(err)
	}
	key := tickets.keys[0]
	pass(ticketKeyLife)
	if tickets.current(); tickets.keys[0] != key {
		t.Error("the key changed before its time")
	}
	pass(time.Second)
	if tickets.current(); tickets.keys[0] == key {
		t.Error("the key did not change")
	}
	for age := 2; age < ticketKeysKept; age++ {
		pass(ticketKeyLife + time.Second)
		if tickets.current(); !opens(first) {
			t.Fatalf("a ticket does not open with the key of %d changes ago", age)
		}
	}
	pass(ticketKeyLife + time.Second)
	if opens(first) {
		t.Error("the oldest key is never dropped")
	}
	if len(tickets.keys) != ticketKeysKept {
		t.Errorf("%d keys are kept, want %d", len(tickets.keys), ticketKeysKept)
	}
	last, err := tickets.seal(id, cs, ss)
	if err != nil || !opens(last) {
		t.Errorf("a new ticket does not open (%v)", err)
	}
}

func TestTicketsBound(t *testing.T) {
	t.Parallel()
	tickets, pass := clocked()
	session := func(user string, addr netip.Addr) sessionID {
		id := tickets.begin(addr)
		tickets.login(id, user)
		return id
	}
	ended := func(id sessionID) sessionID {
		tickets.end(id)
		return id
	}
	long := ended(session("alice", office))
	pass(endedKept + time.Second)
	recent := ended(session("alice", office))
	pass(endedKept)
	ours := session("alice", office)
	dropped := session("alice", office)
	tickets.login(dropped, "")
	nobody := session("", office)
	for _, test := range []struct {
		why        string
		ticket, id sessionID
		want       bool
	}{
		{"the session's own", ours, ours, true},
		{"its own before the login", nobody, nobody, true},
		{"of another session of the account, from the same address", session("alice", office), ours, true},
		{"of one that ended within the hour", recent, ours, true},
		{"of one that ended before that", long, ours, false},
		{"of the account, from another address", session("alice", home1), ours, false},
		{"of another account", session("bob", office), ours, false},
		{"of nobody yet", session("", office), ours, false},
		{"of two that are both not logged in", session("", office), nobody, false},
		{"of one that has logged out", dropped, ours, false},
		{"of a session that never was", sessionID{1}, ours, false},
		{"of the zero session", sessionID{}, ours, false},
		{"for a session that never was", ours, sessionID{1}, false},
	} {
		if got := tickets.bound(test.ticket, test.id); got != test.want {
			t.Errorf("a ticket %s: bound is %v, want %v", test.why, got, test.want)
		}
	}
}

// What has ended does not pile up.
func TestTicketsForget(t *testing.T) {
	t.Parallel()
	tickets, pass := clocked()
	for range endedMost + 5 {
		tickets.end(tickets.begin(office))
	}
	if len(tickets.owners) != endedMost || len(tickets.ended) != endedMost {
		t.Errorf("%d sessions are remembered, %d as ended; want %d", len(tickets.owners), len(tickets.ended), endedMost)
	}
	alive := tickets.begin(office)
	pass(endedKept + time.Second)
	tickets.bound(alive, alive)
	if len(tickets.owners) != 1 || len(tickets.ended) != 0 {
		t.Errorf("an hour later %d sessions are remembered, %d as ended", len(tickets.owners), len(tickets.ended))
	}
	tickets.login(sessionID{1}, "alice")
	if len(tickets.owners) != 1 {
		t.Error("a session that is not there was made by a login")
	}
}

// socketPair is a connection over loopback, with room for what is not read.
func socketPair(t testing.TB) (net.Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return server, client
}
