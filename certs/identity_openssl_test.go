package certs

import (
	"crypto"
	"crypto/x509"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certified are a key and a certificate that openssl has made, in PEM files.
func certified(t *testing.T, dir string, newKey ...string) (key, cert string) {
	t.Helper()
	key, cert = filepath.Join(dir, "k.pem"), filepath.Join(dir, "c.pem")
	openssl(t, "", append([]string{"req", "-x509", "-nodes", "-subj", "/CN=a", "-addext", "subjectAltName=DNS:a.test", "-keyout", key, "-out", cert}, newKey...)...)
	return key, cert
}

var opensslKeys = map[string][]string{
	"EC":      {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"},
	"P-384":   {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"},
	"RSA":     {"-newkey", "rsa:2048"},
	"Ed25519": {"-newkey", "ed25519"},
}

// TestWhatOpenSSLWritesIsRead: keys and PKCS #12 in all forms; OUT and KEY and
// CERT stand for files, and the password is "secret".
func TestWhatOpenSSLWritesIsRead(t *testing.T) {
	for _, tt := range []struct {
		why, key string
		args     string
		refused  string // part of the error; "" if it is read
	}{
		{"PKCS #8", "EC", "pkey -in KEY -out OUT", ""},
		{"PKCS #8 in DER", "EC", "pkey -in KEY -outform der -out OUT", ""},
		{"PKCS #8 of Ed25519", "Ed25519", "pkey -in KEY -out OUT", ""},
		{"PKCS #1", "RSA", "rsa -in KEY -traditional -out OUT", ""},
		{"PKCS #1 in DER", "RSA", "rsa -in KEY -traditional -outform der -out OUT", ""},
		{"SEC 1", "EC", "ec -in KEY -out OUT", ""},
		{"SEC 1 in DER", "P-384", "ec -in KEY -outform der -out OUT", ""},
		{"PKCS #8, encrypted as openssl does by default", "EC", "pkcs8 -topk8 -in KEY -out OUT -passout pass:secret", ""},
		{"likewise RSA", "RSA", "pkcs8 -topk8 -in KEY -out OUT -passout pass:secret", ""},
		{"likewise Ed25519", "Ed25519", "pkcs8 -topk8 -in KEY -out OUT -passout pass:secret", ""},
		{"likewise in DER", "EC", "pkcs8 -topk8 -in KEY -outform der -out OUT -passout pass:secret", ""},
		{"encrypted with AES-128", "EC", "pkcs8 -topk8 -v2 aes-128-cbc -in KEY -out OUT -passout pass:secret", ""},
		{"encrypted with 3DES, as OpenSSL 1.0 did", "EC", "pkcs8 -topk8 -v2 des3 -v2prf hmacWithSHA1 -in KEY -out OUT -passout pass:secret", ""},
		{"encrypted by scrypt", "EC", "pkcs8 -topk8 -scrypt -in KEY -out OUT -passout pass:secret", ""},
		{"encrypted with a cipher that is rare", "EC", "pkcs8 -topk8 -v2 camellia-256-cbc -in KEY -out OUT -passout pass:secret", "encrypted in a way"},
		{"encrypted as PKCS #5 version 1.5 has it", "EC", "pkcs8 -topk8 -v1 PBE-SHA1-3DES -in KEY -out OUT -passout pass:secret", "encrypted in a way"},
		{"the old PEM, AES", "RSA", "rsa -aes256 -traditional -in KEY -out OUT -passout pass:secret", ""},
		{"the old PEM, 3DES", "RSA", "rsa -des3 -traditional -in KEY -out OUT -passout pass:secret", ""},
		{"the old PEM of EC", "EC", "ec -aes128 -in KEY -out OUT -passout pass:secret", ""},
		{"PKCS #12", "EC", "pkcs12 -export -inkey KEY -in CERT -out OUT -passout pass:secret", ""},
		{"PKCS #12 of RSA", "RSA", "pkcs12 -export -inkey KEY -in CERT -out OUT -passout pass:secret", ""},
		{"PKCS #12 of Ed25519", "Ed25519", "pkcs12 -export -inkey KEY -in CERT -out OUT -passout pass:secret", ""},
		{"PKCS #12, legacy: RC2-40 and 3DES", "RSA", "pkcs12 -export -legacy -inkey KEY -in CERT -out OUT -passout pass:secret", ""},
		{"PKCS #12, 3DES for both", "EC", "pkcs12 -export -legacy -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -inkey KEY -in CERT -out OUT -passout pass:secret", ""},
		{"PKCS #12 with a friendly name", "EC", "pkcs12 -export -name alice -caname ca -inkey KEY -in CERT -out OUT -passout pass:secret", ""},
		{"PKCS #12 without a password", "EC", "pkcs12 -export -inkey KEY -in CERT -out OUT -passout pass:", ""},
		{"PKCS #12 of certificates alone", "EC", "pkcs12 -export -nokeys -in CERT -out OUT -passout pass:secret", "PKCS #12 in a form"},
		{"what openssl takes out of PKCS #12, with words between", "EC", "pkcs12 -in P12 -nodes -out OUT -passin pass:secret", ""},
		{"PKCS #7", "EC", "crl2pkcs7 -nocrl -certfile CERT -out OUT", "PKCS #7"},
		{"PKCS #7 in DER", "EC", "crl2pkcs7 -nocrl -certfile CERT -outform der -out OUT", "PKCS #7"},
		{"a certificate with trust", "EC", "x509 -trustout -in CERT -out OUT", "OpenSSL's own form"},
	} {
		dir := t.TempDir()
		key, cert := certified(t, dir, opensslKeys[tt.key]...)
		out, p12 := filepath.Join(dir, "out"), filepath.Join(dir, "p12")
		openssl(t, "", "pkcs12", "-export", "-inkey", key, "-in", cert, "-out", p12, "-passout", "pass:secret")
		openssl(t, "", strings.Fields(strings.NewReplacer("KEY", key, "CERT", cert, "OUT", out, "P12", p12).Replace(tt.args))...)
		want := made[Identity](t)(ReadIdentity([]string{key, cert}, nil))
		got, err := ReadIdentity([]string{out}, func() ([]byte, error) { return []byte("secret"), nil })
		switch {
		case tt.refused != "" && (err == nil || !strings.Contains(err.Error(), tt.refused)):
			t.Errorf("%s: %v, want: … %s …", tt.why, err, tt.refused)
		case tt.refused == "" && (err != nil || !sameKey(got.Key.Public(), want.Key.Public())):
			t.Errorf("%s: %v", tt.why, err)
		case strings.Contains(tt.args, "pkcs12") && tt.refused == "" && !got.equal(want):
			t.Errorf("%s: it has %d certificates", tt.why, len(got.Chain))
		}
		if strings.Contains(tt.args, "pass:secret") && tt.refused == "" && strings.Contains(tt.args, "-passout") {
			_, err := ReadIdentity([]string{out}, func() ([]byte, error) { return []byte("wrong"), nil })
			if !errors.Is(err, ErrPassword) {
				t.Errorf("%s: with a wrong password: %v", tt.why, err)
			}
		}
	}
}

// TestOpenSSLReadsPKCS12 in both encryptions.
func TestOpenSSLReadsPKCS12(t *testing.T) {
	a := made[*Authority](t)(NewAuthority("Test CA", time.Now()))
	for _, tt := range []struct {
		why    string
		kind   KeyType
		legacy bool
		want   string // what openssl says of the encryption
	}{
		{"the default", P256, false, "AES-256-CBC"},
		{"RSA", RSA2048, false, "AES-256-CBC"},
		{"Ed25519", Ed25519, false, "AES-256-CBC"},
		{"for old programs", P256, true, "pbeWithSHA1And3-KeyTripleDES-CBC"},
	} {
		key := made[crypto.Signer](t)(NewKey(tt.kind))
		leaf := made[*x509.Certificate](t)(a.IssueClient(key.Public(), "alice", Names{}, day, time.Now()))
		id := Identity{Key: key, Leaf: leaf, Chain: []*x509.Certificate{leaf, a.Certificate}}
		file := writeTestFile(t, filepath.Join(t.TempDir(), "id.p12"), string(made[[]byte](t)(id.EncodePKCS12("secret", tt.legacy))), 0o600)
		if out := openssl(t, "", "pkcs12", "-in", file, "-info", "-noout", "-passin", "pass:secret"); !strings.Contains(out, tt.want) {
			t.Errorf("%s: no %s in %s", tt.why, tt.want, out)
		}
		out := openssl(t, "", "pkcs12", "-in", file, "-nodes", "-passin", "pass:secret")
		read := made[Identity](t)(ReadIdentity([]string{writeTestFile(t, filepath.Join(t.TempDir(), "out"), out, 0o600)}, nil))
		if !read.equal(id) {
			t.Errorf("%s: openssl took something else out of it", tt.why)
		}
	}
}

// TestOpenSSLTakesRequests of all kinds of keys.
func TestOpenSSLTakesRequests(t *testing.T) {
	n := made[Names](t)(ParseNames([]string{"ftp.example.org", "*.example.net", "192.0.2.7"}, []string{"a@b.test"}, []string{"urn:x"}))
	for _, kind := range []KeyType{P256, P384, Ed25519, RSA3072} {
		key := made[crypto.Signer](t)(NewKey(kind))
		f := RequestFile("", made[[]byte](t)(NewRequest(key, n, "")))
		out := openssl(t, string(f.Data), "req", "-verify", "-noout", "-text")
		for _, want := range []string{"verify OK", "DNS:ftp.example.org", "DNS:*.example.net", "IP Address:192.0.2.7", "email:a@b.test", "URI:urn:x"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %s", kind, want, out)
			}
		}
	}
}

// TestOpenSSLTakesCertificates of all kinds of keys and CAs.
func TestOpenSSLTakesCertificates(t *testing.T) {
	now := time.Now()
	for _, kind := range []KeyType{P256, P384, Ed25519, RSA2048} {
		dir := t.TempDir()
		a := made[*Authority](t)(MakeAuthority(dir, "Test CA", kind, false, now))
		key := made[crypto.Signer](t)(NewKey(kind))
		file := func(name string, leaf *x509.Certificate) string {
			name = filepath.Join(dir, name)
			writeTestChain(t, name, leaf)
			return name
		}
		client := file("client.pem", made[*x509.Certificate](t)(a.IssueClient(key.Public(), "alice", Names{}, day, now)))
		server := file("server.pem", made[*x509.Certificate](t)(a.IssueServer(key.Public(), []string{"*.example.org"}, ips("192.0.2.7"), now)))
		self := file("self.pem", made[*x509.Certificate](t)(NewSelfSigned(key, Names{DNS: []string{"a.test"}}, day, now)))
		for _, tt := range []struct {
			why  string
			args []string
		}{
			{"a client's, and the list", []string{"-x509_strict", "-purpose", "sslclient", "-crl_check", "-CRLfile", CRLFile(dir), "-CAfile", CAFile(dir), client}},
			{"a server's, by its wildcard", []string{"-x509_strict", "-purpose", "sslserver", "-CAfile", CAFile(dir), "-verify_hostname", "ftp.example.org", server}},
			{"a server's, by its address", []string{"-x509_strict", "-purpose", "sslserver", "-CAfile", CAFile(dir), "-verify_ip", "192.0.2.7", server}},
			{"a self-signed one", []string{"-purpose", "sslserver", "-CAfile", self, "-verify_hostname", "a.test", self}},
		} {
			if out := openssl(t, "", append([]string{"verify"}, tt.args...)...); !strings.Contains(out, ": OK") {
				t.Errorf("%s, %s: %s", kind, tt.why, out)
			}
		}
	}
}

// TestOpenSSLSeesRevocation reads the list, and refuses what is on it.
func TestOpenSSLSeesRevocation(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	made[*Authority](t)(MakeAuthority(dir, "Test CA", P256, false, now))
	r := made[*Registry](t)(OpenRegistry(dir))
	good, bad := clientOf(t, r, "good", now), clientOf(t, r, "bad", now)
	made[Issued](t)(r.RevokeCertificate(bad, now))
	out := openssl(t, "", "crl", "-in", CRLFile(dir), "-CAfile", CAFile(dir), "-noout", "-text")
	for _, want := range []string{"verify OK", strings.ReplaceAll(Serial(bad), ":", "")} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	for _, tt := range []struct {
		why  string
		cert *x509.Certificate
		want string
	}{
		{"not revoked", good, ": OK"},
		{"revoked", bad, "certificate revoked"},
	} {
		name := filepath.Join(dir, "x.pem")
		writeTestChain(t, name, tt.cert)
		out := opensslFails(t, "verify", "-crl_check", "-CRLfile", CRLFile(dir), "-CAfile", CAFile(dir), name)
		if !strings.Contains(out, tt.want) {
			t.Errorf("%s: %s", tt.why, out)
		}
	}
}

// opensslFails is the output of a command that may fail.
func opensslFails(t *testing.T, args ...string) string {
	t.Helper()
	openssl(t, "", "version")
	out, _ := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
	return string(out)
}
