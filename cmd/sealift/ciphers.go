package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/nearest"
	"github.com/sealift/sealift/probe"
	"github.com/sealift/sealift/tlsprofile"
)

// speedTime is how long each cipher is measured.
const speedTime = 40 * time.Millisecond

type ciphersCommand struct {
	h       host
	profile string
	against string
	noSpeed bool
	json    bool
}

func newCiphers(h host) *cobra.Command {
	cmd := &ciphersCommand{h: h}
	c := &cobra.Command{
		Use:   "ciphers",
		Short: "Show the cipher suites: strength, speed, and which profile offers them",
		Long: `Show every cipher suite that Sealift knows: TLS versions, key exchange,
authentication, cipher, MAC, strength and the reason for it, the profiles that
offer it, and how fast this machine protects data with it, on one core.

Suites with export keys, single DES, MD5, NULL or anonymous key exchange do not
exist here. Those of TLS 1.3 come with the version and cannot be chosen; those
of TLS 1.2 and older can, by tls.profile or tls.cipher_suites.

With --against HOST it shows what that server agrees to, and what it offers.`,
		Example: `  sealift ciphers
  sealift ciphers --profile intermediate
  sealift ciphers --against ftp.example.org`,
		Args: args(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return cmd.run(c.Context()) },
	}
	c.Flags().StringVar(&cmd.profile, "profile", "", "only what the `PROFILE` offers: modern, intermediate or legacy")
	c.Flags().StringVar(&cmd.against, "against", "", "`HOST[:PORT]` or URL of a server to ask")
	c.Flags().BoolVar(&cmd.noSpeed, "no-speed", false, "do not measure")
	c.Flags().BoolVar(&cmd.json, "json", false, "print JSON, one object per suite")
	return c
}

// suiteRow is a suite as it is printed.
type suiteRow struct {
	tlsprofile.Suite
	MiBPerSecond float64 `json:"mib_per_second,omitempty"`
	// Of the server that was asked.
	Offered *bool `json:"offered,omitempty"`
	Agreed  *bool `json:"agreed,omitempty"`
}

func (cmd *ciphersCommand) run(ctx context.Context) error {
	if cmd.profile != "" {
		if err := nearest.Check("profile", cmd.profile, tlsprofile.Profiles()); err != nil {
			return &fault.Error{Code: fault.Usage, Problem: "--profile", Err: err}
		}
	}
	var server *probe.Agreement
	if cmd.against != "" {
		var err error
		if server, err = agreementWith(ctx, cmd.against); err != nil {
			return err
		}
	}
	rows, err := cmd.rows(server)
	if err != nil {
		return err
	}
	if cmd.json {
		for _, r := range rows {
			if err := printJSON(cmd.h.stdout, r); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd.print(rows, server)
}

func (cmd *ciphersCommand) rows(server *probe.Agreement) ([]suiteRow, error) {
	var rows []suiteRow
	speeds := map[string]float64{}
	for _, s := range tlsprofile.Suites() {
		if cmd.profile != "" && !slices.Contains(s.Profiles, cmd.profile) {
			continue
		}
		r := suiteRow{Suite: s}
		if server != nil {
			offered, agreed := slices.Contains(server.Offered, s.ID), server.Suite == s.ID
			r.Offered, r.Agreed = &offered, &agreed
		}
		if !cmd.noSpeed {
			speed, err := speedOf(s, speeds)
			if err != nil {
				return nil, err
			}
			r.MiBPerSecond = speed
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// speedOf measures each pair of cipher and MAC once.
func speedOf(s tlsprofile.Suite, known map[string]float64) (float64, error) {
	key := s.Cipher + " " + s.MAC
	if speed, ok := known[key]; ok {
		return speed, nil
	}
	speed, err := s.Speed(speedTime)
	known[key] = speed
	return speed, err
}

func (cmd *ciphersCommand) print(rows []suiteRow, server *probe.Agreement) error {
	if server != nil {
		printAgreement(cmd, server)
	}
	heading := "SUITE VERSIONS EXCHANGE KEY CIPHER MAC BITS STRENGTH PROFILES"
	if !cmd.noSpeed {
		heading += " MiB/s"
	}
	if server != nil {
		heading += " SERVER"
	}
	var table [][]string
	for _, r := range rows {
		table = append(table, cmd.cells(r))
	}
	if err := printTable(cmd.h.stdout, heading, table); err != nil {
		return err
	}
	cmd.printReasons(rows)
	return nil
}

func (cmd *ciphersCommand) cells(r suiteRow) []string {
	cells := []string{r.Name, shortVersions(r.Versions), r.KeyExchange, r.Authentication, r.Cipher, r.MAC,
		fmt.Sprint(r.Bits), r.Strength.String(), strings.Join(r.Profiles, ",")}
	if !cmd.noSpeed {
		cells = append(cells, fmt.Sprintf("%.0f", r.MiBPerSecond))
	}
	switch {
	case r.Agreed == nil:
	case *r.Agreed:
		cells = append(cells, "agreed")
	case *r.Offered:
		cells = append(cells, "offered")
	default:
		cells = append(cells, "")
	}
	return cells
}

// shortVersions is "1.0-1.2".
func shortVersions(versions []string) string {
	first := strings.TrimPrefix(versions[0], "TLS ")
	last := strings.TrimPrefix(versions[len(versions)-1], "TLS ")
	if first == last {
		return first
	}
	return first + "-" + last
}

// printReasons says once what is wrong with suites that are not strong.
func (cmd *ciphersCommand) printReasons(rows []suiteRow) {
	var told []string
	for _, r := range rows {
		for reason := range strings.SplitSeq(r.Reason, "; ") {
			if r.Strength != tlsprofile.Strong && !slices.Contains(told, reason) {
				told = append(told, reason)
			}
		}
	}
	if len(told) == 0 {
		return
	}
	fmt.Fprintln(cmd.h.stdout, "\nNot strong, because:")
	for _, reason := range told {
		fmt.Fprintln(cmd.h.stdout, "  "+reason)
	}
}

func printAgreement(cmd *ciphersCommand, a *probe.Agreement) {
	var versions []string
	for _, v := range a.Versions {
		versions = append(versions, tlsprofile.VersionName(v))
	}
	exchange := a.Curve.String()
	if a.Curve == 0 {
		exchange = "RSA"
	}
	fmt.Fprintf(cmd.h.stdout, "%s agrees to %s, %s, key exchange %s; it takes %s.\n\n", printable(cmd.against),
		tlsprofile.VersionName(a.Version), tls.CipherSuiteName(a.Suite), exchange, strings.Join(versions, ", "))
}
