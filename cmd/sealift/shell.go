package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/shell"
	"github.com/sealift/sealift/ftpclient"
)

func newShell(h host) *cobra.Command {
	var line, file string
	c := &cobra.Command{
		Use: "shell [URL]", Short: "Talk to a server, command by command", Args: args(0, 1),
		Long: `Shell takes commands like ftp and lftp: help lists them. On a terminal it has
history and completes names with Tab; Ctrl-C ends a command, not the shell.

Without a terminal it takes the commands from stdin, with -f from a file, with
-c from the command line, parted by ";". There the first command that fails
ends it, with the exit code of that failure.

Words are parted by blanks; '…', "…" and a backslash keep them together.`,
		Example: "  sealift shell ftpes://alice@ftp.example.com\n  sealift shell ftpes://alice@ftp.example.com -c 'cd in; mget *.csv'",
	}
	c.Flags().StringVarP(&line, "command", "c", "", "carry out `COMMANDS` and end")
	c.Flags().StringVarP(&file, "file", "f", "", "carry out the lines of `FILE` and end")
	return talking(h, c, func(ctx context.Context, r *remote, given []string) error {
		if c.Flags().Changed("command") && file != "" {
			return fault.New(fault.Usage, "leave one of them out", "-c and -f are two sources of commands")
		}
		s, err := shell.New(r.shellOptions())
		if err != nil {
			return err
		}
		defer s.Close()
		switch {
		case c.Flags().Changed("command"):
			return r.script(ctx, s, given, strings.NewReader(line), "")
		case file != "":
			f, err := os.Open(file)
			if err != nil {
				return &fault.Error{Code: fault.Usage, Problem: "-f", Err: err}
			}
			defer f.Close()
			return r.script(ctx, s, given, f, file)
		case !h.hasTerminal():
			return r.script(ctx, s, given, h.stdin, "stdin")
		}
		return r.interact(ctx, s, given)
	})
}

func (r *remote) shellOptions() shell.Options {
	return shell.Options{
		Open: r.openSession, Out: r.h.stdout, Err: r.h.stderr, Form: r.form(false), Home: r.h.getenv("HOME"), Run: r.h.runHere,
	}
}

// openSession is a connection for the commands of a shell. Files travel on
// others, with the same login.
func (r *remote) openSession(ctx context.Context, url string) (*shell.Session, error) {
	to, err := parseLocation(url)
	if err != nil {
		return nil, err
	}
	o, err := r.settled(ctx, to)
	if err != nil {
		return nil, err
	}
	c, err := r.trusting(ctx, func() (*ftpclient.Conn, error) { return ftpclient.Dial(ctx, to.address(), o) })
	if err != nil {
		return nil, err
	}
	name := to.host
	if o.User != "" {
		name = o.User + "@" + name
	}
	return &shell.Session{Conn: c, Copier: r.copier(to, o), Name: name, Path: to.path}, nil
}

func (r *remote) script(ctx context.Context, s *shell.Shell, urls []string, lines io.Reader, name string) error {
	for _, url := range urls {
		if err := s.Open(ctx, url); err != nil {
			return err
		}
	}
	return s.Script(ctx, lines, name)
}

// interact is on a terminal, where a server that does not answer is no reason
// to leave.
func (r *remote) interact(ctx context.Context, s *shell.Shell, urls []string) error {
	history, err := shell.OpenHistory(shell.HistoryFile(r.h.getenv))
	if err != nil {
		r.warn("the lines of earlier shells cannot be read: " + err.Error())
	}
	terminal := int(r.h.stdin.Fd())
	console := shell.Console{
		ReadWriter: struct {
			io.Reader
			io.Writer
		}{r.h.stdin, r.h.stdout},
		Raw: func() (func() error, error) {
			before, err := term.MakeRaw(terminal)
			return func() error { return term.Restore(terminal, before) }, err
		},
		Size:     func() (int, int, error) { return term.GetSize(terminal) },
		Command:  interruptible(ctx),
		Complain: func(err error) { complain(r.h.stderr, err) },
		History:  history,
	}
	for _, url := range urls {
		if err := console.Command(func(ctx context.Context) error { return s.Open(ctx, url) }); err != nil {
			console.Complain(err)
		}
	}
	return errors.Join(s.Interact(console), history.Err())
}

// interruptible runs commands so that Ctrl-C ends only the one that runs.
func interruptible(ctx context.Context) func(run func(context.Context) error) error {
	ctx = context.WithoutCancel(ctx)
	return func(run func(context.Context) error) error {
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
		defer stop()
		return run(ctx)
	}
}

// runHere runs a command line of the system.
func (h host) runHere(ctx context.Context, line, dir string) error {
	interpreter := []string{"sh", "-c"}
	if runtime.GOOS == "windows" {
		interpreter = []string{"cmd", "/C"}
	}
	c := exec.CommandContext(ctx, interpreter[0], interpreter[1], line)
	c.Dir, c.Env, c.Stdin, c.Stdout, c.Stderr = dir, h.env, h.stdin, h.stdout, h.stderr
	if err := c.Run(); err != nil {
		return &fault.Error{Code: fault.Failed, Problem: "!" + line, Err: err}
	}
	return nil
}
