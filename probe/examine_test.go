package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
	"github.com/sealift/sealift/tlsprofile"
)

// sealift starts our own server as its operators run it.
func sealift(t *testing.T) *ftpservertest.Server {
	t.Helper()
	cfg, err := tlsprofile.New(tlsprofile.Options{Profile: tlsprofile.Default})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Certificates = certified(t, nil).Certificates
	return ftpservertest.Start(t, ftpservertest.Options{Config: ftpserver.Config{TLS: cfg}})
}

func optionsFor(t *testing.T, addr string) Options {
	t.Helper()
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Host: to.Addr().String(), Port: to.Port(), TLS: &tls.Config{RootCAs: trusted()}}
}

// TestSealift: of our own server there is nothing to say but that it takes
// data connections that do not resume, as `auto` means to.
func TestSealift(t *testing.T) {
	s := sealift(t)
	for _, test := range []struct {
		name, addr string
		security   Security
	}{
		{"explicit", s.Addr, Explicit},
		{"implicit", s.ImplicitAddr, Implicit},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := optionsFor(t, test.addr)
			o.Security, o.User, o.Password = test.security, s.User, s.Password
			r := examine(t, o)
			for _, f := range r.Findings {
				if f.Verdict == Warning || f.Verdict == Failure || f.Verdict == Note && f.Probe != "data-unresumed" {
					t.Errorf("%s is %s: %s", f.Probe, f.Verdict, f.Summary)
				}
			}
			if r.Outcome != Passed || r.Software != "Sealift" {
				t.Errorf("%s is %s", r.Software, r.Outcome)
			}
			if ran := len(r.Findings) - r.Counts.Skipped; ran < 45 {
				t.Errorf("only %d probes ran", ran)
			}
			for info, err := range s.Files.List(t.Context(), "/") {
				t.Errorf("left on the server: %v, %v", info, err)
			}
		})
	}
}

func TestRequiredBinding(t *testing.T) {
	cfg := certified(t, nil)
	s := ftpservertest.Start(t, ftpservertest.Options{Config: ftpserver.Config{TLS: cfg, Policy: ftpserver.Policy{Binding: ftpserver.BindRequire}}})
	o := optionsFor(t, s.Addr)
	o.User, o.Password, o.Only = s.User, s.Password, []string{"data-tls", "data-unresumed", "data-race", "data-certificate"}
	for _, f := range examine(t, o).Findings {
		if f.Verdict != OK {
			t.Errorf("%s is %s: %s", f.Probe, f.Verdict, f.Summary)
		}
	}
}

func TestWithoutUser(t *testing.T) {
	w := newWard(t, certified(t, nil))
	o := w.options()
	o.User = ""
	r := examine(t, o)
	if f := r.of(t, "round-trip"); f.Verdict != Skipped || !strings.Contains(f.Summary, "no user") {
		t.Errorf("%s: %s", f.Verdict, f.Summary)
	}
	if f := r.of(t, "tls-suites"); f.Verdict != OK {
		t.Errorf("%s: %s", f.Verdict, f.Summary)
	}
	if w.logins > 0 {
		t.Error("there was a login")
	}
}

func TestReadOnly(t *testing.T) {
	w := newWard(t, certified(t, nil))
	o := w.options()
	o.ReadOnly = true
	r := examine(t, o)
	if f := r.of(t, "round-trip"); f.Verdict != Skipped || f.Summary != "--read-only" {
		t.Errorf("%s: %s", f.Verdict, f.Summary)
	}
	if f := r.of(t, "close-notify"); f.Verdict != OK {
		t.Errorf("%s: %s", f.Verdict, f.Summary)
	}
	if _, ever := w.left(); ever {
		t.Error("something was written")
	}
}

func TestDirectoryOfTheURL(t *testing.T) {
	w := newWard(t, certified(t, nil))
	o := w.options("round-trip")
	o.Dir = "incoming/"
	if f := examine(t, o).of(t, "cleanup"); f.Verdict != OK || !strings.Contains(f.Summary, "incoming/sealift-doctor-") {
		t.Errorf("%s: %s", f.Verdict, f.Summary)
	}
	for name := range w.written {
		if !strings.HasPrefix(name, "incoming/sealift-doctor-") {
			t.Errorf("%s was written", name)
		}
	}
}

func TestTrust(t *testing.T) {
	selfMade := certified(t, &illness{selfMade: true})
	no, yes := errors.New("no pin matches"), error(nil)
	for _, test := range []struct {
		why     string
		change  func(*Options)
		chain   Verdict
		login   Verdict
		outcome Outcome
	}{
		{"nobody vouches", func(*Options) {}, Failure, Skipped, NotTrusted},
		{"a pin vouches", func(o *Options) { o.Verify = func(tls.ConnectionState) error { return yes } }, Note, OK, Passed},
		{"another pin", func(o *Options) { o.Verify = func(tls.ConnectionState) error { return no } }, Failure, Skipped, NotTrusted},
		{"all the same", func(o *Options) { o.Insecure = true }, Failure, OK, Failed},
	} {
		t.Run(test.why, func(t *testing.T) {
			o := newWard(t, selfMade).options("certificate-chain", "login")
			test.change(&o)
			r := examine(t, o)
			if f := r.of(t, "certificate-chain"); f.Verdict != test.chain {
				t.Errorf("the chain is %s: %s", f.Verdict, f.Summary)
			}
			if f := r.of(t, "login"); f.Verdict != test.login {
				t.Errorf("the login is %s: %s", f.Verdict, f.Summary)
			}
			if r.Outcome != test.outcome {
				t.Errorf("the outcome is %s", r.Outcome)
			}
		})
	}
}

func TestNotConnected(t *testing.T) {
	w := newWard(t, certified(t, nil))
	s := sealift(t)
	shut := optionsFor(t, "127.0.0.1:1")
	implicit := w.options()
	implicit.Security = Implicit
	explicit := optionsFor(t, s.ImplicitAddr)
	explicit.Timeout = 300 * time.Millisecond
	nameless := w.options()
	nameless.Host = "no-such-host.invalid"
	for _, test := range []struct {
		why, says, remedy string
		o                 Options
	}{
		{"nothing listens", "nothing listens", "firewall", shut},
		{"TLS is expected where clear text comes", "in clear into TLS", "ftpes://127.0.0.1", implicit},
		{"clear text is expected where TLS comes", "no answer in time", "ftps://127.0.0.1", explicit},
		{"there is no such name", "no-such-host.invalid", "name", nameless},
	} {
		t.Run(test.why, func(t *testing.T) {
			r := examine(t, test.o)
			f := r.of(t, "address")
			if r.Outcome != NotConnected || f.Verdict != Failure {
				t.Errorf("%s, %s", r.Outcome, f.Verdict)
			}
			if !strings.Contains(f.Summary, test.says) || !strings.Contains(f.Remedy, test.remedy) {
				t.Errorf("%q, %q", f.Summary, f.Remedy)
			}
		})
	}
}

func TestUnknownProbe(t *testing.T) {
	if _, err := Examine(t.Context(), Options{Host: "127.0.0.1", Skip: []string{"no-such"}}); !errors.Is(err, ErrUnknownProbe) {
		t.Error(err)
	}
}

func TestSkip(t *testing.T) {
	o := newWard(t, certified(t, nil)).options("greeting", "software")
	o.Skip = []string{"software"}
	var ids []string
	for _, f := range examine(t, o).Findings {
		ids = append(ids, f.Probe)
	}
	if !slices.Equal(ids, []string{"greeting", "cleanup"}) {
		t.Error(ids)
	}
}

func TestAddressFindings(t *testing.T) {
	at := func(s string, err error) address { return address{AddrPort: netip.MustParseAddrPort(s), err: err} }
	for _, test := range []struct {
		why  string
		all  []address
		want Verdict
	}{
		{"one that answers", []address{at("192.0.2.1:21", nil)}, OK},
		{"one of two is dead", []address{at("192.0.2.1:21", nil), at("192.0.2.2:21", syscall.ECONNREFUSED)}, Failure},
		{"no IPv6 on this machine", []address{at("192.0.2.1:21", nil), at("[2001:db8::1]:21", syscall.ENETUNREACH)}, Note},
		{"no IPv6 here, and one is dead", []address{at("192.0.2.1:21", nil), at("[2001:db8::1]:21", syscall.ENETUNREACH), at("192.0.2.2:21", syscall.ECONNREFUSED)}, Failure},
	} {
		p := newPatient(Options{Host: "ftp.example.org"})
		p.addresses = test.all
		if f := probeAddress(t.Context(), p); f.Verdict != test.want {
			t.Errorf("%s: %s, %s", test.why, f.Verdict, f.Summary)
		}
	}
}

func TestGreetingSpeed(t *testing.T) {
	for took, want := range map[time.Duration]Verdict{5 * time.Millisecond: OK, 4 * time.Second: Warning} {
		p := newPatient(Options{})
		p.addr = netip.MustParseAddrPort("192.0.2.1:21")
		p.addresses = []address{{AddrPort: p.addr, took: took}}
		if f := probeGreetingSpeed(t.Context(), p); f.Verdict != want {
			t.Errorf("%s is %s", took, f.Verdict)
		}
	}
}

func TestRecognise(t *testing.T) {
	for _, test := range []struct {
		where   source
		reply   ftp.Reply
		want    Software
		version string
	}{
		{inGreeting, ftp.Reply{Code: 220, Text: "(vsFTPd 3.0.3)"}, Vsftpd, "3.0.3"},
		{inGreeting, ftp.Reply{Code: 220, Text: "ProFTPD Server (Debian) [::ffff:192.0.2.1]"}, ProFTPD, ""},
		{inGreeting, ftp.Reply{Code: 220, Text: "ProFTPD 1.3.8 Server ready."}, ProFTPD, "1.3.8"},
		{inGreeting, ftp.Reply{Code: 220, Text: "--------- Welcome to Pure-FTPd [privsep] [TLS] ----------"}, PureFTPd, ""},
		{inGreeting, ftp.Reply{Code: 220, Text: "pyftpdlib 1.5.7 ready."}, Pyftpdlib, "1.5.7"},
		{inGreeting, ftp.Reply{Code: 220, Text: "FileZilla Server 1.9.4"}, FileZillaServer, "1.9.4"},
		{inGreeting, ftp.Reply{Code: 220, Text: "SFTPGo 2.7.0 ready"}, SFTPGo, "2.7.0"},
		{inGreeting, ftp.Reply{Code: 220, Text: "Microsoft FTP Service"}, MicrosoftFTP, ""},
		{inGreeting, ftp.Reply{Code: 220, Text: "Sealift ready"}, Sealift, ""},
		{inGreeting, ftp.Reply{Code: 220, Text: "Welcome"}, Unknown, ""},
		{inSYST, ftp.Reply{Code: 215, Text: "Windows_NT"}, MicrosoftFTP, ""},
		{inAUTH, ftp.Reply{Code: 234, Text: "Proceed with negotiation."}, Vsftpd, ""},
		{inFEAT, ftp.Reply{Code: 211, Text: "Features:\n SSCN\nEnd"}, ProFTPD, ""},
		{inSTAT, ftp.Reply{Code: 211, Text: "FTP server status:\n vsFTPd 3.0.5 - secure, fast, stable\nEnd of status"}, Vsftpd, "3.0.5"},
	} {
		s, version, evidence := recognise(map[source]ftp.Reply{test.where: test.reply})
		if s != test.want || version != test.version || (s == Unknown) != (evidence == "") {
			t.Errorf("%v: %s %q, by %q", test.reply, s, version, evidence)
		}
	}
}

func TestHiddenAddresses(t *testing.T) {
	for _, test := range []struct {
		told, peer string
		want       bool
	}{
		{"10.0.0.1", "192.0.2.1", true},
		{"10.0.0.1", "10.0.0.2", false},
		{"192.0.2.9", "192.0.2.1", false},
		{"0.0.0.0", "127.0.0.1", true},
		{"127.0.0.1", "10.0.0.1", true},
	} {
		if got := hidden4(netip.MustParseAddr(test.told), netip.MustParseAddr(test.peer)); got != test.want {
			t.Errorf("%s told by %s: %v", test.told, test.peer, got)
		}
	}
}

func TestSelf(t *testing.T) {
	refused := func(ctx context.Context, network, address string) (net.Conn, error) {
		if port := netip.MustParseAddrPort(address).Port(); 20100 <= port && port <= 20200 {
			return nil, syscall.ECONNREFUSED
		}
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
	for _, test := range []struct {
		why  string
		self Self
		dial func(context.Context, string, string) (net.Conn, error)
		want map[string]Verdict
	}{
		{"all is well", Self{PublicAddress: "127.0.0.1", FirstPassive: 20100, LastPassive: 20200}, nil,
			map[string]Verdict{"self-config": OK, "self-address": OK, "self-passive": OK}},
		{"a firewall", Self{PublicAddress: "127.0.0.1", FirstPassive: 20100, LastPassive: 20200}, refused,
			map[string]Verdict{"self-passive": Failure}},
		{"NAT", Self{PublicAddress: "192.0.2.1", FirstPassive: 20100, LastPassive: 20101}, refused,
			map[string]Verdict{"self-address": Note, "self-passive": Warning}},
		{"nothing is set", Self{Warnings: []string{"a"}}, nil,
			map[string]Verdict{"self-config": Note, "self-address": Note, "self-passive": Note}},
		{"much is allowed", Self{Insecure: []string{"INSECURE: b"}, PublicAddress: "no-such-host.invalid", FirstPassive: 20100}, nil,
			map[string]Verdict{"self-config": Warning, "self-address": Failure, "self-passive": Failure}},
	} {
		t.Run(test.why, func(t *testing.T) {
			o := newWard(t, certified(t, nil)).options("self-config", "self-address", "self-passive")
			o.Self, o.DialContext, o.User = &test.self, test.dial, ""
			r := examine(t, o)
			for id, want := range test.want {
				if f := r.of(t, id); f.Verdict != want {
					t.Errorf("%s is %s: %s", id, f.Verdict, f.Summary)
				}
			}
		})
	}
}
