package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func newRegistry(t *testing.T) (r *Registry, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "certs")
	made[*Authority](t)(MakeAuthority(dir, "Test CA", P256, false, start))
	return made[*Registry](t)(OpenRegistry(dir)), dir
}

// clientOf is a certificate that is in the record, of the account of the same
// name.
func clientOf(t *testing.T, r *Registry, name string, now time.Time) *x509.Certificate {
	t.Helper()
	leaf := made[*x509.Certificate](t)(r.IssueClient(newTestKey(t).Public(), name, Names{}, 30*day, now))
	if err := r.Record(leaf, name, now); err != nil {
		t.Fatal(err)
	}
	return leaf
}

// revokedIn are the serial numbers on the list.
func revokedIn(t *testing.T, dir string) (serials []string) {
	t.Helper()
	for _, list := range made[[]*x509.RevocationList](t)(LoadLists(CRLFile(dir))) {
		for _, e := range list.RevokedCertificateEntries {
			serials = append(serials, serialOf(e.SerialNumber))
		}
	}
	return serials
}

func numberIn(t *testing.T, dir string) *big.Int {
	t.Helper()
	return made[[]*x509.RevocationList](t)(LoadLists(CRLFile(dir)))[0].Number
}

func TestMakeAuthority(t *testing.T) {
	r, dir := newRegistry(t)
	for name, mode := range map[string]fs.FileMode{"ca.pem": 0o644, "ca.key": 0o600, "ca.crl": 0o644, recordName: 0o600} {
		if info := made[os.FileInfo](t)(os.Stat(filepath.Join(dir, name))); info.Mode() != mode {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), mode)
		}
	}
	_, err := MakeAuthority(dir, "Another", P256, false, start)
	var wrong *FileError
	if !errors.As(err, &wrong) || !errors.Is(err, fs.ErrExist) || !strings.Contains(wrong.Hint, "--force") {
		t.Errorf("a second CA: %v", err)
	}
	if again := made[*Registry](t)(OpenRegistry(dir)); !again.Certificate.Equal(r.Certificate) {
		t.Error("the refused CA is there")
	}
	if _, err := MakeAuthority(t.TempDir(), "", P256, false, start); err == nil {
		t.Error("a CA without a name was made")
	}
}

func TestANewCABeginsANewList(t *testing.T) {
	r, dir := newRegistry(t)
	old := clientOf(t, r, "alice", start)
	made[Issued](t)(r.RevokeCertificate(old, start))
	made[*Authority](t)(MakeAuthority(dir, "Another", Ed25519, true, start))
	if found := revokedIn(t, dir); len(found) != 0 {
		t.Errorf("the new CA's list has %v", found)
	}
	fresh := made[*Registry](t)(OpenRegistry(dir))
	if _, err := fresh.RevokeCertificate(old, start); !errors.Is(err, ErrNotIssued) {
		t.Errorf("the new CA revokes what the old one issued: %v", err)
	}
	if err := fresh.Record(old, "", start); !errors.Is(err, ErrNotIssued) {
		t.Errorf("the new CA claims what the old one issued: %v", err)
	}
	if _, err := OpenRevoked(CRLFile(dir), made[Pool](t)(LoadPool(CAFile(dir))), nil); err != nil {
		t.Errorf("a server does not take the new list: %v", err)
	}
}

func TestRecord(t *testing.T) {
	r, dir := newRegistry(t)
	alice := clientOf(t, r, "alice", start)
	server := made[*x509.Certificate](t)(r.IssueServer(newTestKey(t).Public(), []string{"ftp.test"}, nil, start))
	if err := r.Record(server, "", start); err != nil {
		t.Fatal(err)
	}
	all := made[[]Issued](t)(ReadIssued(dir))
	want := []Issued{
		{Serial: Serial(alice), Issuer: keyID(r.Certificate), Purpose: ForClient, Name: "alice", Account: "alice", Fingerprint: Fingerprint(alice), Made: start, NotAfter: alice.NotAfter},
		{Serial: Serial(server), Issuer: keyID(r.Certificate), Purpose: ForServer, Name: "ftp.test", Fingerprint: Fingerprint(server), Made: start, NotAfter: server.NotAfter},
	}
	if !slices.Equal(all, want) {
		t.Errorf("the record is %+v, want %+v", all, want)
	}
	if none, err := ReadIssued(t.TempDir()); err != nil || none != nil {
		t.Errorf("where there is no record: %v, %v", none, err)
	}
}

func TestRevoke(t *testing.T) {
	r, dir := newRegistry(t)
	alice, bob, carol := clientOf(t, r, "alice", start), clientOf(t, r, "bob", start), clientOf(t, r, "carol", start)
	unknown := made[*x509.Certificate](t)(r.IssueClient(newTestKey(t).Public(), "unknown", Names{}, day, start))
	before := numberIn(t, dir)

	done := made[Issued](t)(r.Revoke(alice.SerialNumber, start.Add(time.Hour)))
	if done.Account != "alice" || !done.Revoked.Equal(start.Add(time.Hour)) {
		t.Errorf("what was revoked is %+v", done)
	}
	made[Issued](t)(r.RevokeCertificate(bob, start))
	made[Issued](t)(r.RevokeCertificate(unknown, start))
	if got, want := revokedIn(t, dir), []string{Serial(alice), Serial(bob), Serial(unknown)}; !slices.Equal(got, want) {
		t.Errorf("the list has %v, want %v", got, want)
	}
	if slices.Contains(revokedIn(t, dir), Serial(carol)) {
		t.Error("carol's is on the list")
	}
	if numberIn(t, dir).Cmp(before) <= 0 {
		t.Error("the list's number did not grow (RFC 5280 §5.2.3)")
	}
	again := made[Issued](t)(r.Revoke(alice.SerialNumber, start.Add(day)))
	if !again.Revoked.Equal(done.Revoked) || len(revokedIn(t, dir)) != 3 {
		t.Errorf("revoked again, it is %+v", again)
	}
	if _, err := r.Revoke(big.NewInt(7), start); !errors.Is(err, ErrNotIssued) {
		t.Errorf("a number that is not in the record: %v", err)
	}
	if _, err := r.RevokeCertificate(issued(t, newTestAuthority(t)), start); !errors.Is(err, ErrNotIssued) {
		t.Errorf("a certificate of another CA: %v", err)
	}
}

func TestRevokeKeepsWhatOthersHavePutOnTheList(t *testing.T) {
	r, dir := newRegistry(t)
	alice := clientOf(t, r, "alice", start)
	foreign := testCRL(t, r.Authority, start.Add(30*day), big.NewInt(7))
	writeTestFile(t, CRLFile(dir), pemOf(pemCRL, foreign), 0o644)
	made[Issued](t)(r.RevokeCertificate(alice, start))
	if got, want := revokedIn(t, dir), []string{"07", Serial(alice)}; !slices.Equal(got, want) {
		t.Errorf("the list has %v, want %v", got, want)
	}
}

func TestAListThatCannotBeReadIsNotReplaced(t *testing.T) {
	r, dir := newRegistry(t)
	alice := clientOf(t, r, "alice", start)
	writeTestFile(t, CRLFile(dir), "damaged", 0o644)
	_, err := r.RevokeCertificate(alice, start)
	var wrong *FileError
	if !errors.As(err, &wrong) || wrong.File != CRLFile(dir) || readTestFile(t, CRLFile(dir)) != "damaged" {
		t.Errorf("%v", err)
	}
	if err := os.Remove(CRLFile(dir)); err != nil {
		t.Fatal(err)
	}
	made[bool](t)(RenewCRL(dir, start))
	if got := revokedIn(t, dir); !slices.Equal(got, []string{Serial(alice)}) {
		t.Errorf("made anew from the record, the list has %v", got)
	}
}

func TestRenewCRL(t *testing.T) {
	for _, tt := range []struct {
		why     string
		prepare func(t *testing.T, r *Registry, dir string)
		after   time.Duration
		changed bool
	}{
		{"fresh", nil, day, false},
		{"less than half of its time is over", nil, 14 * day, false},
		{"more than half of its time is over", nil, 16 * day, true},
		{"it is out of date", nil, 100 * day, true},
		{"it is not there", func(t *testing.T, _ *Registry, dir string) { removeTestFile(t, CRLFile(dir)) }, 0, true},
		{"a crash came between the record and the list", func(t *testing.T, r *Registry, dir string) {
			list := readTestFile(t, CRLFile(dir))
			made[Issued](t)(r.RevokeCertificate(clientOf(t, r, "alice", start), start))
			writeTestFile(t, CRLFile(dir), list, 0o644)
		}, 0, true},
		{"it is of a former CA", func(t *testing.T, _ *Registry, dir string) {
			writeTestFile(t, CRLFile(dir), pemOf(pemCRL, testCRL(t, newTestAuthority(t), start.Add(30*day))), 0o644)
		}, 0, true},
		{"the CA's key is kept elsewhere", func(t *testing.T, _ *Registry, dir string) { removeTestFile(t, filepath.Join(dir, "ca.key")) }, 100 * day, false},
		{"there is no CA", func(t *testing.T, _ *Registry, dir string) { removeTestFile(t, CAFile(dir)) }, 100 * day, false},
	} {
		r, dir := newRegistry(t)
		if tt.prepare != nil {
			tt.prepare(t, r, dir)
		}
		now := start.Add(tt.after)
		if changed, err := RenewCRL(dir, now); err != nil || changed != tt.changed {
			t.Errorf("%s: changed %t, %v", tt.why, changed, err)
		}
		if changed, err := RenewCRL(dir, now); err != nil || changed {
			t.Errorf("%s: it was changed once more, %v", tt.why, err)
		}
	}
}

func removeTestFile(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

func TestWhatACrashLeavesOfTheRecord(t *testing.T) {
	r, dir := newRegistry(t)
	alice := clientOf(t, r, "alice", start)
	name := filepath.Join(dir, recordName)
	whole := readTestFile(t, name)
	for _, tt := range []struct{ why, content string }{
		{"half a line", whole + `{"serial":"01","iss`},
		{"a whole one without its end", whole + `{"serial":"01"}`},
		{"empty lines", whole + "\n\n"},
	} {
		writeTestFile(t, name, tt.content, 0o600)
		bob := clientOf(t, r, "bob", start)
		all := made[[]Issued](t)(ReadIssued(dir))
		if len(all) != 2 || all[0].Serial != Serial(alice) || all[1].Serial != Serial(bob) {
			t.Errorf("%s: the record is %+v", tt.why, all)
		}
	}
	writeTestFile(t, name, whole+"damaged\n", 0o600)
	_, err := ReadIssued(dir)
	var wrong *FileError
	if !errors.As(err, &wrong) || !strings.Contains(wrong.Problem, "line 2") {
		t.Errorf("a damaged line: %v", err)
	}
}

// TestSeveralRevokeAtOnce: none of them is lost.
func TestSeveralRevokeAtOnce(t *testing.T) {
	r, dir := newRegistry(t)
	var all []*x509.Certificate
	for i := range 8 {
		all = append(all, clientOf(t, r, fmt.Sprint("client", i), start))
	}
	var done sync.WaitGroup
	for _, cert := range all {
		done.Go(func() {
			own, err := OpenRegistry(dir)
			if err == nil {
				_, err = own.RevokeCertificate(cert, start)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	found := revokedIn(t, dir)
	for _, cert := range all {
		if !slices.Contains(found, Serial(cert)) {
			t.Errorf("%s is not on the list", Title(cert))
		}
	}
}

func TestParseSerial(t *testing.T) {
	for _, tt := range []struct{ why, text, want string }{
		{"as sealift shows it", "4A:0B:17", "4A:0B:17"},
		{"as openssl shows it", "4A0B17", "4A:0B:17"},
		{"in lower case", "4a:0b:17", "4A:0B:17"},
		{"as browsers show it", "0x4A0B17", "4A:0B:17"},
		{"with spaces", "4a 0b 17", "4A:0B:17"},
		{"without the zero at the front", "a0b", "0A:0B"},
		{"a zero more at the front, which openssl prints for some", "00:FF", "FF"},
		{"nothing", "", ""},
		{"a name", "alice", ""},
		{"colons alone", "::", ""},
		{"a minus", "-1", ""},
	} {
		n, err := ParseSerial(tt.text)
		got := ""
		if err == nil {
			got = serialOf(n)
		}
		if got != tt.want {
			t.Errorf("%s: %q is %q, %v, want %q", tt.why, tt.text, got, err, tt.want)
		}
	}
}
