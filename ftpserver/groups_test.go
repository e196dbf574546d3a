package ftpserver

import (
	"crypto/tls"
	"strings"
	"testing"
)

// Whether a session is safe from a quantum computer shows in the log, in
// Sessions and in STAT.
func TestNegotiatedGroupIsShown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why     string
		version uint16
		groups  []tls.CurveID
		want    string
	}{
		{"what Go's clients offer by themselves", tls.VersionTLS13, nil, "X25519MLKEM768"},
		{"another hybrid", tls.VersionTLS13, []tls.CurveID{tls.SecP256r1MLKEM768}, "SecP256r1MLKEM768"},
		{"a client without post-quantum groups", tls.VersionTLS13, []tls.CurveID{tls.X25519}, "X25519"},
		{"TLS 1.2 has none", tls.VersionTLS12, nil, "X25519"},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			r := run(t, Config{})
			client := resuming(test.version)
			client.CurvePreferences = test.groups
			p := entered(t, r.addr, "alice", client)
			sessions := r.Sessions()
			if len(sessions) != 1 || sessions[0].TLS.KeyExchange != test.want {
				t.Errorf("the sessions are %+v", sessions)
			}
			if logged := r.log.of("login", "key_exchange"); len(logged) != 1 || logged[0] != test.want {
				t.Errorf("the log has %v", logged)
			}
			stat := p.want(211, "STAT")
			if want := "Control connection " + sessions[0].TLS.String(); !strings.Contains(stat, want) || !strings.Contains(stat, ", "+test.want+"\n") {
				t.Errorf("STAT says\n%s\nwithout %q", stat, want)
			}
		})
	}
}
