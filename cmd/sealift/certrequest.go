package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
)

func newCertSelfSigned(h host) *cobra.Command {
	m := newMaking(h)
	c := &cobra.Command{
		Use: "self-signed HOST…", Short: "Make a server certificate that vouches for itself", Args: args(1, -1),
		Long: `Self-signed makes HOST.pem and HOST.key for all HOSTs, names and addresses, with
no authority behind them. Clients trust it by its fingerprint, or are given
HOST.pem as if it were an authority, and again when it ends. With more than one
server, or client certificates, a private authority is less work: cert ca.`,
		Example: "  sealift cert self-signed ftp.example.org 192.0.2.7",
		RunE:    func(_ *cobra.Command, given []string) error { return m.selfSigned(given) },
	}
	m.addTo(c)
	m.addOut(c, "the working directory by default")
	m.addDays(c)
	return c
}

func (m *making) selfSigned(hosts []string) error {
	if err := m.begin(); err != nil {
		return err
	}
	names, err := parseHosts(hosts, nil, nil)
	if err != nil {
		return err
	}
	key, err := certs.NewKey(m.kind)
	if err != nil {
		return err
	}
	cert, err := certs.NewSelfSigned(key, names, m.life(), time.Now())
	if err != nil {
		return err
	}
	title := names.Hosts()[0]
	secret, err := certs.KeyFile(m.path(title, ".key"), key)
	if err != nil {
		return err
	}
	public := certs.ChainFile(m.path(title, ".pem"), cert)
	if err := certs.Save(m.force, secret, public); err != nil {
		return err
	}
	return m.print(made{
		Certificate: public.Name, Key: secret.Name, Names: names.Hosts(), Serial: certs.Serial(cert),
		Fingerprint: certs.Fingerprint(cert), Pin: certs.Pin(cert), Ends: utc(cert.NotAfter),
	}, "self-signed certificate made", "tell the clients its SHA-256; next: sealift cert install "+shellWord(public.Name)+" --key "+shellWord(secret.Name))
}

func newCertCSR(h host) *cobra.Command {
	m := newMaking(h)
	var emails, uris []string
	var commonName string
	c := &cobra.Command{
		Use: "csr HOST…", Short: "Make a key and a request for a public authority", Args: args(1, -1),
		Long: `Csr makes HOST.key, and HOST.csr, which an authority signs (PKCS #10). What it
sends back, sealift cert install checks and puts in service. Names stand in the
subjectAltName, where clients look for them; --common-name is for authorities
that insist on one.`,
		Example: "  sealift cert csr ftp.example.org\n  sealift cert csr ftp.example.org 192.0.2.7 --key rsa3072 --common-name ftp.example.org",
		RunE: func(_ *cobra.Command, given []string) error {
			if err := m.begin(); err != nil {
				return err
			}
			names, err := parseHosts(given, emails, uris)
			if err != nil {
				return err
			}
			return m.request(names, commonName)
		},
	}
	m.addTo(c)
	m.addOut(c, "the working directory by default")
	c.Flags().StringVar(&commonName, "common-name", "", "`NAME` in the subject")
	c.Flags().StringArrayVar(&emails, "email", nil, "`ADDRESS` to be in it; may be repeated")
	c.Flags().StringArrayVar(&uris, "uri", nil, "`URI` to be in it; may be repeated")
	return c
}

func (m *making) request(names certs.Names, commonName string) error {
	key, err := certs.NewKey(m.kind)
	if err != nil {
		return err
	}
	der, err := certs.NewRequest(key, names, commonName)
	if err != nil {
		return usageOfName(err)
	}
	title := names.Hosts()[0]
	secret, err := certs.KeyFile(m.path(title, ".key"), key)
	if err != nil {
		return err
	}
	request := certs.RequestFile(m.path(title, ".csr"), der)
	if err := certs.Save(m.force, secret, request); err != nil {
		return err
	}
	all := append(names.Hosts(), names.Emails...)
	for _, uri := range names.URIs {
		all = append(all, uri.String())
	}
	return m.print(made{Request: request.Name, Key: secret.Name, Names: all}, "request made for "+strings.Join(names.Hosts(), ", "),
		"send "+request.Name+" to the authority; the key stays here",
		"then: sealift cert install CHAIN.pem --key "+shellWord(secret.Name))
}
