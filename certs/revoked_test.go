package certs

import (
	"context"
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// poolOf writes the authorities' certificates and loads them.
func poolOf(t *testing.T, all ...*Authority) Pool {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pool.pem")
	var chain []*x509.Certificate
	for _, a := range all {
		chain = append(chain, a.Certificate)
	}
	writeTestChain(t, name, chain...)
	return made[Pool](t)(LoadPool(name))
}

func issued(t *testing.T, a *Authority) *x509.Certificate {
	t.Helper()
	return made[*x509.Certificate](t)(a.IssueServer(newTestKey(t).Public(), []string{"c"}, nil, start))
}

func TestLoadPool(t *testing.T) {
	a, b := newTestAuthority(t), newTestAuthority(t)
	pool := poolOf(t, a, b)
	for why, ca := range map[string]*Authority{"the first": a, "the second": b} {
		if _, err := issued(t, ca).Verify(x509.VerifyOptions{Roots: pool.CertPool, CurrentTime: start}); err != nil {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := issued(t, newTestAuthority(t)).Verify(x509.VerifyOptions{Roots: pool.CertPool, CurrentTime: start}); err == nil {
		t.Error("a CA that is not in the file counts")
	}
	leaf := filepath.Join(t.TempDir(), "leaf.pem")
	writeTestChain(t, leaf, issued(t, a))
	for why, name := range map[string]string{"a client's own certificate": leaf, "no file": leaf + "x"} {
		var wrong *FileError
		if _, err := LoadPool(name); !errors.As(err, &wrong) || wrong.File != name {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestRevoked(t *testing.T) {
	a, b := newTestAuthority(t), made[*Authority](t)(NewAuthority("Another CA", start))
	pool := poolOf(t, a, b)
	bad, good := issued(t, a), issued(t, a)
	der := testCRL(t, a, time.Now().Add(day), bad.SerialNumber)
	sameSerial := &x509.Certificate{SerialNumber: bad.SerialNumber, RawIssuer: b.Certificate.RawSubject}
	for _, form := range []struct{ why, content string }{
		{"DER", string(der)},
		{"PEM", pemOf(pemCRL, der)},
		{"one of each CA", pemOf(pemCRL, der) + pemOf(pemCRL, testCRL(t, b, time.Now().Add(day), big.NewInt(1)))},
	} {
		file := writeTestFile(t, filepath.Join(t.TempDir(), "crl"), form.content, 0o644)
		r, err := OpenRevoked(file, pool, nil)
		if err != nil {
			t.Errorf("%s: %v", form.why, err)
			continue
		}
		for _, tt := range []struct {
			why   string
			chain []*x509.Certificate
			want  error
		}{
			{"on the list", []*x509.Certificate{bad}, ErrRevoked},
			{"not on the list", []*x509.Certificate{good}, nil},
			{"anywhere in the chain", []*x509.Certificate{good, bad}, ErrRevoked},
			{"the serial number of another CA", []*x509.Certificate{sameSerial}, nil},
			{"no certificate", nil, nil},
		} {
			if err := r.Check(tt.chain...); !errors.Is(err, tt.want) {
				t.Errorf("%s, %s: %v, want %v", form.why, tt.why, err, tt.want)
			}
		}
	}
	if err := (*Revoked)(nil).Check(bad); err != nil {
		t.Errorf("no list: %v", err)
	}
}

func TestOpenRevokedRefuses(t *testing.T) {
	a := newTestAuthority(t)
	pool := poolOf(t, a)
	list := testCRL(t, a, time.Now().Add(day))
	forged := append([]byte(nil), list...)
	forged[len(forged)-1] ^= 1
	sameName := newTestAuthority(t)
	stranger := made[*Authority](t)(NewAuthority("Stranger", start))
	for _, tt := range []struct{ why, content, says string }{
		{"text", "hello", "not a list"},
		{"an empty file", "", "not a list"},
		{"a certificate", pemOf(pemCertificate, a.Certificate.Raw), "no X509 CRL"},
		{"a damaged list", pemOf(pemCRL, []byte{1}), "not a list"},
		{"a changed list", pemOf(pemCRL, forged), "not signed by"},
		{"a CA of the same name", pemOf(pemCRL, testCRL(t, sameName, time.Now().Add(day))), "not signed by"},
		{"a CA that does not count", pemOf(pemCRL, testCRL(t, stranger, time.Now().Add(day))), "not signed by"},
		{"one good list and one bad", pemOf(pemCRL, list) + pemOf(pemCRL, forged), "not signed by"},
	} {
		file := writeTestFile(t, filepath.Join(t.TempDir(), "crl"), tt.content, 0o644)
		r, err := OpenRevoked(file, pool, nil)
		var wrong *FileError
		if r != nil || !errors.As(err, &wrong) || wrong.File != file || !strings.Contains(wrong.Problem, tt.says) {
			t.Errorf("%s: %v, want … %s", tt.why, err, tt.says)
		}
	}
}

func TestRevokedFollowsItsFile(t *testing.T) {
	a := newTestAuthority(t)
	pool := poolOf(t, a)
	bad := issued(t, a)
	file := writeTestFile(t, filepath.Join(t.TempDir(), "crl"), pemOf(pemCRL, testCRL(t, a, start.Add(365*day))), 0o644)
	revoked := pemOf(pemCRL, testCRL(t, a, start.Add(time.Minute), bad.SerialNumber))
	var log logged
	synctest.Test(t, func(t *testing.T) {
		r := made[*Revoked](t)(OpenRevoked(file, pool, log.logger()))
		ctx, stop := context.WithCancel(t.Context())
		go r.Watch(ctx, time.Second)
		for _, tt := range []struct {
			why, content string
			want         error
			says         string
		}{
			{"revoked in mid-session", revoked, ErrRevoked, "revoked certificates reloaded"},
			{"a broken file keeps the list", "broken", ErrRevoked, "not reloaded"},
		} {
			writeTestFile(t, file, tt.content, 0o644)
			pass(2 * time.Second)
			if err := r.Check(bad); !errors.Is(err, tt.want) || log.count(tt.says) != 1 {
				t.Errorf("%s: %v, log %s", tt.why, err, log.buf.String())
			}
		}
		pass(2 * time.Minute)
		writeTestFile(t, file, revoked, 0o644)
		if err := r.Reload(); err != nil || log.count("out of date") == 0 || r.Check(bad) == nil {
			t.Errorf("a list past its next update: %v, %v", err, r.Check(bad))
		}
		stop()
		synctest.Wait()
	})
}

// The list of the own CA may come later; one that goes away stays in force.
func TestOwnRevokedMayComeLater(t *testing.T) {
	a := newTestAuthority(t)
	pool := poolOf(t, a)
	bad := issued(t, a)
	dir := t.TempDir()
	var log logged
	synctest.Test(t, func(t *testing.T) {
		r := made[*Revoked](t)(OpenOwnRevoked(dir, pool, log.logger()))
		ctx, stop := context.WithCancel(t.Context())
		go r.Watch(ctx, time.Second)
		if err := r.Check(bad); err != nil || r.Reload() != nil || r.Loads() != 0 {
			t.Errorf("no list: %v, %d loads", err, r.Loads())
		}
		writeTestFile(t, CRLFile(dir), pemOf(pemCRL, testCRL(t, a, start.Add(365*day), bad.SerialNumber)), 0o644)
		pass(time.Second)
		if err := r.Check(bad); !errors.Is(err, ErrRevoked) || r.Loads() != 1 {
			t.Errorf("a list has come: %v, %d loads", err, r.Loads())
		}
		if err := os.Remove(CRLFile(dir)); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if err := r.Check(bad); !errors.Is(err, ErrRevoked) || log.count("not reloaded") != 1 {
			t.Errorf("the list is gone: %v, log %s", err, log.buf.String())
		}
		stop()
		synctest.Wait()
	})
}
