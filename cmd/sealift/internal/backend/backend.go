// Package backend lets accounts log in: it makes what the account database
// says a Grant of the FTP server, and keeps that up to date while sessions
// last.
package backend

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpserver"
)

// Settings are what a reload may change.
type Settings struct {
	Config config.Config
	// Revoked tells whether a client certificate has been taken back; nil if
	// none ever is.
	Revoked func(*x509.Certificate) bool
	Log     *slog.Logger
}

// A Backend is an ftpserver.Backend over an account database.
type Backend struct {
	store    account.Store
	auth     *account.Authenticator
	settings atomic.Pointer[Settings]
	homes    homes

	mu      sync.Mutex
	members map[string]*member // accounts that have sessions, or had some a moment ago
	retired []*member          // members whose account was removed
}

// storeTimeout is how long a login waits for the account database
// (security.md E8).
const storeTimeout = 5 * time.Second

// New is a Backend over the accounts of store.
func New(store account.Store, hasher *account.Hasher, s Settings) *Backend {
	b := &Backend{store: store, members: map[string]*member{}}
	b.auth = &account.Authenticator{Store: store, Hasher: hasher, Throttle: account.NewThrottle(), Refused: b.logRefused}
	b.settings.Store(&s)
	return b
}

// logRefused is for the operator; the client is not told why.
func (b *Backend) logRefused(_ context.Context, name string, from netip.Addr, why string) {
	b.log().Info("wrong login", "user", name, "from", from.String(), "reason", why)
}

func (b *Backend) log() *slog.Logger { return b.settings.Load().Log }

// Login implements ftpserver.Backend.
func (b *Backend) Login(ctx context.Context, c ftpserver.Credentials) (ftpserver.Grant, error) {
	switch {
	case c.HasPassword:
		return b.byPassword(ctx, c)
	case c.Certificate != nil:
		return b.byCertificate(ctx, c)
	case c.TLS == nil && c.User != "":
		return ftpserver.Grant{}, b.inClear(ctx, c)
	}
	return ftpserver.Grant{}, ftpserver.ErrRefused
}

func (b *Backend) byPassword(ctx context.Context, c ftpserver.Credentials) (ftpserver.Grant, error) {
	found, err := b.auth.Authenticate(ctx, c.User, c.Password, c.Remote.Addr())
	if err != nil {
		return ftpserver.Grant{}, loginError(err)
	}
	if err := b.fits(ctx, found, c.Certificate); err != nil {
		return ftpserver.Grant{}, err
	}
	return b.enter(ctx, found.Name, c)
}

// fits is ErrCertificate when the certificate that came with the right
// password is not the account's: it is somebody else's, or the account has
// some of its own and its policy demands one.
func (b *Backend) fits(ctx context.Context, a account.Account, cert *x509.Certificate) error {
	if cert == nil || a.Match(cert) {
		return nil
	}
	_, err := b.owner(ctx, cert)
	switch {
	case err == nil, errors.Is(err, account.ErrAmbiguous):
		return ftpserver.ErrCertificate
	case !errors.Is(err, account.ErrNotFound):
		return err
	}
	policy, err := b.settings.Load().Config.AccountPolicy(a.Policy)
	if err != nil {
		return err
	}
	if policy.ClientCertificate == ftpserver.CertificateRequire && len(a.CertificateRules) > 0 {
		return ftpserver.ErrCertificate
	}
	return nil
}

// owner is the account that a certificate belongs to, closed or not.
func (b *Backend) owner(ctx context.Context, cert *x509.Certificate) (account.Account, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return b.store.FindByCertificate(ctx, cert)
}

// byCertificate is asked at USER, or without a name after the handshake. A
// certificate of nobody is no reason to refuse before the password.
func (b *Backend) byCertificate(ctx context.Context, c ftpserver.Credentials) (ftpserver.Grant, error) {
	found, err := b.owner(ctx, c.Certificate)
	if errors.Is(err, account.ErrAmbiguous) && c.User != "" {
		found, err = b.sharer(ctx, c)
	}
	switch {
	case errors.Is(err, account.ErrNotFound), errors.Is(err, account.ErrAmbiguous):
		return ftpserver.Grant{}, ftpserver.ErrRefused
	case err != nil:
		return ftpserver.Grant{}, err
	case c.User != "" && found.Name != c.User:
		return ftpserver.Grant{}, ftpserver.ErrCertificate
	}
	policy, err := b.settings.Load().Config.AccountPolicy(found.Policy)
	if err != nil || !policy.CertificateLogin {
		return ftpserver.Grant{}, errors.Join(err, ftpserver.ErrRefused)
	}
	return b.enter(ctx, found.Name, c)
}

// sharer is the account named, one of several that the certificate belongs
// to; else it is none of them.
func (b *Backend) sharer(ctx context.Context, c ftpserver.Credentials) (account.Account, error) {
	named, err := b.auth.ByName(ctx, c.User)
	switch {
	case errors.Is(err, account.ErrWrong), err == nil && !named.Match(c.Certificate):
		return account.Account{}, ftpserver.ErrCertificate
	}
	return named, err
}

// inClear says whether a name may go on to send its password in clear. Names
// that do not exist are answered as those that need TLS (protocol.md §3, 2).
func (b *Backend) inClear(ctx context.Context, c ftpserver.Credentials) error {
	if !b.auth.Throttle.Allowed(c.Remote.Addr(), c.User) {
		return ftpserver.ErrThrottled
	}
	found, err := b.auth.ByName(ctx, c.User)
	if errors.Is(err, account.ErrWrong) {
		return ftpserver.ErrNeedTLS
	}
	if err != nil {
		return err
	}
	policy, err := b.settings.Load().Config.AccountPolicy(found.Policy)
	if err != nil || !policy.UnprotectedCommands {
		return ftpserver.ErrNeedTLS
	}
	return ftpserver.ErrRefused
}

// loginError is err as the server knows it.
func loginError(err error) error {
	switch {
	case errors.Is(err, account.ErrWrong):
		return ftpserver.ErrRefused
	case errors.Is(err, account.ErrThrottled):
		return ftpserver.ErrThrottled
	}
	return fmt.Errorf("the account could not be looked up: %w", err)
}

// enter grants the account of that name what it has now.
func (b *Backend) enter(ctx context.Context, name string, c ftpserver.Credentials) (ftpserver.Grant, error) {
	m := b.arrive(name)
	defer b.settle(m)
	m.mu.Lock()
	defer m.mu.Unlock()
	// The account is read again: a change after it was first read may have
	// been told to the members already, of which this one was none.
	a, err := b.get(ctx, name)
	switch {
	case errors.Is(err, account.ErrNotFound), err == nil && !a.Usable(time.Now()):
		return ftpserver.Grant{}, ftpserver.ErrRefused
	case err != nil:
		return ftpserver.Grant{}, loginError(err)
	}
	if st := m.now.Load(); st != nil && !a.Created.Equal(st.account.Created) {
		b.retire(m)
		return b.enter(ctx, name, c)
	}
	if err := b.update(ctx, m, a); err != nil {
		b.log().Error("login refused", "user", name, "error", err.Error(), "hint", homeHint(err))
		if errors.Is(err, errNoHome) {
			return ftpserver.Grant{}, ftpserver.ErrRefused
		}
		return ftpserver.Grant{}, err
	}
	l := &login{backend: b, member: m, remote: c.Remote.Addr(), certificate: c.Certificate, withoutPassword: !c.HasPassword}
	g, err := l.renew()
	if err != nil {
		return ftpserver.Grant{}, ftpserver.ErrRefused
	}
	return g, nil
}

func homeHint(err error) string {
	if errors.Is(err, errNoHome) {
		return "make the directory; or set accounts.create_home = true, for homes"
	}
	return "the directory must be one that the server's user may read and write"
}

func (b *Backend) get(ctx context.Context, name string) (account.Account, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return b.store.Get(ctx, name)
}

// changePassword is SITE PSWD.
func (b *Backend) changePassword(ctx context.Context, name, old, next string, from netip.Addr) error {
	err := b.auth.SetPassword(ctx, name, old, next, from)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, account.ErrWrong):
		return ftpserver.ErrRefused
	case errors.Is(err, account.ErrThrottled):
		return ftp.Reply{Code: ftp.CodeClosing, Text: "Too many wrong passwords; wait a minute and try again"}
	case errors.Is(err, account.ErrPassword):
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "A password has 1 to 1024 bytes"}
	}
	return err
}
