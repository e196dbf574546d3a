package account

import (
	"context"
	"crypto/x509"
	"errors"
	"iter"
	"time"
)

// Errors of a Store.
var (
	ErrNotFound = errors.New("account: not found")
	ErrExists   = errors.New("account: the name is taken")
	// ErrAmbiguous: a certificate matches several accounts, so it alone
	// names none.
	ErrAmbiguous = errors.New("account: the certificate matches several accounts")
	// ErrRenamed: an Update changed the name.
	ErrRenamed = errors.New("account: a name cannot be changed")
)

// A Store keeps accounts. It is safe for concurrent use, also by several
// processes where it says so. Accounts that it takes and gives share nothing
// with what it keeps. Each method ends soon after ctx does.
//
// Every error but those named means that the store cannot be reached or is
// broken, which says nothing about the account.
type Store interface {
	// Get returns the account of that name, or ErrNotFound.
	Get(ctx context.Context, name string) (Account, error)
	// List gives all accounts in the order of their names' bytes. After an
	// error it ends. The store may be used, and changed, while it goes on;
	// whether it shows such a change is open.
	List(ctx context.Context) iter.Seq2[Account, error]
	// Add keeps a new account and sets Created and Changed. ErrExists if
	// there is one of that name; or the error of Validate.
	Add(ctx context.Context, a Account) error
	// Update lets change work on the account and keeps the result, with
	// Changed set, all of it or nothing: no other writer comes in between.
	// Created stays. ErrNotFound; the error of change, as it is; the error
	// of Validate; ErrRenamed. The function must not use the store, and may
	// be called again after a failed attempt.
	Update(ctx context.Context, name string, change func(*Account) error) error
	// Remove forgets the account, or is ErrNotFound.
	Remove(ctx context.Context, name string) error
	// FindByCertificate returns the account whose rules match cert (see
	// Account.Match), closed ones included: ErrNotFound if there is none,
	// ErrAmbiguous if there are several.
	FindByCertificate(ctx context.Context, cert *x509.Certificate) (Account, error)
	// Version is a number that changes with every change of an account,
	// also by another process. It is cheap enough to ask once a second.
	Version(ctx context.Context) (int64, error)
}

// Settings keep a few small facts beside the accounts, such as that the
// first start is done. Their changes do not count for Store.Version.
type Settings interface {
	// Setting returns the value of key, or ErrNotFound.
	Setting(ctx context.Context, key string) (string, error)
	// SetSetting keeps value under key, in place of what was there.
	SetSetting(ctx context.Context, key, value string) error
}

// Added is what a Store keeps of a new account; the errors are those of
// Validate. It is for those who write a Store.
func Added(a Account, now time.Time) (Account, error) {
	if err := a.Validate(); err != nil {
		return Account{}, err
	}
	a = a.Clone()
	a.Created = now
	return stamped(a, now), nil
}

// Changed is what a Store keeps after change has worked on old; the errors
// are those of Store.Update. It is for those who write a Store.
func Changed(old Account, change func(*Account) error, now time.Time) (Account, error) {
	a := old.Clone()
	if err := change(&a); err != nil {
		return Account{}, err
	}
	if a.Name != old.Name {
		return Account{}, ErrRenamed
	}
	if err := a.Validate(); err != nil {
		return Account{}, err
	}
	a = a.Clone()
	a.Created = old.Created
	return stamped(a, now), nil
}

// stamped is a, changed now, with all times as they are kept.
func stamped(a Account, now time.Time) Account {
	a.Changed = now
	for _, t := range []*time.Time{&a.Created, &a.Changed, &a.Expires} {
		if !t.IsZero() {
			*t = t.UTC().Truncate(time.Microsecond)
		}
	}
	return a
}
