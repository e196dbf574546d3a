package daemon

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/config"
)

// newPair is a server certificate for names, and its key.
func newPair(t *testing.T, names []string, ips ...net.IP) (*x509.Certificate, crypto.Signer) {
	t.Helper()
	key, err := certs.NewKey(certs.P256)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := certs.NewSelfSigned(key, certs.Names{DNS: names, IPs: ips}, 90*24*time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return leaf, key
}

func dataDir(dir string) config.Setting {
	return config.Setting{Key: "data_dir", Value: dir, Source: "--data-dir"}
}

func publicAddress(name string) config.Setting {
	return config.Setting{Key: "listen.public_address", Value: name, Source: "--public-address"}
}

// TestChoose: what the configuration names, then what was installed, then the
// server's own.
func TestChoose(t *testing.T) {
	dir := t.TempDir()
	leaf, key := newPair(t, []string{"installed.test"})
	elsewhere := filepath.Join(dir, "elsewhere")
	if _, err := certs.Install(elsewhere, []*x509.Certificate{leaf}, key); err != nil {
		t.Fatal(err)
	}
	file := certs.InstalledFile(elsewhere)
	bare := loaded(t, dataDir(dir))
	named := loaded(t, dataDir(dir), config.Setting{Key: "tls.certificate", Value: file, Source: "--cert"}, config.Setting{Key: "tls.key", Value: file, Source: "--key"})
	expect := func(why string, c config.Config, origin control.Origin, own bool) {
		t.Helper()
		s, err := loadSecurity(c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if s.origin != origin || (s.own != nil) != own {
			t.Errorf("%s: it is %s, with own %v", why, s.origin, s.own)
		}
	}
	expect("nothing else is there", bare, control.Own, true)
	expect("the configuration names one", named, control.Configured, false)
	undo, err := certs.Install(certsDir(bare), []*x509.Certificate{leaf}, key)
	if err != nil {
		t.Fatal(err)
	}
	expect("one was installed", bare, control.Installed, false)
	expect("the configuration still comes first", named, control.Configured, false)
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	expect("it was taken out", bare, control.Own, true)
}

func TestNamesThatTheCertificateLacks(t *testing.T) {
	leaf, key := newPair(t, []string{"ftp.test"}, net.IPv4(192, 0, 2, 1))
	dir := t.TempDir()
	if _, err := certs.Install(dir, []*x509.Certificate{leaf}, key); err != nil {
		t.Fatal(err)
	}
	pair, _ := certs.Installed(dir)
	for _, tt := range []struct {
		why             string
		settings        []config.Setting
		asked           string // by a client, in SNI or HOST
		degraded, known string
	}{
		{"its name", []config.Setting{publicAddress("ftp.test")}, "ftp.test", "", ""},
		{"another name is a fault", []config.Setting{publicAddress("www.test")}, "", "not for www.test, which the configuration names", ""},
		{"its address", []config.Setting{publicAddress("192.0.2.1")}, "", "", ""},
		{"another address: people may use its name", []config.Setting{publicAddress("192.0.2.2")}, "", "", "does not have the address 192.0.2.2; clients must connect by a name that it has: ftp.test"},
		{"a name to listen on", []config.Setting{listen("files.test:21")}, "", "not for files.test", ""},
		{"an address to listen on", []config.Setting{listen("192.0.2.9:21")}, "", "", "does not have the address 192.0.2.9"},
		{"all addresses are none", []config.Setting{listen(":21,0.0.0.0:22,[::]:23")}, "", "", ""},
		{"nor is that of the machine itself", []config.Setting{listen("127.0.0.1:21")}, "", "", ""},
		{"what a client asked for", nil, "alias.test", "", "have asked for names that the certificate does not have: alias.test"},
	} {
		source, err := certs.NewSource(certs.SourceOptions{}, pair)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := source.GetCertificate(&tls.ClientHelloInfo{ServerName: tt.asked}); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		r := &running{config: loaded(t, tt.settings...), security: &security{source: source}, log: slog.New(slog.NewTextHandler(&log, nil))}
		degraded, known := strings.Join(uncoveredNames(source, r.config), "\n"), strings.Join(r.namesToKnow(), "\n")
		if !saying(degraded, tt.degraded) || !saying(known, tt.known) {
			t.Errorf("%s:\n degraded by %q, want %q\n to know %q, want %q", tt.why, degraded, tt.degraded, known, tt.known)
		}
		r.tellNames()
		if got, want := strings.Count(log.String(), "\n"), oneIf(tt.degraded)+oneIf(tt.known); got != want {
			t.Errorf("%s: %d lines in the log, want %d", tt.why, got, want)
		}
	}
}

// saying: text has the words; without any it is empty.
func saying(text, words string) bool {
	return strings.Contains(text, words) && (words != "" || text == "")
}

func oneIf(words string) int { return min(len(words), 1) }

// writePair writes a certificate and its key.
func writePair(t *testing.T, leaf *x509.Certificate, key crypto.Signer) certs.Pair {
	t.Helper()
	dir := t.TempDir()
	p := certs.Pair{CertFile: filepath.Join(dir, "chain.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	secret, err := certs.KeyFile(p.KeyFile, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := certs.Save(false, secret, certs.ChainFile(p.CertFile, leaf)); err != nil {
		t.Fatal(err)
	}
	return p
}
