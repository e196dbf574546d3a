package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/account/sqlstore"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/daemon"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/nearest"
)

func newUser(h host) *cobra.Command {
	c := &cobra.Command{
		Use: "user", Short: "Manage accounts",
		Long: "Changes of accounts are in force at once, also on a server that runs.",
	}
	group(c)
	c.AddCommand(newUserAdd(h), newUserList(h), newUserShow(h), newUserSet(h), newUserPasswd(h), newUserRemove(h))
	return c
}

// accounts is the account database of the server that is meant.
type accounts struct {
	*sqlstore.Store
	config config.Config
}

// onAccounts runs do with the database open, and tells a running server when
// something has changed.
func (p *place) onAccounts(ctx context.Context, changes bool, do func(accounts) error) error {
	c, err := p.load()
	if err != nil {
		return err
	}
	store, err := openAccounts(ctx, c.DataDir, changes)
	if err != nil {
		return err
	}
	err = errors.Join(do(accounts{store, c}), store.Close())
	if err == nil && changes {
		// Without an answer the server sees the change within a second.
		_ = control.Dial(c.DataDir).Refresh(ctx)
	}
	return err
}

// openAccounts makes the database only for a command that changes it.
func openAccounts(ctx context.Context, dir string, changes bool) (*sqlstore.Store, error) {
	path := filepath.Join(dir, daemon.DatabaseName)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && !changes {
		return nil, fault.New(fault.NotFound, "sealift user add NAME makes the first one; --data-dir or --config says where", "there are no accounts in %s yet", dir)
	}
	store, err := sqlstore.Open(ctx, path)
	if errors.Is(err, os.ErrPermission) {
		return nil, &fault.Error{Code: fault.Failed, Problem: "the accounts cannot be opened", Err: err, Hint: "run this as the user that the server runs as, or as root"}
	}
	return store, err
}

// named is err about the account of that name, with the name that was meant.
func (a accounts) named(ctx context.Context, name string, err error) error {
	switch {
	case errors.Is(err, account.ErrNotFound):
		return fault.New(fault.NotFound, a.meant(ctx, name), "there is no account %q", name)
	case errors.Is(err, account.ErrExists):
		return fault.New(fault.Failed, "sealift user set changes it", "there is an account %q already", name)
	}
	return err
}

func (a accounts) meant(ctx context.Context, name string) string {
	var names []string
	for one, err := range a.List(ctx) {
		if err != nil {
			break
		}
		names = append(names, one.Name)
	}
	if near := nearest.Word(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "sealift user list shows all"
}

func newUserAdd(h host) *cobra.Command {
	p, flags, password := &place{h: h}, &accountFlags{}, &passwordFlags{}
	c := &cobra.Command{
		Use: "add NAME [policy.KEY=VALUE…]", Short: "Make an account", Args: args(1, -1),
		Long: `Add makes an account. Its password is asked for on the terminal, or comes from
stdin, or is generated. Its home is made at the first login.`,
		Example: "  sealift user add alice --home /srv/ftp/alice --permissions upload-only --quota 10G",
		RunE: func(c *cobra.Command, given []string) error {
			return p.onAccounts(c.Context(), true, func(all accounts) error {
				a := account.Account{Name: given[0], Home: filepath.Join(all.config.DataDir, "homes", given[0]), Permissions: account.All}
				if err := account.ValidateName(a.Name); err != nil {
					return &fault.Error{Code: fault.Usage, Problem: err.Error()}
				}
				if err := flags.apply(c, &a, given[1:]); err != nil {
					return err
				}
				return p.add(c.Context(), all, a, password)
			})
		},
	}
	p.addTo(c)
	flags.addTo(c)
	password.addTo(c)
	return c
}

// add asks for the password last, when nothing else can be wrong.
func (p *place) add(ctx context.Context, all accounts, a account.Account, flags *passwordFlags) error {
	if _, err := all.Get(ctx, a.Name); err == nil {
		return all.named(ctx, a.Name, account.ErrExists)
	}
	if err := a.Validate(); err != nil {
		return &fault.Error{Code: fault.Usage, Problem: err.Error()}
	}
	shown, err := setPassword(ctx, p.h, &a, flags)
	if err != nil {
		return err
	}
	if err := all.Add(ctx, a); err != nil {
		return all.named(ctx, a.Name, err)
	}
	return p.tell(all, a.Name, "added", shown)
}

// setPassword sets the hash, and returns a generated password to be shown.
func setPassword(ctx context.Context, h host, a *account.Account, flags *passwordFlags) (shown string, err error) {
	password, show, err := flags.read(ctx, h, a.Name)
	if err != nil {
		return "", err
	}
	a.PasswordHash = ""
	if password != "" {
		a.PasswordHash, err = account.NewHasher(account.DefaultParameters).Hash(ctx, password)
	}
	if show {
		shown = password
	}
	return shown, err
}

// tell says what was done.
func (p *place) tell(all accounts, name, done, password string) error {
	if p.json {
		result := map[string]string{"name": name, "done": done}
		if password != "" {
			result["password"] = password
		}
		return printJSON(p.h.stdout, result)
	}
	if _, err := fmt.Fprintf(p.h.stdout, "account %s %s\n", printable(name), done); err != nil || password == "" {
		return err
	}
	_, err := fmt.Fprintf(p.h.stdout, "password %s  (shown this once)\n", password)
	return err
}

func newUserSet(h host) *cobra.Command {
	p, flags := &place{h: h}, &accountFlags{}
	c := &cobra.Command{
		Use: "set NAME [policy.KEY=VALUE…]", Short: "Change an account", Args: args(1, -1),
		Long: `Set changes what its flags name, and the account's own policy: stricter than
the server's always, laxer only where policy.accounts_may_relax is true.
"policy.KEY=" takes an override back.`,
		Example: "  sealift user set alice --quota 20G policy.session_binding=require",
		RunE: func(c *cobra.Command, given []string) error {
			return p.onAccounts(c.Context(), true, func(all accounts) error {
				var after account.Account
				err := all.Update(c.Context(), given[0], func(a *account.Account) error {
					if err := flags.apply(c, a, given[1:]); err != nil {
						return err
					}
					after = a.Clone()
					return nil
				})
				if err != nil {
					return all.named(c.Context(), given[0], err)
				}
				for _, key := range all.config.Ineffective(after.Policy) {
					fmt.Fprintf(h.stderr, "note: %s has no effect: the server is stricter, and policy.accounts_may_relax is false\n", key)
				}
				return p.tell(all, given[0], "changed", "")
			})
		},
	}
	p.addTo(c)
	flags.addTo(c)
	return c
}

func newUserPasswd(h host) *cobra.Command {
	p, password := &place{h: h}, &passwordFlags{}
	c := &cobra.Command{
		Use: "passwd NAME", Short: "Change an account's password", Args: args(1, 1),
		RunE: func(c *cobra.Command, given []string) error {
			ctx := c.Context()
			return p.onAccounts(ctx, true, func(all accounts) error {
				a, err := all.Get(ctx, given[0])
				if err != nil {
					return all.named(ctx, given[0], err)
				}
				shown, err := setPassword(ctx, h, &a, password)
				if err != nil {
					return err
				}
				err = all.Update(ctx, a.Name, func(now *account.Account) error {
					now.PasswordHash = a.PasswordHash
					return nil
				})
				if err != nil {
					return all.named(ctx, given[0], err)
				}
				return p.tell(all, a.Name, "has a new password", shown)
			})
		},
	}
	p.addTo(c)
	password.addTo(c)
	return c
}

func newUserRemove(h host) *cobra.Command {
	p := &place{h: h}
	c := &cobra.Command{
		Use: "remove NAME", Short: "Remove an account; its files stay", Args: args(1, 1),
		Long: "Remove takes the account away and ends its sessions. Its files stay where they are.",
		RunE: func(c *cobra.Command, given []string) error {
			return p.onAccounts(c.Context(), true, func(all accounts) error {
				if err := all.Remove(c.Context(), given[0]); err != nil {
					return all.named(c.Context(), given[0], err)
				}
				return p.tell(all, given[0], "removed, its files stay", "")
			})
		},
	}
	p.addTo(c)
	return c
}
