package ftpserver

import (
	"errors"
	"testing"

	"github.com/sealift/sealift/ftp"
)

// States that the tables start from.
var (
	inClear    = State{Converts: true}
	namedClear = State{Converts: true, Login: Named}
	userClear  = State{Converts: true, Login: LoggedIn, Perm: PermAll}
	inTLS      = State{Security: Secure, Converts: true}
	userTLS    = State{Security: Secure, Login: LoggedIn, Perm: PermAll}
)

func with(st State, change func(*State)) State {
	change(&st)
	return st
}

func private(st *State)   { st.PBSZ, st.Protection, st.HasRoute = true, ProtPrivate, true }
func clearRoad(st *State) { st.HasRoute = true }

func TestRefuse(t *testing.T) {
	t.Parallel()
	strict := Policy{}
	open := Policy{UnprotectedCommands: true, UnprotectedData: true}
	cccOn := Policy{CCC: true}
	const ahead = ftp.Code(0)
	tests := []struct {
		why    string
		policy Policy
		state  State
		line   string
		code   ftp.Code
	}{
		{"a name never travels in clear", strict, inClear, "USER a", ftp.CodeNotLoggedIn},
		{"a password never travels in clear", strict, inClear, "PASS a", ftp.CodeNotLoggedIn},
		{"nor an account", strict, inClear, "ACCT a", ftp.CodeNotLoggedIn},
		{"what needs a login says so", strict, inClear, "LIST", ftp.CodeNotLoggedIn},
		{"what needs none is refused by policy (RFC 2228 §3)", strict, inClear, "NOOP", ftp.CodePolicy},
		{"HELP too", strict, inClear, "HELP", ftp.CodePolicy},
		{"AUTH can be found", strict, inClear, "FEAT", ahead},
		{"a host can be chosen", strict, inClear, "HOST ftp.example", ahead},
		{"one can leave", strict, inClear, "QUIT", ahead},
		{"one can secure the connection", strict, inClear, "AUTH TLS", ahead},
		{"in TLS the name may come", strict, inTLS, "USER a", ahead},
		{"the open policy demands nothing", open, inClear, "USER a", ahead},

		{"PASS follows USER", strict, inTLS, "PASS a", ftp.CodeBadSequence},
		{"ACCT follows USER", strict, inTLS, "ACCT a", ftp.CodeBadSequence},
		{"PBSZ follows AUTH", strict, inClear, "PBSZ 0", ftp.CodeBadSequence},
		{"PROT follows AUTH", open, inClear, "PROT P", ftp.CodeBadSequence},
		{"PROT follows PBSZ", strict, inTLS, "PROT P", ftp.CodeBadSequence},
		{"PROT needs no login", strict, with(inTLS, func(st *State) { st.PBSZ = true }), "PROT P", ahead},
		{"the sequence is looked at before the argument", strict, inTLS, "PROT", ftp.CodeBadSequence},
		{"AUTH comes once", strict, inTLS, "AUTH TLS", ftp.CodeProtection},
		{"AUTH behind CCC", open, State{Cleared: true}, "AUTH TLS", ftp.CodeProtection},
		{"PBSZ behind CCC", open, State{Cleared: true, PBSZ: true}, "PBSZ 0", ftp.CodeBadSequence},
		{"PROT behind CCC", open, State{Cleared: true, PBSZ: true}, "PROT P", ftp.CodeBadSequence},
		{"a login in clear behind CCC", cccOn, State{Cleared: true}, "USER a", ftp.CodeNotLoggedIn},
		{"but who is in goes on", cccOn, with(userClear, func(st *State) { st.Cleared = true }), "PWD", ahead},

		{"CCC is unknown unless it is enabled", strict, userTLS, "CCC", ftp.CodeUnknown},
		{"CCC needs TLS", cccOn, inClear, "CCC", ftp.CodePolicy},
		{"CCC needs a login", cccOn, inTLS, "CCC", ftp.CodeProtection},
		{"CCC that is enabled for others", strict, with(userTLS, func(st *State) { st.CCCElsewhere = true }), "CCC", ftp.CodeProtection},
		{"CCC on the implicit port", cccOn, with(userTLS, func(st *State) { st.Implicit = true }), "CCC", ftp.CodeProtection},
		{"CCC where it may be", cccOn, userTLS, "CCC", ahead},

		{"an AUTH that ended a login is named", open, State{Security: Secure, AuthEnded: true}, "PWD", ftp.CodeNotLoggedIn},
		{"clear data is refused however the route came", strict, with(userTLS, clearRoad), "RETR f", ftp.CodeDataUnprotected},
		{"listings are data", strict, with(userTLS, clearRoad), "NLST", ftp.CodeDataUnprotected},
		{"protection is named before the missing route", strict, userTLS, "RETR f", ftp.CodeDataUnprotected},
		{"private data may go", strict, with(userTLS, private), "RETR f", ahead},
		{"a transfer needs a route", open, userTLS, "RETR f", ftp.CodeNoData},
		{"clear data may go where it is allowed", open, with(userClear, clearRoad), "RETR f", ahead},

		{"DELE without a name deletes nothing", open, userTLS, "DELE", ftp.CodeBadArgument},
		{"a space is a name", open, userTLS, "DELE  ", ahead},
		{"CDUP has no argument", open, userTLS, "CDUP x", ftp.CodeBadArgument},
		{"STOU has no argument", open, with(userTLS, clearRoad), "STOU x", ftp.CodeBadArgument},
		{"the login comes before the argument", open, inTLS, "DELE", ftp.CodeNotLoggedIn},
		{"the argument comes before the right", open, with(userTLS, func(st *State) { st.Perm = PermList }), "DELE", ftp.CodeBadArgument},

		{"no right to delete", open, with(userTLS, func(st *State) { st.Perm = PermReadOnly }), "DELE f", ftp.CodeUnavailable},
		{"no right to create is 553", open, with(userTLS, func(st *State) { st.Perm = PermReadOnly; st.HasRoute = true }), "STOR f", ftp.CodeNameRefused},
		{"no right to a digest is 552", open, with(userTLS, func(st *State) { st.Perm = PermList }), "HASH f", ftp.CodeQuota},
		{"the right comes before the protection", strict, with(userTLS, func(st *State) { st.Perm = PermUploadOnly }), "RETR f", ftp.CodeUnavailable},

		{"RNTO alone", open, userTLS, "RNTO f", ftp.CodeBadSequence},
		{"RNTO behind RNFR", open, with(userTLS, func(st *State) { st.Renaming = true }), "RNTO f", ahead},
		{"HOST behind the login", open, userTLS, "HOST h", ftp.CodeBadSequence},
		{"HOST behind USER", open, namedClear, "HOST h", ahead},
		{"PASV behind EPSV ALL", open, with(userTLS, func(st *State) { st.EPSVAll = true }), "PASV", ftp.CodeBadArgument},
		{"PORT behind EPSV ALL", open, with(userTLS, func(st *State) { st.EPSVAll = true }), "PORT 1,2,3,4,5,6", ftp.CodeBadArgument},
		{"EPRT behind EPSV ALL", open, with(userTLS, func(st *State) { st.EPSVAll = true }), "EPRT |1|1.2.3.4|5000|", ftp.CodeBadArgument},
		{"EPSV behind EPSV ALL", open, with(userTLS, func(st *State) { st.EPSVAll = true }), "EPSV", ahead},
		{"PORT where active mode is off", Policy{NoActive: true}, userTLS, "PORT 1,2,3,4,5,6", ftp.CodeRefused},
		{"PASV where active mode is off", Policy{NoActive: true}, userTLS, "PASV", ahead},

		{"REST and a converting RETR", open, with(userTLS, func(st *State) { st.HasRoute, st.Converts, st.Offset = true, true, 1 }), "RETR f", ftp.CodeBadOffsetType},
		{"REST 0 and a converting RETR", open, with(userTLS, func(st *State) { st.HasRoute, st.Converts = true, true }), "RETR f", ahead},
		{"REST and a listing", open, with(userTLS, func(st *State) { st.HasRoute, st.Converts, st.Offset = true, true, 1 }), "LIST", ahead},
		{"RANG and an upload", open, with(userTLS, func(st *State) { st.HasRoute, st.Ranged = true, true }), "STOR f", ftp.CodeBadOffset},
		{"RANG and a download", open, with(userTLS, func(st *State) { st.HasRoute, st.Ranged = true, true }), "RETR f", ahead},

		{"TLS has no exchange", open, inClear, "ADAT x", ftp.CodeBadSequence},
		{"what is refused on purpose, before anything else", strict, inClear, "MIC x", ftp.CodeRefused},
		{"server to server", open, userTLS, "CPSV", ftp.CodeRefused},
	}
	for _, test := range tests {
		cmd, err := ftp.ParseCommand(test.line)
		if err != nil || commands[cmd.Verb] == nil {
			t.Fatalf("%s: %q is no command (%v)", test.why, test.line, err)
		}
		if got := test.policy.refuse(test.state, commands[cmd.Verb], cmd); got.Code != test.code {
			t.Errorf("%s: %s is answered %q, want %d", test.why, test.line, got.Error(), test.code)
		}
	}
}

func TestRefuseProt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		policy Policy
		level  Protection
		code   ftp.Code
	}{
		{"P is always allowed", Policy{}, ProtPrivate, 0},
		{"C could never be used", Policy{}, ProtClear, ftp.CodeProtection},
		{"C may be used", Policy{UnprotectedData: true}, ProtClear, 0},
	} {
		if got := test.policy.refuseProt(test.level); got.Code != test.code {
			t.Errorf("%s: got %q, want %d", test.why, got.Error(), test.code)
		}
	}
}

func TestRefuseGrant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why         string
		policy      Policy
		state       State
		certificate bool
		want        error
	}{
		{"an account that needs TLS, in clear", Policy{}, inClear, false, ErrNeedTLS},
		{"the same in TLS", Policy{}, inTLS, false, nil},
		{"an account that does not", Policy{UnprotectedCommands: true}, inClear, false, nil},
		{"one that needs a certificate, without", Policy{ClientCertificate: CertificateRequire}, inTLS, false, ErrCertificate},
		{"the same with", Policy{ClientCertificate: CertificateRequire}, inTLS, true, nil},
		{"one that would like to see one", Policy{ClientCertificate: CertificateRequest}, inTLS, false, nil},
	} {
		if got := test.policy.refuseGrant(test.state, test.certificate); !errors.Is(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.why, got, test.want)
		}
	}
}

// policies are all that there are.
func policies() []Policy {
	var all []Policy
	for bits := range 1 << 6 {
		for certificate := range CertificateRequire + 1 {
			for binding := range BindOff + 1 {
				all = append(all, Policy{
					UnprotectedCommands: bits&1 != 0, UnprotectedData: bits&2 != 0, CertificateLogin: bits&4 != 0,
					AcceptMissingCloseNotify: bits&8 != 0, KeepLogin: bits&16 != 0, NoActive: bits&32 != 0, CCC: bits&32 == 0,
					ClientCertificate: certificate, Binding: binding,
				})
			}
		}
	}
	return all
}

// laxer reports whether p allows something that q does not.
func laxer(p, q Policy) bool {
	strictness := map[Binding]int{BindOff: 0, BindAuto: 1, BindRequire: 2}
	allows := func(a, b bool) bool { return a && !b }
	return allows(p.UnprotectedCommands, q.UnprotectedCommands) || allows(p.UnprotectedData, q.UnprotectedData) ||
		p.ClientCertificate < q.ClientCertificate || allows(p.CertificateLogin, q.CertificateLogin) ||
		strictness[p.Binding] < strictness[q.Binding] || allows(p.AcceptMissingCloseNotify, q.AcceptMissingCloseNotify) ||
		allows(p.KeepLogin, q.KeepLogin) || allows(q.NoActive, p.NoActive) || allows(p.CCC, q.CCC)
}

func TestTighten(t *testing.T) {
	t.Parallel()
	all := policies()
	for _, p := range all {
		if p.Tighten(p) != p {
			t.Fatalf("%+v is not itself, tightened by itself", p)
		}
		for _, q := range all {
			both := p.Tighten(q)
			switch {
			case both != q.Tighten(p):
				t.Fatalf("the order matters to %+v and %+v", p, q)
			case laxer(both, p), laxer(both, q):
				t.Fatalf("%+v\nand %+v\nmake %+v, which allows more", p, q, both)
			case both.Tighten(p) != both:
				t.Fatalf("%+v\ntightens %+v a second time", p, both)
			case !laxer(p, q) && both != p:
				t.Fatalf("%+v\nis strict enough, yet %+v makes it %+v", p, q, both)
			}
		}
	}
}

// What one of two policies refuses, both together refuse.
func TestTightenRefusesMore(t *testing.T) {
	t.Parallel()
	var few []Policy
	for bits := range 1 << 4 {
		few = append(few, Policy{UnprotectedCommands: bits&1 != 0, UnprotectedData: bits&2 != 0, CCC: bits&4 != 0, NoActive: bits&8 != 0})
	}
	states := []State{inClear, namedClear, userClear, inTLS, userTLS, with(userClear, clearRoad), with(userTLS, clearRoad), with(userTLS, private)}
	table := rows()
	for _, p := range few {
		for _, q := range few {
			both := p.Tighten(q)
			for _, st := range states {
				for verb, c := range table {
					cmd := ftp.Command{Verb: verb, Arg: someArg(c.args)}
					if !p.refuse(st, c, cmd).IsZero() && both.refuse(st, c, cmd).IsZero() {
						t.Fatalf("%+v\nrefuses %s, tightened by %+v\nit does not", p, verb, q)
					}
				}
			}
		}
	}
}
