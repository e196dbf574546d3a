package ftpserver

import (
	"crypto/tls"
	"testing"
)

// The hybrid exchange of the control connection protects a data connection
// that resumes it; one that does not gets its own (docs/adr/0012).
func TestKeyExchangeOfDataConnections(t *testing.T) {
	t.Parallel()
	own := serverTLS().Clone()
	own.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768}
	for _, test := range []struct {
		why           string
		server        *tls.Config
		client        *tls.Config
		control, data tls.CurveID
	}{
		{"resumed, so that a quick exchange is enough", nil, resuming(tls.VersionTLS13), tls.X25519MLKEM768, tls.X25519},
		{"a stranger's exchange stands alone", nil, fresh(tls.VersionTLS13), tls.X25519MLKEM768, tls.X25519MLKEM768},
		{"what an embedder chose stays", own, resuming(tls.VersionTLS13), tls.X25519MLKEM768, tls.X25519MLKEM768},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			p := entered(t, run(t, Config{TLS: test.server}).addr, "alice", test.client)
			if got := p.conn.(*tls.Conn).ConnectionState().CurveID; got != test.control {
				t.Errorf("the control connection has %v, want %v", got, test.control)
			}
			data := p.begin("STOR f")
			if got := data.ConnectionState().CurveID; got != test.data {
				t.Errorf("the data connection has %v, want %v", got, test.data)
			}
			finish(t, data)
			p.await(226)
		})
	}
}
