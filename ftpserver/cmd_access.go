package ftpserver

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sealift/sealift/ftp"
)

// auth secures the control connection (RFC 4217 §4). TLS-C and SSL are old
// names of the same; the level of data connections stays Clear (§9). What
// came behind the line in clear would be taken for a command in TLS: it ends
// the connection (security.md T1).
func (s *session) auth(ctx context.Context, arg string) (ftp.Reply, error) {
	switch strings.ToUpper(arg) {
	case "TLS", "TLS-C", "SSL":
	default:
		return ftp.Reply{Code: ftp.CodeBadParameter, Text: "Only AUTH TLS is understood"}, nil
	}
	if s.cfg.TLS == nil {
		return ftp.Reply{Code: ftp.CodeProtection, Text: "TLS is off here"}, nil
	}
	if !s.hasCertificate() {
		return ftp.Reply{Code: ftp.CodeNoCertificate, Text: "The server has no certificate right now; try again later"}, nil
	}
	if s.lines.buffered() {
		s.srv.event(s, "refused", "verb", "AUTH", "reason", "bytes came in clear behind AUTH")
		return ftp.Reply{Code: ftp.CodeClosing, Text: "Nothing may follow AUTH before the TLS handshake"}, nil
	}
	s.reply(ftp.Reply{Code: ftp.CodeAuth, Text: "Start the TLS handshake"})
	if s.over || s.secure() != nil {
		s.over = true
		return ftp.Reply{}, nil
	}
	s.forgetClear()
	return s.certificateLogin(), nil
}

// forgetClear drops what was said in clear (RFC 4217 §4.2); with KeepLogin
// the login and its working directory stay.
func (s *session) forgetClear() {
	keep := s.policy.KeepLogin && s.state.Login == LoggedIn
	cwd := s.cwd
	s.state = s.state.afterAuth(keep)
	s.forget()
	if keep {
		s.cwd = cwd
		s.state.Converts = !s.grant.ASCIIOff
		s.srv.event(s, "auth.login_kept")
		return
	}
	s.dropLogin()
}

// dropLogin takes the account away from the session.
func (s *session) dropLogin() {
	if s.grant.Files != nil {
		s.loginSince = time.Now()
	}
	s.user, s.grant, s.policy, s.byCertificate = "", Grant{}, s.cfg.Policy, false
	s.cwd = "/"
	s.pass.logout()
	s.srv.tickets.login(s.ticketID, "")
	s.info.set(func(i *SessionInfo) { i.User = "" })
}

// certificateLogin logs the owner of the client's certificate in without
// USER, where the policy has it stand for the password (protocol.md §3, 4).
// The reply is zero, or 421.
func (s *session) certificateLogin() ftp.Reply {
	if s.certificate() == nil || s.state.Login == LoggedIn {
		return ftp.Reply{}
	}
	g, err := s.srv.backend.Login(s.ctx, s.credentials("", ""))
	if err != nil || !s.policyOf(g).CertificateLogin {
		return ftp.Reply{}
	}
	reply := s.enter(g, g.User)
	s.byCertificate = s.state.Login == LoggedIn
	if reply.Code == ftp.CodeClosing {
		return reply
	}
	return ftp.Reply{}
}

func (s *session) credentials(user, password string) Credentials {
	c := Credentials{
		User: user, Password: password, Certificate: s.certificate(), Host: s.host, Remote: s.remote, Local: s.local,
	}
	if s.tls != nil {
		cs := s.tls.ConnectionState()
		c.TLS = &cs
	}
	return c
}

// pbsz takes any size: TLS has no buffer (RFC 4217 §8).
func (s *session) pbsz(_ context.Context, arg string) (ftp.Reply, error) {
	if n, err := ftp.ParseNumber(arg); err != nil || n > 1<<32-1 {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "PBSZ needs a number, 0 for TLS"}, nil
	}
	s.state.PBSZ = true
	return ftp.Reply{Code: ftp.CodeOK, Text: "PBSZ=0"}, nil
}

// prot sets the level of the data connections that follow (RFC 4217 §9).
func (s *session) prot(_ context.Context, arg string) (ftp.Reply, error) {
	level := ProtClear
	switch strings.ToUpper(arg) {
	case "C":
	case "P":
		level = ProtPrivate
	case "S", "E":
		return ftp.Reply{Code: ftp.CodeProtUnsupported, Text: "TLS has the levels C and P alone"}, nil
	default:
		return ftp.Reply{Code: ftp.CodeBadParameter, Text: "PROT needs C or P"}, nil
	}
	if refusal := s.policy.refuseProt(level); !refusal.IsZero() {
		return refusal, nil
	}
	s.state.Protection = level
	return ftp.Replyf(ftp.CodeOK, "Data connections are %v from now on", level), nil
}

// ccc ends the protection of the control connection (RFC 4217 §5).
func (s *session) ccc(context.Context, string) (ftp.Reply, error) {
	s.reply(ftp.Reply{Code: ftp.CodeOK, Text: "The control connection is in clear from now on"})
	if err := s.backToClear(); err != nil {
		return s.notCleared(err), nil
	}
	s.state.Security, s.state.Cleared = Clear, true
	return ftp.Reply{}, nil
}

// rein makes the session as new (RFC 959 §4.1.1), in clear (RFC 4217 §13).
func (s *session) rein(context.Context, string) (ftp.Reply, error) {
	if s.state.Implicit {
		return ftp.Reply{Code: ftp.CodeRefused, Text: "This port speaks TLS alone; connect again"}, nil
	}
	ready := ftp.Reply{Code: ftp.CodeReady, Text: "Ready for a new user"}
	if s.tls != nil {
		s.reply(ready)
		ready = ftp.Reply{}
		if err := s.backToClear(); err != nil {
			return s.notCleared(err), nil
		}
	}
	s.state = s.state.afterRein()
	s.forget()
	s.dropLogin()
	s.host, s.peer = "", nil
	s.publishTLS()
	return ready, nil
}

// notCleared ends a session whose TLS did not end in order.
func (s *session) notCleared(err error) ftp.Reply {
	if err == errTLSBehindEnd {
		return ftp.Reply{Code: ftp.CodeClosing, Text: "Nothing may follow in TLS; connect again"}
	}
	s.over = true
	return ftp.Reply{}
}

// userName takes the name, and drops a login that is there (RFC 959 §4.1.1).
// Every name is answered alike, except where a certificate or the lack of TLS
// decides (see Backend).
func (s *session) userName(ctx context.Context, name string) (ftp.Reply, error) {
	if !validName(name) {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "A name is UTF-8, without control characters, of 255 bytes at most"}, nil
	}
	if s.state.Login == LoggedIn && s.byCertificate && name == s.user {
		return s.certificateReply(), nil
	}
	s.state = s.state.loggedOut()
	s.dropLogin()
	reply := s.askAtUser(ctx, name)
	switch {
	case !reply.IsZero():
		return reply, nil
	case s.policy.ClientCertificate == CertificateRequire && s.certificate() == nil:
		return loginReply(ErrCertificate), nil
	}
	s.user, s.state.Login = name, Named
	return ftp.Reply{Code: ftp.CodeNeedPassword, Text: "Password please"}, nil
}

// askAtUser asks the backend where the answer may come before the password.
func (s *session) askAtUser(ctx context.Context, name string) ftp.Reply {
	certificate := s.certificate() != nil
	if !certificate && s.state.Security == Secure {
		return ftp.Reply{}
	}
	g, err := s.srv.backend.Login(ctx, s.credentials(name, ""))
	switch {
	case err == nil && certificate && s.policyOf(g).CertificateLogin:
		if reply := s.enter(g, name); reply.Code != ftp.CodeLoggedIn {
			return reply
		}
		s.byCertificate = true
		return s.certificateReply()
	case errors.Is(err, ErrNeedTLS), errors.Is(err, ErrThrottled), errors.Is(err, ErrCertificate) && certificate:
		reply := loginReply(err)
		s.refused(ftp.Command{Verb: "USER", Arg: name}, reply)
		return reply
	}
	return ftp.Reply{}
}

func (s *session) certificateReply() ftp.Reply {
	if s.grant.CertificateReply331 {
		return ftp.Reply{Code: ftp.CodeNeedPassword, Text: "Any password will do: the certificate suffices"}
	}
	return ftp.Reply{Code: ftp.CodeCertLoggedIn, Text: "Logged in by certificate"}
}

func validName(name string) bool {
	return len(name) <= 255 && utf8.ValidString(name) && strings.IndexFunc(name, unicode.IsControl) < 0
}

// password asks the backend. The third wrong one ends the connection.
func (s *session) password(ctx context.Context, password string) (ftp.Reply, error) {
	switch {
	case s.state.Login == LoggedIn && s.byCertificate && s.grant.CertificateReply331:
		return ftp.Reply{Code: ftp.CodeLoggedIn, Text: "Logged in by certificate"}, nil
	case s.state.Login == LoggedIn:
		return ftp.Reply{Code: ftp.CodeSuperfluous, Text: "Already logged in"}, nil
	}
	name := s.user
	c := s.credentials(name, password)
	c.HasPassword = true
	g, err := s.srv.backend.Login(ctx, c)
	if err == nil {
		return s.enter(g, name), nil
	}
	s.state.Login = LoggedOut
	reply := loginReply(err)
	s.srv.event(s, "login refused", "reason", err.Error(), "reply", int(reply.Code))
	if reply.Code != ftp.CodeNotLoggedIn {
		return reply, nil
	}
	s.wrong++
	if s.wrong >= s.cfg.Limits.LoginAttempts {
		return ftp.Reply{Code: ftp.CodeClosing, Text: "Too many wrong passwords"}, nil
	}
	return reply, s.pause(ctx, time.Duration(s.wrong)*s.cfg.Limits.LoginDelay)
}

// pause waits before a wrong password is answered (RFC 2577 §5).
func (s *session) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter makes the Grant the session's, if its own policy lets it in.
func (s *session) enter(g Grant, name string) ftp.Reply {
	if g.User == "" {
		g.User = name
	}
	if err := s.policyOf(g).refuseGrant(s.state, s.certificate() != nil); err != nil {
		s.state.Login = LoggedOut
		reply := loginReply(err)
		about := []any{"name", g.User, "reason", err.Error(), "reply", int(reply.Code)}
		if hint := s.refusalHint(err); hint != "" {
			about = append(about, "hint", hint)
		}
		s.srv.event(s, "login refused", about...)
		return reply
	}
	if g.Files == nil {
		s.cfg.Log.Error("login refused: the account has no files", append(s.logFields(), "user", g.User)...)
		s.state.Login = LoggedOut
		return loginReply(ErrRefused)
	}
	most := g.Sessions
	if most == 0 {
		most = s.cfg.Limits.SessionsPerUser
	}
	if !s.pass.login(g.User, most) {
		s.srv.event(s, "login refused", "reason", "too many sessions of this account")
		return ftp.Reply{Code: ftp.CodeClosing, Text: "Too many sessions of this account; close some"}
	}
	s.user = g.User
	s.state = s.state.loggedIn(g.Perm)
	s.state.Converts = s.ascii && !g.ASCIIOff
	s.cwd, s.wrong = "/", 0
	s.take(g)
	s.srv.tickets.login(s.ticketID, g.User)
	s.info.set(func(i *SessionInfo) { i.User = g.User })
	s.logLogin()
	return ftp.Reply{Code: ftp.CodeLoggedIn, Text: "Logged in"}
}

// refusalHint is for the operator of an account that can never log in.
func (s *session) refusalHint(err error) string {
	if errors.Is(err, ErrCertificate) && s.cfg.Policy.ClientCertificate == CertificateOff {
		return "the account demands a client certificate, and clients are not asked for one: set policy.client_certificate = \"request\""
	}
	return ""
}

// take puts a Grant, new or renewed, into force.
func (s *session) take(g Grant) {
	g.User = s.user
	s.grant, s.state.Perm, s.policy = g, g.Perm, s.policyOf(g)
}

// policyOf is the policy of a session that has this Grant.
func (s *session) policyOf(g Grant) Policy {
	if g.Policy != nil {
		return *g.Policy
	}
	return s.cfg.Policy
}

func (s *session) acct(context.Context, string) (ftp.Reply, error) {
	if s.state.Login != LoggedIn {
		return ftp.Reply{Code: ftp.CodeBadSequence, Text: "Log in with USER and PASS; no account is asked for"}, nil
	}
	return ftp.Reply{Code: ftp.CodeSuperfluous, Text: "Not needed here"}, nil
}

func (s *session) quit(context.Context, string) (ftp.Reply, error) {
	s.over = true
	return ftp.Reply{Code: ftp.CodeGoodbye, Text: "Goodbye"}, nil
}

// clnt notes what the client calls itself.
func (s *session) clnt(_ context.Context, text string) (ftp.Reply, error) {
	s.client = text[:min(len(text), 255)]
	s.info.set(func(i *SessionInfo) { i.Client = s.client })
	s.srv.event(s, "client", "name", s.client)
	return ftp.Reply{Code: ftp.CodeOK, Text: "Noted"}, nil
}

func (s *session) csid(ctx context.Context, text string) (ftp.Reply, error) {
	if text != "" {
		s.clnt(ctx, text)
	}
	return ftp.Reply{Code: ftp.CodeOK, Text: "Name=Sealift;"}, nil
}
