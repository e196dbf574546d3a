package ftpserver_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// A test of the runner: each last line is wrong, and must be noticed.
func TestPlayerNotices(t *testing.T) {
	t.Parallel()
	download := []string{"LOGIN", "C: TYPE I", "S: 200 *", "C: EPSV", "S: 229 *", "C: RETR f", "S: 150 *", "D open"}
	toTLS := []string{"S: 220 *", "C: AUTH TLS", "S: 234 *"}
	for _, test := range []struct {
		why   string
		modes string
		lines []string
		wrong string
	}{
		{"another code", "clear tls", nil, "S: 421 *"},
		{"another text", "clear tls", nil, "S: 220 Welcome"},
		{"a line that is a beginning only", "clear tls", nil, "S: 220"},
		{"other bytes", "clear tls", nil, `S "221 "`},
		{"another value of a name", "clear tls", []string{"LOGIN", "C: PWD", `S: 257 "{x}"`, "C: CWD dir", "S: 250 *", "C: PWD"}, `S: 257 "{x}"`},
		{"a login that fails", "clear tls", []string{"S: 220 *", "C: USER nobody", "S: 331 *", "C: PASS pw"}, "S: 230 *"},
		{"a session that goes on", "clear tls", []string{"LOGIN", "C: NOOP"}, "EOF"},
		{"TLS that goes on", "tls", []string{"LOGIN", "C: NOOP"}, "UNTLS"},
		{"no TLS to end", "clear", []string{"LOGIN"}, "UNTLS"},
		{"no data address", "clear tls", []string{"LOGIN"}, "D open"},
		{"no data connection", "clear tls", []string{"LOGIN"}, "D> text"},
		{"other data", "clear tls", download, `D< "other"`},
		{"another line of data", "clear tls", []string{"LOGIN", "C: EPSV", "S: 229 *", "C: NLST dir", "S: 150 *", "D open"}, "D< other"},
		{"a line without CR", "clear tls", download, "D< text"},
		{"data behind the end", "clear tls", download, "D eof"},
		{"an end in order is no loss", "tls", download, "D lost"},
		{"an unknown directive", "clear", nil, "SAY hello"},
		{"an unknown data directive", "clear", download, "D jump"},
		{"bytes that are no Go string", "clear", nil, `C "NOOP`},
		{"another alert", "clear", toTLS, "TLS alpn=h2 alert=112"},
		{"another certificate", "clear", toTLS, "TLS served=other"},
	} {
		for mode := range strings.FieldsSeq(test.modes) {
			t.Run(mode+"/"+test.why, func(t *testing.T) {
				t.Parallel()
				s := newPlayer(startRig(t, "fs/f = \"text\\n\"\nfs/dir/g = \"\""), mode)
				defer s.close()
				s.do(t, test.lines...)
				if s.step(test.wrong) == nil {
					t.Errorf("%s passed", test.wrong)
				}
			})
		}
	}
}

// A test of the runner: each section is wrong, and must be noticed.
func TestSectionsNotice(t *testing.T) {
	t.Parallel()
	r := startRig(t, "fs/f = \"text\\n\"")
	for _, test := range []struct{ why, section string }{
		{"other content", "-- want/f --\nother\n"},
		{"a file that is missing", "-- want/missing --\n"},
		{"a directory that is a file", "-- want/f/ --\n"},
		{"a file that is there", "-- absent/f --\n"},
		{"a line that is not in the log", "-- log --\nnothing like that\n"},
		{"an unknown section", "-- wants/f --\ntext\n"},
	} {
		wrong := r.check(txtar.Parse([]byte(test.section)))
		if errors.Join(wrong...) == nil {
			t.Errorf("%s passed", test.why)
		}
	}
	for _, config := range []string{"quota", "quotas = 1", "Limits.Patience = 1s", "alice.perm = fly", "policy = loose", "fs/f = 5"} {
		if _, err := parseSetup(config); err == nil {
			t.Errorf("the config %q was taken", config)
		}
	}
}
