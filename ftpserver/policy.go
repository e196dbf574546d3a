package ftpserver

import (
	"cmp"

	"github.com/sealift/sealift/ftp"
)

// Policy is what the operator demands of a session. The zero value is the
// strict default: no unprotected commands, no unprotected data, active mode
// on, session binding auto, uploads only with an authenticated end.
type Policy struct {
	// UnprotectedCommands lets clients log in without TLS.
	UnprotectedCommands bool
	// UnprotectedData lets files and listings travel without TLS.
	UnprotectedData bool
	// ClientCertificate says whether clients are asked for a certificate.
	ClientCertificate ClientCertificate
	// CertificateLogin lets a certificate that maps to an account stand for
	// its password (RFC 4217 §10.1, 232).
	CertificateLogin bool
	// Binding says what a data connection must prove.
	Binding Binding
	// AcceptMissingCloseNotify publishes uploads whose end is not
	// authenticated by a TLS close_notify.
	AcceptMissingCloseNotify bool
	// KeepLogin keeps a login made in clear over AUTH. Unsafe: whoever sits
	// in the middle may have logged in first, as himself.
	KeepLogin bool
	// NoActive refuses PORT and EPRT.
	NoActive bool
	// Compression lets clients use MODE Z.
	Compression bool
	// CCC lets clients take the control connection back to clear text.
	CCC bool
}

// ClientCertificate says whether clients are asked for a certificate.
type ClientCertificate uint8

// A certificate that a client shows is always verified.
const (
	CertificateOff ClientCertificate = iota
	CertificateRequest
	CertificateRequire
)

// Binding says what a protected data connection must prove: that its TLS
// session resumes one of this account's (RFC 4217 §10.2).
type Binding uint8

// BindAuto prefers a bound connection for 500 ms and then takes an unbound
// one; BindRequire refuses unbound ones; BindOff does not look.
const (
	BindAuto Binding = iota
	BindRequire
	BindOff
)

func (b Binding) stricter(c Binding) Binding {
	switch {
	case b == BindRequire || c == BindRequire:
		return BindRequire
	case b == BindOff:
		return c
	}
	return b
}

// Tighten is the stricter of p and q in every point.
func (p Policy) Tighten(q Policy) Policy {
	return Policy{
		UnprotectedCommands:      p.UnprotectedCommands && q.UnprotectedCommands,
		UnprotectedData:          p.UnprotectedData && q.UnprotectedData,
		ClientCertificate:        max(p.ClientCertificate, q.ClientCertificate),
		CertificateLogin:         p.CertificateLogin && q.CertificateLogin,
		Binding:                  p.Binding.stricter(q.Binding),
		AcceptMissingCloseNotify: p.AcceptMissingCloseNotify && q.AcceptMissingCloseNotify,
		KeepLogin:                p.KeepLogin && q.KeepLogin,
		NoActive:                 p.NoActive || q.NoActive,
		Compression:              p.Compression && q.Compression,
		CCC:                      p.CCC && q.CCC,
	}
}

var (
	replyNeedTLS  = ftp.Reply{Code: ftp.CodeNotLoggedIn, Text: "Login needs TLS: send AUTH TLS first"}
	replyClear    = ftp.Reply{Code: ftp.CodePolicy, Text: "Commands need TLS here: send AUTH TLS first"}
	replyLogin    = ftp.Reply{Code: ftp.CodeNotLoggedIn, Text: "Log in first"}
	replyLoginTLS = ftp.Reply{Code: ftp.CodeNotLoggedIn, Text: "AUTH ended the login: send USER and PASS again"}
	replyEPSVAll  = ftp.Reply{Code: ftp.CodeBadArgument, Text: "EPSV ALL was given: only EPSV until the connection ends"}
	replyNoRight  = "This account has no right to do that"
	replyProtP    = ftp.Reply{Code: ftp.CodeDataUnprotected, Text: "Data connections need PROT P here"}
	replyNoRoute  = ftp.Reply{Code: ftp.CodeNoData, Text: "Send EPSV, PASV, EPRT or PORT first"}
	replyRanged   = ftp.Reply{Code: ftp.CodeBadOffset, Text: "RANG is for downloads; use REST for an upload"}
	replyOffset   = ftp.Reply{Code: ftp.CodeBadOffsetType, Text: "An offset needs TYPE I"}
)

// refuse says no for every reason of order, login, sequence, argument, right
// and protection; the zero Reply means "go ahead". The first reason wins.
func (p Policy) refuse(st State, c *command, cmd ftp.Command) ftp.Reply {
	if !c.refused.IsZero() {
		return c.refused
	}
	return cmp.Or(
		p.refuseClear(st, c),
		refuseLogin(st, c),
		p.refuseTLS(st, c),
		refuseOrder(st, c, cmd.Verb),
		c.args.check(cmd.Verb, cmd.Arg),
		p.refuseMode(c),
		refuseRight(st, c),
		p.refuseTransfer(st, c),
	)
}

// refuseClear demands TLS before anything that says who somebody is. What
// needs a login is refused for the lack of it.
func (p Policy) refuseClear(st State, c *command) ftp.Reply {
	switch {
	case p.UnprotectedCommands || st.Security == Secure || c.needs.has(answersInClear):
		return ftp.Reply{}
	case c.needs.has(carriesLogin):
		return replyNeedTLS
	case st.Cleared:
		return ftp.Reply{}
	case c.needs.has(needLogin):
		return replyLogin
	}
	return replyClear
}

func refuseLogin(st State, c *command) ftp.Reply {
	switch {
	case !c.needs.has(needLogin) || st.Login == LoggedIn:
		return ftp.Reply{}
	case st.AuthEnded:
		return replyLoginTLS
	}
	return replyLogin
}

// refuseTLS says when AUTH and CCC make no sense.
func (p Policy) refuseTLS(st State, c *command) ftp.Reply {
	switch {
	case c.needs.has(startsTLS) && st.Cleared:
		return ftp.Reply{Code: ftp.CodeProtection, Text: "CCC ended the protection of this connection; connect again"}
	case c.needs.has(startsTLS) && st.Security == Secure:
		return ftp.Reply{Code: ftp.CodeProtection, Text: "This connection is in TLS already"}
	case !c.needs.has(endsTLS):
		return ftp.Reply{}
	case st.Implicit:
		return ftp.Reply{Code: ftp.CodeProtection, Text: "This port speaks TLS alone"}
	case !p.CCC && !st.CCCElsewhere:
		return ftp.Reply{Code: ftp.CodeUnknown, Text: "CCC is not enabled here"}
	case st.Security != Secure:
		return ftp.Reply{Code: ftp.CodePolicy, Text: "CCC needs a control connection in TLS"}
	case !p.CCC || st.Login != LoggedIn:
		return ftp.Reply{Code: ftp.CodeProtection, Text: "CCC is not allowed for this login"}
	}
	return ftp.Reply{}
}

// refuseOrder demands the commands that must come before.
func refuseOrder(st State, c *command, verb string) ftp.Reply {
	bad := func(text string) ftp.Reply { return ftp.Reply{Code: ftp.CodeBadSequence, Text: text} }
	switch n := c.needs; {
	case n.has(needTLS) && st.Cleared:
		return bad(verb + " is over: CCC ended the protection of this connection")
	case n.has(needTLS) && st.Security != Secure:
		return bad("Send AUTH TLS before " + verb)
	case n.has(needPBSZ) && !st.PBSZ:
		return bad("Send PBSZ 0 before PROT")
	case n.has(needLoggedOut) && st.Login == LoggedIn:
		return bad(verb + " comes before the login; REIN starts anew")
	case n.has(needNamed) && st.Login == LoggedOut:
		return bad("Send USER first")
	case n.has(needRenaming) && !st.Renaming:
		return bad("Send RNFR just before RNTO")
	case n.has(needCopying) && !st.Copying:
		return bad("Send SITE CPFR just before SITE CPTO")
	case n.has(needNoEPSVAll) && st.EPSVAll:
		return replyEPSVAll
	}
	return ftp.Reply{}
}

func (p Policy) refuseMode(c *command) ftp.Reply {
	if c.needs.has(dialsOut) && p.NoActive {
		return ftp.Reply{Code: ftp.CodeRefused, Text: "Active mode is off here: use EPSV or PASV"}
	}
	return ftp.Reply{}
}

// refuseRight demands that the account has one of the row's rights; a handler
// asks again for the path that it is given.
func refuseRight(st State, c *command) ftp.Reply {
	if c.perm == 0 || st.Perm&c.perm != 0 {
		return ftp.Reply{}
	}
	return ftp.Reply{Code: c.codes.orDefault().right, Text: replyNoRight}
}

// refuseTransfer checks what a transfer needs: its protection, an offset that
// can be honoured, a way to connect.
func (p Policy) refuseTransfer(st State, c *command) ftp.Reply {
	if !c.needs.has(opensData) {
		return ftp.Reply{}
	}
	return cmp.Or(p.refuseData(st), refuseOffset(st, c), refuseRoute(st))
}

// refuseData is asked for every transfer before its handler runs, and again
// at the moment the transfer starts.
func (p Policy) refuseData(st State) ftp.Reply {
	if p.UnprotectedData || st.private() {
		return ftp.Reply{}
	}
	return replyProtP
}

// refuseProt says no to a protection level that could never be used.
func (p Policy) refuseProt(level Protection) ftp.Reply {
	if level == ProtClear && !p.UnprotectedData {
		return ftp.Reply{Code: ftp.CodeProtection, Text: "Unprotected data is not allowed here: use PROT P"}
	}
	return ftp.Reply{}
}

// refuseGrant says no to a login that the account's own policy forbids as
// the session stands: in clear, or without the certificate it demands.
func (p Policy) refuseGrant(st State, certificate bool) error {
	switch {
	case st.Security == Clear && !p.UnprotectedCommands:
		return ErrNeedTLS
	case p.ClientCertificate == CertificateRequire && !certificate:
		return ErrCertificate
	}
	return nil
}

func refuseOffset(st State, c *command) ftp.Reply {
	switch {
	case c.needs.has(uploads) && st.Ranged:
		return replyRanged
	case c.needs.has(usesOffset) && st.Converts && (st.Offset > 0 || st.Ranged):
		return replyOffset
	}
	return ftp.Reply{}
}

func refuseRoute(st State) ftp.Reply {
	if st.HasRoute {
		return ftp.Reply{}
	}
	return replyNoRoute
}
