package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"
)

// options are those for examining a ward.
func (w *ward) options(only ...string) Options {
	return Options{
		Host: "127.0.0.1", Port: w.addr.Port(), User: "user", Password: "secret",
		TLS: &tls.Config{RootCAs: trusted()}, Only: only, Timeout: 4 * time.Second,
	}
}

func examine(t *testing.T, o Options) Report {
	t.Helper()
	r, err := Examine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// of is the finding of one probe.
func (r Report) of(t *testing.T, id string) Finding {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Probe == id })
	if i < 0 {
		t.Fatalf("no finding of %s", id)
	}
	return r.Findings[i]
}

func TestHealthyServer(t *testing.T) {
	w := newWard(t, certified(t, nil))
	r := examine(t, w.options())
	for _, f := range r.Findings {
		if f.Verdict == OK || f.Verdict == Skipped && f.Probe == "idle" || f.Verdict == Note && f.Probe == "software" {
			continue
		}
		t.Errorf("%s is %s: %s", f.Probe, f.Verdict, f.Summary)
	}
	if r.Outcome != Passed {
		t.Errorf("the outcome is %s", r.Outcome)
	}
	if left, ever := w.left(); len(left) > 0 || !ever {
		t.Errorf("left on the server: %v", left)
	}
}

// TestFaults shows each fault to the probe that is there for it. That the
// same probe is content without the fault, TestHealthyServer shows.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		why    string
		probe  string
		faults []fault
		want   Verdict
		says   string
	}{
		{"the version is in the greeting", "greeting", []fault{tellsVersion}, Note, "3.0.3"},
		{"no TLS at all", "auth", []fault{refusesAUTH}, Failure, "502"},
		{"the password would go in clear", "plain-login", []fault{takesPlainLogin}, Warning, "331"},
		{"not even a password is wanted", "plain-login", []fault{needsNoPassword}, Failure, "230"},
		{"any mechanism is TLS", "auth-forms", []fault{takesAnyAUTH}, Warning, "AUTH FOO"},
		{"TLS in TLS", "auth-twice", []fault{takesAUTHTwice}, Warning, "234"},
		{"a command in clear counts in TLS", "auth-injection", []fault{runsBehindAUTH}, Failure, "215"},
		{"PBSZ in clear", "order", []fault{takesPBSZInClear}, Warning, "PBSZ 200"},
		{"levels that do not exist", "prot-levels", []fault{takesAnyPROT}, Warning, "S, E and X"},
		{"a web request is taken", "http-in-tls", []fault{answersHTTP}, Warning, "331"},
		{"a line becomes many", "long-line", []fault{cutsLongLines}, Warning, "4 times"},
		{"wrong password", "login", []fault{refusesLogin}, Failure, "530"},
		{"the first login is lost", "login", []fault{failsFirstLogin}, Warning, "second try"},
		{"a hollow claim", "features", []fault{claimsXCRC}, Warning, "XCRC"},
		{"no claims", "features", []fault{hasNoFEAT}, Warning, "nothing"},
		{"no MLSD", "mlsd", []fault{hasNoMLSD}, Warning, "500"},
		{"MLSD is LIST", "mlsd", []fault{breaksMLSD}, Warning, "-rw-r--r--"},
		{"MLSD without dates", "mlsd", []fault{tellsNoDates}, Warning, "modify"},
		{"MLSD that is not announced", "mlsd", []fault{hasNoFEAT}, Note, "FEAT"},
		{"offsets are not checked", "rest-numbers", []fault{takesAnyREST}, Note, "-1"},
		{"EPSV ALL means nothing", "epsv-all", []fault{forgetsEPSVAll}, Note, "PASV 227, EPRT 200"},
		{"no EPSV", "epsv", []fault{hasNoEPSV}, Warning, "500"},
		{"no EPSV ALL", "epsv-all", []fault{hasNoEPSV}, Note, "500"},
		{"the port is shut", "epsv", []fault{hidesPorts}, Failure, "nothing listens"},
		{"the port of PASV is shut", "pasv-address", []fault{hidesPorts}, Failure, "nothing listens"},
		{"any family", "epsv", []fault{takesAnyFamily}, Note, "229"},
		{"227 leads elsewhere", "pasv-address", []fault{tellsWrongAddress}, Failure, "127.0.0.9"},
		{"ports can be guessed", "passive-ports", []fault{countsPorts}, Warning, "one after the other"},
		{"a stranger's address", "passive-stranger", []fault{takesStrangers}, Failure, "127.0.0.2"},
		{"PORT is answered and nothing comes", "active", []fault{comesNever}, Warning, "does not come"},
		{"no active mode", "active", []fault{hasNoActive}, Note, "502"},
		{"bounce", "bounce", []fault{connectsAnywhere}, Failure, "192.0.2.1"},
		{"bounce to services", "bounce", []fault{connectsToLowPorts}, Warning, "port 25"},
		{"files in clear", "plain-data", []fault{sendsClear}, Warning, "226"},
		{"checked when the port is asked for", "level-used", []fault{checksClearEarly}, Failure, "PROT C"},
		{"p means clear", "prot-case", []fault{takesSmallPForClear}, Failure, "in clear"},
		{"nothing is proved", "data-unresumed", []fault{takesUnresumed}, Note, "taken"},
		{"a thief wins", "data-race", []fault{takesUnresumed}, Warning, "stranger"},
		{"two certificates", "data-certificate", []fault{hasOtherDataCertificate}, Failure, "another"},
		{"the end is not authenticated", "close-notify", []fault{sendsNoCloseNotify}, Failure, "close_notify"},
		{"bytes change", "round-trip", []fault{changesBytes}, Failure, "others"},
		{"a cut upload is whole", "truncated-upload", []fault{takesCutUploads}, Failure, "226"},
		{"a cut upload stays", "truncated-upload", []fault{keepsCutUploads}, Warning, "50000"},
		{"the old file is lost", "overwrite", []fault{emptiesFirst}, Warning, "lost"},
		{"a reset is a success", "overwrite", []fault{answers226ToReset}, Failure, "226"},
		{"STOR empties", "stor-without-data", []fault{emptiesFirst}, Failure, "425"},
		{"the end of uploads is lost", "fast-close", []fault{losesTheEnd}, Failure, "5 of 5"},
		{"no resuming down", "resume-download", []fault{hasNoREST}, Warning, "502"},
		{"resuming starts at 0", "resume-download", []fault{ignoresREST}, Failure, "other bytes"},
		{"no resuming up", "resume-upload", []fault{hasNoREST}, Warning, "502"},
		{"resuming overwrites", "resume-upload", []fault{ignoresREST}, Failure, "50000"},
		{"no dates", "modification-time", []fault{hasNoMFMT}, Warning, "500"},
		{"dates in the old way", "modification-time", []fault{hasOldMDTM}, Note, "MDTM"},
		{"dates are not kept", "modification-time", []fault{ignoresMFMT}, Failure, "20200229123456"},
		{"no digests", "hash", []fault{hasNoHASH}, Note, "HASH: 500"},
		{"a wrong digest", "hash", []fault{hashesWrongly}, Failure, "not the SHA-256"},
		{"ASCII alone", "names", []fault{refusesUTF8}, Warning, "553"},
		{"names vanish", "names", []fault{dropsUTF8}, Warning, "not in the listing"},
		{"UTF-8 that is not announced", "names", []fault{hasNoFEAT}, Note, "UTF8"},
		{"listings are cut", "large-listing", []fault{cutsListings}, Failure, "100 names of 200"},
		{"NOOP waits", "noop-in-transfer", []fault{holdsNOOP}, Note, "until the transfer ends"},
		{"NOOP is an error", "noop-in-transfer", []fault{refusesNOOP}, Note, "500"},
		{"ABOR is not heard", "abor", []fault{ignoresABOR}, Warning, "not answered"},
		{"ABOR is answered once", "abor", []fault{answersABOROnce}, Note, "once"},
		{"a directory cannot be removed", "cleanup", []fault{keepsDirectories}, Warning, "could not be removed"},
		{"the server goes away", "login", []fault{dropsAfterLogin}, Failure, "closed the connection"},
	} {
		t.Run(test.probe+"/"+test.why, func(t *testing.T) {
			t.Parallel()
			w := newWard(t, certified(t, nil), test.faults...)
			only := []string{test.probe}
			if test.probe == "cleanup" {
				only = []string{"round-trip"}
			}
			f := examine(t, w.options(only...)).of(t, test.probe)
			if f.Verdict != test.want || !strings.Contains(f.Summary, test.says) {
				t.Errorf("%s: %s; want %s with %q", f.Verdict, f.Summary, test.want, test.says)
			}
			if f.Reason == "" || f.Remedy == "" {
				t.Errorf("no reason or no remedy: %q, %q", f.Reason, f.Remedy)
			}
		})
	}
}

func TestTLSFaults(t *testing.T) {
	for _, test := range []struct {
		why    string
		probe  string
		change func(*tls.Config)
		want   Verdict
		says   string
	}{
		{"old versions", "tls-versions", func(c *tls.Config) { c.MinVersion, c.CipherSuites = tls.VersionTLS10, everySuite() }, Warning, "TLS 1.0"},
		{"no TLS 1.3", "tls-versions", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, Note, "TLS 1.2"},
		{"no TLS 1.2", "tls-versions", func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, Note, "TLS 1.3"},
		{"no TLS 1.2, hence no old suites", "tls-suites", func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, OK, "TLS 1.3 alone"},
		{"RC4 and 3DES", "tls-suites", func(c *tls.Config) { c.CipherSuites = everySuite() }, Failure, "RC4"},
		{"CBC", "tls-suites", func(c *tls.Config) {
			c.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
		}, Warning, "CBC: ECDHE_RSA_WITH_AES_128_CBC_SHA"},
		{"RSA key exchange", "tls-suites", func(c *tls.Config) { c.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256} }, Warning, "no forward secrecy"},
		{"classical key exchange", "post-quantum", func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }, Note, "not offered"},
		{"ALPN is ignored", "alpn", func(c *tls.Config) { c.NextProtos = nil }, Note, "h2 is not refused"},
		{"ALPN without ftp", "alpn", func(c *tls.Config) { c.NextProtos = []string{"h2"} }, Warning, "gets no TLS"},
		{"no tickets", "tls-resumption", func(c *tls.Config) { c.SessionTicketsDisabled = true }, Note, "cannot resume"},
		{"no tickets for data connections", "data-tls", func(c *tls.Config) { c.SessionTicketsDisabled = true }, Note, "not resumed"},
	} {
		t.Run(test.probe+"/"+test.why, func(t *testing.T) {
			t.Parallel()
			cfg := certified(t, &illness{key: normalRSA})
			test.change(cfg)
			f := examine(t, newWard(t, cfg).options(test.probe)).of(t, test.probe)
			if f.Verdict != test.want || !strings.Contains(f.Summary, test.says) {
				t.Errorf("%s: %s; want %s with %q", f.Verdict, f.Summary, test.want, test.says)
			}
		})
	}
}

func TestCertificateFaults(t *testing.T) {
	for _, test := range []struct {
		why     string
		probe   string
		ill     illness
		want    Verdict
		says    string
		outcome Outcome
	}{
		{"nobody vouches for it", "certificate-chain", illness{selfMade: true}, Failure, "self-signed", NotTrusted},
		{"another name", "certificate-name", illness{change: func(c *x509.Certificate) { c.IPAddresses = nil }}, Failure, "localhost", NotTrusted},
		{"over", "certificate-dates", illness{change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }}, Failure, "has ended", NotTrusted},
		{"over soon", "certificate-dates", illness{change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(20 * time.Hour) }}, Warning, "less than 1 day", Warned},
		{"a small key", "certificate-key", illness{key: smallRSA}, Failure, "1024", Failed},
		{"a CA in the place of a server", "certificate-form", illness{change: func(c *x509.Certificate) { c.IsCA = true }}, Failure, "certificate of a CA", Failed},
	} {
		t.Run(test.probe+"/"+test.why, func(t *testing.T) {
			t.Parallel()
			w := newWard(t, certified(t, &test.ill))
			r := examine(t, w.options(test.probe))
			f := r.of(t, test.probe)
			if f.Verdict != test.want || !strings.Contains(f.Summary, test.says) {
				t.Errorf("%s: %s; want %s with %q", f.Verdict, f.Summary, test.want, test.says)
			}
			if r.Outcome != test.outcome {
				t.Errorf("the outcome is %s, not %s", r.Outcome, test.outcome)
			}
			if w.logins > 0 && test.outcome == NotTrusted {
				t.Error("the password was sent to a server that is not trusted")
			}
		})
	}
}

func TestIdle(t *testing.T) {
	for _, test := range []struct {
		why    string
		faults []fault
		want   Verdict
	}{
		{"the server has had enough", []fault{impatient}, OK},
		{"the server waits and waits", nil, Warning},
	} {
		t.Run(test.why, func(t *testing.T) {
			w := newWard(t, certified(t, nil), test.faults...)
			o := w.options("idle")
			o.User, o.Slow, o.MaxIdle = "", true, time.Second
			if f := examine(t, o).of(t, "idle"); f.Verdict != test.want {
				t.Errorf("%s: %s", f.Verdict, f.Summary)
			}
		})
	}
}

// TestInterrupted ends the context in the middle: nothing may be left.
func TestInterrupted(t *testing.T) {
	w := newWard(t, certified(t, nil))
	ctx, cancel := context.WithCancel(t.Context())
	o := w.options()
	o.Each = func(f Finding) {
		if f.Probe == "truncated-upload" {
			cancel()
		}
	}
	r, err := Examine(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome != Interrupted {
		t.Errorf("the outcome is %s", r.Outcome)
	}
	if f := r.of(t, "overwrite"); f.Verdict != Skipped {
		t.Errorf("after the interruption %s ran", f.Probe)
	}
	if left, ever := w.left(); len(left) > 0 || !ever {
		t.Errorf("left on the server: %v", left)
	}
}
