package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	homeNames = []string{"box.home", "box", "localhost"}
	homeIPs   = ips("127.0.0.1", "192.0.2.7", "::1", "2001:db8::7")
)

func ensureAt(t *testing.T, dir string, now time.Time) Own {
	t.Helper()
	return made[Own](t)(Ensure(dir, homeNames, homeIPs, now))
}

func TestFirstStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "certs")
	o := ensureAt(t, dir, start)
	if o.Change != "server certificate made" {
		t.Errorf("Change is %q", o.Change)
	}
	for name, mode := range map[string]os.FileMode{".": 0o700 | os.ModeDir, "ca.key": 0o600, "server.key": 0o600, "ca.pem": 0o644, "server.pem": 0o644} {
		if info := made[os.FileInfo](t)(os.Stat(filepath.Join(dir, name))); info.Mode() != mode {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), mode)
		}
	}
	for name, cert := range map[string]*x509.Certificate{"CA": o.CA, "leaf": o.Leaf} {
		if key, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
			t.Errorf("the %s's key is no ECDSA P-256", name)
		}
	}
	if !o.CA.IsCA || o.CA.MaxPathLen != 0 || !o.CA.MaxPathLenZero {
		t.Error("the CA may sign other CAs")
	}
	if o.Leaf.IsCA || o.Leaf.Subject.CommonName != "" {
		t.Errorf("the leaf is a CA or has a common name: %s", o.Leaf.Subject)
	}
	if life := o.Leaf.NotAfter.Sub(o.Leaf.NotBefore); life > 398*day {
		t.Errorf("the leaf lives for %v, more than clients take", life)
	}
	if len(o.Leaf.DNSNames) != len(homeNames) || len(o.Leaf.IPAddresses) != len(homeIPs) {
		t.Errorf("SAN has %v %v", o.Leaf.DNSNames, o.Leaf.IPAddresses)
	}
}

func TestClientsAcceptTheCertificate(t *testing.T) {
	o := ensureAt(t, t.TempDir(), start)
	roots := x509.NewCertPool()
	roots.AddCert(o.CA)
	for _, host := range []string{"box.home", "box", "localhost", "127.0.0.1", "192.0.2.7", "[2001:db8::7]"} {
		if _, err := o.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: start}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := o.Leaf.Verify(x509.VerifyOptions{DNSName: "other", Roots: roots, CurrentTime: start}); err == nil {
		t.Error("the certificate is good for a host that is not here")
	}
}

// TestLaterStart is about what a start finds when it is not the first.
func TestLaterStart(t *testing.T) {
	for _, tt := range []struct {
		why    string
		names  []string
		ips    []string
		after  time.Duration
		change string // part of Change; "" means the same certificate
	}{
		{"nothing changed", homeNames, []string{"127.0.0.1", "192.0.2.7", "::1", "2001:db8::7"}, day, ""},
		{"31 days are left", homeNames, nil, serverLife - 31*day, ""},
		{"29 days are left", homeNames, nil, serverLife - 29*day, "ends in less than 30 days"},
		{"it has ended", homeNames, nil, serverLife + day, "has ended"},
		{"fewer names and addresses", []string{"box"}, []string{"127.0.0.1"}, day, ""},
		{"a new host name", []string{"bigbox"}, nil, day, "did not cover bigbox"},
		{"a new IPv4 address", homeNames, []string{"192.0.2.7", "192.0.2.8"}, day, "did not cover 192.0.2.8"},
		{"a temporary IPv6 address beside the old one", homeNames, []string{"2001:db8::7", "2001:db8::99"}, day, ""},
		{"all IPv6 addresses are new", homeNames, []string{"::1", "2001:db8:1::7"}, day, "did not cover 2001:db8:1::7"},
		{"loopback does not stand for all IPv6", homeNames, []string{"::1", "2001:db8:1::9", "192.0.2.7"}, day, "2001:db8:1::9"},
	} {
		dir := t.TempDir()
		first := ensureAt(t, dir, start)
		second, err := Ensure(dir, tt.names, ips(tt.ips...), start.Add(tt.after))
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		same := first.Leaf.Equal(second.Leaf)
		if same != (tt.change == "") || !strings.Contains(second.Change, tt.change) || (second.Change == "") != same {
			t.Errorf("%s: same certificate %t, Change %q, want %q", tt.why, same, second.Change, tt.change)
		}
		if !first.CA.Equal(second.CA) || Pin(first.Leaf) != Pin(second.Leaf) {
			t.Errorf("%s: the CA or the server's key changed", tt.why)
		}
		third := made[Own](t)(Ensure(dir, tt.names, ips(tt.ips...), start.Add(tt.after)))
		if third.Change != "" || !third.Leaf.Equal(second.Leaf) {
			t.Errorf("%s: the next start changed it once more: %s", tt.why, third.Change)
		}
	}
}

func TestEachNameIsThereOnce(t *testing.T) {
	o := made[Own](t)(Ensure(t.TempDir(), []string{"box", "localhost", "box"}, ips("127.0.0.1", "::1", "127.0.0.1"), start))
	if got, want := HostNames(o.Leaf), []string{"box", "localhost", "127.0.0.1", "::1"}; !slices.Equal(got, want) {
		t.Errorf("it is for %q, want %q", got, want)
	}
}

func TestALaptopBetweenTwoNetworksSettles(t *testing.T) {
	dir := t.TempDir()
	at := func(ip string) Own { return made[Own](t)(Ensure(dir, homeNames, ips("127.0.0.1", ip), start)) }
	at("192.0.2.7")
	moved := at("198.51.100.7")
	for _, ip := range []string{"192.0.2.7", "198.51.100.7"} {
		if o := at(ip); o.Change != "" || !o.Leaf.Equal(moved.Leaf) {
			t.Errorf("at %s: %s", ip, o.Change)
		}
	}
}

func TestFormerNamesAreBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range maxKept + 16 {
		name := "box" + strings.Repeat("x", i%60) + string(rune('a'+i/60))
		o := made[Own](t)(Ensure(dir, []string{name}, nil, start))
		if !slices.Contains(o.Leaf.DNSNames, name) || len(o.Leaf.DNSNames) > maxKept+1 {
			t.Fatalf("start %d: %d names, the host's own among them: %t", i, len(o.Leaf.DNSNames), slices.Contains(o.Leaf.DNSNames, name))
		}
	}
}

func TestWhatACrashLeaves(t *testing.T) {
	for _, tt := range []struct {
		why    string
		remove []string
		change string
		sameCA bool
	}{
		{"only the CA's key was written", []string{"ca.pem", "server.key", "server.pem"}, "made", false},
		{"the CA was written", []string{"server.key", "server.pem"}, "made", true},
		{"the server's key was written", []string{"server.pem"}, "made", true},
		{"the server's key is lost", []string{"server.key"}, "it was of another key", true},
		{"the CA is lost", []string{"ca.pem", "ca.key"}, "it was of another CA", false},
	} {
		dir := t.TempDir()
		first := ensureAt(t, dir, start)
		for _, name := range tt.remove {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		second, err := Ensure(dir, homeNames, homeIPs, start)
		if err != nil || !strings.Contains(second.Change, tt.change) || first.CA.Equal(second.CA) != tt.sameCA {
			t.Errorf("%s: %q, same CA %t, %v", tt.why, second.Change, first.CA.Equal(second.CA), err)
			continue
		}
		if _, err := Load(second.CertFile, second.KeyFile); err != nil || second.Leaf.CheckSignatureFrom(second.CA) != nil {
			t.Errorf("%s: what was made cannot be served: %v", tt.why, err)
		}
	}
}

func TestCAKeyElsewhere(t *testing.T) {
	dir := t.TempDir()
	first := ensureAt(t, dir, start)
	if err := os.Remove(first.CAKeyFile); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why   string
		after time.Duration
		kept  bool
	}{
		{"nothing to do", day, true},
		{"near its end it is kept", serverLife - day, true},
		{"after its end it is an error", serverLife + day, false},
	} {
		o, err := Ensure(dir, homeNames, homeIPs, start.Add(tt.after))
		if (err == nil) != tt.kept || tt.kept && !o.Leaf.Equal(first.Leaf) {
			t.Errorf("%s: %v %s", tt.why, err, o.Change)
		}
	}
}

func TestEndOfTheCA(t *testing.T) {
	dir := t.TempDir()
	first := ensureAt(t, dir, start)
	last := first.CA.NotAfter.Add(-10 * day)
	o := ensureAt(t, dir, last)
	if o.Leaf.NotAfter.After(o.CA.NotAfter) {
		t.Error("the leaf outlives its CA")
	}
	if again := ensureAt(t, dir, last.Add(day)); again.Change != "" {
		t.Errorf("it is renewed in vain at each start: %s", again.Change)
	}
	var file *FileError
	_, err := Ensure(dir, []string{"new"}, nil, o.CA.NotAfter.Add(day))
	if !errors.As(err, &file) || file.Hint == "" {
		t.Errorf("a CA that has ended: %v", err)
	}
}

func TestEnsureNeverOverwritesWhatItCannotRead(t *testing.T) {
	for _, name := range []string{"ca.pem", "server.pem", "server.key"} {
		dir := t.TempDir()
		ensureAt(t, dir, start)
		damaged := writeTestFile(t, filepath.Join(dir, name), "damaged", 0o600)
		_, err := Ensure(dir, []string{"new"}, nil, start)
		var file *FileError
		if !errors.As(err, &file) || file.File != damaged {
			t.Errorf("%s: %v", name, err)
		}
		if readTestFile(t, damaged) != "damaged" {
			t.Errorf("%s was overwritten", name)
		}
	}
}
