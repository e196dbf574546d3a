package backend

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/storage"
)

// errAway is what a database says that cannot be reached.
var errAway = errors.New("away")

// store is a Memory that can go away.
type store struct {
	*account.Memory
	away atomic.Bool
}

func (s *store) Get(ctx context.Context, name string) (account.Account, error) {
	if s.away.Load() {
		return account.Account{}, errAway
	}
	return s.Memory.Get(ctx, name)
}

func (s *store) FindByCertificate(ctx context.Context, cert *x509.Certificate) (account.Account, error) {
	if s.away.Load() {
		return account.Account{}, errAway
	}
	return s.Memory.FindByCertificate(ctx, cert)
}

// fixture is a Backend with accounts in directories of the test.
type fixture struct {
	*testing.T
	*Backend
	store    *store
	hash     string // of "secret"
	dir      string
	settings Settings
	log      bytes.Buffer
}

const password = "secret"

func newFixture(t *testing.T, names ...string) *fixture {
	t.Helper()
	hasher := account.NewHasher(account.Parameters{Memory: 8, Time: 1, Threads: 1})
	hash, err := hasher.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, store: &store{Memory: account.NewMemory()}, hash: hash, dir: t.TempDir()}
	f.settings = Settings{Config: config.Default(nil), Log: slog.New(slog.NewTextHandler(&f.log, nil))}
	f.Backend = New(f.store, hasher, f.settings)
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, name := range names {
		f.add(name)
	}
	return f
}

func (f *fixture) home(name string) string { return filepath.Join(f.dir, name) }

func (f *fixture) add(name string, changes ...func(*account.Account)) {
	f.Helper()
	a := account.Account{Name: name, PasswordHash: f.hash, Home: f.home(name), Permissions: account.All}
	for _, change := range changes {
		change(&a)
	}
	if err := f.store.Add(f.Context(), a); err != nil {
		f.Fatal(err)
	}
}

// change changes an account and tells the Backend.
func (f *fixture) change(name string, change func(*account.Account)) {
	f.Helper()
	err := f.store.Update(f.Context(), name, func(a *account.Account) error {
		change(a)
		return nil
	})
	if err := errors.Join(err, f.Refresh(f.Context())); err != nil {
		f.Fatal(err)
	}
}

// set changes what is configured.
func (f *fixture) set(change func(*Settings)) {
	f.Helper()
	change(&f.settings)
	if err := f.SetSettings(f.Context(), f.settings); err != nil {
		f.Fatal(err)
	}
}

var client = netip.MustParseAddrPort("192.0.2.7:40000")

// withPassword is what a client shows at PASS, under TLS.
func withPassword(user string) ftpserver.Credentials {
	return ftpserver.Credentials{User: user, Password: password, HasPassword: true, TLS: &tls.ConnectionState{}, Remote: client}
}

func (f *fixture) mustLogin(c ftpserver.Credentials) ftpserver.Grant {
	f.Helper()
	g, err := f.Login(f.Context(), c)
	if err != nil {
		f.Fatalf("%s: %v\n%s", c.User, err, &f.log)
	}
	return g
}

// upload stores n bytes through a Grant.
func upload(t *testing.T, g ftpserver.Grant, name string, n int) error {
	t.Helper()
	w, err := g.Files.Create(t.Context(), storage.Root.Join(name), storage.Mode{Allow: storage.AllowAll})
	if err != nil {
		return err
	}
	if _, err := w.Write(make([]byte, n)); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Commit()
}

func writeFile(t *testing.T, file string, n int) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, make([]byte, n), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func newCertificate(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
