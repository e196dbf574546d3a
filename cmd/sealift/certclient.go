package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/daemon"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// client are the flags of cert client, and what they lead to.
type clientMaking struct {
	making
	user         string
	userGiven    bool
	p12, legacy  bool
	secret       secretFlags
	emails, uris []string
}

func newCertClient(h host) *cobra.Command {
	m := &clientMaking{making: *newMaking(h)}
	c := &cobra.Command{
		Use: "client NAME", Short: "Make a client certificate, and map it to an account", Args: args(1, 1),
		Long: `Client makes NAME.pem and NAME.key: a certificate of the private authority with
which a client logs in. It is mapped to an account by its fingerprint: to that
of --user, or to the one called NAME if there is one; --user "" maps it to none.

--p12 makes NAME.p12 as well, for programs with windows: certificate, key and
authority in one file, with a password that is shown once, unless
--password-file or --password-command has it. Windows before 10 1809, macOS and
Java before 12 need --p12-legacy.

It says which settings the server lacks for the certificate to take effect, and
prints lines to paste for clients.`,
		Example: `  sealift user add alice --no-password
  sealift cert client alice --p12
  sealift cert client laptop --user alice --days 90 --email alice@example.org`,
		RunE: func(c *cobra.Command, given []string) error {
			m.userGiven = c.Flags().Changed("user")
			return m.client(c.Context(), given[0])
		},
	}
	m.addTo(c)
	m.addOut(c, "the working directory by default")
	m.addDays(c)
	m.secret.addTo(c)
	f := c.Flags()
	f.StringVar(&m.user, "user", "", "`ACCOUNT` whose certificate it is (default NAME, if there is such an account)")
	f.BoolVar(&m.p12, "p12", false, "make a PKCS #12 file, too")
	f.BoolVar(&m.legacy, "p12-legacy", false, "make it with the old encryption, 3DES and SHA-1")
	f.StringArrayVar(&m.emails, "email", nil, "`ADDRESS` to be in it; may be repeated")
	f.StringArrayVar(&m.uris, "uri", nil, "`URI` to be in it; may be repeated")
	return c
}

// client makes all, in an order in which nothing is given away that is not in
// the record, and nothing is made where the account is missing.
func (m *clientMaking) client(ctx context.Context, name string) error {
	if err := m.begin(); err != nil {
		return err
	}
	names, err := parseHosts(nil, m.emails, m.uris)
	if err != nil {
		return err
	}
	ca, err := registry(m.dir())
	if err != nil {
		return err
	}
	owner, err := m.owner(ctx, name)
	if err != nil {
		return err
	}
	id, err := m.issue(ca, name, names)
	if err != nil {
		return err
	}
	done := madeClient{Name: name, Account: owner.Name}
	files, err := m.files(ctx, name, id, &done)
	if err != nil {
		return err
	}
	if err := certs.CheckFree(m.force, files...); err != nil {
		return err
	}
	if err := ca.Record(id.Leaf, owner.Name, time.Now()); err != nil {
		return err
	}
	if err := certs.Save(m.force, files...); err != nil {
		return err
	}
	if err := m.give(ctx, owner.Name, id.Leaf); err != nil {
		return err
	}
	done.describe(id.Leaf)
	return m.tellClient(ctx, done, owner)
}

func (m *clientMaking) issue(ca *certs.Registry, name string, names certs.Names) (certs.Identity, error) {
	key, err := certs.NewKey(m.kind)
	if err != nil {
		return certs.Identity{}, err
	}
	leaf, err := ca.IssueClient(key.Public(), name, names, m.life(), time.Now())
	var wrong *certs.NameError
	if errors.As(err, &wrong) {
		return certs.Identity{}, &fault.Error{Code: fault.Usage, Problem: "NAME", Err: wrong}
	}
	return certs.Identity{Key: key, Leaf: leaf, Chain: []*x509.Certificate{leaf, ca.Certificate}}, err
}

// owner is the account that the certificate is for; one without a name if
// there is none.
func (m *clientMaking) owner(ctx context.Context, name string) (owner account.Account, err error) {
	wanted := m.user
	if !m.userGiven {
		wanted = name
	}
	if wanted == "" || !m.userGiven && !m.hasAccounts() {
		return owner, nil
	}
	return owner, m.onAccounts(ctx, false, func(all accounts) error {
		owner, err = all.Get(ctx, wanted)
		switch {
		case errors.Is(err, account.ErrNotFound) && !m.userGiven:
			return nil
		case errors.Is(err, account.ErrNotFound):
			return fault.New(fault.NotFound, "sealift user add "+shellWord(wanted)+" --no-password makes it", "there is no account %q", wanted)
		}
		return err
	})
}

func (m *clientMaking) hasAccounts() bool {
	_, err := os.Stat(filepath.Join(m.config.DataDir, daemon.DatabaseName))
	return err == nil
}

// ruleOf is the account's rule for one certificate.
func ruleOf(leaf *x509.Certificate) (string, error) {
	return account.ParseCertificateRule("fingerprint:" + certs.Fingerprint(leaf))
}

// give adds the certificate to the account; one without a name gets none.
func (m *clientMaking) give(ctx context.Context, name string, leaf *x509.Certificate) error {
	rule, err := ruleOf(leaf)
	if err != nil || name == "" {
		return err
	}
	err = m.onAccounts(ctx, true, func(all accounts) error {
		return all.Update(ctx, name, func(a *account.Account) error {
			a.CertificateRules = append(a.CertificateRules, rule)
			return nil
		})
	})
	if err != nil {
		return &fault.Error{Code: fault.Failed, Problem: "the certificate is made, but is not the account's", Err: err,
			Hint: "sealift user set " + shellWord(name) + " --certificate " + rule}
	}
	return nil
}

// files are what is to be written.
func (m *clientMaking) files(ctx context.Context, name string, id certs.Identity, done *madeClient) ([]certs.File, error) {
	secret, err := certs.KeyFile(m.path(name, ".key"), id.Key)
	if err != nil {
		return nil, err
	}
	public := certs.ChainFile(m.path(name, ".pem"), id.Leaf)
	done.Certificate, done.Key, done.CA = public.Name, secret.Name, certs.CAFile(m.dir())
	files := []certs.File{secret, public}
	if !m.p12 && !m.legacy {
		return files, nil
	}
	password, err := m.p12Password(ctx, name, done)
	if err != nil {
		return nil, err
	}
	data, err := id.EncodePKCS12(password, m.legacy)
	if err != nil {
		return nil, err
	}
	done.P12 = m.path(name, ".p12")
	return append(files, certs.File{Name: done.P12, Data: data, Secret: true}), nil
}

// p12Password is the one that was given, or a new one, which is to be shown.
func (m *clientMaking) p12Password(ctx context.Context, name string, done *madeClient) (string, error) {
	if m.secret == (secretFlags{}) {
		done.P12Password = account.GeneratePassword()
		return done.P12Password, nil
	}
	given, err := m.secret.read(ctx, m.h, name)
	return string(given), err
}

// madeClient is what cert client prints.
type madeClient struct {
	Name        string            `json:"name"`
	Account     string            `json:"account,omitempty"`
	Certificate string            `json:"certificate"` // file names
	Key         string            `json:"key"`
	P12         string            `json:"p12,omitempty"`
	P12Password string            `json:"p12_password,omitempty"` // if it was generated
	CA          string            `json:"ca"`
	Serial      string            `json:"serial"`
	Fingerprint string            `json:"fingerprint"` // SHA-256
	KeyType     certs.KeyType     `json:"key_type"`
	Ends        time.Time         `json:"ends"`
	Missing     []missing         `json:"missing"` // settings without which it has no effect
	Lines       map[string]string `json:"lines"`   // to paste: "sealift", "curl", "lftp", "winscp"
}

func (d *madeClient) describe(leaf *x509.Certificate) {
	d.Serial, d.Fingerprint, d.Ends = certs.Serial(leaf), certs.Fingerprint(leaf), leaf.NotAfter.UTC()
	d.KeyType = certs.TypeOf(crypto.PublicKey(leaf.PublicKey))
}

// tellClient says what was made, what is missing, and how to use it.
func (m *clientMaking) tellClient(ctx context.Context, done madeClient, owner account.Account) error {
	var err error
	if done.Missing, err = m.missing(owner); err != nil {
		return err
	}
	done.Lines = m.lines(ctx, done, owner)
	w := m.h.stdout
	if m.json {
		return printJSON(w, done)
	}
	mapped := "of the account " + done.Account
	if done.Account == "" {
		mapped = "of no account yet: sealift user set NAME --certificate fingerprint:" + done.Fingerprint
	}
	fmt.Fprintf(w, "client certificate made, %s\n", printable(mapped))
	password := done.P12Password
	if password != "" {
		password += "  (shown this once)"
	}
	if err := printFields(w, [][2]string{
		{"  certificate", done.Certificate}, {"  key", done.Key}, {"  PKCS #12", done.P12}, {"  its password", password},
		{"  CA", done.CA}, {"  serial", done.Serial}, {"  SHA-256", done.Fingerprint}, {"  ends", done.Ends.Format(time.DateOnly)},
	}); err != nil {
		return err
	}
	printMissing(w, done.Missing)
	printLines(w, done)
	return nil
}
