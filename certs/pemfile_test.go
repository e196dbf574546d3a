package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestReadChainRefuses(t *testing.T) {
	p := newPKI(t)
	leaf := pemOf(pemCertificate, p.leaf(t).Raw)
	sub := pemOf(pemCertificate, p.sub.Certificate.Raw)
	key := pemOf(pemPrivateKey, made[[]byte](t)(x509.MarshalPKCS8PrivateKey(newTestKey(t))))
	lines := strings.SplitAfter(leaf, "\n")
	broken := func(line int, with string) string {
		changed := append([]string{}, lines...)
		changed[line-1] = with
		return strings.Join(changed, "")
	}
	for _, tt := range []struct {
		why, content string
		problem      string
		hint         string
	}{
		{"nothing", "", "is empty", "BEGIN CERTIFICATE"},
		{"text", "hello\n", "holds no certificate", "BEGIN CERTIFICATE"},
		{"text of Windows", "\xFF\xFE" + string(utf16Bytes(leaf)), "UTF-16", "save it as"},
		{"a key", key, "holds a private key (line 1), but no certificate", "give the key to nobody"},
		{"a request", pemOf("CERTIFICATE REQUEST", []byte{1}), "holds a request", "send it to the CA"},
		{"PKCS #7", pemOf("PKCS7", []byte{1}), "PKCS #7", "openssl pkcs7"},
		{"PKCS #12", "\x30\x82\x01\x00\x02\x01\x03\x30", "PKCS #12", "openssl pkcs12"},
		{"OpenSSL's own form", pemOf("TRUSTED CERTIFICATE", []byte{1}), "OpenSSL's own", "openssl x509"},
		{"a revocation list", pemOf(pemCRL, []byte{1}), "list of revoked", "--crl"},
		{"a block that is none of these", pemOf("DH PARAMETERS", []byte{1}), "holds DH PARAMETERS (line 1)", "BEGIN CERTIFICATE"},
		{"no certificate in a block", leaf + pemOf(pemCertificate, []byte{1, 2}), fmt.Sprintf("line %d: certificate 2 is damaged", len(lines)), "again"},
		{"a character that is no base64", broken(3, "§"+lines[2]), "line 3: this is no base64", "again"},
		{"a line that is too short", broken(3, lines[2][1:]), "line 1: the block that begins here is damaged", "again"},
		{"the end is missing", strings.Join(lines[:5], ""), `line 1: the block CERTIFICATE that begins here has no line "-----END CERTIFICATE-----"`, "again"},
		{"the end is missing, and more comes", strings.Join(lines[:5], "") + sub, "line 1: the block CERTIFICATE that begins here has no line", "again"},
		{"the end is of something else", strings.ReplaceAll(leaf, "END CERTIFICATE", "END KEY"), "line 1: the block", "again"},
		{"the file ends at once", lines[0], "has no line", "again"},
		{"four dashes", sub + "-" + leaf[2:], "is no line that begins a block; it has five dashes", "again"},
		{"indented", "  " + leaf, `line 1: "  -----BEGIN CERTIFICATE-----" is no line`, "again"},
		{"two files put together without a line break", strings.TrimSuffix(leaf, "\n") + sub, "two blocks meet on one line", "again"},
	} {
		file := writeTestFile(t, filepath.Join(t.TempDir(), "chain.pem"), tt.content, 0o600)
		_, _, err := ReadChain(file)
		var wrong *FileError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Problem, tt.problem) || !strings.Contains(wrong.Hint, tt.hint) {
			t.Errorf("%s: %+v, want … %s …, hint … %s", tt.why, err, tt.problem, tt.hint)
		}
	}
}

func utf16Bytes(s string) (all []byte) {
	for _, unit := range utf16.Encode([]rune(s)) {
		all = append(all, byte(unit), byte(unit>>8))
	}
	return all
}

func TestReadChainTakes(t *testing.T) {
	p := newPKI(t)
	leaf, sub := p.leaf(t), p.sub.Certificate
	both := pemOf(pemCertificate, leaf.Raw) + pemOf(pemCertificate, sub.Raw)
	key := pemOf(pemPrivateKey, made[[]byte](t)(x509.MarshalPKCS8PrivateKey(newTestKey(t))))
	for _, tt := range []struct {
		why, content string
		count        int
		remark       Kind
	}{
		{"PEM", both, 2, ""},
		{"a mark of Windows at the beginning", "\uFEFF" + strings.ReplaceAll(both, "\n", "\r\n"), 2, ""},
		{"words around it, as openssl s_client prints", "Server certificate\n" + both + "---\nBEGIN to read here\n", 2, ""},
		{"no line break at the end", strings.TrimSuffix(both, "\n"), 2, ""},
		{"DER", string(leaf.Raw), 1, KindNotPEM},
		{"two in DER", string(leaf.Raw) + string(sub.Raw), 2, KindNotPEM},
		{"a key beside it", both + key, 2, KindKeyInFile},
	} {
		file := writeTestFile(t, filepath.Join(t.TempDir(), "chain.pem"), tt.content, 0o600)
		chain, found, err := ReadChain(file)
		if err != nil || len(chain) != tt.count || !chain[0].Equal(leaf) {
			t.Errorf("%s: %d certificates, %v", tt.why, len(chain), err)
		}
		if r := reportOf(found); (tt.remark == "") != (len(found) == 0) || tt.remark != "" && !r.Has(tt.remark) {
			t.Errorf("%s: found %s, want %s", tt.why, said(r), tt.remark)
		}
	}
}

// TestLoadSaysDER: a server reads PEM alone.
func TestLoadSaysDER(t *testing.T) {
	p := newPKI(t)
	file := writeTestFile(t, filepath.Join(t.TempDir(), "c.der"), string(p.leaf(t).Raw), 0o600)
	_, err := Load(file, file)
	var wrong *FileError
	if !errors.As(err, &wrong) || !strings.Contains(wrong.Problem, "in DER, not in PEM") || !strings.Contains(wrong.Hint, "-inform der") {
		t.Errorf("%v", err)
	}
}

// FuzzSplitPEM: what was read can be written and read again, and nothing
// panics.
func FuzzSplitPEM(f *testing.F) {
	f.Add([]byte("-----BEGIN A-----\nAAAA\n-----END A-----\n"))
	f.Add([]byte("-----BEGIN A-----\nX: y\n\nAAAA\n-----END A-----"))
	f.Add([]byte("----BEGIN CERTIFICATE-----\n-----END A----------BEGIN B-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		blocks, err := splitPEM(data)
		if err != nil {
			return
		}
		for i, block := range blocks {
			again, err := splitPEM([]byte(pemOf(block.Type, block.Bytes)))
			if err != nil || len(again) != 1 || string(again[0].Bytes) != string(block.Bytes) {
				t.Errorf("block %d, %q, is not read again: %v", i, block.Type, err)
			}
		}
	})
}
