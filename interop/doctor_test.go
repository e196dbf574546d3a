//go:build unix

package interop

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/sealift/sealift/interop/peers"
	"github.com/sealift/sealift/interop/peers/peertest"
	"github.com/sealift/sealift/probe"
)

// sickness is what the doctor must find on one server. All else is ok.
type sickness struct {
	why   string // where else it is known
	probe string
	want  []probe.Verdict // more than one where the server wavers
}

func is(v ...probe.Verdict) []probe.Verdict { return v }

// plainWeb are the faults that all four have.
var plainWeb = []sickness{
	{"their OpenSSL offers CBC unless told", "tls-suites", is(probe.Warning)},
	{"OpenSSL 3.0 has none", "post-quantum", is(probe.Note)},
	{"measured: h2 is taken everywhere", "alpn", is(probe.Note)},
	{"none of them has SHA-256 here", "hash", is(probe.Note)},
	{"they take any connection, as they are set up here", "data-unresumed", is(probe.Note)},
	{"so whoever comes first wins", "data-race", is(probe.Warning)},
}

func TestDoctor(t *testing.T) {
	for _, test := range []struct {
		kind     peers.Kind
		options  peers.Options
		software string
		found    []sickness
	}{
		{peers.VsFTPd, peers.Options{}, "vsftpd", slices.Concat(plainWeb, vsftpdFaults)},
		{peers.VsFTPd, peers.Options{RequireReuse: true}, "vsftpd", slices.Concat(withReuse(plainWeb, "data-unresumed"), vsftpdFaults)},
		{peers.ProFTPD, peers.Options{}, "ProFTPD", slices.Concat(plainWeb, proftpdFaults)},
		{peers.ProFTPD, peers.Options{RequireReuse: true}, "ProFTPD", slices.Concat(withReuse(plainWeb, "data-unresumed", "data-race"), proftpdFaults)},
		{peers.PureFTPd, peers.Options{}, "Pure-FTPd", slices.Concat(plainWeb, pureFTPdFaults)},
		{peers.Pyftpdlib, peers.Options{}, "pyftpdlib", slices.Concat(plainWeb, pyftpdlibFaults)},
	} {
		name := string(test.kind)
		if test.options.RequireReuse {
			name += ", sessions must be resumed"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := peertest.Start(t, test.kind, test.options)
			r, err := probe.Examine(t.Context(), doctorOptions(t, s))
			if err != nil {
				t.Fatal(err)
			}
			if r.Software != test.software {
				t.Errorf("recognised as %s", r.Software)
			}
			compare(t, r, test.found)
			if r.Took > 60 {
				t.Errorf("it took %.0f s", r.Took)
			}
			if left, err := os.ReadDir(s.Home); err != nil || len(left) > 0 {
				t.Errorf("left on the server: %v, %v", left, err)
			}
		})
	}
}

// withReuse takes away what is well where sessions have to be resumed.
func withReuse(all []sickness, cured ...string) []sickness {
	return slices.DeleteFunc(slices.Clone(all), func(s sickness) bool { return slices.Contains(cured, s.probe) })
}

func compare(t *testing.T, r probe.Report, found []sickness) {
	t.Helper()
	want := map[string][]probe.Verdict{"idle": is(probe.Skipped)}
	for _, s := range found {
		want[s.probe] = s.want
	}
	for _, f := range r.Findings {
		expected := want[f.Probe]
		if expected == nil {
			expected = is(probe.OK)
		}
		if !slices.Contains(expected, f.Verdict) {
			t.Errorf("%s is %s, not %v: %s", f.Probe, f.Verdict, expected, f.Summary)
		}
	}
}

func doctorOptions(t *testing.T, s *peers.Server) probe.Options {
	t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	at, err := netip.ParseAddrPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	return probe.Options{Host: at.Addr().String(), Port: at.Port(), User: s.User, Password: s.Password, TLS: &tls.Config{RootCAs: roots}}
}

var vsftpdFaults = []sickness{
	{"its banner", "greeting", is(probe.Note)},
	{"measured: 200", "order", is(probe.Note)},
	{"measured: USER runs", "http-in-tls", is(probe.Warning)},
	{"measured in FEAT: none", "mlsd", is(probe.Warning)},
	{"measured: 350", "rest-numbers", is(probe.Note)},
	{"measured: it still takes EPRT", "epsv-all", is(probe.Note)},
	{"measured: 426, and the short file is kept", "truncated-upload", is(probe.Warning)},
	{"measured: lost", "overwrite", is(probe.Warning)},
	{"measured: 0 of 10 with strict_ssl_read_eof", "fast-close", is(probe.Warning)},
	{"MDTM with a date", "modification-time", is(probe.Note)},
	{"measured: at the end", "noop-in-transfer", is(probe.Note)},
	{"measured: nothing within 3 s", "abor", is(probe.Warning)},
}

var proftpdFaults = []sickness{
	{"measured: 200", "order", is(probe.Note)},
	{"found by the doctor: no answer", "long-line", is(probe.Note)},
	{"found by the doctor: LANG is claimed without its tables", "features", is(probe.Warning)},
	{"measured: 10^20 is 350", "rest-numbers", is(probe.Note)},
	{"proftpd#2272", "passive-stranger", is(probe.Failure)},
	{"measured: 504", "prot-case", is(probe.Note)},
	{"measured: 226", "truncated-upload", is(probe.Failure)},
	{"measured: lost", "overwrite", is(probe.Warning)},
	{"found by the doctor: 425, and the file is empty", "stor-without-data", is(probe.Failure)},
	{"226 before 426", "abor", is(probe.Note, probe.Warning)},
}

var pureFTPdFaults = []sickness{
	{"measured: 234", "auth-twice", is(probe.Warning)},
	{"measured: 200", "order", is(probe.Note)},
	{"measured: S and E are 200", "prot-levels", is(probe.Warning)},
	{"found by the doctor: no tickets", "tls-resumption", is(probe.Note)},
	{"found by the doctor: no tickets", "data-tls", is(probe.Note)},
	{"measured: PASV is still taken", "epsv-all", is(probe.Note)},
	{"measured: 229", "epsv", is(probe.Note)},
	{"measured: 534", "prot-case", is(probe.Note)},
	{"measured: 226", "truncated-upload", is(probe.Failure)},
	{"measured: lost", "overwrite", is(probe.Warning)},
	{"found by the doctor: the file is empty", "stor-without-data", is(probe.Failure)},
	{"measured: 500", "noop-in-transfer", is(probe.Note)},
	{"426, then 451", "abor", is(probe.Note)},
}

var pyftpdlibFaults = []sickness{
	{"its banner", "greeting", is(probe.Note)},
	{"measured: SYST runs inside TLS", "auth-injection", is(probe.Failure)},
	{"measured: 331", "http-in-tls", is(probe.Warning)},
	{"found by the doctor", "long-line", is(probe.Warning)},
	{"measured: 10^20 is 350", "rest-numbers", is(probe.Note)},
	{"measured: clear", "level-used", is(probe.Failure)},
	{"measured: 226", "truncated-upload", is(probe.Failure)},
	{"measured: lost, 226", "overwrite", is(probe.Failure)},
	{"found by the doctor: the file is empty", "stor-without-data", is(probe.Failure)},
	{"measured: 0 of 3, silently", "fast-close", is(probe.Failure, probe.Warning)},
	{"one reply or two", "abor", is(probe.OK, probe.Note)},
}
