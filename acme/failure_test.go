package acme

import (
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"github.com/sealift/sealift/acme/acmetest"
)

// equalKey compares public keys of any kind.
type equalKey struct{ key any }

func (e equalKey) Equal(other any) bool {
	own, ok := e.key.(interface{ Equal(any) bool })
	return ok && own.Equal(other)
}

func (f *fixture) accountFile() string {
	f.t.Helper()
	found, err := filepath.Glob(filepath.Join(f.options.Dir, "account-127.0.0.1-*.key"))
	if err != nil || len(found) != 1 {
		f.t.Fatalf("account keys %v, %v", found, err)
	}
	key, err := os.ReadFile(found[0])
	if err != nil {
		f.t.Fatal(err)
	}
	return string(key)
}

// A failure says whose challenge it was, what the CA says, and what to do.
func TestFailuresAreExplained(t *testing.T) {
	for _, test := range []struct {
		why       string
		change    func(*fixture)
		host      string
		says      []string
		hint      string
		challenge Challenge
	}{
		{"nobody answers at the port", (*fixture).elsewhere, "ftp.example.test",
			[]string{"the CA says", "connection refused", "(connection)"}, "port 80", HTTP01},
		{"somebody else answers", func(f *fixture) {
			if err := f.responder(HTTP01).Open(f.t.Context()); err != nil {
				f.t.Fatal(err)
			}
			f.elsewhere()
		}, "ftp.example.test", []string{"the CA says", "404", "(unauthorized)"}, "acme.listen", HTTP01},
		{"nobody answers at the port of TLS", func(f *fixture) { f.options.Solver = NewResponder(TLSALPN01, "127.0.0.1:0") }, "ftp.example.test",
			[]string{"the CA says", "Failed to connect"}, "port 443", TLSALPN01},
		{"another program has the port", func(f *fixture) {
			if err := f.responder(TLSALPN01).Open(f.t.Context()); err != nil {
				f.t.Fatal(err)
			}
		}, "", []string{"the port for http-01 cannot be opened", "address already in use"}, "forward", HTTP01},
		{"the command is not there", func(f *fixture) { f.options.Solver = Hook{"/none/hook"} }, "ftp.example.test",
			[]string{"the command /none/hook present failed", "no such file"}, "by hand", DNS01},
		{"the command fails", func(f *fixture) {
			f.t.Setenv(hookVariable, "http://127.0.0.1:1/")
			f.options.Solver = Hook{os.Args[0]}
		}, "ftp.example.test", []string{"present failed: exit status 3: no record was set: Post"}, "by hand", DNS01},
		{"the command sets nothing", func(f *fixture) { f.options.Solver = Hook{"true"} }, "ftp.example.test",
			[]string{"the CA says", "No TXT records found"}, "must not end before", DNS01},
		{"the terms are not accepted", func(f *fixture) { f.options.AcceptTerms = false }, "",
			[]string{"terms of service", "data:text/plain"}, "acme.accept_terms", HTTP01},
		{"the CA's own certificate is not trusted", func(f *fixture) { f.options.Roots = x509.NewCertPool() }, "",
			[]string{"cannot be reached", "unknown authority"}, "acme.ca", HTTP01},
		{"there is no CA", func(f *fixture) { f.options.Directory = "https://127.0.0.1:1/dir" }, "",
			[]string{"https://127.0.0.1:1/dir cannot be reached", "connection refused"}, "acme.directory", HTTP01},
		{"it is no CA", func(f *fixture) { f.options.Directory = f.HookURL }, "", []string{"HTTP 400"}, "", HTTP01},
	} {
		t.Run(test.why, func(t *testing.T) {
			f := newFixture(t, acmetest.Options{})
			f.options.Challenge, f.options.Hosts = test.challenge, []string{"ftp.example.test"}
			test.change(f)
			k := f.keeper()
			why := f.fails(k)
			shows(t, why.Problem, test.says...)
			if why.Host != test.host || !strings.Contains(why.Hint, test.hint) || strings.ContainsAny(why.Error()+why.Hint, "\n\r") {
				t.Errorf("host %q, hint %q", why.Host, why.Hint)
			}
			shows(t, f.log.String(), "no certificate obtained", "next_try=")
			if st := k.Status(); st.Failures != 1 || time.Until(st.Next) < 4*time.Minute || !st.Ends.IsZero() {
				t.Errorf("the status is %+v", st)
			}
			if _, ok := Pair(f.options.Dir); ok {
				t.Error("there is a certificate")
			}
		})
	}
}

// A CA that gives nothing to strangers wants an account that it knows.
func TestExternalAccount(t *testing.T) {
	const id, key = "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	f := newFixture(t, acmetest.Options{EABKeyID: id, EABKey: key})
	why := f.fails(f.keeper())
	shows(t, why.Error(), "by other means")
	shows(t, why.Hint, "acme.eab_key_id")

	f.options.EABKeyID, f.options.EABKey = id, "AAAA"
	shows(t, f.fails(f.keeper()).Error(), "the CA says")

	f.options.EABKey = key
	f.run(f.keeper())
	f.await()
}

// Failures outlast a restart, so that a server that starts again and again
// does not ask each time; who changes something, or asks for it, need not
// wait.
func TestPausesOutlastARestart(t *testing.T) {
	f := newFixture(t, acmetest.Options{})
	f.elsewhere()
	first := f.keeper()
	f.fails(first)
	again := f.keeper()
	st := again.Status()
	if st.Failures != 1 || st.Failure == nil || st.Failure.Host == "" || !st.Next.Equal(first.Status().Next) {
		t.Errorf("after a restart: %+v", st)
	}
	again.Try()
	if next := time.Until(again.Status().Next); next > tryPause || next < tryPause/2 {
		t.Errorf("asked for: in %v", next)
	}
	f.fails(again)
	if next := time.Until(again.Status().Next); next < 8*time.Minute {
		t.Errorf("the second time: in %v", next)
	}
	f.options.Email = "other@example.test"
	if st := f.keeper().Status(); st.Failures != 0 || st.Next.After(time.Now()) {
		t.Errorf("something was changed: %+v", st)
	}
	if err := os.WriteFile(filepath.Join(f.options.Dir, stateName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if st := f.keeper().Status(); st.Failures != 0 {
		t.Errorf("the state is damaged: %+v", st)
	}
	shows(t, f.log.String(), "the state of ACME is damaged")
}

// waiting answers when the server ends.
type waiting struct {
	Hook
	began chan struct{}
}

func (w waiting) Present(ctx context.Context, _ acme.Challenge) error {
	close(w.began)
	<-ctx.Done()
	return ctx.Err()
}

// The end of the server is no failure, and what was set is taken away.
func TestTheServerEndsDuringAnOrder(t *testing.T) {
	f := newFixture(t, acmetest.Options{})
	gone := filepath.Join(t.TempDir(), "gone")
	w := waiting{Hook{"sh", "-c", `touch "$0"`, gone}, make(chan struct{})}
	f.options.Challenge, f.options.Solver, f.options.Hosts = DNS01, w, []string{"ftp.example.test"}
	k := f.keeper()
	stop := f.run(k)
	<-w.began
	if !k.Status().Ordering {
		t.Error("the status does not say that an order is on its way")
	}
	stop()
	if st := k.Status(); st.Failures != 0 || st.Ordering || strings.Contains(f.log.String(), "no certificate") {
		t.Errorf("the status is %+v", st)
	}
	if _, err := os.Stat(gone); err != nil {
		t.Errorf("cleanup was not called: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for why, o := range map[string]Options{
		"no hosts":     {Directory: "https://ca.test/", Solver: Hook{"x"}},
		"no directory": {Hosts: []string{"a.test"}, Solver: Hook{"x"}},
		"no solver":    {Hosts: []string{"a.test"}, Directory: "https://ca.test/"},
	} {
		if k, err := New(o); err == nil || k != nil {
			t.Errorf("%s: %v, %v", why, k, err)
		}
	}
}
