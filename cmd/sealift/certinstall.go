package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/daemon"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
)

// installing are the flags of cert install, and what they lead to.
type installing struct {
	place
	secret        secretFlags
	key           string
	names         []string
	force, remove bool

	config config.Config
	server *control.Client
}

func newCertInstall(h host) *cobra.Command {
	n := &installing{place: place{h: h}}
	c := &cobra.Command{
		Use: "install CHAIN [--key KEY]", Short: "Check a certificate and put it in service", Args: args(0, 1),
		Long: `Install puts a certificate of a public authority, or of your own, in service
instead of the server's own one. A running server takes it up at once; sessions
go on. It stands in certs/installed.pem in the data directory; the one before
is kept beside it.

CHAIN is PEM, DER or PKCS #12, in any order. The key is in it, or in KEY, or is
found beside CHAIN and in the data directory. Refused is what clients would not
accept: another key or host name, a wrong date, a missing intermediate, a weak
key. --force installs it all the same, where a server can use it at all.

--remove goes back to the server's own certificate.`,
		Example: `  sealift cert install fullchain.pem --key privkey.pem
  sealift cert install ftp.example.org.pem --name ftp.example.org
  sealift cert install bundle.p12 --password-file secret`,
		RunE: func(c *cobra.Command, given []string) error { return n.run(c.Context(), given) },
	}
	n.addTo(c)
	n.secret.addTo(c)
	f := c.Flags()
	f.StringVar(&n.key, "key", "", "`FILE` of the private key")
	f.StringArrayVar(&n.names, "name", nil, "`HOST` that clients connect to, beside listen.public_address; may be repeated")
	f.BoolVar(&n.force, "force", false, "install it although clients will refuse it")
	f.BoolVar(&n.remove, "remove", false, "take the installed certificate out of service")
	return c
}

func (n *installing) run(ctx context.Context, given []string) (err error) {
	if len(given) == 1 == n.remove {
		return fault.New(fault.Usage, "usage: sealift cert install CHAIN [flags], or sealift cert install --remove", "name either a certificate or --remove")
	}
	if n.config, err = n.load(); err != nil {
		return err
	}
	n.server = control.Dial(n.config.DataDir)
	if n.remove {
		return n.takeOut(ctx)
	}
	if err := n.refuseConfigured(ctx); err != nil {
		return err
	}
	chain, key, err := n.read(ctx, given[0])
	if err != nil {
		return err
	}
	report, err := n.judge(chain, key)
	if err != nil {
		return err
	}
	return n.putIn(ctx, withoutRoot(chain, key), key, report)
}

// refuseConfigured: what the configuration names comes first, and would hide
// what is installed.
func (n *installing) refuseConfigured(ctx context.Context) error {
	file := n.config.TLS.Certificate
	if file == "" {
		st, err := n.server.Status(ctx)
		if err != nil || st.Certificate.Origin != control.Configured {
			return nil
		}
		file = "the one of its flags"
	}
	return fault.New(fault.Failed, "take tls.certificate and tls.key out of the configuration, and --cert and --key from the command line; or replace those files, a running server follows them",
		"the server is told to use another certificate, %s", file)
}

// read is what the files hold. A key that is not in them is looked for.
func (n *installing) read(ctx context.Context, file string) (chain []*x509.Certificate, key crypto.Signer, err error) {
	files := []string{file}
	if n.key != "" {
		files = append(files, n.key)
	}
	id, err := certs.ReadIdentity(files, func() ([]byte, error) { return n.secret.read(ctx, n.h, file) })
	switch {
	case err != nil:
		return nil, nil, err
	case id.Leaf == nil:
		return nil, nil, fault.New(fault.Failed, "name the file with the certificate, and the key with --key", "%s holds a private key, but no certificate", file)
	case id.Key != nil:
		return id.Chain, id.Key, nil
	}
	for _, candidate := range n.candidates(file) {
		found, err := certs.ReadIdentity([]string{candidate}, nil)
		if err == nil && found.Key != nil && slices.ContainsFunc(id.Chain, hasKey(found.Key)) {
			return id.Chain, found.Key, nil
		}
	}
	return nil, nil, fault.New(fault.Failed, "name it with --key; it is the one with which the certificate was requested", "the private key of %s is not in the file, and not beside it", file)
}

// candidates are where the key of a certificate may be.
func (n *installing) candidates(file string) []string {
	dir := daemon.CertificatesDir(n.config)
	base := strings.TrimSuffix(file, filepath.Ext(file))
	beside, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*.key")) // a bad pattern matches nothing
	own, _ := filepath.Glob(filepath.Join(dir, "*.key"))
	return slices.Concat([]string{base + ".key"}, beside, own, []string{certs.InstalledFile(dir)})
}

func hasKey(key crypto.Signer) func(*x509.Certificate) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return func(cert *x509.Certificate) bool { return ok && public.Equal(cert.PublicKey) }
}

// judge refuses what is not to be put in service. What was wrong with the
// order of the files is put right, so it is not told.
func (n *installing) judge(chain []*x509.Certificate, key crypto.Signer) (certs.Report, error) {
	names := slices.Concat(n.names, daemon.HostNames(n.config))
	report, cannot := certs.JudgeInstall(withoutRoot(chain, key), key, names, time.Now())
	if report.Trusted || n.force && !cannot {
		return report, nil
	}
	var lines fault.Lines
	for _, f := range report.Failures() {
		lines = append(lines, fault.Line{Problem: "not installed: " + f.Problem, Hint: f.Hint})
	}
	if !cannot {
		lines[len(lines)-1].Hint += "; --force installs it all the same"
	}
	return report, &fault.Error{Code: fault.NotTrusted, Problem: "not installed", Err: lines}
}

// withoutRoot is the chain as it is to be served.
func withoutRoot(all []*x509.Certificate, key crypto.Signer) []*x509.Certificate {
	chain, _ := certs.Arrange(all, key.Public())
	if last := chain[len(chain)-1]; len(chain) > 1 && certs.Describe(last, time.Now()).SelfSigned {
		chain = chain[:len(chain)-1]
	}
	return chain
}

// installed is what cert install prints.
type installed struct {
	File        string               `json:"file,omitempty"`   // where the pair is now
	Former      string               `json:"former,omitempty"` // where the one before is
	Told        bool                 `json:"told"`             // a running server uses it
	Untold      string               `json:"untold,omitempty"` // why none was told
	Certificate *control.Certificate `json:"certificate,omitempty"`
	Findings    []certs.Finding      `json:"findings,omitempty"`
}

// putIn installs; what a running server does not take is taken back.
func (n *installing) putIn(ctx context.Context, chain []*x509.Certificate, key crypto.Signer, report certs.Report) error {
	dir := daemon.CertificatesDir(n.config)
	_, had := certs.Installed(dir)
	undo, err := certs.Install(dir, chain, key)
	if err != nil {
		return err
	}
	done := installed{File: certs.InstalledFile(dir), Findings: report.Findings}
	if had {
		done.Former = certs.FormerInstalled(dir)
	}
	fits := func(now control.Certificate) bool { return now.Fingerprint == certs.Fingerprint(chain[0]) }
	if err := n.tell(ctx, undo, fits, &done); err != nil {
		return err
	}
	return n.report(done, "installed: "+certs.Title(chain[0])+", "+remaining(certs.Describe(chain[0], time.Now()).DaysLeft))
}

func (n *installing) takeOut(ctx context.Context) error {
	dir := daemon.CertificatesDir(n.config)
	undo, err := certs.Uninstall(dir)
	if errors.Is(err, certs.ErrNotInstalled) {
		return fault.New(fault.NotFound, "sealift status shows which certificate is in service", "no certificate is installed in %s", dir)
	}
	if err != nil {
		return err
	}
	done := installed{Former: certs.FormerInstalled(dir)}
	fits := func(now control.Certificate) bool { return now.Origin != control.Installed }
	if err := n.tell(ctx, undo, fits, &done); err != nil {
		return err
	}
	return n.report(done, "removed; it is kept as "+done.Former)
}

// tell makes a running server take up what has changed, and sees that it has.
// If it does not, the change is undone. No server is no fault.
func (n *installing) tell(ctx context.Context, undo func() error, fits func(control.Certificate) bool, done *installed) error {
	_, err := n.server.Reload(ctx)
	if fault.CodeOf(err) == fault.NotConnected {
		done.Untold = err.Error()
		return nil
	}
	var st control.Status
	if err == nil {
		st, err = n.server.Status(ctx)
	}
	if err == nil && !fits(st.Certificate) {
		err = fault.New(fault.Failed, "sealift status tells more", "the server goes on with another certificate, SHA-256 %s", st.Certificate.Fingerprint)
	}
	if err == nil {
		done.Told, done.Certificate = true, &st.Certificate
		return nil
	}
	if undone := undo(); undone != nil {
		return errors.Join(err, undone)
	}
	_, _ = n.server.Reload(ctx) // it says again what it has said
	return err
}

func (n *installing) report(done installed, headline string) error {
	w := n.h.stdout
	if n.json {
		return printJSON(w, done)
	}
	fmt.Fprintln(w, printable(headline))
	if c := done.Certificate; c != nil {
		fmt.Fprintf(w, "in service: %s, for %s, until %s, SHA-256 %s\n", origins[c.Origin],
			printable(strings.Join(c.Names, ", ")), c.Ends.Format(time.DateOnly), c.Fingerprint)
	} else {
		fmt.Fprintf(w, "%s; its next start takes it up\n", printable(done.Untold))
	}
	printFindings(w, done.Findings)
	return nil
}
