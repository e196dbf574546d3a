package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/nearest"
)

// checking are the flags of cert check.
type checking struct {
	h                    host
	names                []string
	ca, crl, purpose, at string
	implicit, legacyCN   bool
	json                 bool
}

func newCertCheck(h host) *cobra.Command {
	k := &checking{h: h}
	c := &cobra.Command{
		Use: "check FILE|HOST:PORT --name HOST", Short: "Tell whether clients will trust a certificate", Args: args(1, 1),
		Long: `Check judges a certificate and its chain, of a file or as a server shows it,
as clients do that check all: the way to a CA that is trusted, names, dates,
strength, purpose, and with --crl whether it was revoked. It says all that is
wrong, why that matters, and what to do. The exit code is 0 if it is trusted
and 4 if not.

Trusted are the CAs of the system, or with --ca those of that file instead. The
names are those of --name; for a server, without it, the host it is reached by.`,
		Example: `  sealift cert check ftp.example.org:21
  sealift cert check fullchain.pem --name ftp.example.org
  sealift cert check 192.0.2.7:2121 --ca ca.pem`,
		RunE: func(c *cobra.Command, given []string) error { return k.run(c, given[0]) },
	}
	f := c.Flags()
	f.StringArrayVar(&k.names, "name", nil, "`HOST` or address that clients connect to; may be repeated")
	f.StringVar(&k.ca, "ca", "", "PEM `FILE` of the CAs that are trusted, instead of the system's")
	f.StringVar(&k.crl, "crl", "", "`FILE` of revoked certificates, PEM or DER")
	f.StringVar(&k.purpose, "purpose", string(certs.ForServer), "`server or client`: whose certificate it is to be")
	f.StringVar(&k.at, "at", "", "judge for that `TIME`, 2026-01-31 or 2026-01-31T12:00:00Z, instead of now")
	f.BoolVar(&k.legacyCN, "legacy-cn", false, "take the common name for a host name where there is no other")
	f.BoolVar(&k.implicit, "implicit", false, "the server's port is for implicit FTPS")
	f.BoolVar(&k.json, "json", false, "print JSON")
	return c
}

func (k *checking) run(c *cobra.Command, word string) error {
	in, err := k.inspection()
	if err != nil {
		return err
	}
	t, err := parseTarget(word, k.implicit)
	if err != nil {
		return err
	}
	s, err := t.read(c.Context(), k.serverName())
	if err != nil {
		return err
	}
	in.Chain = s.chain
	if len(in.Names) == 0 && t.file == "" {
		in.Names = []string{t.host()}
	}
	v := judgement{Source: t.String(), Names: in.Names, At: in.Now.UTC(), Report: certs.Inspect(in)}
	v.Findings = append(v.Findings, s.findings...)
	for _, cert := range s.chain {
		v.Chain = append(v.Chain, certs.Describe(cert, in.Now))
	}
	return k.say(v)
}

// serverName is the name in --name that a server can be asked for: SNI names
// no addresses.
func (k *checking) serverName() string {
	for _, name := range k.names {
		if net.ParseIP(name) == nil {
			return name
		}
	}
	return ""
}

// inspection is what the flags say.
func (k *checking) inspection() (in certs.Inspection, err error) {
	in = certs.Inspection{Names: k.names, LegacyCN: k.legacyCN, Purpose: certs.Purpose(k.purpose)}
	if err := nearest.Check("purpose", k.purpose, []string{string(certs.ForServer), string(certs.ForClient)}); err != nil {
		return in, &fault.Error{Code: fault.Usage, Problem: "--purpose", Err: err}
	}
	if in.Now, err = parseMoment(k.at); err != nil {
		return in, err
	}
	if k.ca != "" {
		trusted, _, err := certs.ReadChain(k.ca)
		if err != nil {
			return in, err
		}
		in.Roots = certs.PoolOf(trusted...)
	}
	if k.crl != "" {
		in.Lists, err = certs.LoadLists(k.crl)
	}
	return in, err
}

// parseMoment reads a day or a time; "" is now.
func parseMoment(word string) (time.Time, error) {
	if word == "" {
		return time.Now(), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly, time.DateTime} {
		if at, err := time.Parse(layout, word); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fault.New(fault.Usage, "write it as 2026-01-31 or 2026-01-31T12:00:00Z", "--at: %q is no time", word)
}

// judgement is what cert check prints.
type judgement struct {
	Source string    `json:"source"`
	Names  []string  `json:"names,omitempty"`
	At     time.Time `json:"at"`
	certs.Report
	Chain []certs.Facts `json:"chain"`
}

// errNotTrusted is the exit code of a no, which stdout has said.
var errNotTrusted = &toldError{&fault.Error{Code: fault.NotTrusted, Problem: "not trusted", Err: errors.New("certificate")}}

func (k *checking) say(v judgement) error {
	if k.json {
		if err := printJSON(k.h.stdout, v); err != nil {
			return err
		}
	} else {
		v.print(k.h.stdout)
	}
	if !v.Trusted {
		return errNotTrusted
	}
	return nil
}

func (v judgement) print(w io.Writer) {
	word := "trusted"
	if !v.Trusted {
		word = "NOT trusted"
	}
	leaf := v.Chain[0]
	fmt.Fprintf(w, "%s: %s (issued by %s, %s)\n", word, printable(v.Source), printable(cmp.Or(leaf.Issuer, "nobody")), remaining(leaf.DaysLeft))
	printFindings(w, v.Findings)
}

// printFindings prints each with why it matters, and what to do.
func printFindings(w io.Writer, all []certs.Finding) {
	for _, f := range all {
		fmt.Fprintf(w, "\n%s: %s\n  why: %s\n", f.Level, printable(f.Problem), printable(f.Why))
		if f.Hint != "" {
			fmt.Fprintf(w, "  do:  %s\n", printable(f.Hint))
		}
	}
}
