package ftpserver

import (
	"time"

	"github.com/sealift/sealift/ftp"
)

// logLogin writes the line about a login.
func (s *session) logLogin() {
	s.srv.event(s, "login", s.tlsFields("certificate", s.byCertificate || s.certificate() != nil)...)
}

// tlsFields describe the control connection.
func (s *session) tlsFields(fields ...any) []any {
	if s.tls == nil {
		return append(fields, "tls", "none")
	}
	t := tlsInfo(s.tls.ConnectionState())
	return append(fields, "tls", t.Version, "cipher_suite", t.CipherSuite, "key_exchange", t.KeyExchange, "resumed", t.Resumed)
}

// refused writes the line about a command that policy or order forbade. A
// password that came in clear is an event of its own; it is not looked at.
func (s *session) refused(cmd ftp.Command, reply ftp.Reply) {
	if cmd.Verb == "USER" && validName(cmd.Arg) {
		s.askedFor = cmd.Arg
	}
	if cmd.Verb == "PASS" && s.state.Security == Clear && reply == replyNeedTLS {
		s.srv.event(s, "password.in_clear", "name", s.askedFor, "hint", "that password is not secret any more: change it")
		return
	}
	s.srv.event(s, "refused", "verb", cmd.Verb, "reply", int(reply.Code), "reason", reply.Text)
}

// logTransfer writes the line about a transfer, and tells the embedder.
func (s *session) logTransfer(t *transfer, reply ftp.Reply) {
	done := Transfer{
		Session: s.id, User: s.user, Remote: s.remote, Verb: t.verb, Path: string(t.path),
		Offset: t.offset, Bytes: t.moved.Load(), Start: t.began, Duration: time.Since(t.began),
		ASCII: t.ascii, Protected: t.level == ProtPrivate, Resumed: t.facts.resumed, Reply: reply,
	}
	s.cfg.Transferred(done)
	s.srv.event(s, "transfer", "verb", done.Verb, "path", done.Path, "bytes", done.Bytes,
		"seconds", done.Duration.Seconds(), "reply", int(reply.Code), "result", reply.Text,
		"protected", done.Protected, "data_resumed", done.Resumed, "unbound", t.facts.missed)
}
