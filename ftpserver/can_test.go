package ftpserver

import (
	"testing"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

func TestCan(t *testing.T) {
	strict := Policy{}
	open := Policy{UnprotectedCommands: true, UnprotectedData: true}
	account := func(own Policy, perm Perm) Grant {
		return Grant{Perm: perm, Policy: &own, Mounts: map[storage.Path]Perm{"/in": PermReadOnly}}
	}
	for _, tt := range []struct {
		why    string
		server Policy
		q      Question
		cmd    string
		code   ftp.Code // 0: yes
		rule   string
	}{
		{"under TLS, private", strict, Question{Grant: account(strict, PermAll), TLS: true, Protection: ProtPrivate}, "STOR /x", 0, ""},
		{"no login in clear", strict, Question{Grant: account(strict, PermAll)}, "STOR /x", ftp.CodeNotLoggedIn, "policy.unprotected_commands"},
		{"the server allows, the account does not", open, Question{Grant: account(strict, PermAll)}, "STOR /x", ftp.CodeNotLoggedIn, "policy.unprotected_commands"},
		{"both allow", open, Question{Grant: account(open, PermAll)}, "STOR /x", 0, ""},
		{"no data in clear", strict, Question{Grant: account(strict, PermAll), TLS: true}, "RETR /x", ftp.CodeDataUnprotected, "policy.unprotected_data"},
		{"no right", strict, Question{Grant: account(strict, PermReadOnly), TLS: true, Protection: ProtPrivate}, "DELE /x", ftp.CodeUnavailable, "permissions"},
		{"no right below a mount", strict, Question{Grant: account(strict, PermAll), TLS: true, Protection: ProtPrivate}, "DELE /in/x", ftp.CodeUnavailable, "permissions"},
		{"a path is looked at as it is opened", strict, Question{Grant: account(strict, PermAll), TLS: true, Protection: ProtPrivate}, "DELE /a/../in//x", ftp.CodeUnavailable, "permissions"},
		{"no certificate", strict, Question{Grant: account(Policy{ClientCertificate: CertificateRequire}, PermAll), TLS: true, Protection: ProtPrivate}, "PWD", ftp.CodeNotLoggedIn, "policy.client_certificate"},
		{"a certificate", strict, Question{Grant: account(Policy{ClientCertificate: CertificateRequire}, PermAll), TLS: true, Certificate: true}, "PWD", 0, ""},
		{"active mode is off", strict, Question{Grant: account(Policy{NoActive: true}, PermAll), TLS: true}, "PORT 1,2,3,4,5,6", ftp.CodeRefused, "policy.active_mode"},
		{"CCC is off", strict, Question{Grant: account(strict, PermAll), TLS: true}, "CCC", ftp.CodeUnknown, "policy.ccc"},
		{"CCC is on", Policy{CCC: true}, Question{Grant: account(Policy{CCC: true}, PermAll), TLS: true}, "CCC", 0, ""},
		{"a password in clear", strict, Question{Grant: account(strict, PermAll)}, "PASS x", ftp.CodeNotLoggedIn, "policy.unprotected_commands"},
		{"FEAT is for everybody", strict, Question{}, "FEAT", 0, ""},
		{"no such verb", strict, Question{}, "FOO", ftp.CodeUnknown, "command"},
		{"a verb that is refused to everybody", strict, Question{TLS: true}, "CPSV", ftp.CodeRefused, "command"},
		{"a SITE word", strict, Question{Grant: account(strict, PermReadOnly), TLS: true}, "SITE CHMOD 644 x", ftp.CodeUnavailable, "permissions"},
		{"no such SITE word", strict, Question{Grant: account(strict, PermReadOnly), TLS: true}, "SITE EXEC x", ftp.CodeUnknown, "command"},
		{"without the path that it needs", strict, Question{Grant: account(strict, PermAll), TLS: true}, "DELE", ftp.CodeBadArgument, "argument"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			cmd, err := ftp.ParseCommand(tt.cmd)
			if err != nil {
				t.Fatal(err)
			}
			tt.q.Command = cmd
			if a := tt.server.Can(tt.q); a.Reply.Code != tt.code || a.Rule != tt.rule {
				t.Errorf("got %d %q by %q, want %d by %q", a.Reply.Code, a.Reply.Text, a.Rule, tt.code, tt.rule)
			}
		})
	}
}

// TestRulesAreReasons: whatever refuse says no to has a rule, and nothing
// else has.
func TestRulesAreReasons(t *testing.T) {
	for bits := range 1 << 8 {
		on := func(i int) bool { return bits>>i&1 == 1 }
		p := Policy{UnprotectedCommands: on(0), UnprotectedData: on(1), NoActive: on(2), CCC: on(3)}
		st := State{PBSZ: on(4), HasRoute: on(5)}
		if on(6) {
			st.Security = Secure
		}
		if on(7) {
			st = st.loggedIn(PermReadOnly)
		}
		for verb, c := range commands {
			cmd := ftp.Command{Verb: verb, Arg: "x"}
			if refusal, rule := p.refuse(st, c, cmd), p.rule(st, c, cmd); refusal.IsZero() != (rule == "") {
				t.Fatalf("%s, %+v, %+v: %v by %q", verb, p, st, refusal, rule)
			}
		}
	}
}
