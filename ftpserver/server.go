// Package ftpserver is an FTP server with FTPS (RFC 959, RFC 4217): explicit
// on the FTP port, implicit on a port of its own. An embedder brings a
// Backend, which says who may log in and which files they see.
package ftpserver

import (
	"context"
	"crypto/rand"
	"errors"
	"hash/maphash"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("ftpserver: server closed")

// A Server serves FTP on any number of listeners. Its methods may be called
// from several goroutines at once.
type Server struct {
	backend Backend
	config  atomic.Pointer[Config]
	tickets *tickets
	unique  maphash.Seed // of MLST's Unique fact
	panics  atomic.Int64
	door    door

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	sessions  map[*session]struct{}
	closed    bool
	served    sync.WaitGroup
}

// New makes a server; Serve and ServeImplicit start it.
func New(b Backend, c Config) *Server {
	s := &Server{
		backend:   b,
		tickets:   newTickets(),
		unique:    maphash.MakeSeed(),
		listeners: map[net.Listener]struct{}{},
		sessions:  map[*session]struct{}{},
	}
	s.SetConfig(c)
	return s
}

// SetConfig replaces the configuration. Sessions that have begun keep theirs;
// the limits on the number of sessions hold at once.
func (s *Server) SetConfig(c Config) {
	c = c.withDefaults()
	s.config.Store(&c)
}

// Serve takes connections that begin in clear (explicit FTPS, and plain FTP
// where the policy allows it) until the listener fails, or Shutdown or Close
// is called; then the error is ErrServerClosed. Serve closes l.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, false) }

// ServeImplicit takes connections that begin with the TLS handshake (implicit
// FTPS). It needs Config.TLS.
func (s *Server) ServeImplicit(l net.Listener) error { return s.serve(l, true) }

func (s *Server) serve(l net.Listener, implicit bool) error {
	if !s.add(l) {
		l.Close()
		return ErrServerClosed
	}
	defer s.remove(l)
	for pause := time.Duration(0); ; {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.admit(conn, implicit)
		case s.isClosed():
			return ErrServerClosed
		case !mayPass(err):
			return err
		default: // out of descriptors: wait for some to be closed
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			time.Sleep(pause)
		}
	}
}

// mayPass reports whether Accept may work again later.
func mayPass(err error) bool {
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary()
}

func (s *Server) add(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) remove(l net.Listener) {
	s.mu.Lock()
	delete(s.listeners, l)
	s.mu.Unlock()
	l.Close()
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// admit starts a session, or says 421 before any work is done.
func (s *Server) admit(conn net.Conn, implicit bool) {
	cfg := s.config.Load()
	pass, refusal := s.door.enter(addrPort(conn.RemoteAddr()).Addr(), &cfg.Limits)
	if pass == nil {
		go turnAway(conn, refusal, implicit)
		return
	}
	n := newSession(s, cfg, conn, pass, implicit)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		n.close()
		return
	}
	s.sessions[n] = struct{}{}
	s.served.Add(1)
	s.mu.Unlock()
	go n.serve()
}

// turnAway says 421 to a client that finds no place. In implicit mode it
// could not be read.
func turnAway(conn net.Conn, refusal string, implicit bool) {
	defer conn.Close()
	if !implicit {
		conn.SetDeadline(time.Now().Add(time.Second))
		conn.Write([]byte("421 " + refusal + "\r\n"))
	}
}

// left takes the session off the list.
func (s *Server) left(n *session) {
	s.mu.Lock()
	delete(s.sessions, n)
	s.mu.Unlock()
	s.served.Done()
}

// Shutdown stops listening, ends idle sessions with 421, lets running
// transfers end and then their sessions. When ctx is done first, what is left
// is cut as by Close, and ctx's error returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopListening()
	for _, n := range s.all() {
		n.drain("The server is shutting down; connect again later")
	}
	over := make(chan struct{})
	go func() {
		s.served.Wait()
		close(over)
	}()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		s.cut()
		<-over
		return ctx.Err()
	}
}

// Close stops listening and cuts every session; transfers end with 426.
func (s *Server) Close() error {
	s.stopListening()
	s.cut()
	s.served.Wait()
	return nil
}

func (s *Server) stopListening() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for l := range s.listeners {
		l.Close()
	}
}

func (s *Server) cut() {
	for _, n := range s.all() {
		n.kick("The server is shutting down; connect again later")
	}
}

func (s *Server) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*session, 0, len(s.sessions))
	for n := range s.sessions {
		all = append(all, n)
	}
	return all
}

// Sessions is what runs now, in no particular order.
func (s *Server) Sessions() []SessionInfo {
	all := s.all()
	infos := make([]SessionInfo, len(all))
	for i, n := range all {
		infos[i] = n.snapshot()
	}
	return infos
}

// Kick ends the sessions for which end is true: a transfer is cut (426), the
// client is told 421 with the reason, in ASCII. It returns how many they were.
func (s *Server) Kick(reason string, end func(SessionInfo) bool) int {
	kicked := 0
	for _, n := range s.all() {
		if end(n.snapshot()) {
			n.kick(reason)
			kicked++
		}
	}
	return kicked
}

// Panics is how many sessions ended by a fault of the program.
func (s *Server) Panics() int64 { return s.panics.Load() }

// event writes a line about a session into the log.
func (s *Server) event(n *session, message string, args ...any) {
	if log := n.cfg.Log; log.Enabled(n.ctx, slog.LevelInfo) {
		log.Info(message, append(n.logFields(), args...)...)
	}
}

// newID is a session's name in the log and for Kick.
func newID() string { return rand.Text()[:10] }

// addrPort is a's IP address and port; an IPv4 address in IPv6 form is IPv4.
func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
