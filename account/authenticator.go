package account

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"time"
)

// ErrWrong: the password does not open the account, whatever the reason.
var ErrWrong = errors.New("account: wrong name or password")

// storeTimeout is how long a login waits for the Store.
const storeTimeout = 5 * time.Second

// An Authenticator decides who may log in.
type Authenticator struct {
	Store    Store
	Hasher   *Hasher
	Throttle *Throttle
	// Refused, if set, is told why a login was answered with ErrWrong or
	// ErrThrottled: for the operator, never for the client. The name is as
	// the client gave it.
	Refused func(ctx context.Context, name string, from netip.Addr, why string)
}

// Authenticate returns the account of name if password opens it. Errors are
// ErrWrong, for unknown names, wrong passwords, and accounts that are
// disabled, expired or have no password, with the same work for each;
// ErrThrottled, before anything is looked at; any other one says that it
// could not be found out, for the Store did not answer within 5 seconds or
// ctx has ended, and does not count as a wrong password.
func (a *Authenticator) Authenticate(ctx context.Context, name, password string, from netip.Addr) (Account, error) {
	done, err := a.Throttle.Begin(ctx, from, name)
	if err != nil {
		if errors.Is(err, ErrThrottled) {
			a.tell(ctx, name, from, "too many wrong passwords")
		}
		return Account{}, err
	}
	ok := true
	defer func() { done(ok) }()
	found, why, err := a.check(ctx, name, password)
	if err != nil {
		return Account{}, err
	}
	if why != "" {
		ok = false
		a.tell(ctx, name, from, why)
		return Account{}, ErrWrong
	}
	return found, nil
}

// check looks the account up and verifies the password, in all cases. An
// error is about neither; why is what is wrong.
func (a *Authenticator) check(ctx context.Context, name, password string) (found Account, why string, err error) {
	found, err = a.get(ctx, func(ctx context.Context) (Account, error) { return a.Store.Get(ctx, name) })
	unknown := errors.Is(err, ErrNotFound)
	if err != nil && !unknown {
		return Account{}, "", err
	}
	matches, err := a.Hasher.Verify(ctx, found.PasswordHash, password)
	if err != nil {
		return Account{}, "", err
	}
	switch {
	case unknown:
		why = "no such account"
	case found.PasswordHash == "":
		why = "the account has no password"
	case !matches:
		why = "wrong password"
	default:
		why = found.closed(time.Now())
	}
	return found, why, nil
}

// ByName returns the account of that name if it may log in now; for a login
// in which something else than a password decides. Errors are ErrWrong, or as
// with Authenticate.
func (a *Authenticator) ByName(ctx context.Context, name string) (Account, error) {
	return a.open(ctx, func(ctx context.Context) (Account, error) { return a.Store.Get(ctx, name) })
}

// ByCertificate returns the one account that cert, which the caller has
// verified, belongs to, if it may log in now. Errors are ErrWrong, also if
// several accounts match, or as with Authenticate.
func (a *Authenticator) ByCertificate(ctx context.Context, cert *x509.Certificate) (Account, error) {
	return a.open(ctx, func(ctx context.Context) (Account, error) { return a.Store.FindByCertificate(ctx, cert) })
}

// SetPassword changes the password of name, if old opens the account.
// Errors are those of Authenticate for old, and ErrPassword; ErrWrong also if
// somebody else has changed the password meanwhile.
func (a *Authenticator) SetPassword(ctx context.Context, name, old, password string, from netip.Addr) error {
	before, err := a.Authenticate(ctx, name, old, from)
	if err != nil {
		return err
	}
	hash, err := a.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = a.Store.Update(ctx, name, func(now *Account) error {
		if now.PasswordHash != before.PasswordHash {
			return ErrWrong
		}
		now.PasswordHash = hash
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return ErrWrong
	}
	return err
}

func (a *Authenticator) open(ctx context.Context, look func(context.Context) (Account, error)) (Account, error) {
	found, err := a.get(ctx, look)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrAmbiguous) || err == nil && !found.Usable(time.Now()) {
		return Account{}, ErrWrong
	}
	return found, err
}

// get asks the store, and waits no longer than storeTimeout even if the store
// does not heed its context: a call into a dead disk cannot be cancelled.
func (a *Authenticator) get(ctx context.Context, look func(context.Context) (Account, error)) (Account, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	type answer struct {
		account Account
		err     error
	}
	answered := make(chan answer, 1)
	go func() {
		found, err := look(ctx)
		answered <- answer{found, err}
	}()
	select {
	case got := <-answered:
		return got.account, got.err
	case <-ctx.Done():
		return Account{}, ctx.Err()
	}
}

func (a *Authenticator) tell(ctx context.Context, name string, from netip.Addr, why string) {
	if a.Refused != nil {
		a.Refused(ctx, name, from, why)
	}
}
