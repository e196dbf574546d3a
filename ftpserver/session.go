package ftpserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// session is one control connection. Its goroutine alone uses it, except for
// what alarm and info guard.
type session struct {
	srv        *Server
	cfg        *Config // as it was when the session began
	id         string
	ticketID   sessionID
	pass       *pass
	remote     netip.AddrPort
	local      netip.AddrPort
	began      time.Time
	loginSince time.Time // since when a login is awaited
	ctx        context.Context
	cancel     context.CancelCauseFunc

	tcp    *controlConn
	tls    *tls.Conn         // nil in clear
	conn   net.Conn          // tls, or tcp
	served *tls.Certificate  // on the control connection; nil if a session was resumed
	peer   *x509.Certificate // the client's, also after CCC
	lines  lineReader
	out    []byte // a reply on its way

	state         State
	policy        Policy
	user          string
	askedFor      string // by a USER that was refused
	grant         Grant
	byCertificate bool // the login came without a password
	wrong         int  // wrong passwords so far
	unknown       int  // unknown commands before the login
	host          string
	client        string // of CLNT
	cwd           storage.Path
	renaming      storage.Path // of RNFR
	copying       storage.Path // of SITE CPFR
	ascii         bool         // TYPE A
	expect        int64        // of ALLO
	facts         ftp.Facts
	digest        string
	deflate       int // level of MODE Z
	route         *route
	missed        bool // a data connection came unbound
	waiting       *ftp.Command
	running       *transfer
	over          bool // the connection ends after the reply

	alarm alarm
	info  info
}

func newSession(srv *Server, cfg *Config, conn net.Conn, p *pass, implicit bool) *session {
	s := &session{
		srv: srv, cfg: cfg, pass: p, id: newID(), began: time.Now(),
		tcp: &controlConn{Conn: conn}, remote: addrPort(conn.RemoteAddr()), local: addrPort(conn.LocalAddr()),
		policy: cfg.Policy,
	}
	s.loginSince = s.began
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.ticketID = srv.tickets.begin(s.remote.Addr())
	s.conn = s.tcp
	s.lines.reset(s.tcp, s.tcp)
	s.alarm.conn = conn
	s.state = newState(implicit, s.remote.Addr().Is6())
	s.state.CCCElsewhere = s.policy.CCC
	s.forget()
	s.info.set(func(i *SessionInfo) {
		i.ID, i.Remote, i.Began, i.Implicit = s.id, s.remote, s.began, implicit
	})
	return s
}

// forget takes back what commands have set, but for the state.
func (s *session) forget() {
	s.cwd, s.renaming, s.copying, s.expect, s.ascii = storage.Root, "", "", 0, true
	s.facts, s.digest, s.deflate = ftp.AllFacts, defaultDigest, defaultDeflate
	s.dropRoute()
}

// serve runs the session to its end. A panic ends this session alone.
func (s *session) serve() {
	defer s.srv.left(s)
	defer s.close()
	defer func() {
		if fault := recover(); fault != nil {
			s.srv.panics.Add(1)
			s.cfg.Log.Error("panic", append(s.logFields(), "fault", fault, "stack", string(debug.Stack()))...)
			s.reply(ftp.Reply{Code: ftp.CodeClosing, Text: "Internal error; connect again"})
		}
	}()
	if s.start() {
		for !s.over {
			s.step()
		}
	}
	s.hangUp()
}

// start greets the client; in implicit mode after the handshake.
func (s *session) start() bool {
	if s.state.Implicit {
		if s.cfg.TLS == nil || s.secure() != nil {
			return false
		}
		if refused := s.certificateLogin(); !refused.IsZero() {
			s.reply(refused)
			return false
		}
	}
	s.reply(ftp.Reply{Code: ftp.CodeReady, Text: "Sealift ready"})
	return true
}

// step reads one command and answers it.
func (s *session) step() {
	cmd, err := s.read()
	var reply ftp.Reply
	switch {
	case err == nil:
		reply = s.do(cmd)
	default:
		reply = s.unreadable(err)
	}
	if !reply.IsZero() {
		s.reply(reply)
	}
	if reply.Code == ftp.CodeClosing {
		s.over = true
	}
}

// read is the next command: the one that waited behind a transfer, or a new
// one.
func (s *session) read() (ftp.Command, error) {
	if s.alarm.reason() != "" {
		return ftp.Command{}, os.ErrDeadlineExceeded
	}
	if cmd := s.waiting; cmd != nil {
		s.waiting = nil
		return *cmd, nil
	}
	if err := s.alarm.set(s.patience()); err != nil {
		return ftp.Command{}, err
	}
	line, err := s.lines.next()
	if err != nil {
		return ftp.Command{}, err
	}
	return ftp.ParseCommand(line)
}

// patience is when the session ends if nothing comes.
func (s *session) patience() time.Time {
	idle := time.Now().Add(s.cfg.Limits.IdleTimeout)
	if login := s.loginSince.Add(s.cfg.Limits.LoginTimeout); s.state.Login != LoggedIn && login.Before(idle) {
		return login
	}
	return idle
}

// unreadable is the reply to what is no command. The zero Reply: nobody is
// there any more.
func (s *session) unreadable(err error) ftp.Reply {
	switch {
	case errors.Is(err, errLineTooLong):
		return ftp.Reply{Code: ftp.CodeUnknown, Text: "The line is longer than 4096 bytes"}
	case errors.Is(err, ftp.ErrControlByte):
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "A command holds no NUL, CR or LF"}
	case errors.Is(err, ftp.ErrEmptyLine):
		return s.unknownVerb("")
	case errors.Is(err, errFlood):
		return ftp.Reply{Code: ftp.CodeClosing, Text: "That is not FTP"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return s.timeUp()
	}
	s.over = true
	return ftp.Reply{}
}

func (s *session) timeUp() ftp.Reply {
	if reason := s.alarm.reason(); reason != "" {
		return ftp.Reply{Code: ftp.CodeClosing, Text: reason}
	}
	if s.state.Login != LoggedIn {
		return ftp.Reply{Code: ftp.CodeClosing, Text: "Nobody logged in in time"}
	}
	return ftp.Reply{Code: ftp.CodeClosing, Text: "Nothing came for too long; connect again"}
}

// do carries one command out.
func (s *session) do(cmd ftp.Command) ftp.Reply {
	c := commands[cmd.Verb]
	if c == nil {
		return s.unknownVerb(cmd.Verb)
	}
	cmd.Arg = c.args.word(cmd.Arg)
	if err := s.renew(); err != nil {
		s.srv.event(s, "session ended", "reason", "the account may not log in any more")
		return ftp.Reply{Code: ftp.CodeClosing, Text: "This account may not log in any more"}
	}
	return s.carryOut(c, cmd)
}

// carryOut asks the policy, then runs the row's handler.
func (s *session) carryOut(c *command, cmd ftp.Command) ftp.Reply {
	refusal := s.policy.refuse(s.state, c, cmd)
	if !c.needs.has(delegates) || !refusal.IsZero() {
		s.state.Renaming, s.state.Copying = false, false
	}
	if !refusal.IsZero() {
		s.refused(cmd, refusal)
		if c.needs.has(opensData) && refusal.Code != ftp.CodeDataUnprotected {
			s.state = s.state.withoutOffset()
		}
		return refusal
	}
	reply, err := c.run(s, s.ctx, cmd.Arg)
	if err != nil {
		reply = s.replyFor(err, cmd, c.codes.orDefault())
	}
	if c.needs.has(opensData) && reply.Code != ftp.CodeDataUnprotected {
		s.state = s.state.withoutOffset()
	}
	if c.needs.has(uploads) {
		s.expect = 0
	}
	return reply
}

// renew asks whether the account may still do what it may.
func (s *session) renew() error {
	if s.state.Login != LoggedIn || s.grant.Renew == nil {
		return nil
	}
	g, err := s.grant.Renew()
	if err != nil {
		return err
	}
	s.take(g)
	return nil
}

// unknownVerb answers what is not in the table. The fifth one before the
// login ends the connection, and so does what web browsers say: that is how
// a web page would reach us (security.md T5).
func (s *session) unknownVerb(verb string) ftp.Reply {
	s.state.Renaming, s.state.Copying = false, false
	if isHTTP(verb) {
		s.srv.event(s, "refused", "verb", verb, "reason", "HTTP on an FTP port")
		return ftp.Reply{Code: ftp.CodeClosing, Text: "This is FTP, not HTTP"}
	}
	if s.state.Login != LoggedIn {
		if s.unknown++; s.unknown >= 5 {
			return ftp.Reply{Code: ftp.CodeClosing, Text: "Too many unknown commands"}
		}
	}
	return ftp.Reply{Code: ftp.CodeUnknown, Text: "No such command; see HELP"}
}

func isHTTP(verb string) bool {
	switch verb {
	case "GET", "POST", "HEAD", "PUT", "CONNECT", "DELETE", "OPTIONS", "TRACE", "PATCH":
		return true
	}
	return false
}

// reply sends one reply.
func (s *session) reply(r ftp.Reply) {
	s.send(r.Append(s.out[:0]))
	if cap(s.out) > 1024 {
		s.out = nil
	}
}

// send writes bytes of a reply.
func (s *session) send(b []byte) {
	s.out = b
	err := s.conn.SetWriteDeadline(time.Now().Add(s.cfg.Limits.StallTimeout))
	if err == nil {
		_, err = s.conn.Write(s.out)
	}
	if err != nil {
		s.over = true
	}
}

// hangUp ends the connection so that the last reply arrives: an end in order,
// and a moment for what the client still sends.
func (s *session) hangUp() {
	s.tcp.SetDeadline(time.Now().Add(time.Second))
	if s.tls != nil {
		s.tls.CloseWrite()
		s.tcp.SetWriteDeadline(time.Now().Add(time.Second))
	}
	if half, ok := s.tcp.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		discard(s.tcp.Conn)
	}
}

// close frees what the session holds.
func (s *session) close() {
	s.cancel(net.ErrClosed)
	if s.running != nil { // a panic left it behind
		<-s.running.over
	}
	s.dropRoute()
	s.tcp.Conn.Close()
	s.pass.leave()
	s.srv.tickets.end(s.ticketID)
}
