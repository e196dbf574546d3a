package certs

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLoadRefuses(t *testing.T) {
	a := newTestAuthority(t)
	dir := t.TempDir()
	file := func(name, content string) string {
		return writeTestFile(t, filepath.Join(dir, name), content, 0o600)
	}
	good := writePair(t, a, "good.test")
	other := writePair(t, a, "other.test")
	weak, weakKey := rsaPair(t, 1024)
	writeTestChain(t, filepath.Join(dir, "weak.pem"), weak)
	writeTestKey(t, filepath.Join(dir, "weak.key"), weakKey)
	ca := filepath.Join(dir, "ca.pem")
	writeTestChain(t, ca, a.Certificate)
	writeTestKey(t, filepath.Join(dir, "ca.key"), a.Key)
	for _, tt := range []struct {
		why       string
		cert, key string
		culprit   string // the file that the error names
		says      string
	}{
		{"no certificate file", filepath.Join(dir, "none"), good.KeyFile, "none", "no such file"},
		{"no key file", good.CertFile, filepath.Join(dir, "none"), "none", "no such file"},
		{"text instead of a certificate", file("text", "hello"), good.KeyFile, "text", "no certificate"},
		{"a damaged certificate", file("damaged", pemOf(pemCertificate, []byte{1, 2})), good.KeyFile, "damaged", "certificate 1 is damaged"},
		{"a key of another certificate", good.CertFile, other.KeyFile, other.KeyFile, "not that of the certificate"},
		{"no key in the key file", good.CertFile, good.CertFile, good.CertFile, "may be read by others"},
		{"text instead of a key", good.CertFile, file("text.key", "hello"), "text.key", "no private key"},
		{"a damaged key", good.CertFile, file("damaged.key", pemOf(pemPrivateKey, []byte{1})), "damaged.key", "damaged"},
		{"an encrypted key", good.CertFile, file("locked.key", pemOf("ENCRYPTED PRIVATE KEY", []byte{1})), "locked.key", "encrypted"},
		{"RSA of 1024 bits", filepath.Join(dir, "weak.pem"), filepath.Join(dir, "weak.key"), "weak.pem", "1024 bits; 2048"},
		{"the CA's own certificate", ca, filepath.Join(dir, "ca.key"), "ca.pem", "certificate of a CA"},
	} {
		_, err := Load(tt.cert, tt.key)
		var wrong *FileError
		if !errors.As(err, &wrong) || !strings.HasSuffix(wrong.File, tt.culprit) || !strings.Contains(wrong.Problem, tt.says) {
			t.Errorf("%s: %v, want %s: … %s", tt.why, err, tt.culprit, tt.says)
		}
	}
	if _, err := Load(filepath.Join(dir, "none"), good.KeyFile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
}

func TestKeyModes(t *testing.T) {
	p := writePair(t, newTestAuthority(t), "a.test")
	for _, tt := range []struct {
		why  string
		mode os.FileMode
		want bool
	}{
		{"the owner alone", 0o600, true},
		{"the owner alone, for reading", 0o400, true},
		{"the group reads, as ssl-cert does", 0o640, true},
		{"all read", 0o644, false},
		{"others read", 0o604, false},
		{"the group writes", 0o620, false},
	} {
		if err := os.Chmod(p.KeyFile, tt.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(p.CertFile, p.KeyFile); (err == nil) != tt.want {
			t.Errorf("%s: mode %04o: %v", tt.why, tt.mode, err)
		}
	}
}

func TestWeakSignatures(t *testing.T) {
	cert := func(subject, issuer string, a x509.SignatureAlgorithm) *x509.Certificate {
		return &x509.Certificate{RawSubject: []byte(subject), RawIssuer: []byte(issuer), SignatureAlgorithm: a}
	}
	for _, tt := range []struct {
		why   string
		chain []*x509.Certificate
		want  bool
	}{
		{"SHA-256 all along", []*x509.Certificate{cert("leaf", "ca", x509.ECDSAWithSHA256), cert("ca", "root", x509.SHA256WithRSA)}, true},
		{"Ed25519 has no separate hash", []*x509.Certificate{cert("leaf", "ca", x509.PureEd25519)}, true},
		{"a leaf with SHA-1", []*x509.Certificate{cert("leaf", "ca", x509.SHA1WithRSA)}, false},
		{"a self-signed leaf with SHA-1", []*x509.Certificate{cert("leaf", "leaf", x509.ECDSAWithSHA1)}, false},
		{"a leaf with MD5", []*x509.Certificate{cert("leaf", "ca", x509.MD5WithRSA)}, false},
		{"an intermediate with SHA-1", []*x509.Certificate{cert("leaf", "ca", x509.SHA256WithRSA), cert("ca", "root", x509.SHA1WithRSA)}, false},
		{"nobody verifies a root's signature", []*x509.Certificate{cert("leaf", "root", x509.SHA256WithRSA), cert("root", "root", x509.SHA1WithRSA)}, true},
	} {
		if err := checkStrength("f", tt.chain); (err == nil) != tt.want {
			t.Errorf("%s: %v", tt.why, err)
		}
	}
}

func TestLoadTakes(t *testing.T) {
	strong, strongKey := rsaPair(t, 2048)
	der := made[[]byte](t)(x509.MarshalPKCS8PrivateKey(strongKey))
	dir := t.TempDir()
	chain := filepath.Join(dir, "rsa.pem")
	writeTestChain(t, chain, strong)
	for _, tt := range []struct{ why, content string }{
		{"PKCS #8", pemOf(pemPrivateKey, der)},
		{"a key behind its certificate", readTestFile(t, chain) + pemOf(pemPrivateKey, der)},
		{"a key behind its parameters", pemOf("EC PARAMETERS", []byte{1}) + pemOf(pemPrivateKey, der)},
	} {
		key := writeTestFile(t, filepath.Join(dir, "rsa.key"), tt.content, 0o600)
		if _, err := Load(chain, key); err != nil {
			t.Errorf("%s: %v", tt.why, err)
		}
	}
}

func TestRemarks(t *testing.T) {
	a := newTestAuthority(t)
	key := newTestKey(t)
	leaf := made[*x509.Certificate](t)(a.IssueServer(key.Public(), []string{"a.test"}, nil, start))
	nameless := made[*x509.Certificate](t)(sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "a.test"}, NotBefore: start, NotAfter: start.Add(100 * day),
	}, nil, key.Public(), key))
	for _, tt := range []struct {
		why  string
		cert *x509.Certificate
		now  time.Time
		want string
	}{
		{"fresh", leaf, start, ""},
		{"a client's clock is an hour late", leaf, start.Add(-backdated), ""},
		{"our clock stands before its time", leaf, start.Add(-day), "not valid before 1999-12-31"},
		{"in its last month", leaf, leaf.NotAfter.Add(-20 * day), "ends in less than 30 days, on 2001-02-01"},
		{"over", leaf, leaf.NotAfter.Add(time.Second), "has ended on 2001-02-01"},
		{"a common name alone is no name", nameless, start, "subjectAltName"},
	} {
		got := strings.Join(Remarks(tt.cert, tt.now), "\n")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

func TestExpiryOf(t *testing.T) {
	cert := &x509.Certificate{NotAfter: start}
	for _, tt := range []struct {
		why  string
		left time.Duration
		want Expiry
	}{
		{"more than 30 days", 30*day + 1, Fresh},
		{"30 days", 30 * day, Within30Days},
		{"7 days", 7 * day, Within7Days},
		{"1 day", day, Within1Day},
		{"its last moment counts (RFC 5280 §4.1.2.5)", 0, Within1Day},
		{"over", -1, Expired},
	} {
		if got := ExpiryOf(cert, start.Add(-tt.left)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.why, got, tt.want)
		}
	}
}

func TestBelongsTo(t *testing.T) {
	a, b := newTestKey(t), newTestKey(t)
	cert := &x509.Certificate{PublicKey: a.Public()}
	for _, tt := range []struct {
		why  string
		key  crypto.Signer
		want bool
	}{{"its own", a, true}, {"another of the same kind", b, false}} {
		if belongsTo(tt.key, cert) != tt.want {
			t.Errorf("%s: %t", tt.why, !tt.want)
		}
	}
}
