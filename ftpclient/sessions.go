package ftpclient

import (
	"crypto/tls"
	"slices"
	"sync"
)

// sessions are the TLS sessions that data connections may resume: those that
// the control connection was given, and those that data connections got on
// the way. Servers differ: most let a ticket be used again and again, some
// just once, some send a fresh one over the control connection, some never
// send any on data connections, some take those of the control connection
// only. So each ticket is used once as long as there are others, and that of
// the control connection stays for ever.
type sessions struct {
	mu            sync.Mutex
	control, data []*ticket // the newest last
	controlOnly   bool      // a ticket of a data connection was not resumed
}

type ticket struct {
	state *tls.ClientSessionState
	used  bool
}

// keptTickets is how many of each kind are kept.
const keptTickets = 8

func (s *sessions) add(list *[]*ticket, state *tls.ClientSessionState) {
	if state == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*list) == keptTickets {
		*list = slices.Delete(*list, 0, 1)
	}
	*list = append(*list, &ticket{state: state})
}

func (s *sessions) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.control)+len(s.data) > 0
}

// take chooses the ticket for a data connection; nil: there is none.
func (s *sessions) take() *ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := newest(s.control, false)
	if t == nil && !s.controlOnly {
		t = newest(s.data, false)
	}
	if t == nil {
		t = newest(s.control, true)
	}
	if t != nil {
		t.used = true
	}
	return t
}

func newest(list []*ticket, used bool) *ticket {
	for _, t := range slices.Backward(list) {
		if !t.used || used {
			return t
		}
	}
	return nil
}

// tried tells what became of a ticket that take gave. One of a data connection
// that was not resumed is not tried again, nor others like it.
func (s *sessions) tried(t *ticket, resumed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t != nil && !resumed && slices.Contains(s.data, t) {
		s.controlOnly = true
	}
}

// controlCache gets the control connection's tickets. It gives none: each
// control connection begins anew.
type controlCache struct{ sessions *sessions }

func (c *controlCache) Get(string) (*tls.ClientSessionState, bool) { return nil, false }

func (c *controlCache) Put(_ string, state *tls.ClientSessionState) {
	c.sessions.add(&c.sessions.control, state)
}

// dataCache serves one data connection. That a ticket is to be forgotten
// after a handshake that failed, as crypto/tls says, is not heeded: mostly it
// was the network.
type dataCache struct {
	sessions *sessions
	taken    *ticket
}

func (c *dataCache) Get(string) (*tls.ClientSessionState, bool) {
	if c.taken = c.sessions.take(); c.taken == nil {
		return nil, false
	}
	return c.taken.state, true
}

func (c *dataCache) Put(_ string, state *tls.ClientSessionState) {
	c.sessions.add(&c.sessions.data, state)
}
