package daemon

import (
	"crypto"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/config"
)

// fixture fails the test if it could not be made.
func fixture[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// authority is a CA with two clients; the second one is revoked.
func authority(t *testing.T, dir string) (good, bad *x509.Certificate) {
	t.Helper()
	fixture[*certs.Authority](t)(certs.MakeAuthority(dir, "CA", certs.P256, false, time.Now()))
	r := fixture[*certs.Registry](t)(certs.OpenRegistry(dir))
	client := func() *x509.Certificate {
		key := fixture[crypto.Signer](t)(certs.NewKey(certs.P256))
		return fixture[*x509.Certificate](t)(r.IssueClient(key.Public(), "alice", certs.Names{}, time.Hour, time.Now()))
	}
	good, bad = client(), client()
	fixture[certs.Issued](t)(r.RevokeCertificate(bad, time.Now()))
	return good, bad
}

// TestOwnListCounts wherever the own CA does, whatever else is configured.
func TestOwnListCounts(t *testing.T) {
	data, foreign := t.TempDir(), t.TempDir()
	own := filepath.Join(data, "certs")
	ownGood, ownBad := authority(t, own)
	foreignGood, foreignBad := authority(t, foreign)
	both := filepath.Join(t.TempDir(), "both.pem")
	content := append(fixture[[]byte](t)(os.ReadFile(certs.CAFile(own))), fixture[[]byte](t)(os.ReadFile(certs.CAFile(foreign)))...)
	if err := os.WriteFile(both, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why                string
		ca, crl            string
		ownBad, foreignBad bool // is taken for revoked
	}{
		{"nothing is configured", "", "", true, false},
		{"the own CA is named", certs.CAFile(own), "", true, false},
		{"the own CA and its list are named", certs.CAFile(own), certs.CRLFile(own), true, false},
		{"both CAs, and the list of the other", both, certs.CRLFile(foreign), true, true},
		{"both CAs, and no list", both, "", true, false},
		{"the other CA alone", certs.CAFile(foreign), certs.CRLFile(foreign), false, true},
	} {
		c := config.Default(nil)
		c.DataDir, c.TLS.ClientCA, c.TLS.ClientCRL = data, tt.ca, tt.crl
		s, err := loadSecurity(c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		for _, one := range []struct {
			of   string
			cert *x509.Certificate
			want bool
		}{{"a good one", ownGood, false}, {"a revoked one", ownBad, tt.ownBad}, {"a good one of the other", foreignGood, false}, {"a revoked one of the other", foreignBad, tt.foreignBad}} {
			if s.isRevoked(one.cert) != one.want {
				t.Errorf("%s: %s is revoked: %t", tt.why, one.of, !one.want)
			}
		}
	}
}

// TestListIsMadeAtTheStart, so that a later revocation finds a server that
// follows the file.
func TestListIsMadeAtTheStart(t *testing.T) {
	c := config.Default(nil)
	c.DataDir = t.TempDir()
	s := fixture[*security](t)(loadSecurity(c, slog.New(slog.DiscardHandler)))
	if len(s.revoked) != 1 {
		t.Errorf("%d lists are followed", len(s.revoked))
	}
	if _, err := os.Stat(certs.CRLFile(certsDir(c))); err != nil {
		t.Error(err)
	}
}
