package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// DropUser is the account of sealift serve DIR.
const DropUser = "drop"

// firstStart is the setting that says that DropUser was made: one that was
// removed on purpose does not come back.
const firstStart = "first_start"

// Drop is the account of sealift serve DIR.
type Drop struct {
	User, Home string
	Password   string // "" unless the account was made now
}

// dropAccount makes the account whose root is Options.Dir, or finds it; nil
// if no directory was given. An account that has another root gets this one.
func (d *daemon) dropAccount(ctx context.Context) (*Drop, error) {
	if d.options.Dir == "" {
		return nil, nil
	}
	dir, err := filepath.Abs(d.options.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, &fault.Error{Code: fault.Failed, Problem: "the directory to serve cannot be made", Err: err}
	}
	err = d.store.Update(ctx, DropUser, func(a *account.Account) error {
		a.Home = dir
		return nil
	})
	switch {
	case err == nil:
		return &Drop{User: DropUser, Home: dir}, nil
	case !errors.Is(err, account.ErrNotFound):
		return nil, err
	}
	if _, err := d.store.Setting(ctx, firstStart); err == nil {
		return nil, fault.New(fault.Failed, "sealift user add "+DropUser+" --home DIR makes it again; sealift serve without DIR serves the other accounts",
			"the account %s, whose root DIR is, was removed", DropUser)
	} else if !errors.Is(err, account.ErrNotFound) {
		return nil, err
	}
	return d.makeDrop(ctx, dir)
}

func (d *daemon) makeDrop(ctx context.Context, dir string) (*Drop, error) {
	drop := &Drop{User: DropUser, Home: dir, Password: account.GeneratePassword()}
	hash, err := d.hasher.Hash(ctx, drop.Password)
	if err != nil {
		return nil, err
	}
	a := account.Account{Name: DropUser, PasswordHash: hash, Home: dir, Permissions: account.All}
	if err := d.store.Add(ctx, a); err != nil {
		return nil, err
	}
	return drop, d.store.SetSetting(ctx, firstStart, time.Now().UTC().Format(time.RFC3339))
}
