package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/daemon"
)

func newServe(h host) *cobra.Command {
	p := &place{h: h}
	flags := &listenFlags{}
	c := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Run the server",
		Long: `Serve runs the server until SIGTERM or SIGINT, which let transfers end first.
SIGHUP reads the configuration again.

With DIR and nothing set up it makes all that is needed: a certificate of a
small private authority, and the account "drop" with DIR as its root and a
generated password, which is shown once. It listens on port 21 if it may, else
on 2121, and wants TLS for commands and data.`,
		Example: "  sealift serve ./drop\n  sealift serve --config /etc/sealift.toml",
		Args:    args(0, 1),
		RunE: func(c *cobra.Command, given []string) error {
			o := daemon.Options{
				File: p.file, Settings: append(p.settings(), flags.settings(c)...), Env: h.env, Version: version(), Log: h.stderr,
				Ready: func(r daemon.Ready) { announce(h.stdout, r, p.json) },
			}
			if len(given) > 0 {
				o.Dir = given[0]
			}
			signals := make(chan os.Signal, 4)
			signal.Notify(signals, syscall.SIGTERM, os.Interrupt, syscall.SIGHUP)
			defer signal.Stop(signals)
			return daemon.Run(context.WithoutCancel(c.Context()), o, signals)
		},
	}
	p.addTo(c)
	flags.addTo(c)
	return c
}

// announcement is what serve prints when it is ready.
type announcement struct {
	Explicit    []string `json:"explicit"`
	Implicit    []string `json:"implicit"`
	Fingerprint string   `json:"fingerprint"`
	CAFile      string   `json:"ca_file,omitempty"`
	User        string   `json:"user,omitempty"`
	Password    string   `json:"password,omitempty"`
	Home        string   `json:"home,omitempty"`
}

// announce prints how to reach the server: for people only where a directory
// is served, for then nobody has read a manual.
func announce(w io.Writer, r daemon.Ready, asJSON bool) {
	a := announcement{Explicit: r.Explicit, Implicit: r.Implicit, Fingerprint: r.Fingerprint, CAFile: r.CAFile}
	if r.Drop != nil {
		a.User, a.Password, a.Home = r.Drop.User, r.Drop.Password, r.Drop.Home
	}
	// Nobody may read stdout any more; the server runs all the same.
	switch {
	case asJSON:
		_ = printJSON(w, a)
	case r.Drop != nil && len(r.Explicit) > 0:
		_, _ = io.WriteString(w, banner(a, reachable(r)))
	}
}

// banner says what to give to the people who upload.
func banner(a announcement, address string) string {
	host, port, _ := net.SplitHostPort(address)
	password := a.Password + "  (shown this once)"
	if a.Password == "" {
		password = "as before; sealift user passwd " + a.User + " sets a new one"
	}
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "  %-12s %s\n", name, value) }
	b.WriteString("Sealift is ready.\n\n")
	line("address", address+"  (explicit FTPS)")
	line("account", a.User+", its root is "+printable(a.Home))
	line("password", password)
	line("certificate", "SHA-256 "+a.Fingerprint)
	if a.CAFile != "" {
		line("CA", printable(a.CAFile)+"  (copy it to the clients' computers)")
	}
	b.WriteString("\nTo look in, paste one of these; each asks for the password:\n\n")
	fmt.Fprintf(&b, "  %s\n  %s\n  %s\n", ownLine(a, address), curlLine(a, address), lftpLine(a, address))
	fmt.Fprintf(&b, "\nTo upload, say to sealift and lftp: put FILE; add to the line of curl: --upload-file FILE\n")
	fmt.Fprintf(&b, "\nFileZilla: Host ftpes://%s  Username %s  Port %s; compare the certificate's SHA-256.\n\n", bracketed(host), a.User, port)
	return b.String()
}

// ownLine is the shell of Sealift's own client.
func ownLine(a announcement, address string) string {
	line := "sealift shell "
	if a.CAFile != "" {
		line += "--ca " + shellWord(a.CAFile) + " "
	}
	return line + shellWord(a.User+"@"+address)
}

// curlLine asks for the password on the terminal, or takes it from stdin.
func curlLine(a announcement, address string) string {
	line := "curl --ssl-reqd "
	if a.CAFile != "" {
		line += "--cacert " + shellWord(a.CAFile) + " "
	}
	return line + "--user " + shellWord(a.User) + " ftp://" + address + "/"
}

// lftpLine sets what is to be trusted before it connects.
func lftpLine(a announcement, address string) string {
	set := "set ftp:ssl-force yes; set ftp:ssl-protect-data yes"
	if a.CAFile != "" {
		set += fmt.Sprintf("; set ssl:ca-file %q", a.CAFile)
	}
	return "lftp -e " + shellWord(set+"; open -u "+a.User+" ftp://"+address)
}

// reachable is an address under which other computers, too, reach the first
// explicit port, and which the certificate has.
func reachable(r daemon.Ready) string {
	host, port, err := net.SplitHostPort(r.Explicit[0])
	if err != nil {
		return r.Explicit[0]
	}
	if r.CAFile == "" && len(r.Names) > 0 {
		return net.JoinHostPort(r.Names[0], port)
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsUnspecified() {
		host = localAddress()
	}
	return net.JoinHostPort(host, port)
}

// localAddress is the first IPv4 address of this machine that others may
// reach, or else 127.0.0.1.
func localAddress() string {
	loopback := "127.0.0.1"
	_, ips, err := certs.LocalNames()
	if err != nil {
		return loopback
	}
	for _, ip := range ips {
		if ip.To4() != nil && !ip.IsLoopback() {
			return ip.String()
		}
	}
	return loopback
}

// bracketed is an IPv6 address as a URL has it.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
