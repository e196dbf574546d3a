package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
)

// accountFlags are what user add and user set can change.
type accountFlags struct {
	home, permissions        string
	mounts, certificates     []string
	quota                    sizeFlag
	quotaFiles               int64
	uploadRate, downloadRate sizeFlag
	sessions                 int
	expires                  string
	disabled, administrator  bool
	asciiOff, reply331       bool
	requireTLS               bool
}

// sizeFlag is a config.Size as a flag.
type sizeFlag struct{ config.Size }

func (s *sizeFlag) Set(text string) error { return s.UnmarshalText([]byte(text)) }
func (s *sizeFlag) Type() string          { return "size" }

func (f *accountFlags) addTo(c *cobra.Command) {
	v := c.Flags()
	v.StringVar(&f.home, "home", "", "`DIR` that is the root of the account's tree")
	v.StringVar(&f.permissions, "permissions", "", "`LIST` of "+strings.Join(account.Words(), ", "))
	v.StringArrayVar(&f.mounts, "mount", nil, "`/PATH=DIR:PERMISSIONS` shows another directory in the tree; may be repeated; \"\" takes all away")
	v.Var(&f.quota, "quota", "how many bytes the home may hold, 10G; 0 is no limit")
	v.Int64Var(&f.quotaFiles, "quota-files", 0, "how many files the home may hold; 0 is no limit")
	v.Var(&f.uploadRate, "upload-rate", "bytes per second and session; 0 is the server's")
	v.Var(&f.downloadRate, "download-rate", "bytes per second and session; 0 is the server's")
	v.IntVar(&f.sessions, "max-sessions", 0, "sessions at once; 0 is the server's")
	v.StringArrayVar(&f.certificates, "certificate", nil, "`RULE` for client certificates that are the account's: fingerprint:HEX, email:A, uri:U or cn:NAME; may be repeated; \"\" takes all away")
	v.StringVar(&f.expires, "expires", "", "`DATE` from which on the account is closed, 2030-12-31; \"never\"")
	v.BoolVar(&f.disabled, "disabled", false, "close the account; --disabled=false opens it")
	v.BoolVar(&f.administrator, "administrator", false, "may see other people's sessions")
	v.BoolVar(&f.asciiOff, "ascii-off", false, "convert no line ends in TYPE A")
	v.BoolVar(&f.reply331, "certificate-331", false, "ask for a password that is not looked at after a login by certificate")
	v.BoolVar(&f.requireTLS, "require-tls", false, "no commands and no data without TLS, whatever the server allows")
}

// apply changes the account as the flags that were given say, and by
// overrides of the policy, KEY=VALUE each.
func (f *accountFlags) apply(c *cobra.Command, a *account.Account, overrides []string) error {
	for _, flag := range []struct {
		name  string
		apply func(*account.Account) error
	}{
		{"home", f.setHome},
		{"permissions", f.setPermissions},
		{"mount", f.setMounts},
		{"certificate", f.setCertificates},
		{"expires", f.setExpiry},
		{"quota", func(a *account.Account) error { a.QuotaBytes = int64(f.quota.Size); return nil }},
		{"quota-files", func(a *account.Account) error { a.QuotaFiles = f.quotaFiles; return nil }},
		{"upload-rate", func(a *account.Account) error { a.UploadRate = int64(f.uploadRate.Size); return nil }},
		{"download-rate", func(a *account.Account) error { a.DownloadRate = int64(f.downloadRate.Size); return nil }},
		{"max-sessions", func(a *account.Account) error { a.MaxSessions = f.sessions; return nil }},
		{"disabled", func(a *account.Account) error { a.Disabled = f.disabled; return nil }},
		{"administrator", func(a *account.Account) error { a.Administrator = f.administrator; return nil }},
		{"ascii-off", func(a *account.Account) error { a.ASCIIOff = f.asciiOff; return nil }},
		{"certificate-331", func(a *account.Account) error { a.CertificateReply331 = f.reply331; return nil }},
		{"require-tls", f.setRequireTLS},
	} {
		if !c.Flags().Changed(flag.name) {
			continue
		}
		if err := flag.apply(a); err != nil {
			return &fault.Error{Code: fault.Usage, Problem: "--" + flag.name, Err: err}
		}
	}
	return override(a, overrides)
}

func (f *accountFlags) setHome(a *account.Account) (err error) {
	a.Home, err = filepath.Abs(f.home)
	return err
}

func (f *accountFlags) setPermissions(a *account.Account) (err error) {
	a.Permissions, err = account.ParsePermissions(f.permissions)
	return err
}

func (f *accountFlags) setMounts(a *account.Account) error {
	a.Mounts = nil
	for _, text := range f.mounts {
		if text == "" {
			a.Mounts = nil
			continue
		}
		m, err := parseMount(text)
		if err != nil {
			return err
		}
		a.Mounts = append(a.Mounts, m)
	}
	return nil
}

// parseMount is account.ParseMount with a directory that may be relative.
func parseMount(text string) (account.Mount, error) {
	at, dir, found := strings.Cut(text, "=")
	if !found || dir == "" || filepath.IsAbs(dir) {
		return account.ParseMount(text)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return account.Mount{}, err
	}
	return account.ParseMount(at + "=" + absolute)
}

func (f *accountFlags) setCertificates(a *account.Account) error {
	a.CertificateRules = nil
	for _, text := range f.certificates {
		if text == "" {
			a.CertificateRules = nil
			continue
		}
		rule, err := account.ParseCertificateRule(text)
		if err != nil {
			return err
		}
		a.CertificateRules = append(a.CertificateRules, rule)
	}
	return nil
}

func (f *accountFlags) setExpiry(a *account.Account) error {
	if f.expires == "never" || f.expires == "" {
		a.Expires = time.Time{}
		return nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.ParseInLocation(form, f.expires, time.Local); err == nil {
			a.Expires = at
			return nil
		}
	}
	return fmt.Errorf("%q is no date like 2030-12-31 and no time like 2030-12-31T18:00:00Z", f.expires)
}

// tlsKeys are what --require-tls stands for.
var tlsKeys = []string{"policy.unprotected_commands", "policy.unprotected_data"}

func (f *accountFlags) setRequireTLS(a *account.Account) error {
	for _, key := range tlsKeys {
		value := "deny"
		if !f.requireTLS {
			value = ""
		}
		setOverride(a, key, value)
	}
	return nil
}

func override(a *account.Account, overrides []string) error {
	for _, text := range overrides {
		key, value, found := strings.Cut(text, "=")
		if !found {
			return fault.New(fault.Usage, "write it as policy.KEY=VALUE", "%q is no override", text)
		}
		if err := checkOverride(key, value); err != nil {
			return err
		}
		setOverride(a, key, value)
	}
	return nil
}

// checkOverride lets "" pass for a key that is known: it takes the override
// back.
func checkOverride(key, value string) error {
	err := config.CheckOverride(key, value)
	if err == nil {
		return nil
	}
	for _, known := range config.PolicyKeys() {
		if known == key && value == "" {
			return nil
		}
	}
	found := config.Errors(err)
	if len(found) == 0 {
		return err
	}
	return fault.New(fault.Usage, found[0].Hint, "%s", found[0].Error())
}

func setOverride(a *account.Account, key, value string) {
	if value == "" {
		delete(a.Policy, key)
		return
	}
	if a.Policy == nil {
		a.Policy = map[string]string{}
	}
	a.Policy[key] = value
}
