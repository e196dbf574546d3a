package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/daemon"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

func newCertServer(h host) *cobra.Command {
	m := newMaking(h)
	var keyGiven bool
	c := &cobra.Command{
		Use: "server HOST…", Short: "Make a server certificate of the private authority", Args: args(1, -1),
		Long: `Server makes a certificate for all HOSTs, names and addresses, that the private
authority signs. There is an authority afterwards in any case.

Without --out it is the server's own one, certs/server.pem and certs/server.key
in the data directory, and a running server shows it within seconds. It is for
this machine's own names and addresses as well, as serve would have it. If it
is there already it keeps its key and the names that it has, so nobody who
trusts it notices; --force makes a new key, and takes the names given alone.

With --out it is for another program: server.pem and server.key in that
directory, for the HOSTs and nothing else.`,
		Example: `  sealift cert server ftp.example.org 192.0.2.7
  sealift cert server '*.example.org' --out /etc/other --key rsa3072`,
		RunE: func(c *cobra.Command, given []string) error {
			keyGiven = c.Flags().Changed("key")
			if err := m.begin(); err != nil {
				return err
			}
			names, err := parseHosts(given, nil, nil)
			switch {
			case err != nil:
				return err
			case m.out != "":
				return m.serverFor(names)
			}
			return m.ownServer(names, keyGiven)
		},
	}
	m.addTo(c)
	m.addOut(c, "without it, the server uses them itself")
	return c
}

// ownServer makes or renews the certificate that the server shows.
func (m *making) ownServer(names certs.Names, keyGiven bool) error {
	more, ips, err := daemon.OwnNames(m.config)
	if err != nil {
		return err
	}
	if err := m.serverKey(keyGiven); err != nil {
		return err
	}
	own, err := certs.Ensure(m.dir(), slices.Concat(names.DNS, more), slices.Concat(names.IPs, ips), time.Now())
	if err != nil {
		return err
	}
	done := made{
		Certificate: own.CertFile, Key: own.KeyFile, CA: own.CAFile, Names: certs.HostNames(own.Leaf), Serial: certs.Serial(own.Leaf),
		Fingerprint: certs.Fingerprint(own.Leaf), Pin: certs.Pin(own.Leaf), Ends: utc(own.Leaf.NotAfter),
	}
	headline := own.Change
	if headline == "" {
		headline = "the server certificate is for these hosts already; nothing changed"
	}
	return m.print(done, headline, m.inService())
}

// serverKey makes the key of the server, if there is none or with --force.
func (m *making) serverKey(keyGiven bool) error {
	file := filepath.Join(m.dir(), "server.key")
	id, err := certs.ReadIdentity([]string{file}, nil)
	switch {
	case errors.Is(err, fs.ErrNotExist), m.force:
	case err != nil:
		return err
	case keyGiven && certs.TypeOf(id.Key.Public()) != m.kind:
		return fault.New(fault.Failed, "--force makes a new one; whoever has pinned the key must be told; --out DIR makes a pair of its own",
			"%s is there already, and of another kind than %s", file, m.kind)
	default:
		return nil
	}
	key, err := certs.NewKey(m.kind)
	if err != nil {
		return err
	}
	secret, err := certs.KeyFile(file, key)
	if err != nil {
		return err
	}
	if m.force {
		// Without it the new certificate has no former names.
		if err := os.Remove(filepath.Join(m.dir(), "server.pem")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return certs.Save(m.force, secret)
}

// inService says whether the server shows its own certificate.
func (m *making) inService() string {
	if m.config.TLS.Certificate != "" {
		return "note: the server shows another one, " + m.config.TLS.Certificate + ", as long as tls.certificate is set"
	}
	if _, ok := certs.Installed(m.dir()); ok {
		return "note: the server shows the one that was installed; sealift cert install --remove takes it out of service"
	}
	return "a server that runs shows it within seconds, another one when it starts"
}

// serverFor makes a pair for another program.
func (m *making) serverFor(names certs.Names) error {
	ca, err := registry(m.dir())
	if err != nil {
		return err
	}
	key, err := certs.NewKey(m.kind)
	if err != nil {
		return err
	}
	leaf, err := ca.IssueServer(key.Public(), names.DNS, names.IPs, time.Now())
	if err != nil {
		return err
	}
	secret, err := certs.KeyFile(filepath.Join(m.out, "server.key"), key)
	if err != nil {
		return err
	}
	chain := certs.ChainFile(filepath.Join(m.out, "server.pem"), leaf, ca.Certificate)
	if err := certs.CheckFree(m.force, secret, chain); err != nil {
		return err
	}
	if err := ca.Record(leaf, "", time.Now()); err != nil {
		return err
	}
	if err := certs.Save(m.force, secret, chain); err != nil {
		return err
	}
	return m.print(made{
		Certificate: chain.Name, Key: secret.Name, CA: certs.CAFile(m.dir()), Names: names.Hosts(), Serial: certs.Serial(leaf),
		Fingerprint: certs.Fingerprint(leaf), Pin: certs.Pin(leaf), Ends: utc(leaf.NotAfter),
	}, "server certificate made")
}
