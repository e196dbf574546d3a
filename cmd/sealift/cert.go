package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/daemon"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/nearest"
)

func newCert(h host) *cobra.Command {
	c := &cobra.Command{
		Use: "cert", Short: "Make and check keys and certificates",
		Long: `Cert makes and checks keys and certificates.

A server needs a certificate that its clients trust: one of a public authority
(csr, install), or one of a private authority whose certificate the clients are
given (ca, server), which serve makes by itself at its first start. Clients may
show certificates, too, in place of passwords (client, list, revoke).`,
	}
	group(c)
	c.AddCommand(newCertCA(h), newCertServer(h), newCertSelfSigned(h), newCertCSR(h), newCertClient(h), newCertList(h), newCertRevoke(h),
		newCertShow(h), newCertCheck(h), newCertInstall(h))
	return c
}

// making are the flags of the commands that make keys.
type making struct {
	place
	key   string
	out   string
	days  int
	force bool

	config config.Config
	kind   certs.KeyType
}

// defaultDays is how long a certificate is valid: more than 398 days are
// refused by some programs.
const defaultDays = 397

// maxDays keeps dates within what certificates and programs can hold.
const maxDays = 36_500

func newMaking(h host) *making { return &making{place: place{h: h}, days: defaultDays} }

func (m *making) addTo(c *cobra.Command) {
	m.place.addTo(c)
	c.Flags().StringVar(&m.key, "key", string(certs.P256), "`KIND` of key: "+strings.Join(certs.KeyTypes(), ", "))
	c.Flags().BoolVar(&m.force, "force", false, "replace files that are there")
}

// addOut adds the flag for where the files go.
func (m *making) addOut(c *cobra.Command, about string) {
	c.Flags().StringVar(&m.out, "out", "", "`DIR` for the files; "+about)
}

func (m *making) addDays(c *cobra.Command) {
	c.Flags().IntVar(&m.days, "days", defaultDays, "how many `DAYS` it is valid; more than 398 are refused by some programs")
}

// begin reads the configuration and what is common to all flags.
func (m *making) begin() (err error) {
	if m.kind, err = certs.ParseKeyType(m.key); err != nil {
		hint := "p256 is what clients of the last ten years take; rsa3072 is for older ones"
		if near := nearest.Word(m.key, certs.KeyTypes()); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return fault.New(fault.Usage, hint, "--key: %s", err)
	}
	if m.days < 1 || m.days > maxDays {
		return fault.New(fault.Usage, "", "--days: %d is out of range; 1 to %d", m.days, maxDays)
	}
	m.config, err = m.load()
	return err
}

// dir is where the server has its CA and its certificate.
func (m *making) dir() string { return daemon.CertificatesDir(m.config) }

func (m *making) life() time.Duration { return time.Duration(m.days) * 24 * time.Hour }

// registry is the private CA.
func registry(dir string) (*certs.Registry, error) {
	r, err := certs.OpenRegistry(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fault.Error{Code: fault.NotFound, Problem: "there is no private CA that could sign", Err: err,
			Hint: "sealift cert ca makes one, and so does the first sealift serve; --data-dir or --config says where; if its key is kept elsewhere, bring it back"}
	}
	return r, err
}

// parseHosts reads the names of a certificate; what is wrong is wrong usage.
func parseHosts(words, emails, uris []string) (certs.Names, error) {
	n, err := certs.ParseNames(words, emails, uris)
	if err == nil {
		return n, nil
	}
	return n, usageErrors(err)
}

// usageErrors makes each error that was joined one of wrong usage.
func usageErrors(err error) error {
	var wrong []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		wrong = joined.Unwrap()
	} else {
		wrong = []error{err}
	}
	var lines fault.Lines
	for _, e := range wrong {
		lines = append(lines, fault.Of(e)...)
	}
	return &fault.Error{Code: fault.Usage, Problem: "names", Err: lines}
}

// fileName is a name as that of a file, on all systems.
func fileName(name string) string {
	name = strings.Replace(name, "*", "wildcard", 1)
	clean := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-', r == '_':
			return r
		case r == ':':
			return '-'
		}
		return '_'
	}, name)
	if strings.Trim(clean, "._-") == "" {
		return "certificate"
	}
	return strings.TrimLeft(clean, ".-")
}

// path is the file of that name and ending in --out.
func (m *making) path(name, ending string) string {
	return filepath.Join(m.out, fileName(name)+ending)
}

// reload makes a running server take up what has changed, and says whether
// there is one. That it refuses is an error: what was made stays.
func (m *making) reload(ctx context.Context) (running bool, err error) {
	_, err = control.Dial(m.config.DataDir).Reload(ctx)
	if fault.CodeOf(err) == fault.NotConnected {
		return false, nil
	}
	return true, err
}

// made is what the commands print that make a certificate or a request.
type made struct {
	Certificate string     `json:"certificate,omitempty"` // file names
	Key         string     `json:"key,omitempty"`
	Request     string     `json:"request,omitempty"`
	CA          string     `json:"ca,omitempty"`
	Names       []string   `json:"names,omitempty"`
	Serial      string     `json:"serial,omitempty"`
	Fingerprint string     `json:"fingerprint,omitempty"` // SHA-256
	Pin         string     `json:"pin,omitempty"`         // SHA-256 of the public key, for curl
	Ends        *time.Time `json:"ends,omitempty"`
}

// print says what was made, and what to do with it.
func (m *making) print(done made, headline string, next ...string) error {
	w := m.h.stdout
	if m.json {
		return printJSON(w, done)
	}
	fmt.Fprintln(w, printable(headline))
	fields := [][2]string{
		{"  certificate", done.Certificate}, {"  request", done.Request}, {"  key", done.Key}, {"  CA", done.CA},
		{"  for", strings.Join(done.Names, ", ")}, {"  serial", done.Serial}, {"  SHA-256", done.Fingerprint}, {"  key's pin", done.Pin},
	}
	if done.Ends != nil {
		fields = append(fields, [2]string{"  ends", done.Ends.Format(time.DateOnly)})
	}
	if err := printFields(w, fields); err != nil {
		return err
	}
	for _, line := range next {
		fmt.Fprintln(w, printable(line))
	}
	return nil
}
