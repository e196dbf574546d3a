package acme

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sealift/sealift/acme/acmetest"
)

// Each challenge brings a certificate for all names, that the CA has issued,
// in a file that a server can load.
func TestEachChallenge(t *testing.T) {
	for _, test := range []struct {
		challenge Challenge
		hosts     []string
	}{
		{HTTP01, []string{"ftp.example.test", "files.example.test"}},
		{TLSALPN01, []string{"ftp.example.test", "files.example.test"}},
		{DNS01, []string{"ftp.example.test", "*.example.test"}},
	} {
		t.Run(string(test.challenge), func(t *testing.T) {
			f := newFixture(t, acmetest.Options{})
			f.options.Challenge, f.options.Hosts = test.challenge, test.hosts
			if test.challenge == DNS01 {
				f.options.Solver = f.hook()
			} else {
				f.options.Solver = f.responder(test.challenge)
			}
			k := f.keeper()
			f.run(k)
			leaf := f.await()
			got, want := slices.Sorted(slices.Values(leaf.DNSNames)), slices.Sorted(slices.Values(test.hosts))
			if !f.Gave(leaf) || !slices.Equal(got, want) {
				t.Errorf("the certificate is for %v, of %s", leaf.DNSNames, leaf.Issuer)
			}
			if chain := f.chain(); len(chain) < 2 || !chain[0].Equal(leaf) {
				t.Errorf("the chain has %d certificates", len(chain))
			}
			st := k.Status()
			if st.Failure != nil || !st.Ends.Equal(leaf.NotAfter) || st.Next.After(leaf.NotAfter.Add(-lifeOf(leaf)/10)) || time.Until(st.Next) < lifeOf(leaf)/3 {
				t.Errorf("the status is %+v", st)
			}
			f.leavesNothing(test.challenge)
		})
	}
}

// hook is one that sets records of the fixture's DNS.
func (f *fixture) hook() Hook {
	f.t.Setenv(hookVariable, f.HookURL)
	return Hook{os.Args[0]}
}

// leavesNothing checks that no answer is there any more, and that only the
// owner can read the files.
func (f *fixture) leavesNothing(c Challenge) {
	f.t.Helper()
	for _, host := range []string{"ftp.example.test", "example.test"} {
		if left := f.DNS.GetDNSTXTRecords("_acme-challenge." + host + "."); len(left) > 0 {
			f.t.Errorf("a record of %s was left: %v", host, left)
		}
	}
	if r, ok := f.options.Solver.(*Responder); ok && len(r.tokens)+len(r.names) > 0 {
		f.t.Errorf("%s: answers were left", c)
	}
	files, err := os.ReadDir(f.options.Dir)
	if err != nil || len(files) != 3 { // installed.pem, account-….key, state.json
		f.t.Errorf("files %v, %v", files, err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			f.t.Errorf("%s has mode %v, %v", file.Name(), info.Mode(), err)
		}
	}
}

// A certificate is renewed before its end, with another key; the former one is
// kept beside it, and the account stays the same.
func TestRenewal(t *testing.T) {
	f := newFixture(t, acmetest.Options{Life: 20 * time.Second})
	f.run(f.keeper())
	first := f.await()
	account := f.accountFile()
	second := f.await()
	if now := time.Now(); !now.Before(first.NotAfter) {
		t.Errorf("renewed at %v, after the end at %v", now, first.NotAfter)
	}
	if second.SerialNumber.Cmp(first.SerialNumber) == 0 || publicKey(first).Equal(second.PublicKey) {
		t.Error("it is the same certificate, or the same key")
	}
	former, err := os.ReadFile(filepath.Join(f.options.Dir, "installed.former.pem"))
	if err != nil || len(former) == 0 {
		t.Errorf("the former certificate is not kept: %v", err)
	}
	if f.accountFile() != account {
		t.Error("there is another account")
	}
}

func publicKey(cert *x509.Certificate) interface{ Equal(any) bool } {
	return equalKey{cert.PublicKey}
}

// A server that starts again asks the CA for nothing, as long as its
// certificate is the one that is wanted.
func TestRestart(t *testing.T) {
	f := newFixture(t, acmetest.Options{})
	stop := f.run(f.keeper())
	leaf := f.await()
	stop()
	again := f.keeper()
	if next := again.Status().Next; time.Until(next) < lifeOf(leaf)/2 {
		t.Errorf("the next order would be at %v", next)
	}
	for _, test := range []struct {
		why    string
		change func(*Options)
	}{
		{"another name is wanted", func(o *Options) { o.Hosts = append(slices.Clone(o.Hosts), "new.example.test") }},
		{"it is to be from another CA", func(o *Options) { o.Directory += "?other" }},
		{"it has gone", func(o *Options) { o.Dir = t.TempDir() }},
	} {
		o := f.options
		test.change(&o)
		k, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if next := k.Status().Next; next.After(time.Now()) {
			t.Errorf("%s: the next order would be at %v", test.why, next)
		}
	}
}

// The certificate for the names as they were is served until that for the new
// names is there.
func TestMoreNames(t *testing.T) {
	f := newFixture(t, acmetest.Options{})
	stop := f.run(f.keeper())
	first := f.await()
	stop()
	right := f.options.Solver
	if err := right.(*Responder).Close(); err != nil {
		t.Fatal(err)
	}
	f.options.Hosts = []string{"ftp.example.test", "new.example.test"}
	f.elsewhere()
	k := f.keeper()
	why := f.fails(k)
	shows(t, why.Error(), "the CA says", "connection refused")
	if now := present(f.options.Dir); now == nil || !now.Equal(first) {
		t.Error("the certificate was thrown away")
	}
	shows(t, f.log.String(), "no certificate obtained, the present one stays")
	k.o.Solver, k.state.Retry = right, time.Time{}
	f.run(k)
	if second := f.await(); !slices.Contains(second.DNSNames, "new.example.test") {
		t.Errorf("the certificate is for %v", second.DNSNames)
	}
}

// What the CA says of renewal counts (RFC 9773).
func TestTheCAWantsItRenewed(t *testing.T) {
	f := newFixture(t, acmetest.Options{})
	stop := f.run(f.keeper())
	first := f.await()
	stop()
	f.Advise(t, first, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))
	f.options.Now = func() time.Time { return time.Now().Add(2 * time.Hour) } // Retry is over
	f.run(f.keeper())
	if second := f.await(); second.Equal(first) {
		t.Error("it is the same certificate")
	}
	shows(t, f.log.String(), "the CA wants the certificate renewed early")
}
