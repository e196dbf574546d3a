package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
)

func newCertShow(h host) *cobra.Command {
	var implicit, asJSON bool
	var name string
	c := &cobra.Command{
		Use: "show FILE|HOST:PORT", Short: "Show a certificate, of a file or of a server", Args: args(1, 1),
		Long: `Show prints what a certificate says, and what its chain is. It does not judge:
sealift cert check does. A server is asked with AUTH TLS; at port 990, with
--implicit, or as ftps://HOST with TLS from the start. Nobody logs in.`,
		Example: "  sealift cert show fullchain.pem\n  sealift cert show ftp.example.org:21\n  sealift cert show ftps://ftp.example.org",
		RunE: func(c *cobra.Command, given []string) error {
			t, err := parseTarget(given[0], implicit)
			if err != nil {
				return err
			}
			s, err := t.read(c.Context(), name)
			if err != nil {
				return err
			}
			sh := showingOf(t, s, time.Now())
			if asJSON {
				return printJSON(h.stdout, sh)
			}
			return sh.print(h.stdout)
		},
	}
	c.Flags().BoolVar(&implicit, "implicit", false, "the server's port is for implicit FTPS")
	c.Flags().StringVar(&name, "name", "", "`HOST` that the server is asked for (SNI); default: the one it is reached by")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// showing is what cert show prints.
type showing struct {
	Source string        `json:"source"`
	TLS    string        `json:"tls,omitempty"` // version, of a server
	Cipher string        `json:"cipher_suite,omitempty"`
	Chain  []certs.Facts `json:"chain"` // leaf first, as it was served or stands in the file
}

func showingOf(t target, s shown, now time.Time) showing {
	sh := showing{Source: t.String()}
	if s.state.Version != 0 {
		sh.TLS, sh.Cipher = tls.VersionName(s.state.Version), tls.CipherSuiteName(s.state.CipherSuite)
	}
	for _, cert := range s.chain {
		sh.Chain = append(sh.Chain, certs.Describe(cert, now))
	}
	return sh
}

func (sh showing) print(w io.Writer) error {
	served := sh.TLS
	if served != "" {
		served += ", " + sh.Cipher
	}
	for i, f := range sh.Chain {
		fields := factFields(f)
		if i == 0 {
			fields = append([][2]string{{"source", sh.Source}, {"connection", served}}, fields...)
		}
		if i > 0 {
			fmt.Fprintf(w, "\ncertificate %d of %d\n", i+1, len(sh.Chain))
		}
		if err := printFields(w, fields); err != nil {
			return err
		}
	}
	return nil
}

func factFields(f certs.Facts) [][2]string {
	kind := ""
	switch {
	case f.SelfSigned && f.CA:
		kind = "root CA (self-signed)"
	case f.SelfSigned:
		kind = "self-signed"
	case f.CA:
		kind = "CA"
	}
	usage := strings.Join(f.Usage, ", ")
	return [][2]string{
		{"subject", f.Subject},
		{"names", strings.Join(f.Names, ", ")},
		{"issuer", f.Issuer},
		{"kind", kind},
		{"serial", f.Serial},
		{"valid from", f.NotBefore.Format("2006-01-02 15:04:05 UTC")},
		{"valid until", f.NotAfter.Format("2006-01-02 15:04:05 UTC") + ", " + remaining(f.DaysLeft)},
		{"key", fmt.Sprintf("%s, as strong as %d bits of a symmetric key", f.Key, f.Strength)},
		{"signature", f.Signature},
		{"usage", usage},
		{"issuer at", f.IssuerURL},
		{"CRL at", f.CRLURL},
		{"SHA-256", f.Fingerprint},
		{"pin", f.Pin},
	}
}

// remaining says how long a certificate still is valid.
func remaining(days int) string {
	switch {
	case days == -1:
		return "ENDED less than a day ago"
	case days < 0:
		return "ENDED " + counted(-1-days, "day") + " ago"
	case days == 0:
		return "less than a day left"
	}
	return counted(days, "day") + " left"
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
