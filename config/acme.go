package config

import (
	"net/url"
	"path/filepath"
	"strings"
)

// ACME says for which names a certificate is fetched, from whom, and how the
// names are proved to be this server's (RFC 8555).
type ACME struct {
	Hosts       []string // in lower case; none: ACME is off
	AcceptTerms bool
	Email       string
	Directory   string // URL
	CA          string // PEM file, or "" for the system's CAs
	Challenge   string
	Listen      string // as net.Listen takes it; "" is the challenge's port
	DNSCommand  []string
	EABKeyID    string
	EABKeyFile  string
}

// The challenges, as RFC 8555 and RFC 8737 call them.
const (
	challengeHTTP = "http-01"
	challengeALPN = "tls-alpn-01"
	challengeDNS  = "dns-01"
)

// letsEncrypt is the CA that is asked where no other is named.
const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// Address is where the ACME server looks for the answer; "" for dns-01.
func (a ACME) Address() string {
	switch {
	case a.Challenge == challengeDNS || a.Listen != "":
		return a.Listen
	case a.Challenge == challengeALPN:
		return ":443"
	}
	return ":80"
}

// hostNames is a list of names as DNS has them, each once and in lower case;
// the first label may be a "*".
type hostNames struct{ p *[]string }

func (h hostNames) set(v any) error {
	list, err := stringList(v)
	if err != nil {
		return err
	}
	for i, name := range list {
		if !isHostName(strings.TrimPrefix(name, "*.")) {
			return wrongf(`write it as ["ftp.example.org"]; letters beyond ASCII in their xn-- form`, "%q is no host name", name)
		}
		list[i] = strings.ToLower(strings.TrimSuffix(name, "."))
		for _, former := range list[:i] {
			if former == list[i] {
				return wrongf("", "%s is there twice", former)
			}
		}
	}
	*h.p = list
	return nil
}

func (h hostNames) parse(s string) error { return h.set(commaList(s)) }
func (h hostNames) toml() string         { return quoteList(*h.p) }

// address is one address to listen on, or "".
type address struct{ p *string }

func (a address) set(v any) error {
	s, ok := v.(string)
	if !ok {
		return wrongKind(v, "an address with a port", `":80"`)
	}
	return a.parse(s)
}

func (a address) parse(s string) error {
	if s != "" {
		if err := checkListen(s); err != nil {
			return err
		}
	}
	*a.p = s
	return nil
}

func (a address) toml() string { return quote(*a.p) }

// webURL is an https URL.
type webURL struct{ p *string }

func (u webURL) set(v any) error {
	s, ok := v.(string)
	if !ok {
		return wrongKind(v, "a URL", quote(letsEncrypt))
	}
	return u.parse(s)
}

func (u webURL) parse(s string) error {
	found, err := url.Parse(s)
	if err != nil || found.Scheme != "https" || found.Host == "" || printable(s) != nil {
		return wrongf("write it as "+letsEncrypt, "%q is no https URL", s)
	}
	*u.p = s
	return nil
}

func (u webURL) toml() string { return quote(*u.p) }

// validateACME finds what is missing for the challenge that was chosen.
func (c Config) validateACME() error {
	a := c.ACME
	if a.EABKeyID == "" != (a.EABKeyFile == "") {
		return c.about(c.givenOf("acme.eab_key_id", "acme.eab_key_file"), "set acme.eab_key_id and acme.eab_key_file", "one of the two is set, both belong together")
	}
	if len(a.Hosts) == 0 {
		return nil
	}
	command := ""
	if len(a.DNSCommand) > 0 {
		command = a.DNSCommand[0]
	}
	switch {
	case !a.AcceptTerms:
		return c.about("acme.hosts", "read the terms of the CA and set acme.accept_terms = true; Let's Encrypt has them at https://letsencrypt.org/repository/",
			"needs acme.accept_terms: a CA gives certificates to those who accept its terms of service")
	case a.Email != "" && (!strings.Contains(a.Email, "@") || strings.ContainsAny(a.Email, " ,:?")):
		return c.about("acme.email", "write it as admin@example.org; one address is enough", "%q is no e-mail address", a.Email)
	case a.Challenge == challengeDNS && command == "":
		return c.about("acme.challenge", "set acme.dns_command to a program that sets and removes a TXT record", "is %q, which needs acme.dns_command", challengeDNS)
	case strings.ContainsAny(command, `/\`) && !filepath.IsAbs(command):
		return c.about("acme.dns_command", "write its whole path, or a bare name that is found in PATH", "%q depends on where the server is started", command)
	case a.Challenge != challengeDNS && strings.Contains(strings.Join(a.Hosts, " "), "*"):
		return c.about("acme.hosts", `set acme.challenge = "dns-01"`, "has a wildcard, which %s cannot prove", a.Challenge)
	}
	return nil
}

// givenOf is the key that was given of two.
func (c Config) givenOf(first, second string) string {
	if c.Given(first) {
		return first
	}
	return second
}
