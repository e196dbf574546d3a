package ftpserver

import (
	"net"
	"sync"
	"time"
)

// alarm wakes the session's goroutine out of a read of the control
// connection. Others may call ring and end at any time.
type alarm struct {
	conn net.Conn

	mu   sync.Mutex
	why  string // the session is to end
	busy bool   // a transfer runs; end waits for it
}

// past is a deadline that makes a pending read fail at once.
var past = time.Unix(1, 0)

// set begins a wait for the next command, until t at most.
func (a *alarm) set(t time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.why != "" {
		t = past
	}
	return a.conn.SetDeadline(t)
}

// transferBegins takes the clock off the control connection.
func (a *alarm) transferBegins() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy = true
	return a.conn.SetDeadline(time.Time{})
}

// transferEnds wakes the session, which reads the control connection meanwhile.
func (a *alarm) transferEnds() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy = false
	a.conn.SetReadDeadline(past)
}

// end makes the session end with 421 and this reason, after a transfer that
// runs.
func (a *alarm) end(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.why == "" {
		a.why = why
	}
	if !a.busy {
		a.conn.SetReadDeadline(past)
	}
}

// reason says why the session is to end, "" if it is not.
func (a *alarm) reason() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.why
}

// drain ends the session after a transfer that runs.
func (s *session) drain(reason string) { s.alarm.end(reason) }

// kick ends the session and cuts a transfer that runs.
func (s *session) kick(reason string) {
	s.alarm.end(reason)
	s.cancel(errKicked)
}
