package ftpserver

import "github.com/sealift/sealift/ftp"

// Security is how the control connection is protected.
type Security uint8

// A control connection is in the clear until AUTH TLS, and again after CCC
// or REIN; on an implicit listener it starts Secure.
const (
	Clear Security = iota
	Secure
)

// Login is how far the login has come.
type Login uint8

// USER makes a session Named, PASS or a client certificate LoggedIn.
const (
	LoggedOut Login = iota
	Named
	LoggedIn
)

// Protection is the level of the data connections (RFC 4217 §9).
type Protection uint8

// PROT C and PROT P. Until PROT is given the level is ProtClear.
const (
	ProtClear Protection = iota
	ProtPrivate
)

func (p Protection) String() string {
	if p == ProtPrivate {
		return "private"
	}
	return "unprotected"
}

// Perm is a set of rights of an account.
type Perm uint16

// The rights; each row of the command table names those that it needs.
const (
	PermList Perm = 1 << iota
	PermRead
	PermWrite     // make new files
	PermAppend    // add to complete files
	PermOverwrite // lose bytes of complete files
	PermDelete
	PermRename
	PermMkdir
	PermRmdir
	PermAttributes

	PermAll        = PermAttributes<<1 - 1
	PermReadOnly   = PermList | PermRead
	PermUploadOnly = PermWrite | PermMkdir
)

// State is all that refuse looks at: where a session stands. It is a value;
// the session's own goroutine alone changes it.
type State struct {
	Security     Security
	Implicit     bool // the listener's connections start in TLS
	Cleared      bool // CCC was given
	CCCElsewhere bool // the server's policy allows CCC, whatever the account's says
	Login        Login
	AuthEnded    bool // AUTH ended a login that was there
	PBSZ         bool
	Protection   Protection
	Perm         Perm
	IPv6         bool // family of the control connection
	EPSVAll      bool
	HasRoute     bool // PASV, EPSV, PORT or EPRT was given
	Renaming     bool // the command before was RNFR
	Copying      bool // the command before was SITE CPFR
	Busy         bool // a transfer runs
	Converts     bool // TYPE A, and line ends are converted
	Deflates     bool // MODE Z
	Offset       int64
	Ranged       bool // RANG was given: First to Last
	First        int64
	Last         int64
}

// newState is a session's start. On an implicit listener data is private from
// the start (protocol.md §2).
func newState(implicit, ipv6 bool) State {
	st := State{Implicit: implicit, IPv6: ipv6, Converts: true}
	if implicit {
		st.Security, st.PBSZ, st.Protection = Secure, true, ProtPrivate
	}
	return st
}

// afterAuth is the state that an accepted AUTH leaves: everything said in
// clear is forgotten (RFC 4217 §4.2), except EPSV ALL (RFC 2428 §4), and with
// keepLogin the login (protocol.md §2).
func (st State) afterAuth(keepLogin bool) State {
	next := newState(false, st.IPv6)
	next.Security, next.EPSVAll, next.CCCElsewhere = Secure, st.EPSVAll, st.CCCElsewhere
	switch {
	case keepLogin && st.Login == LoggedIn:
		next.Login, next.Perm = st.Login, st.Perm
	case st.Login == LoggedIn:
		next.AuthEnded = true
	}
	return next
}

// afterRein is the state that REIN leaves: that of a new connection, except
// EPSV ALL.
func (st State) afterRein() State {
	next := newState(false, st.IPv6)
	next.EPSVAll, next.CCCElsewhere = st.EPSVAll, st.CCCElsewhere
	return next
}

// loggedOut is the state without a login; transfer parameters stay (RFC 959
// §4.1.1), the offset does not.
func (st State) loggedOut() State {
	st.Login, st.Perm, st.AuthEnded = LoggedOut, 0, false
	st.Renaming, st.Copying = false, false
	return st.withoutOffset()
}

// loggedIn is the state that a Grant with these rights leads to.
func (st State) loggedIn(perm Perm) State {
	st.Login, st.Perm, st.AuthEnded = LoggedIn, perm, false
	return st
}

// withoutOffset is the state after a transfer command used REST or RANG up.
func (st State) withoutOffset() State {
	st.Offset, st.Ranged, st.First, st.Last = 0, false, 0, 0
	return st
}

// private reports whether the next data connection is protected.
func (st State) private() bool { return st.Protection == ProtPrivate }

// need is what a command asks of the State, beside its argument and right.
type need uint32

const (
	needLogin      need = 1 << iota
	needTLS             // a protected control connection (PBSZ, PROT)
	needPBSZ            // PROT
	needLoggedOut       // HOST
	needNamed           // PASS, ACCT: USER, or a login
	needRenaming        // RNTO
	needCopying         // SITE CPTO
	needNoEPSVAll       // PASV, PORT, EPRT
	dialsOut            // PORT, EPRT
	startsTLS           // AUTH
	endsTLS             // CCC
	answersInClear      // has an answer of its own where TLS is demanded
	carriesLogin        // USER, PASS, ACCT
	opensData           // a transfer: a route, and the protection demanded
	usesOffset          // reads at REST's offset: 555 under a converting TYPE A
	uploads             // takes no RANG
	duringTransfer      // answered at once while a transfer runs
	delegates           // runs a row of another table, which ends RNFR and SITE CPFR
)

func (n need) has(x need) bool { return n&x != 0 }

// args is the shape of a command's argument.
type args uint8

const (
	argNone     args = iota // 501 where there is one
	argIgnored              // whatever stands there is not looked at
	argOptional             // words, may be missing
	argWords                // words, must be there
	argPath                 // a pathname, must be there
	argOptPath              // a pathname, may be missing
)

// check is refuse's part on the argument's shape.
func (a args) check(verb, arg string) ftp.Reply {
	switch {
	case a == argNone && arg != "":
		return ftp.Replyf(ftp.CodeBadArgument, "%s takes no argument", verb)
	case (a == argWords || a == argPath) && arg == "":
		return ftp.Replyf(ftp.CodeBadArgument, "%s needs an argument; see HELP %s", verb, verb)
	}
	return ftp.Reply{}
}

// word is the argument without the spaces around it; those of a pathname
// belong to the name (RFC 3659 §2.2).
func (a args) word(arg string) string {
	if a == argPath || a == argOptPath {
		return arg
	}
	for len(arg) > 0 && arg[0] == ' ' {
		arg = arg[1:]
	}
	for len(arg) > 0 && arg[len(arg)-1] == ' ' {
		arg = arg[:len(arg)-1]
	}
	return arg
}

// withoutRange is the state after HASH used RANG up.
func (st State) withoutRange() State {
	if st.Ranged {
		return st.withoutOffset()
	}
	return st
}
