package certs

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func newTestSource(t *testing.T, o SourceOptions, pairs ...Pair) *Source {
	t.Helper()
	return made[*Source](t)(NewSource(o, pairs...))
}

func TestGetCertificate(t *testing.T) {
	a := newTestAuthority(t)
	first, second := writePair(t, a, "a.test", "*.wild.test"), writePair(t, a, "b.test")
	for _, tt := range []struct {
		why, sni     string
		want, strict string // the name in the certificate; "" is alert 112
	}{
		{"no name", "", "a.test", "a.test"},
		{"the default's name", "a.test", "a.test", "a.test"},
		{"the second one's name", "b.test", "b.test", "b.test"},
		{"case is no difference", "B.TEST", "b.test", "b.test"},
		{"a dot at the end", "b.test.", "b.test", "b.test"},
		{"a wildcard's name", "x.wild.test", "a.test", "a.test"},
		{"a wildcard stands for one label", "x.y.wild.test", "a.test", ""},
		{"an IPv4 literal, as lftp sends it", "192.0.2.7", "a.test", "a.test"},
		{"an IPv6 literal", "2001:db8::7", "a.test", "a.test"},
		{"an IPv6 literal in brackets", "[2001:db8::7]", "a.test", "a.test"},
		{"an alias that nobody put in", "alias.test", "a.test", ""},
		{"not a host name at all", "a\x00b", "a.test", ""},
	} {
		for _, strict := range []bool{false, true} {
			s := newTestSource(t, SourceOptions{StrictSNI: strict, Now: func() time.Time { return start }}, first, second)
			want := tt.want
			if strict {
				want = tt.strict
			}
			cert, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: tt.sni})
			got := ""
			if cert != nil {
				got = cert.Leaf.DNSNames[0]
			}
			if err != nil || got != want {
				t.Errorf("%s, strict %t: certificate %q, %v, want %q", tt.why, strict, got, err, want)
			}
		}
	}
}

func TestCovers(t *testing.T) {
	s := newTestSource(t, SourceOptions{}, writePair(t, newTestAuthority(t), "a.test"))
	if !s.Covers("a.test") || s.Covers("b.test") {
		t.Errorf("a.test %t, b.test %t", s.Covers("a.test"), s.Covers("b.test"))
	}
}

// TestStrictSNIIsAlert112 is what security.md promises about nil, nil.
func TestStrictSNIIsAlert112(t *testing.T) {
	s := newTestSource(t, SourceOptions{StrictSNI: true}, writePair(t, newTestAuthority(t), "a.test"))
	near, far := net.Pipe()
	defer near.Close()
	go func() {
		defer far.Close()
		// Its result is the alert that the client sees.
		_ = tls.Server(far, &tls.Config{GetCertificate: s.GetCertificate}).HandshakeContext(t.Context())
	}()
	err := tls.Client(near, &tls.Config{ServerName: "b.test"}).HandshakeContext(t.Context())
	if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("%v, want unrecognized name", err)
	}
}

func TestUnknownNamesAreLoggedOnceAndNotWithoutEnd(t *testing.T) {
	var log logged
	s := newTestSource(t, SourceOptions{Log: log.logger()}, writePair(t, newTestAuthority(t), "a.test"))
	ask := func(name string) { made[*tls.Certificate](t)(s.GetCertificate(&tls.ClientHelloInfo{ServerName: name})) }
	ask("alias.test")
	ask("alias.test")
	if n := log.count("name=alias.test"); n != 1 {
		t.Errorf("%d lines about one name", n)
	}
	if asked := s.Unknown(); len(asked) != 1 || asked[0] != "alias.test" {
		t.Errorf("the names asked for are %v", asked)
	}
	for i := range 2 * maxUnknown {
		ask("x" + strings.Repeat("y", i) + ".test")
	}
	if n := log.count("asked for a host name"); n != maxUnknown {
		t.Errorf("%d lines about strangers' names, want %d", n, maxUnknown)
	}
}

func TestNewSourceRefuses(t *testing.T) {
	if s, err := NewSource(SourceOptions{}); err == nil || s != nil {
		t.Errorf("no certificate: %v, %v", s, err)
	}
	p := writePair(t, newTestAuthority(t), "a.test")
	if s, err := NewSource(SourceOptions{}, p, Pair{CertFile: p.CertFile, KeyFile: "none"}); err == nil || s != nil {
		t.Errorf("a second pair without its key: %v, %v", s, err)
	}
}

// watching runs f while s watches its files each second of the test's clock.
func watching(t *testing.T, log *logged, p Pair, f func(t *testing.T, s *Source)) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSource(t, SourceOptions{Log: log.logger()}, p)
		ctx, stop := context.WithCancel(t.Context())
		go s.Watch(ctx, time.Second)
		f(t, s)
		stop()
		synctest.Wait()
	})
}

// pass lets time pass until the watcher has looked.
func pass(d time.Duration) {
	<-time.After(d) // the clock of synctest
	synctest.Wait()
}

func TestWatchFollowsTheFiles(t *testing.T) {
	a := newTestAuthority(t)
	p := writePair(t, a, "old.test")
	var log logged
	watching(t, &log, p, func(t *testing.T, s *Source) {
		pass(time.Minute)
		if log.count("") != 0 {
			t.Errorf("it tells of what did not happen: %s", log.buf.String())
		}
		overwrite(t, p, a, start, "new.test")
		pass(time.Second)
		if !s.Covers("new.test") || s.Covers("old.test") || log.count("certificate reloaded") != 1 {
			t.Errorf("it serves %v after the change: %s", s.Leaf().DNSNames, log.buf.String())
		}
	})
}

func TestABrokenFileKeepsTheOldCertificate(t *testing.T) {
	a := newTestAuthority(t)
	p := writePair(t, a, "old.test")
	key := readTestFile(t, p.KeyFile)
	var log logged
	watching(t, &log, p, func(t *testing.T, s *Source) {
		for _, tt := range []struct {
			why    string
			breaks func() error
			says   string
		}{
			{"half a key", func() error { return writeFile(p.KeyFile, []byte(key[:len(key)/2]), 0o600) }, "no private key"},
			{"a key that others read", func() error { return writeFile(p.KeyFile, []byte(key), 0o644) }, "may be read by others"},
			{"no key", func() error { return os.Remove(p.KeyFile) }, "no such file"},
		} {
			if err := tt.breaks(); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Second)
			if n := log.count(tt.says); n != 1 || !s.Covers("old.test") {
				t.Errorf("%s: told %d times, still served %t", tt.why, n, s.Covers("old.test"))
			}
			if err := s.Reload(); err == nil {
				t.Errorf("%s: Reload has no error", tt.why)
			}
		}
		overwrite(t, p, a, start, "new.test")
		pass(time.Second)
		if !s.Covers("new.test") {
			t.Error("it does not recover")
		}
	})
}

func TestWatchWarnsOfTheEnd(t *testing.T) {
	a := newTestAuthority(t)
	p := writePair(t, a, "a.test")
	var log logged
	synctest.Test(t, func(t *testing.T) {
		s := newTestSource(t, SourceOptions{Log: log.logger()}, p)
		ctx, stop := context.WithCancel(t.Context())
		go s.Watch(ctx, time.Hour)
		for _, tt := range []struct {
			left   time.Duration
			says   string
			expiry Expiry
		}{
			{31 * day, "", Fresh},
			{29 * day, "less than 30 days", Within30Days},
			{6 * day, "less than 7 days", Within7Days},
			{day / 2, "less than 1 day", Within1Day},
			{-day, "has ended", Expired},
		} {
			before := log.count("")
			pass(time.Until(s.Leaf().NotAfter.Add(-tt.left)))
			told := log.count("") - before
			if s.Expiry() != tt.expiry || told != min(1, len(tt.says)) || log.count(tt.says) == 0 && tt.says != "" {
				t.Errorf("%v left: Expiry %v, %d lines, want one with %q", tt.left, s.Expiry(), told, tt.says)
			}
		}
		overwrite(t, p, a, time.Now(), "a.test")
		pass(time.Hour)
		if s.Expiry() != Fresh {
			t.Error("a new certificate is not fresh")
		}
		stop()
		synctest.Wait()
	})
}

func TestASourceTakesUpWhatEnsureRenews(t *testing.T) {
	o := ensureAt(t, t.TempDir(), start)
	s := newTestSource(t, SourceOptions{}, Pair{CertFile: o.CertFile, KeyFile: o.KeyFile})
	made[Own](t)(Ensure(strings.TrimSuffix(o.CAFile, "ca.pem"), []string{"moved"}, nil, start))
	if err := s.Reload(); err != nil || !s.Covers("moved") {
		t.Errorf("%v, %v", s.Leaf().DNSNames, err)
	}
}

func TestUseServesOtherPairs(t *testing.T) {
	a := newTestAuthority(t)
	p, q := writePair(t, a, "old.test"), writePair(t, a, "new.test")
	var log logged
	watching(t, &log, p, func(t *testing.T, s *Source) {
		if err := s.Use(Pair{CertFile: "none", KeyFile: "none"}); err == nil || !s.Covers("old.test") {
			t.Errorf("a pair that is not there: %v, %v", err, s.Leaf().DNSNames)
		}
		if err := s.Use(); err == nil {
			t.Error("no pair is taken")
		}
		if err := s.Use(q, p); err != nil || s.Leaf().DNSNames[0] != "new.test" || !s.Covers("old.test") {
			t.Errorf("%v, %v", err, s.Leaf().DNSNames)
		}
		if leaves := s.Leaves(); len(leaves) != 2 || leaves[1].DNSNames[0] != "old.test" {
			t.Errorf("%d leaves", len(leaves))
		}
		overwrite(t, q, a, start, "newer.test")
		pass(time.Second)
		if !s.Covers("newer.test") {
			t.Error("the files of the new pair are not followed")
		}
	})
}

func TestFailureIsToldUntilItIsMended(t *testing.T) {
	a := newTestAuthority(t)
	p := writePair(t, a, "old.test")
	var log logged
	watching(t, &log, p, func(t *testing.T, s *Source) {
		if s.Failure() != nil {
			t.Errorf("at the start: %v", s.Failure())
		}
		writeTestFile(t, p.CertFile, "broken", 0o644)
		pass(time.Second)
		if err := s.Failure(); err == nil || !strings.Contains(err.Error(), p.CertFile) {
			t.Errorf("a broken file: %v", err)
		}
		if told := s.Remarks(); len(told) != 1 || !strings.Contains(told[0], p.CertFile) {
			t.Errorf("a broken file: %q", told)
		}
		overwrite(t, p, a, start, "new.test")
		pass(time.Second)
		if s.Failure() != nil || s.Remarks() != nil {
			t.Errorf("mended: %v, %q", s.Failure(), s.Remarks())
		}
	})
}

// Two certificates for the same names: each client gets one that it can check.
func TestTheCertificateIsOneThatTheClientKnows(t *testing.T) {
	a := newTestAuthority(t)
	modern, old := writePair(t, a, "a.test"), writePair(t, a, "a.test")
	key := made[crypto.Signer](t)(NewKey(RSA2048))
	writeTestChain(t, old.CertFile, made[*x509.Certificate](t)(a.IssueServer(key.Public(), []string{"a.test"}, nil, start)), a.Certificate)
	writeTestKey(t, old.KeyFile, key)
	other := writePair(t, a, "b.test")
	s := newTestSource(t, SourceOptions{}, modern, other, old)
	hello := func(name string, schemes ...tls.SignatureScheme) *tls.ClientHelloInfo {
		return &tls.ClientHelloInfo{ServerName: name, SignatureSchemes: schemes, SupportedVersions: []uint16{tls.VersionTLS13}}
	}
	for _, tt := range []struct {
		why   string
		hello *tls.ClientHelloInfo
		want  string
		kind  KeyType
	}{
		{"both are known: the first", hello("a.test", tls.ECDSAWithP256AndSHA256, tls.PSSWithSHA256), "a.test", P256},
		{"no ECDSA", hello("a.test", tls.PSSWithSHA256), "a.test", RSA2048},
		{"no ECDSA and no name: the default's names", hello("", tls.PSSWithSHA256), "a.test", RSA2048},
		{"no ECDSA, and nothing else for the name", hello("b.test", tls.PSSWithSHA256), "b.test", P256},
		{"nobody says what is known", hello("a.test"), "a.test", P256},
	} {
		cert := made[*tls.Certificate](t)(s.GetCertificate(tt.hello))
		if cert.Leaf.DNSNames[0] != tt.want || TypeOf(cert.Leaf.PublicKey) != tt.kind {
			t.Errorf("%s: %s, %s", tt.why, cert.Leaf.DNSNames[0], TypeOf(cert.Leaf.PublicKey))
		}
	}
}
