package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/knownhost"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/nearest"
	"github.com/sealift/sealift/tlsprofile"
)

// remote is how a command of the client reaches a server: its flags, and what
// they mean together with a URL. It is for one goroutine.
type remote struct {
	h                 host
	caFile            string
	pins              []string
	insecure          bool
	insecurePlaintext bool
	strict            bool
	certFile, keyFile string
	passwordStdin     bool
	active            bool
	minTLS            string
	acceptMissing     bool
	timeout           time.Duration
	stallTimeout      time.Duration
	trace             bool
	json              bool

	stdinPassword *string                // read already
	asked         map[string]credentials // by user and address
	nobody        bool                   // no account was named: anonymous it is
	warned        map[string]bool
}

// addTo adds the flags to a command.
func (r *remote) addTo(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.caFile, "ca", "", "trust only the authorities in the PEM `FILE`, not the system's")
	f.StringArrayVar(&r.pins, "pin", nil, "trust only the certificate with this SHA-256, as the server prints it, or the key `PIN` sha256//BASE64; may be repeated")
	f.BoolVar(&r.strict, "strict", false, "trust only authorities and pins: ask nobody, do not look into known_hosts")
	f.BoolVar(&r.insecure, "insecure", false, "trust every certificate: whoever sits in between reads all")
	f.BoolVar(&r.insecurePlaintext, "insecure-plaintext", false, "allow ftp:// URLs: password and files travel in clear")
	f.StringVar(&r.certFile, "cert", "", "show the client certificate in the PEM `FILE`")
	f.StringVar(&r.keyFile, "key", "", "its key, if the PEM `FILE` is another")
	f.BoolVar(&r.passwordStdin, "password-stdin", false, "read the password from the first line of stdin")
	f.BoolVar(&r.active, "active", false, "let the server open data connections (PORT, EPRT)")
	f.StringVar(&r.minTLS, "min-tls", "1.2", "oldest TLS `VERSION` to speak: "+strings.Join(tlsprofile.Versions(), ", "))
	f.BoolVar(&r.acceptMissing, "accept-missing-close-notify", false, "take a file for whole when the server ends it without TLS's close_notify")
	f.DurationVar(&r.timeout, "timeout", 30*time.Second, "`TIME` to wait for a connection, a handshake, a reply")
	f.DurationVar(&r.stallTimeout, "stall-timeout", 60*time.Second, "`TIME` after which a transfer that moves no byte is given up")
	f.BoolVar(&r.trace, "trace", false, "show commands and replies on stderr, without passwords")
	f.BoolVar(&r.json, "json", false, "print JSON")
}

// connect logs in to the server of a location.
func (r *remote) connect(ctx context.Context, to location) (*ftpclient.Conn, error) {
	o, err := r.settled(ctx, to)
	if err != nil {
		return nil, err
	}
	return r.trusting(ctx, func() (*ftpclient.Conn, error) { return ftpclient.Dial(ctx, to.address(), o) })
}

// pool is a pool, for an engine of transfer, of at most so many connections to
// the server of a URL, which has been reached once: nothing is asked later.
func (r *remote) pool(ctx context.Context, rawURL string, most int) (*ftpclient.Pool, string, error) {
	to, err := parseLocation(rawURL)
	if err != nil {
		return nil, "", err
	}
	o, err := r.settled(ctx, to)
	if err != nil {
		return nil, "", err
	}
	o.SkipSizeCheck = true // transfer proves what it sends
	p := ftpclient.NewPool(to.address(), o, most)
	c, err := r.trusting(ctx, func() (*ftpclient.Conn, error) { return p.Get(ctx) })
	if err != nil {
		return nil, "", errors.Join(err, p.Close())
	}
	p.Put(c, nil)
	return p, to.path, nil
}

// settled are the options for a location, with a password. Before a person
// types one, the server must be there and trusted: it is reached once.
func (r *remote) settled(ctx context.Context, to location) (ftpclient.Options, error) {
	o, err := r.options(to)
	if err != nil {
		return o, err
	}
	who, err := r.credentials(to)
	if err != nil {
		return o, err
	}
	if kept, found := r.asked[who.user+"@"+to.address()]; found && who.ask {
		who = kept
	}
	if who.ask {
		if who, err = r.askFor(ctx, to, o, who); err != nil {
			return o, err
		}
	}
	o.User, o.Password = who.user, who.password
	return o, nil
}

func (r *remote) askFor(ctx context.Context, to location, o ftpclient.Options, who credentials) (credentials, error) {
	if r.h.hasTerminal() {
		c, err := r.trusting(ctx, func() (*ftpclient.Conn, error) { return ftpclient.Dial(ctx, to.address(), o) })
		if err != nil {
			return who, err
		}
		if err := c.Close(); err != nil {
			return who, err
		}
	}
	password, err := r.askPassword(ctx, to, who.user)
	if err != nil {
		return who, err
	}
	who.password, who.ask = password, false
	if r.asked == nil {
		r.asked = map[string]credentials{}
	}
	r.asked[who.user+"@"+to.address()] = who
	return who, nil
}

// trusting opens a connection. If its certificate is one that only a person
// can judge, and says yes to, it is opened again: while somebody thinks, no
// server has to wait.
func (r *remote) trusting(ctx context.Context, open func() (*ftpclient.Conn, error)) (*ftpclient.Conn, error) {
	c, err := open()
	unknown, judging := errors.AsType[*knownhost.Unknown](err)
	if !judging {
		return c, r.clearly(err)
	}
	if !r.h.hasTerminal() {
		return nil, unknown.Refusal()
	}
	if err := r.askTrust(ctx, unknown); err != nil {
		return nil, err
	}
	c, err = open()
	return c, r.clearly(err)
}

// clearly is the part of err that is for people, where it has one: what is
// wrong with a certificate needs no frame of TLS errors.
func (r *remote) clearly(err error) error {
	if own, found := errors.AsType[*fault.Error](err); found {
		return own
	}
	if r.nobody && fault.CodeOf(err) == fault.Refused {
		return &fault.Error{Code: fault.Refused, Problem: "anonymous is not let in", Err: err, Hint: "write the account into the URL: ftpes://NAME@HOST"}
	}
	return fault.Connecting(err)
}

func (r *remote) askTrust(ctx context.Context, unknown *knownhost.Unknown) error {
	fmt.Fprintf(r.h.stderr, "Nobody vouches for the certificate of %s:\n", printable(unknown.Guard.Address))
	for _, fact := range unknown.Facts() {
		fmt.Fprintf(r.h.stderr, "  %-8s %s\n", fact.Name, printable(fact.Value))
	}
	fmt.Fprintln(r.h.stderr, "Compare the SHA-256 with what the server printed at its start; sealift status shows it there.")
	yes, err := confirm(ctx, r.h, "Is it the same, and is this server to be trusted from now on?")
	if err != nil {
		return err
	}
	if !yes {
		return fault.New(fault.NotTrusted, "", "the certificate of %s was not accepted", unknown.Guard.Address)
	}
	return unknown.Accept()
}

// options are those of the flags, without a login.
func (r *remote) options(to location) (ftpclient.Options, error) {
	if err := r.check(to); err != nil {
		return ftpclient.Options{}, err
	}
	config, err := r.tls(to)
	if err != nil {
		return ftpclient.Options{}, err
	}
	guard, err := r.guard(to)
	if err != nil {
		return ftpclient.Options{}, err
	}
	o := ftpclient.Options{
		Security: to.security, TLS: config, Verify: guard.Verify,
		Timeout: r.timeout, StallTimeout: r.stallTimeout, AcceptMissingCloseNotify: r.acceptMissing,
	}
	if r.active {
		o.Routes = []ftpclient.Route{ftpclient.Active}
	}
	if r.trace {
		o.Trace = r.tell
	}
	return o, nil
}

// check refuses what contradicts itself, and warns of what is unsafe.
func (r *remote) check(to location) error {
	var loose []string
	for name, given := range map[string]bool{"--insecure": r.insecure, "--insecure-plaintext": r.insecurePlaintext, "--accept-missing-close-notify": r.acceptMissing} {
		if given {
			loose = append(loose, name)
		}
	}
	slices.Sort(loose)
	switch {
	case r.strict && len(loose) > 0:
		return fault.New(fault.Usage, "leave one of them out", "--strict and %s contradict each other", loose[0])
	case r.insecure && (len(r.pins) > 0 || r.caFile != ""):
		return fault.New(fault.Usage, "leave --insecure out", "--insecure trusts every certificate, --pin and --ca only some")
	case r.keyFile != "" && r.certFile == "":
		return fault.New(fault.Usage, "--cert FILE names the certificate", "--key without --cert")
	case r.timeout <= 0 || r.stallTimeout <= 0:
		return fault.New(fault.Usage, "", "--timeout and --stall-timeout are more than 0")
	case to.security == ftpclient.Plaintext && !r.insecurePlaintext:
		return fault.New(fault.Usage, "ftpes://"+to.host+" speaks TLS; if the server cannot, --insecure-plaintext allows ftp://",
			"ftp:// sends the password and the files in clear")
	case to.security == ftpclient.Plaintext:
		r.warn("password and files travel to " + to.address() + " in clear")
	case r.insecure:
		r.warn("nobody checks who " + to.address() + " is; whoever sits in between reads and changes everything")
	}
	return nil
}

// warn says a thing once.
func (r *remote) warn(text string) {
	if r.warned[text] {
		return
	}
	if r.warned == nil {
		r.warned = map[string]bool{}
	}
	r.warned[text] = true
	fmt.Fprintf(r.h.stderr, "warning: %s\n", printable(text))
}

func (r *remote) tls(to location) (*tls.Config, error) {
	if err := nearest.Check("TLS version", r.minTLS, tlsprofile.Versions()); err != nil {
		return nil, &fault.Error{Code: fault.Usage, Problem: "--min-tls", Err: err}
	}
	i := slices.IndexFunc(allVersions, func(v uint16) bool { return tlsprofile.VersionName(v) == "TLS "+r.minTLS })
	c := &tls.Config{MinVersion: allVersions[i], ServerName: to.host}
	if r.certFile == "" {
		return c, nil
	}
	own, err := tls.LoadX509KeyPair(r.certFile, cmp.Or(r.keyFile, r.certFile))
	if err != nil {
		return nil, &fault.Error{Code: fault.Usage, Problem: "--cert", Err: err, Hint: "--cert FILE --key FILE are a certificate and its key in PEM"}
	}
	c.Certificates = []tls.Certificate{own}
	return c, nil
}

func (r *remote) guard(to location) (knownhost.Guard, error) {
	g := knownhost.Guard{Host: to.host, Address: to.address(), Insecure: r.insecure, Strict: r.strict}
	for _, word := range r.pins {
		pin, err := knownhost.ParsePin(word)
		if err != nil {
			return g, err
		}
		g.Pins = append(g.Pins, pin)
	}
	if r.caFile != "" {
		pem, err := os.ReadFile(r.caFile)
		if err != nil {
			return g, &fault.Error{Code: fault.Usage, Problem: "--ca", Err: err}
		}
		g.Roots = x509.NewCertPool()
		if !g.Roots.AppendCertsFromPEM(pem) {
			return g, fault.New(fault.Usage, "it has lines like -----BEGIN CERTIFICATE-----", "--ca: %s holds no certificate in PEM", r.caFile)
		}
	}
	var err error
	g.Known, err = knownhost.DefaultFile(r.h.getenv)
	return g, err
}

// tell shows a line of the control connection.
func (r *remote) tell(l ftpclient.Line) {
	mark := "<"
	if l.Sent {
		mark = ">"
	}
	fmt.Fprintf(r.h.stderr, "%s %s\n", mark, printable(l.Text))
}
