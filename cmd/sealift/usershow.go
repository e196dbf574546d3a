package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/config"
)

// shownAccount is an account as --json prints it.
type shownAccount struct {
	Name           string              `json:"name"`
	Home           string              `json:"home"`
	Permissions    account.Permissions `json:"permissions"`
	Mounts         []account.Mount     `json:"mounts"`
	QuotaBytes     int64               `json:"quota_bytes"`
	QuotaFiles     int64               `json:"quota_files"`
	UploadRate     int64               `json:"upload_rate"`
	DownloadRate   int64               `json:"download_rate"`
	MaxSessions    int                 `json:"max_sessions"`
	State          string              `json:"state"` // open, disabled, expired
	Expires        *time.Time          `json:"expires"`
	Password       bool                `json:"password"` // there is one
	Certificates   []string            `json:"certificates"`
	Administrator  bool                `json:"administrator"`
	ASCIIOff       bool                `json:"ascii_off"`
	Certificate331 bool                `json:"certificate_331"`
	Policy         map[string]string   `json:"policy"`
	Ineffective    []string            `json:"ineffective"` // keys of policy
	Created        time.Time           `json:"created"`
	Changed        time.Time           `json:"changed"`
}

func shownOf(a account.Account, c config.Config) shownAccount {
	s := shownAccount{
		Name: a.Name, Home: a.Home, Permissions: a.Permissions, Mounts: append([]account.Mount{}, a.Mounts...),
		QuotaBytes: a.QuotaBytes, QuotaFiles: a.QuotaFiles, UploadRate: a.UploadRate, DownloadRate: a.DownloadRate,
		MaxSessions: a.MaxSessions, State: stateOf(a), Password: a.PasswordHash != "",
		Certificates: append([]string{}, a.CertificateRules...), Administrator: a.Administrator, ASCIIOff: a.ASCIIOff,
		Certificate331: a.CertificateReply331, Policy: map[string]string{}, Ineffective: append([]string{}, c.Ineffective(a.Policy)...),
		Created: a.Created, Changed: a.Changed,
	}
	maps.Copy(s.Policy, a.Policy)
	if !a.Expires.IsZero() {
		s.Expires = &a.Expires
	}
	return s
}

func stateOf(a account.Account) string {
	switch {
	case a.Disabled:
		return "disabled"
	case !a.Usable(time.Now()):
		return "expired"
	}
	return "open"
}

func newUserList(h host) *cobra.Command {
	p := &place{h: h}
	c := &cobra.Command{
		Use: "list", Short: "List the accounts", Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return p.onAccounts(c.Context(), false, func(all accounts) error {
				var rows [][]string
				for a, err := range all.List(c.Context()) {
					if err != nil {
						return err
					}
					if !p.json {
						rows = append(rows, []string{a.Name, a.Permissions.String(), size(a.QuotaBytes), stateOf(a), a.Home})
						continue
					}
					if err := printJSON(h.stdout, shownOf(a, all.config)); err != nil {
						return err
					}
				}
				if p.json {
					return nil
				}
				return printTable(h.stdout, "NAME PERMISSIONS QUOTA STATE HOME", rows)
			})
		},
	}
	p.addTo(c)
	return c
}

func newUserShow(h host) *cobra.Command {
	p := &place{h: h}
	c := &cobra.Command{
		Use: "show NAME", Short: "Show an account", Args: args(1, 1),
		RunE: func(c *cobra.Command, given []string) error {
			return p.onAccounts(c.Context(), false, func(all accounts) error {
				a, err := all.Get(c.Context(), given[0])
				if err != nil {
					return all.named(c.Context(), given[0], err)
				}
				s := shownOf(a, all.config)
				if p.json {
					return printJSON(h.stdout, s)
				}
				return printFields(h.stdout, s.fields())
			})
		},
	}
	p.addTo(c)
	return c
}

// fields are what people read; what is as usual is left out.
func (s shownAccount) fields() [][2]string {
	fields := [][2]string{{"name", s.Name}, {"state", s.State}, {"home", s.Home}, {"permissions", s.Permissions.String()}}
	for _, m := range s.Mounts {
		fields = append(fields, [2]string{"mount", m.String()})
	}
	fields = append(fields, [][2]string{
		{"quota", size(s.QuotaBytes)}, {"files at most", number(s.QuotaFiles)},
		{"upload rate", perSecond(s.UploadRate)}, {"download rate", perSecond(s.DownloadRate)},
		{"sessions at most", number(int64(s.MaxSessions))}, {"password", yesNo(s.Password)},
		{"certificates", strings.Join(s.Certificates, " ")}, {"extras", strings.Join(s.extras(), ", ")},
	}...)
	if s.Expires != nil {
		fields = append(fields, [2]string{"expires", s.Expires.Local().Format(time.RFC3339)})
	}
	for _, key := range slices.Sorted(maps.Keys(s.Policy)) {
		value := s.Policy[key]
		if slices.Contains(s.Ineffective, key) {
			value += "  (no effect: the server is stricter)"
		}
		fields = append(fields, [2]string{key, value})
	}
	return append(fields, [2]string{"created", ago(s.Created)}, [2]string{"changed", ago(s.Changed)})
}

func (s shownAccount) extras() (found []string) {
	for _, extra := range []struct {
		has  bool
		what string
	}{{s.Administrator, "administrator"}, {s.ASCIIOff, "ascii-off"}, {s.Certificate331, "certificate-331"}} {
		if extra.has {
			found = append(found, extra.what)
		}
	}
	return found
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func perSecond(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s/s", size(n))
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "none"
}
