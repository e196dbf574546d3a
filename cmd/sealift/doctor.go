package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/nearest"
	"github.com/sealift/sealift/probe"
)

// doctor are the flags of the command.
type doctor struct {
	remote
	place    place
	self     bool
	readOnly bool
	slow     bool
	only     []string
	skip     []string
	junit    string
	failOn   string
	list     bool
}

func newDoctor(h host) *cobra.Command {
	d := &doctor{remote: remote{h: h}, place: place{h: h}}
	c := &cobra.Command{
		Use: "doctor [USER@]HOST[:PORT]", Short: "Examine an FTPS server: what is wrong, why, and what to do", Args: args(0, 1),
		Long: `Doctor connects to any FTPS server and examines names, commands, TLS, the
certificate, data connections and files. Of each point it says ok, note, warning
or failure, why that matters, and what to do about it, in the words of the
server's software if it recognises it.

Without a user it examines what can be seen before a login. With one, it writes
small files into one directory of its own, sealift-doctor-…, and removes it at
the end, also when it is interrupted; a path in the URL says where. --read-only
writes nothing. The password is never sent in clear, nor to a server whose
certificate is not trusted.

The exit code is 0 when nothing failed, 1 when something did, 3 when no
connection could be made, 4 when the certificate is not to be trusted, and 5
when the login was refused.

  --self examines the server of this machine, as its clients reach it, and its
  configuration and passive ports. It may be given a URL as well.`,
		Example: `  sealift doctor ftp.example.org
  sealift doctor ftpes://alice@ftp.example.org --read-only
  sealift doctor ftps://alice@192.0.2.7/upload --json --fail-on warning`,
		RunE: func(c *cobra.Command, given []string) error {
			if d.list {
				return d.printProbes()
			}
			return d.run(c.Context(), given)
		},
	}
	d.addTo(c)
	return c
}

// addTo adds the flags: those of the client that mean something here.
func (d *doctor) addTo(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&d.caFile, "ca", "", "trust only the authorities in the PEM `FILE`, not the system's")
	f.StringArrayVar(&d.pins, "pin", nil, "trust only the certificate with this SHA-256, or the key `PIN` sha256//BASE64; may be repeated")
	f.BoolVar(&d.insecure, "insecure", false, "send the password to a server that is not trusted")
	f.StringVar(&d.certFile, "cert", "", "show the client certificate in the PEM `FILE`")
	f.StringVar(&d.keyFile, "key", "", "its key, if the PEM `FILE` is another")
	f.BoolVar(&d.passwordStdin, "password-stdin", false, "read the password from the first line of stdin")
	f.DurationVar(&d.timeout, "timeout", 5*time.Second, "`TIME` to wait for an answer")
	f.BoolVar(&d.readOnly, "read-only", false, "write nothing to the server")
	f.BoolVar(&d.slow, "slow", false, "also wait for time limits, which takes minutes")
	f.StringSliceVar(&d.only, "only", nil, "run these probes alone: `ID,…`; --list shows them")
	f.StringSliceVar(&d.skip, "skip", nil, "leave these probes out: `ID,…`")
	f.StringVar(&d.failOn, "fail-on", "failure", "`failure or warning`: from what on the exit code is 1")
	f.StringVar(&d.junit, "junit", "", "also write the report to `FILE`, in the form of JUnit")
	f.BoolVar(&d.list, "list", false, "list the probes, and examine nothing")
	f.BoolVar(&d.self, "self", false, "examine the server of this machine, from its public address")
	d.place.addTo(c)
	c.Flags().Lookup("json").Usage = "print one JSON object"
}

func (d *doctor) run(ctx context.Context, given []string) error {
	if err := nearest.Check("word", d.failOn, []string{"failure", "warning"}); err != nil {
		return &fault.Error{Code: fault.Usage, Problem: "--fail-on", Err: err}
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	to, own, err := d.target(ctx, given)
	if err != nil {
		return err
	}
	o, err := d.options(ctx, to, own)
	if err != nil {
		return err
	}
	r, err := d.examine(ctx, o)
	if err != nil {
		return err
	}
	if err := d.writeJUnit(r); err != nil {
		return err
	}
	return d.verdict(r)
}

// target is the server to examine, and with --self what is known of it.
func (d *doctor) target(ctx context.Context, given []string) (location, *ownServer, error) {
	var own *ownServer
	if d.self {
		var err error
		if own, err = d.place.ownServer(ctx); err != nil {
			return location{}, nil, err
		}
	}
	switch {
	case len(given) > 0:
		to, err := parseLocation(given[0])
		// What is examined is what the server offers: ftp:// means no less.
		if to.security == ftpclient.Plaintext {
			to.security = ftpclient.Explicit
		}
		return to, own, err
	case own != nil:
		return own.location, own, nil
	}
	return location{}, nil, fault.New(fault.Usage, "usage: sealift doctor [USER@]HOST[:PORT]", "which server is to be examined?")
}

func (d *doctor) options(ctx context.Context, to location, own *ownServer) (probe.Options, error) {
	d.minTLS, d.stallTimeout = "1.2", time.Minute // for check, which knows more flags
	if err := d.check(to); err != nil {
		return probe.Options{}, err
	}
	port, err := strconv.ParseUint(to.port, 10, 16)
	if err != nil {
		return probe.Options{}, err
	}
	config, err := d.tls(to)
	if err != nil {
		return probe.Options{}, err
	}
	guard, err := d.guard(to)
	if err != nil {
		return probe.Options{}, err
	}
	if own != nil && guard.Roots == nil && len(guard.Pins) == 0 {
		guard.Roots = own.roots
	}
	o := probe.Options{
		Host: to.host, Port: uint16(port), Dir: to.path, Insecure: d.insecure,
		TLS:      &tls.Config{RootCAs: guard.Roots, Certificates: config.Certificates},
		ReadOnly: d.readOnly, Slow: d.slow, Only: d.only, Skip: d.skip, Timeout: d.timeout,
	}
	if to.security == ftpclient.Implicit {
		o.Security = probe.Implicit
	}
	if !d.insecure {
		o.Verify = guard.Verify
	}
	if own != nil {
		o.Self = &own.self
	}
	o.User, o.Password, err = d.account(ctx, to)
	return o, err
}

// account is who logs in: nobody, unless the URL or ~/.netrc names somebody.
func (d *doctor) account(ctx context.Context, to location) (user, password string, err error) {
	entry, err := d.netrc(to)
	if err != nil || cmp.Or(to.user, entry.user) == "" {
		return "", "", err
	}
	who, err := d.credentials(to)
	if err == nil && who.ask {
		who.password, err = d.askPassword(ctx, to, who.user)
	}
	return who.user, who.password, err
}

func (d *doctor) examine(ctx context.Context, o probe.Options) (probe.Report, error) {
	if d.place.json {
		r, err := probe.Examine(ctx, o)
		if err != nil {
			return r, fault.New(fault.Usage, "sealift doctor --list shows them", "%s", err.Error())
		}
		return r, printJSON(d.h.stdout, r)
	}
	text := probe.Text{W: d.h.stdout}
	text.Color, text.Width = d.h.looks()
	o.Each = text.Finding
	r, err := probe.Examine(ctx, o)
	if err != nil {
		return r, fault.New(fault.Usage, "sealift doctor --list shows them", "%s", err.Error())
	}
	return r, text.End(r)
}

// looks says whether stdout takes colours, and how wide it is; 0 where it is
// no terminal.
func (h host) looks() (color bool, width int) {
	f, isFile := h.stdout.(*os.File)
	if !isFile || !isatty.IsTerminal(f.Fd()) {
		return false, 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 80
	}
	return h.getenv("NO_COLOR") == "" && h.getenv("TERM") != "dumb", width
}

func (d *doctor) writeJUnit(r probe.Report) (err error) {
	if d.junit == "" {
		return nil
	}
	f, err := os.Create(d.junit)
	if err != nil {
		return &fault.Error{Code: fault.Failed, Problem: "--junit", Err: err}
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	return probe.WriteJUnit(f, r, d.failOn == "warning")
}

// verdict is the exit code. The report has said everything.
func (d *doctor) verdict(r probe.Report) error {
	codes := map[probe.Outcome]fault.Code{
		probe.NotConnected: fault.NotConnected, probe.Interrupted: fault.Failed, probe.NotTrusted: fault.NotTrusted,
		probe.Refused: fault.Refused, probe.Failed: fault.Failed,
	}
	code := codes[r.Outcome]
	if r.Outcome == probe.Warned && d.failOn == "warning" {
		code = fault.Failed
	}
	if code == fault.Done {
		return nil
	}
	return &toldError{fault.New(code, "", "%s", r.Outcome)}
}

// listedProbe is a line of --list.
type listedProbe struct {
	ID      string `json:"id"`
	Section string `json:"section"`
	Title   string `json:"title"`
	Why     string `json:"why"`
}

func (d *doctor) printProbes() error {
	if !d.place.json {
		return printProbeTable(d.h.stdout)
	}
	for _, p := range probe.Probes() {
		if err := printJSON(d.h.stdout, listedProbe{p.ID, p.Section, p.Title, p.Why}); err != nil {
			return err
		}
	}
	return nil
}

func printProbeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range probe.Probes() {
		fmt.Fprintln(t, strings.Join([]string{p.ID, p.Section, p.Title}, "\t"))
	}
	return t.Flush()
}
