package certs

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestInspectOpenSSLs judges what another implementation makes: the weak
// things that crypto/x509 does not make, and the usual ways to get it wrong.
func TestInspectOpenSSLs(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writeTestFile(t, file("ext"), "basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:ftp.test\nextendedKeyUsage=serverAuth\n", 0o600)
	writeTestFile(t, file("noext"), "basicConstraints=CA:FALSE\n", 0o600)
	openssl(t, "", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=OpenSSL CA", "-days", "3650", "-keyout", file("ca.key"), "-out", file("ca.pem"))
	// issue makes NAME.pem: a request by its arguments, signed by its others.
	issue := func(name string, request, signing []string) *x509.Certificate {
		openssl(t, "", append([]string{"req", "-nodes", "-subj", "/CN=ftp.test", "-keyout", file(name + ".key"), "-out", file(name + ".csr")}, request...)...)
		openssl(t, "", append([]string{"x509", "-req", "-in", file(name + ".csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"),
			"-CAcreateserial", "-out", file(name + ".pem")}, signing...)...)
		chain, _, err := ReadChain(file(name + ".pem"))
		if err != nil {
			t.Fatal(err)
		}
		return chain[0]
	}
	ec := []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"}
	good := issue("good", ec, []string{"-days", "90", "-extfile", file("ext")})
	ca := made[[]*x509.Certificate](t)(readCertificates(file("ca.pem")))[0]
	der := file("good.der")
	openssl(t, "", "x509", "-in", file("good.pem"), "-outform", "der", "-out", der)
	if chain, found, err := ReadChain(der); err != nil || !chain[0].Equal(good) || len(found) != 1 {
		t.Errorf("DER: %v, %v", found, err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	for _, tt := range []struct {
		why  string
		leaf *x509.Certificate
		wanted
	}{
		{"what is right", good, wanted{}},
		{"RSA of 1024 bits", issue("weak", []string{"-newkey", "rsa:1024"}, []string{"-days", "90", "-extfile", file("ext")}), wanted{KindWeakKey, Failure, []string{"1024 bits"}}},
		{"signed with SHA-1", issue("sha1", ec, []string{"-sha1", "-extfile", file("ext")}), wanted{KindWeakSignature, Failure, []string{"SHA1-RSA", "SHA-256"}}},
		{"signed with MD5", issue("md5", ec, []string{"-md5", "-extfile", file("ext")}), wanted{KindWeakSignature, Failure, []string{"MD5-RSA"}}},
		{"a common name alone", issue("cn", ec, []string{"-extfile", file("noext")}), wanted{KindCommonNameOnly, Failure, []string{"DNS:ftp.test"}}},
		{"more than 398 days", issue("long", ec, []string{"-days", "825", "-extfile", file("ext")}), wanted{KindLongLife, Note, []string{"825 days"}}},
		{"a week", issue("short", ec, []string{"-days", "7", "-extfile", file("ext")}), wanted{KindEndsSoon, Warning, []string{"7 days"}}},
	} {
		in := Inspection{Chain: certificates{tt.leaf}, Roots: Pool{pool, certificates{ca}}, Names: []string{"ftp.test"}, Now: time.Now()}
		r := Inspect(in)
		tt.check(t, tt.why, r)
		if tt.kind != KindCommonNameOnly { // openssl still takes it
			agreesOpenSSL(t, tt.why, r, file("ca.pem"), tt.leaf, dir)
		}
	}
}

// agreesOpenSSL: what is trusted here, openssl takes, too; and it refuses what
// is not, as strictly as its security level 2 is.
func agreesOpenSSL(t *testing.T, why string, r Report, ca string, leaf *x509.Certificate, dir string) {
	t.Helper()
	name := filepath.Join(dir, "judged.pem")
	if err := os.WriteFile(name, []byte(pemOf(pemCertificate, leaf.Raw)), 0o600); err != nil {
		t.Fatal(err)
	}
	judge := exec.CommandContext(t.Context(), "openssl", "verify", "-auth_level", "2", "-purpose", "sslserver",
		"-verify_hostname", "ftp.test", "-attime", strconv.FormatInt(leaf.NotAfter.Add(-time.Second).Unix(), 10), "-CAfile", ca, name)
	out, err := judge.CombinedOutput()
	if (err == nil) != r.Trusted {
		t.Errorf("%s: here trusted is %v, openssl says %v:\n%s", why, r.Trusted, err, out)
	}
}
