package ftpserver

import (
	"strings"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// A Question is whether a session could carry out a command.
type Question struct {
	Grant       Grant // of the account; Files is not looked at
	TLS         bool  // the control connection is protected
	Implicit    bool  // the connection began in TLS
	Certificate bool  // the client has shown one that is the account's
	Protection  Protection
	Command     ftp.Command
}

// An Answer says no with the reply that the client would get; the zero Reply
// is a yes.
type Answer struct {
	Reply ftp.Reply
	// Rule is what decided: a key of the policy, or one word.
	Rule string
	// Perm is what the account may do where the command points to.
	Perm Perm
}

// Can tells what a server of policy p would say to a client that does all in
// the right order: it logs in, gives PBSZ, PROT and a data address, and then
// the command. It asks what a session asks.
func (p Policy) Can(q Question) Answer {
	c, cmd := rowOf(q.Command)
	if c == nil {
		return Answer{Reply: ftp.Reply{Code: ftp.CodeUnknown, Text: "No such command; see HELP"}, Rule: "command"}
	}
	at, err := storage.Resolve(storage.Root, cmd.Arg)
	if err != nil {
		return Answer{Reply: ftp.Reply{Code: c.codes.orDefault().denied, Text: "That name is not allowed here"}, Rule: "argument"}
	}
	a := Answer{Perm: q.Grant.Perm}
	if c.args == argPath || c.args == argOptPath {
		a.Perm = q.Grant.permAt(at)
	}
	st := q.state(p)
	loggedIn := c.needs.has(needLogin) || c.needs.has(endsTLS)
	if loggedIn || c.needs.has(carriesLogin) {
		if a.Reply, a.Rule = p.refuseEntry(st, q); a.Rule != "" {
			return a
		}
		if q.Grant.Policy != nil {
			p = *q.Grant.Policy
		}
	}
	if loggedIn {
		st = st.loggedIn(a.Perm)
	}
	if a.Reply = p.refuse(st, c, cmd); !a.Reply.IsZero() {
		a.Rule = p.rule(st, c, cmd)
	}
	return a
}

// rowOf is the row of a command, or of a SITE word; nil if there is none.
func rowOf(cmd ftp.Command) (*command, ftp.Command) {
	c := commands[cmd.Verb]
	if c != nil && c.needs.has(delegates) && cmd.Arg != "" {
		word, rest, _ := strings.Cut(strings.TrimLeft(cmd.Arg, " "), " ")
		word = strings.ToUpper(word)
		c, cmd = siteCommands[word], ftp.Command{Verb: cmd.Verb + " " + word, Arg: rest}
	}
	if c != nil {
		cmd.Arg = c.args.word(cmd.Arg)
	}
	return c, cmd
}

// state is that of a client which has done all that comes before.
func (q Question) state(p Policy) State {
	st := newState(q.Implicit, false)
	if q.TLS || q.Implicit {
		st.Security, st.PBSZ = Secure, true
	}
	st.Protection = q.Protection
	st.Login, st.HasRoute, st.Renaming, st.Copying, st.CCCElsewhere = Named, true, true, true, p.CCC
	return st
}

// refuseEntry says why the account could not log in.
func (p Policy) refuseEntry(st State, q Question) (ftp.Reply, string) {
	if refusal := p.refuse(st, commands["PASS"], ftp.Command{Verb: "PASS"}); !refusal.IsZero() {
		return refusal, p.rule(st, commands["PASS"], ftp.Command{Verb: "PASS"})
	}
	own := p
	if q.Grant.Policy != nil {
		own = *q.Grant.Policy
	}
	switch err := own.refuseGrant(st, q.Certificate); err {
	case nil:
		return ftp.Reply{}, ""
	case ErrNeedTLS:
		return loginReply(err), "policy.unprotected_commands"
	default:
		return loginReply(err), "policy.client_certificate"
	}
}

// rule names the reason that refuse gives, in the same order.
func (p Policy) rule(st State, c *command, cmd ftp.Command) string {
	for _, reason := range []struct {
		rule    string
		refusal ftp.Reply
	}{
		{"command", c.refused},
		{"policy.unprotected_commands", p.refuseClear(st, c)},
		{"login", refuseLogin(st, c)},
		{"policy.ccc", p.refuseTLS(st, c)},
		{"order", refuseOrder(st, c, cmd.Verb)},
		{"argument", c.args.check(cmd.Verb, cmd.Arg)},
		{"policy.active_mode", p.refuseMode(c)},
		{"permissions", refuseRight(st, c)},
		{"policy.unprotected_data", p.refuseTransfer(st, c)},
	} {
		if !reason.refusal.IsZero() {
			return reason.rule
		}
	}
	return ""
}
