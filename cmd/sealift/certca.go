package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

func newCertCA(h host) *cobra.Command {
	m := newMaking(h)
	var name string
	c := &cobra.Command{
		Use: "ca [--name NAME]", Short: "Make the private authority of a server", Args: args(0, 0),
		Long: `Ca makes a private certificate authority of ten years in the data directory:
certs/ca.pem, which clients are given, and certs/ca.key, which nobody is. It
signs server certificates and client certificates. The first sealift serve
makes one by itself; this command gives it a name of your choice.

There is one for each data directory. --force makes a new one: what the former
has signed counts no more, and clients must be given the new ca.pem.`,
		Example: `  sealift cert ca --name "Example Ltd file transfer"`,
		RunE:    func(c *cobra.Command, _ []string) error { return m.ca(c.Context(), name) },
	}
	m.addTo(c)
	c.Flags().StringVar(&name, "name", "", "`NAME` that people see in their list of trusted authorities (default \"Sealift CA of \" and the host's name)")
	return c
}

func (m *making) ca(ctx context.Context, name string) error {
	if err := m.begin(); err != nil {
		return err
	}
	if name == "" {
		host, err := os.Hostname()
		if err != nil {
			return err
		}
		name = "Sealift CA of " + strings.ToLower(host)
	}
	a, err := certs.MakeAuthority(m.dir(), name, m.kind, m.force, time.Now())
	if err != nil {
		return usageOfName(err)
	}
	done := made{
		Certificate: certs.CAFile(m.dir()), Key: filepath.Join(m.dir(), "ca.key"), Fingerprint: certs.Fingerprint(a.Certificate),
		Serial: certs.Serial(a.Certificate), Ends: utc(a.Certificate.NotAfter),
	}
	if _, err := m.reload(ctx); err != nil {
		return err
	}
	return m.print(done, "private authority made: "+name,
		"give "+done.Certificate+" to the clients: they trust the server by it; the key stays here, in a backup, and secret",
		"next: sealift cert server HOST")
}

// usageOfName is wrong usage where a name cannot be one.
func usageOfName(err error) error {
	var wrong *certs.NameError
	if errors.As(err, &wrong) {
		return &fault.Error{Code: fault.Usage, Problem: "--name", Err: wrong, Hint: wrong.Hint()}
	}
	return err
}

func utc(t time.Time) *time.Time {
	t = t.UTC()
	return &t
}
