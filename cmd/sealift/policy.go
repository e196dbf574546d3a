package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/cmd/sealift/internal/backend"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/nearest"
	"github.com/sealift/sealift/tlsprofile"
)

func newPolicy(h host) *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "Ask what the policy allows"}
	group(c)
	c.AddCommand(newPolicyCan(h))
	return c
}

// situation is how the client comes.
type situation struct {
	from, tls, prot, certificate string
	implicit                     bool
}

func newPolicyCan(h host) *cobra.Command {
	p, s := &place{h: h}, &situation{}
	c := &cobra.Command{
		Use: "can USER VERB [PATH]", Short: "Tell whether a command would be allowed, and by which rule", Args: args(2, 3),
		Long: `Can says what the server would answer to a client that does all in the right
order: AUTH, USER, PASS, PBSZ, PROT, a data address, and then the command. The
exit code is 0 for yes and 5 for no.`,
		Example: "  sealift policy can alice STOR /in/report.pdf --from 192.0.2.7 --tls 1.3 --prot P",
		RunE: func(c *cobra.Command, given []string) error {
			return p.onAccounts(c.Context(), false, func(all accounts) error {
				a, err := all.Get(c.Context(), given[0])
				if err != nil {
					return all.named(c.Context(), given[0], err)
				}
				cmd := ftp.Command{Verb: strings.ToUpper(given[1]), Arg: strings.Join(given[2:], "")}
				v, err := s.ask(all.config, a, cmd)
				if err != nil {
					return err
				}
				return p.say(v)
			})
		},
	}
	p.addTo(c)
	c.Flags().StringVar(&s.from, "from", "", "`ADDR` of the client")
	c.Flags().StringVar(&s.tls, "tls", "1.3", "`VERSION` of TLS on the control connection: "+strings.Join(tlsprofile.Versions(), ", ")+" or none")
	c.Flags().StringVar(&s.prot, "prot", "", "`P or C`: protection of the data connections (default P with TLS, else C)")
	c.Flags().BoolVar(&s.implicit, "implicit", false, "the client comes to the port for implicit FTPS")
	c.Flags().StringVar(&s.certificate, "certificate", "", "PEM `FILE` of the client certificate that is shown")
	return c
}

// verdict is the answer.
type verdict struct {
	User    string   `json:"user"`
	Verb    string   `json:"verb"`
	Path    string   `json:"path,omitempty"`
	Allowed bool     `json:"allowed"`
	Rule    string   `json:"rule,omitempty"`
	Code    ftp.Code `json:"code,omitempty"`
	Reply   string   `json:"reply,omitempty"`
	Rights  []string `json:"rights"` // of the account at the path
}

func (s *situation) ask(c config.Config, a account.Account, cmd ftp.Command) (verdict, error) {
	q, version, err := s.question(cmd)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{User: a.Name, Verb: cmd.Verb, Path: cmd.Arg, Rights: []string{}}
	offered, err := tlsprofile.New(c.TLSOptions())
	if err != nil {
		return v, err
	}
	if version != 0 && !offers(offered, version) {
		v.Rule, v.Reply = "tls.profile", "the TLS handshake fails: the server does not offer this version"
		return v, nil
	}
	policy, err := c.AccountPolicy(a.Policy)
	if err != nil {
		return v, err
	}
	q.Grant = backend.GrantOf(a, policy)
	if s.certificate != "" {
		if q.Certificate, err = belongs(a, s.certificate); err != nil {
			return v, err
		}
	}
	answer := c.Policy.Can(q)
	if !a.Usable(time.Now()) && answer.Reply.IsZero() {
		answer.Rule, answer.Reply = "account", ftp.Reply{Code: ftp.CodeNotLoggedIn, Text: "Wrong name or password"}
	}
	v.Rule, v.Code, v.Reply = answer.Rule, answer.Reply.Code, answer.Reply.Text
	v.Allowed = answer.Reply.IsZero()
	v.Rights = rights(answer.Perm)
	return v, nil
}

// rights are the single words for perm.
func rights(perm ftpserver.Perm) []string {
	words := []string{}
	for _, word := range account.Words() {
		p, err := account.ParsePermissions(word)
		if err == nil && bits.OnesCount16(uint16(p)) == 1 && backend.PermissionsOf(perm).Has(p) {
			words = append(words, word)
		}
	}
	return words
}

func (s *situation) question(cmd ftp.Command) (ftpserver.Question, uint16, error) {
	q := ftpserver.Question{Command: cmd, Implicit: s.implicit}
	if _, err := cmd.Line(); err != nil {
		return q, 0, fault.New(fault.Usage, "a verb is one word: STOR", "%q is no command", cmd.Verb+" "+cmd.Arg)
	}
	if s.from != "" {
		if _, err := netip.ParseAddr(s.from); err != nil {
			return q, 0, fault.New(fault.Usage, "write it as 192.0.2.7 or 2001:db8::7", "--from: %q is no address", s.from)
		}
	}
	version, err := parseVersion(s.tls)
	if err != nil {
		return q, 0, err
	}
	q.TLS = version != 0
	switch {
	case s.implicit && !q.TLS:
		return q, 0, fault.New(fault.Usage, "leave one of them out", "--implicit is TLS from the start, --tls none is none")
	case s.prot == "":
		s.prot = "C"
		if q.TLS {
			s.prot = "P"
		}
	}
	if err := nearest.Check("level", s.prot, []string{"P", "C"}); err != nil {
		return q, 0, &fault.Error{Code: fault.Usage, Problem: "--prot", Err: err}
	}
	if s.prot == "P" {
		q.Protection = ftpserver.ProtPrivate
	}
	return q, version, nil
}

// belongs tells whether the certificate in the file is the account's.
func belongs(a account.Account, file string) (bool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return false, fault.New(fault.Usage, "it begins with -----BEGIN CERTIFICATE-----", "%s holds no certificate in PEM", file)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return false, err
	}
	return a.Match(cert) || len(a.CertificateRules) == 0, nil
}

// errNo is the exit code of a no, which stdout has said.
var errNo = &toldError{&fault.Error{Code: fault.Refused, Problem: "not allowed", Err: errors.New("policy")}}

func (p *place) say(v verdict) error {
	if p.json {
		if err := printJSON(p.h.stdout, v); err != nil {
			return err
		}
	} else if v.Allowed {
		fmt.Fprintf(p.h.stdout, "yes\nrights there: %s\n", strings.Join(v.Rights, " "))
	} else if v.Code == 0 {
		fmt.Fprintf(p.h.stdout, "no: %s\nrule: %s\n", v.Reply, v.Rule)
	} else {
		fmt.Fprintf(p.h.stdout, "no: %d %s\nrule: %s\n", v.Code, v.Reply, v.Rule)
	}
	if v.Allowed {
		return nil
	}
	return errNo
}
