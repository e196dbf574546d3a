package certs

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newIdentity is a client of a fresh CA.
func newIdentity(t *testing.T) Identity {
	t.Helper()
	a, key := newTestAuthority(t), newTestKey(t)
	leaf := made[*x509.Certificate](t)(a.IssueClient(key.Public(), "alice", Names{}, day, start))
	return Identity{Key: key, Leaf: leaf, Chain: []*x509.Certificate{leaf, a.Certificate}}
}

func (id Identity) equal(other Identity) bool {
	sameKey := id.Key == nil && other.Key == nil || id.Key != nil && other.Key != nil && sameKey(id.Key.Public(), other.Key.Public())
	return sameKey && slices.EqualFunc(id.Chain, other.Chain, (*x509.Certificate).Equal) && (len(id.Chain) == 0 || other.Leaf.Equal(id.Leaf))
}

func pkcs8Of(t *testing.T, key any) []byte {
	t.Helper()
	return made[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
}

// never is a password that must not be asked for.
func never(t *testing.T) func() ([]byte, error) {
	return func() ([]byte, error) {
		t.Error("a password was asked for")
		return nil, nil
	}
}

func TestReadIdentity(t *testing.T) {
	id := newIdentity(t)
	leaf, ca := pemOf(pemCertificate, id.Leaf.Raw), pemOf(pemCertificate, id.Chain[1].Raw)
	key := pemOf(pemPrivateKey, pkcs8Of(t, id.Key))
	other := pemOf(pemPrivateKey, pkcs8Of(t, newTestKey(t)))
	alone := Identity{Leaf: id.Leaf, Chain: id.Chain[:1]}
	for _, tt := range []struct {
		why   string
		files []string
		want  Identity
	}{
		{"all in one file", []string{leaf + ca + key}, id},
		{"in any order", []string{key + ca + leaf}, id},
		{"in three files", []string{ca, key, leaf}, id},
		{"each twice", []string{leaf + ca + key, key + leaf}, id},
		{"a certificate alone", []string{leaf}, alone},
		{"a key alone", []string{key}, Identity{Key: id.Key}},
		{"of two keys the one that has a certificate", []string{other, leaf + ca, key}, id},
		{"lines of Windows, words around it, a byte order mark", []string{"\uFEFFBag Attributes\r\n" + strings.ReplaceAll(leaf+ca+key, "\n", "\r\n")}, id},
		{"a certificate in DER", []string{string(id.Leaf.Raw)}, alone},
		{"several certificates in DER, and a key in DER", []string{string(id.Leaf.Raw) + string(id.Chain[1].Raw), string(pkcs8Of(t, id.Key))}, id},
		{"parameters and a request beside", []string{pemOf("EC PARAMETERS", []byte{1}) + pemOf("CERTIFICATE REQUEST", []byte{1}) + key}, Identity{Key: id.Key}},
	} {
		var files []string
		for i, content := range tt.files {
			files = append(files, writeTestFile(t, filepath.Join(t.TempDir(), string(rune('a'+i))), content, 0o644))
		}
		got, err := ReadIdentity(files, never(t))
		if err != nil || !got.equal(tt.want) {
			t.Errorf("%s: %d certificates, key %t, %v", tt.why, len(got.Chain), got.Key != nil, err)
		}
	}
}

func TestReadIdentityRefuses(t *testing.T) {
	key, other := pemOf(pemPrivateKey, pkcs8Of(t, newTestKey(t))), pemOf(pemPrivateKey, pkcs8Of(t, newTestKey(t)))
	x25519 := pkcs8Of(t, made[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader)))
	signedData := made[[]byte](t)(hex.DecodeString("300b06092a864886f70d010702"))
	for _, tt := range []struct{ why, content, says, hint string }{
		{"nothing", "", "is empty", ""},
		{"text", "hello", "no certificate and no private key", ""},
		{"text in UTF-16", "\xff\xfe-\x00-\x00", "no certificate and no private key", "UTF-16"},
		{"a damaged certificate", pemOf(pemCertificate, []byte{1}), "certificate is damaged", "again"},
		{"a damaged key", pemOf(pemPrivateKey, []byte{1}), "key is damaged", ""},
		{"a block without an end", "-----BEGIN CERTIFICATE-----\nAAAA\n", "has no line", "again"},
		{"a key of OpenSSH", pemOf("OPENSSH PRIVATE KEY", []byte{1}), "form of OpenSSH", "ssh-keygen"},
		{"a DSA key", pemOf("DSA PRIVATE KEY", []byte{1}), "no key for TLS", "cert csr"},
		{"a key that cannot sign", pemOf(pemPrivateKey, x25519), "cannot sign", ""},
		{"a request alone", pemOf("CERTIFICATE REQUEST", []byte{1}), "request for a certificate", "CA"},
		{"a revocation list alone", pemOf(pemCRL, []byte{1}), "list of revoked", ""},
		{"PKCS #7 in PEM", pemOf("PKCS7", []byte{1}), "PKCS #7", "openssl pkcs7"},
		{"PKCS #7 in DER", string(signedData), "PKCS #7", "openssl pkcs7 -inform der"},
		{"OpenSSL's own form", pemOf("TRUSTED CERTIFICATE", []byte{1}), "OpenSSL's own form", "openssl x509"},
		{"two keys, and no certificate to choose by", key + other, "2 private keys, and 0 of them", "one certificate"},
		{"PKCS #12 that is none", "\x30\x05\x02\x01\x03\x30\x00", "PKCS #12 in a form", "openssl pkcs12"},
		{"an encrypted key of nonsense", pemOf("ENCRYPTED PRIVATE KEY", []byte{1}), "encrypted in a way", "openssl pkey"},
		{"an encrypted key of an unknown cipher", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: CAMELLIA-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "encrypted in a way", "openssl pkey"},
	} {
		file := writeTestFile(t, filepath.Join(t.TempDir(), "f"), tt.content, 0o600)
		_, err := ReadIdentity([]string{file}, func() ([]byte, error) { return []byte("secret"), nil })
		var wrong *FileError
		if !errors.As(err, &wrong) || wrong.File != file || !strings.Contains(wrong.Problem, tt.says) || !strings.Contains(wrong.Hint, tt.hint) {
			t.Errorf("%s: %v, want: … %s … (%s)", tt.why, err, tt.says, tt.hint)
		}
	}
	if _, err := ReadIdentity([]string{filepath.Join(t.TempDir(), "none")}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestPasswordOfAnIdentity(t *testing.T) {
	id := newIdentity(t)
	file := writeTestFile(t, filepath.Join(t.TempDir(), "id.p12"), string(made[[]byte](t)(id.EncodePKCS12("secret", false))), 0o600)
	noTerminal := errors.New("no terminal")
	for _, tt := range []struct {
		why    string
		answer func() ([]byte, error)
		cause  error
		says   string
	}{
		{"the right one", func() ([]byte, error) { return []byte("secret"), nil }, nil, ""},
		{"a wrong one", func() ([]byte, error) { return []byte("Secret"), nil }, ErrPassword, "not the right one"},
		{"an empty one", func() ([]byte, error) { return nil, nil }, ErrPassword, "not the right one"},
		{"none", nil, nil, "there is no password"},
		{"none to be had", func() ([]byte, error) { return nil, noTerminal }, noTerminal, "cannot be had"},
	} {
		got, err := ReadIdentity([]string{file}, tt.answer)
		switch {
		case tt.says == "" && (err != nil || !got.equal(id)):
			t.Errorf("%s: %v", tt.why, err)
		case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)), tt.cause != nil && !errors.Is(err, tt.cause):
			t.Errorf("%s: %v, want: … %s …", tt.why, err, tt.says)
		}
	}
	asked := 0
	_, err := ReadIdentity([]string{file, file}, func() ([]byte, error) { asked++; return []byte("secret"), nil })
	if err != nil || asked != 1 {
		t.Errorf("for two files it was asked %d times, %v", asked, err)
	}
}

func TestEncodePKCS12Refuses(t *testing.T) {
	id := newIdentity(t)
	for _, tt := range []struct {
		why      string
		id       Identity
		password string
	}{
		{"no key", Identity{Leaf: id.Leaf}, "secret"},
		{"no certificate", Identity{Key: id.Key}, "secret"},
		{"no password, which Windows does not import", id, ""},
	} {
		if _, err := tt.id.EncodePKCS12(tt.password, false); err == nil {
			t.Errorf("%s: it was made", tt.why)
		}
	}
}
