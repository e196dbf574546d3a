package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/tlsprofile"
)

func newConfig(h host) *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check configurations"}
	group(c)
	c.AddCommand(newConfigCheck(h))
	return c
}

func newConfigCheck(h host) *cobra.Command {
	p := &place{h: h}
	c := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration; name file, line and key of what is wrong",
		Long: `Check reads a configuration, with the environment, as serve would, and the
certificates that it names. It says what is unsafe (INSECURE) and what the TLS
settings mean. The exit code is 1 if something is wrong.`,
		Args: args(0, 1),
		RunE: func(c *cobra.Command, given []string) error {
			if len(given) > 0 {
				p.file = given[0]
			}
			return p.check()
		},
	}
	p.addTo(c)
	return c
}

// checked is the result of config check.
type checked struct {
	File     string       `json:"file,omitempty"`
	OK       bool         `json:"ok"`
	Hash     string       `json:"hash,omitempty"`
	TLS      *checkedTLS  `json:"tls,omitempty"`
	Warnings []string     `json:"warnings"`
	Errors   []checkedKey `json:"errors"`
}

type checkedTLS struct {
	Profile      string   `json:"profile"`
	Versions     []string `json:"versions"`
	CipherSuites []string `json:"cipher_suites"` // of TLS 1.2 and older
}

type checkedKey struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Source  string `json:"source,omitempty"`
	Key     string `json:"key,omitempty"`
	Problem string `json:"problem"`
	Hint    string `json:"hint,omitempty"`
}

func (p *place) check() error {
	effective, err := p.load()
	if err == nil {
		err = checkFiles(effective.TLS)
	}
	result := checked{File: p.file, OK: err == nil, Warnings: []string{}, Errors: checkedKeys(err)}
	if err == nil {
		result.Hash = effective.Hash()
		result.Warnings = append(result.Warnings, effective.Warnings()...)
		result.TLS = meaning(effective)
	}
	if p.json {
		if printErr := printJSON(p.h.stdout, result); printErr != nil {
			return printErr
		}
		return err
	}
	if err != nil {
		return err
	}
	return result.print(p.h.stdout)
}

func (r checked) print(w io.Writer) error {
	name := r.File
	if name == "" {
		name = "no file, the defaults"
	}
	fmt.Fprintf(w, "%s: ok, %s\n", printable(name), r.Hash)
	fmt.Fprintf(w, "TLS profile %s: %v", r.TLS.Profile, r.TLS.Versions)
	for _, suite := range r.TLS.CipherSuites {
		fmt.Fprintf(w, "\n  %s", suite)
	}
	fmt.Fprintln(w)
	for _, warning := range r.Warnings {
		fmt.Fprintln(w, printable(warning))
	}
	return nil
}

// checkFiles loads the files that are named.
func checkFiles(t config.TLS) error {
	if t.Certificate != "" {
		if _, err := certs.Load(t.Certificate, t.Key); err != nil {
			return err
		}
	}
	if t.ClientCA == "" {
		return nil
	}
	pool, err := certs.LoadPool(t.ClientCA)
	if err == nil && t.ClientCRL != "" {
		_, err = certs.OpenRevoked(t.ClientCRL, pool, nil)
	}
	return err
}

func checkedKeys(err error) []checkedKey {
	found := []checkedKey{}
	if err == nil {
		return found
	}
	for _, e := range config.Errors(err) {
		found = append(found, checkedKey{e.File, e.Line, e.Source, e.Key, e.Problem, e.Hint})
	}
	if len(found) == 0 {
		for _, line := range fault.Of(err) {
			found = append(found, checkedKey{Problem: line.Problem, Hint: line.Hint})
		}
	}
	return found
}

// meaning is what the TLS settings offer to clients.
func meaning(c config.Config) *checkedTLS {
	m := &checkedTLS{Profile: c.TLS.Profile, CipherSuites: []string{}}
	offered, err := tlsprofile.New(c.TLSOptions())
	if err != nil {
		return m
	}
	m.Versions = versionsOf(offered)
	m.CipherSuites = append(m.CipherSuites, suitesOf(offered)...)
	return m
}
