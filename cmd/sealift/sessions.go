package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// asking is a command that asks a running server.
func asking(h host, c *cobra.Command, ask func(c *cobra.Command, s *control.Client, asJSON bool, given []string) error) *cobra.Command {
	p := &place{h: h}
	p.addTo(c)
	c.RunE = func(c *cobra.Command, given []string) error {
		s, err := p.server()
		if err != nil {
			return err
		}
		return ask(c, s, p.json, given)
	}
	return c
}

func newSessions(h host) *cobra.Command {
	c := &cobra.Command{Use: "sessions", Short: "List the sessions of a running server", Args: args(0, 0)}
	return asking(h, c, func(c *cobra.Command, s *control.Client, asJSON bool, _ []string) error {
		all, err := s.Sessions(c.Context())
		if err != nil {
			return err
		}
		if !asJSON {
			return printTable(h.stdout, "ID USER FROM BEGAN TLS KEYS CLIENT DOES", sessionRows(all))
		}
		for _, one := range all {
			if err := printJSON(h.stdout, one); err != nil {
				return err
			}
		}
		return nil
	})
}

func sessionRows(all []control.Session) (rows [][]string) {
	for _, s := range all {
		does := ""
		if t := s.Transfer; t != nil {
			does = fmt.Sprintf("%s %s, %s", t.Verb, t.Path, size(t.Bytes))
		}
		rows = append(rows, []string{s.ID, s.User, s.Remote, ago(s.Began), strings.TrimPrefix(s.TLS, "TLS "), s.KeyExchange, s.Client, does})
	}
	return rows
}

func newKick(h host) *cobra.Command {
	c := &cobra.Command{
		Use: "kick ID", Short: "End a session of a running server", Args: args(1, 1),
		Long: "Kick ends the session of that ID, as sealift sessions shows it. A transfer that runs is cut.",
	}
	return asking(h, c, func(c *cobra.Command, s *control.Client, asJSON bool, given []string) error {
		found, err := s.Kick(c.Context(), given[0])
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.NotFound, "sealift sessions shows them", "no session has the ID %q", given[0])
		}
		if asJSON {
			return printJSON(h.stdout, map[string]string{"kicked": given[0]})
		}
		_, err = fmt.Fprintf(h.stdout, "session %s ended\n", given[0])
		return err
	})
}

func newReload(h host) *cobra.Command {
	c := &cobra.Command{
		Use: "reload", Short: "Make a running server read its configuration again", Args: args(0, 0),
		Long: `Reload puts the configuration into force as it is now. With an error nothing
changes. Sessions that run keep their TLS settings and limits.`,
	}
	return asking(h, c, func(c *cobra.Command, s *control.Client, asJSON bool, _ []string) error {
		done, err := s.Reload(c.Context())
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(h.stdout, done)
		}
		how := "reloaded, nothing is different"
		if done.Changed {
			how = "reloaded"
		}
		fmt.Fprintf(h.stdout, "%s, %s\n", how, done.ConfigHash)
		for _, warning := range done.Warnings {
			fmt.Fprintln(h.stdout, printable(warning))
		}
		return nil
	})
}

func newStatus(h host) *cobra.Command {
	c := &cobra.Command{Use: "status", Short: "Tell how a running server is", Args: args(0, 0)}
	return asking(h, c, func(c *cobra.Command, s *control.Client, asJSON bool, _ []string) error {
		st, err := s.Status(c.Context())
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(h.stdout, st)
		}
		return printStatus(h.stdout, st)
	})
}

var origins = map[control.Origin]string{
	control.Configured: "named in the configuration", control.Installed: "installed with sealift cert install",
	control.Fetched: "from the CA, by ACME", control.Own: "the server's own",
}

// acmeLine says when the CA is asked next, and why.
func acmeLine(a *control.ACME) string {
	line := strings.Join(a.Hosts, ", ") + ": "
	next := a.Next.Format("2006-01-02 15:04 MST")
	switch {
	case a.Ordering:
		return line + "the CA is being asked"
	case a.Failures > 0:
		return fmt.Sprintf("%sfailed %d times, next try %s", line, a.Failures, next)
	}
	return line + "renewal " + next
}

func printStatus(w io.Writer, st control.Status) error {
	file := st.Config
	if file == "" {
		file = "no file"
	}
	acme := ""
	if st.ACME != nil {
		acme = acmeLine(st.ACME)
	}
	if err := printFields(w, [][2]string{
		{"health", st.Health},
		{"explicit", strings.Join(st.Explicit, " ")},
		{"implicit", strings.Join(st.Implicit, " ")},
		{"sessions", fmt.Sprintf("%d, %d of them in a transfer", st.Sessions, st.Transfers)},
		{"certificate", "SHA-256 " + st.Certificate.Fingerprint + ", ends " + st.Certificate.Ends.Format("2006-01-02") + ", " + origins[st.Certificate.Origin]},
		{"ACME", acme},
		{"started", ago(st.Started)},
		{"data", st.DataDir},
		{"configuration", file + ", " + st.ConfigHash},
		{"process", strconv.Itoa(st.PID) + ", version " + st.Version},
	}); err != nil {
		return err
	}
	for _, warning := range st.Warnings {
		fmt.Fprintln(w, printable(warning))
	}
	if st.ACME != nil && st.ACME.Hint != "" {
		fmt.Fprintln(w, "hint: "+printable(st.ACME.Hint))
	}
	return nil
}
