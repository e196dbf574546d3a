package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/daemon"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

func newCertRevoke(h host) *cobra.Command {
	p := &place{h: h}
	c := &cobra.Command{
		Use: "revoke SERIAL|FILE", Short: "Take a certificate of the private authority back", Args: args(1, 1),
		Long: `Revoke takes back a certificate that the private authority has issued: by its
serial number, which sealift cert list shows, or with the certificate in FILE. It
is on the list certs/ca.crl from then on. A running server ends its sessions at
once and accepts it no more. It cannot be undone: make a new certificate.`,
		Example: "  sealift cert revoke alice.pem\n  sealift cert revoke 4A:0B:17",
		RunE:    func(c *cobra.Command, given []string) error { return p.revoke(c.Context(), given[0]) },
	}
	p.addTo(c)
	return c
}

// revoked is what cert revoke prints.
type revoked struct {
	certs.Issued
	CRL  string `json:"crl"`
	Told bool   `json:"told"` // a running server refuses it now
}

func (p *place) revoke(ctx context.Context, word string) error {
	c, err := p.load()
	if err != nil {
		return err
	}
	dir := daemon.CertificatesDir(c)
	ca, err := registry(dir)
	if err != nil {
		return err
	}
	issued, err := revokeWord(ca, dir, word)
	if err != nil {
		return err
	}
	err = control.Dial(c.DataDir).Refresh(ctx)
	told := err == nil
	if err != nil && fault.CodeOf(err) != fault.NotConnected {
		return &fault.Error{Code: fault.Failed, Problem: "revoked; but the running server could not be told", Err: err, Hint: "it looks by itself within seconds; sealift status tells how it is"}
	}
	done := revoked{issued, certs.CRLFile(dir), told}
	if p.json {
		return printJSON(p.h.stdout, done)
	}
	return p.tellRevoked(done)
}

func (p *place) tellRevoked(done revoked) error {
	of := ""
	if done.Account != "" {
		of = ", of the account " + done.Account
	}
	effect := "no server runs here; it is refused from the next start on"
	if done.Told {
		effect = "the server accepts it no more, and its sessions have ended"
	}
	_, err := fmt.Fprintf(p.h.stdout, "revoked: %s, serial %s%s\n%s\n", printable(done.Name), done.Serial, printable(of), effect)
	return err
}

// revokeWord takes a file, or else a serial number.
func revokeWord(ca *certs.Registry, dir, word string) (certs.Issued, error) {
	if _, err := os.Stat(word); err == nil {
		return revokeFile(ca, word)
	}
	serial, err := certs.ParseSerial(word)
	if err != nil {
		return certs.Issued{}, fault.New(fault.NotFound, meantCertificate(dir, word), "%q is no file, and no serial number", word)
	}
	issued, err := ca.Revoke(serial, time.Now())
	if errors.Is(err, certs.ErrNotIssued) {
		return issued, fault.New(fault.NotFound, "sealift cert list shows all; a certificate that is not on it can be revoked with its file", "the private authority has no record of a certificate with the serial number %s", word)
	}
	return issued, err
}

func revokeFile(ca *certs.Registry, file string) (certs.Issued, error) {
	id, err := certs.ReadIdentity([]string{file}, nil)
	switch {
	case err != nil:
		return certs.Issued{}, err
	case id.Leaf == nil:
		return certs.Issued{}, fault.New(fault.Failed, "name the file with the certificate", "%s holds a key, but no certificate", file)
	}
	issued, err := ca.RevokeCertificate(id.Leaf, time.Now())
	if errors.Is(err, certs.ErrNotIssued) {
		return issued, fault.New(fault.Failed, "the authority that issued it, "+id.Leaf.Issuer.String()+", can revoke it", "%s is no certificate of the private authority here", file)
	}
	return issued, err
}

// meantCertificate helps whoever gives a name.
func meantCertificate(dir, word string) string {
	all, err := certs.ReadIssued(dir)
	var serials []string
	for _, i := range all {
		if err == nil && (i.Name == word || i.Account == word) && i.Revoked.IsZero() {
			serials = append(serials, i.Serial)
		}
	}
	if len(serials) > 0 {
		return fmt.Sprintf("certificates of %s: %s", word, strings.Join(serials, ", "))
	}
	return "sealift cert list shows the serial numbers"
}

func newCertList(h host) *cobra.Command {
	p := &place{h: h}
	c := &cobra.Command{
		Use: "list", Short: "List the certificates that the private authority has issued", Args: args(0, 0),
		Long: `List shows what cert client and cert server --out have made. The server's own
certificate, which renews itself, is not on it: sealift status shows that.`,
		RunE: func(*cobra.Command, []string) error { return p.listCertificates() },
	}
	p.addTo(c)
	return c
}

func (p *place) listCertificates() error {
	c, err := p.load()
	if err != nil {
		return err
	}
	dir := daemon.CertificatesDir(c)
	all, err := certs.ReadIssued(dir)
	if err != nil {
		return err
	}
	ca, err := certs.LoadPool(certs.CAFile(dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var rows [][]string
	for _, i := range all {
		if p.json {
			if err := printJSON(p.h.stdout, i); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{i.Name, string(i.Purpose), i.Account, stateOfIssued(i, ca, time.Now()), i.Serial})
	}
	if p.json {
		return nil
	}
	slices.SortStableFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return printTable(p.h.stdout, "NAME FOR ACCOUNT STATE SERIAL", rows)
}

// stateOfIssued is what people want to know first. The CA in force is the only
// one of its pool; there may be none.
func stateOfIssued(i certs.Issued, ca certs.Pool, now time.Time) string {
	switch {
	case !slices.ContainsFunc(ca.Certificates, i.IsOf):
		return "of a former authority"
	case !i.Revoked.IsZero():
		return "revoked " + i.Revoked.Format(time.DateOnly)
	case i.NotAfter.Before(now):
		return "ended " + i.NotAfter.Format(time.DateOnly)
	}
	return "until " + i.NotAfter.Format(time.DateOnly)
}
