package certs

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// openssl runs the program and returns its output.
func openssl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("SEALIFT_REQUIRE_TOOLS") == "1" {
			t.Fatal("openssl is not installed")
		}
		t.Skip("openssl is not installed")
	}
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestOpenSSLAgrees shows what is made to an implementation that is not Go's.
func TestOpenSSLAgrees(t *testing.T) {
	o := ensureAt(t, t.TempDir(), time.Now())
	for _, tt := range []struct {
		why  string
		args []string
		want string
	}{
		{"the chain, for a name", []string{"verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", o.CAFile, "-verify_hostname", "box.home", o.CertFile}, ": OK"},
		{"the chain, for an address", []string{"verify", "-x509_strict", "-CAfile", o.CAFile, "-verify_ip", "192.0.2.7", o.CertFile}, ": OK"},
		{"the key", []string{"pkey", "-in", o.KeyFile, "-check", "-noout"}, "Key is valid"},
		{"the fingerprint", []string{"x509", "-in", o.CertFile, "-noout", "-fingerprint", "-sha256"}, "=" + Fingerprint(o.Leaf)},
		{"no CA below the CA", []string{"x509", "-in", o.CAFile, "-noout", "-ext", "basicConstraints"}, "CA:TRUE, pathlen:0"},
	} {
		if out := openssl(t, "", tt.args...); !strings.Contains(out, tt.want) {
			t.Errorf("%s: no %q in %s", tt.why, tt.want, out)
		}
	}
	public := openssl(t, "", "x509", "-in", o.CertFile, "-noout", "-pubkey")
	der := openssl(t, public, "pkey", "-pubin", "-outform", "der")
	sum := sha256.Sum256([]byte(der))
	if want := "sha256//" + base64.StdEncoding.EncodeToString(sum[:]); Pin(o.Leaf) != want {
		t.Errorf("Pin is %s, want %s", Pin(o.Leaf), want)
	}
}

// TestOpenSSLsKeys: keys in all forms that openssl writes are read.
func TestOpenSSLsKeys(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		why     string
		args    []string
		refused string
	}{
		{"EC, PKCS #8", []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"}, ""},
		{"RSA", []string{"-newkey", "rsa:2048"}, ""},
		{"Ed25519", []string{"-newkey", "ed25519"}, ""},
		{"RSA 1024", []string{"-newkey", "rsa:1024"}, "1024 bits"},
		{"SHA-1", []string{"-newkey", "rsa:2048", "-sha1"}, "signed with SHA1"},
	} {
		cert, key := dir+"/c.pem", dir+"/k.pem"
		args := []string{"req", "-x509", "-nodes", "-subj", "/CN=a", "-addext", "subjectAltName=DNS:a", "-keyout", key, "-out", cert}
		openssl(t, "", append(args, tt.args...)...)
		if err := os.Chmod(key, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(cert, key)
		if (err == nil) != (tt.refused == "") || err != nil && !strings.Contains(err.Error(), tt.refused) {
			t.Errorf("%s: %v, want %q", tt.why, err, tt.refused)
		}
	}
	traditional := openssl(t, "", "ecparam", "-name", "prime256v1", "-genkey")
	name := writeTestFile(t, dir+"/ec.key", traditional, 0o600)
	if _, err := readKey(name); err != nil {
		t.Errorf("EC, SEC 1 with parameters: %v", err)
	}
}
