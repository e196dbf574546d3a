// Command sealift is an FTPS server and the tools around it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

func main() { os.Exit(int(run(os.Args[1:], process()))) }

// host is what a command has to do with the outside.
type host struct {
	stdin          *os.File
	stdout, stderr io.Writer
	env            []string
}

func process() host { return host{os.Stdin, os.Stdout, os.Stderr, os.Environ()} }

// run carries one command line out. Results go to stdout, what is wrong to
// stderr: a line that says what, and one that says what to do.
func run(args []string, h host) fault.Code {
	root := newRoot(h)
	root.SetArgs(args)
	root.SetIn(h.stdin)
	root.SetOut(h.stdout)
	root.SetErr(h.stderr)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return fault.Done
	}
	complain(h.stderr, err)
	return fault.CodeOf(err)
}

func complain(w io.Writer, err error) {
	var told *toldError
	if errors.As(err, &told) {
		return
	}
	for _, line := range fault.Of(err) {
		fmt.Fprintf(w, "error: %s\n", printable(line.Problem))
		if line.Hint != "" {
			fmt.Fprintf(w, "hint: %s\n", printable(line.Hint))
		}
	}
}

// toldError is a failure that has been said already.
type toldError struct{ err error }

func (e *toldError) Error() string { return e.err.Error() }
func (e *toldError) Unwrap() error { return e.err }

// version is that of the module, or of the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel " + s.Value[:12]
		}
	}
	return "devel"
}

// newRoot is the command tree.
func newRoot(h host) *cobra.Command {
	root := &cobra.Command{
		Use:   "sealift",
		Short: "An FTPS server that does it right",
		Long: `Sealift is an FTPS server (FTP over TLS, RFC 4217) and the tools around it.

The first step is "sealift serve ./drop": a secure server, nothing else set up.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("sealift {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fault.New(fault.Usage, c.CommandPath()+" --help shows the flags", "%s", err.Error())
	})
	root.AddCommand(newServe(h), newInit(h), newConfig(h), newUser(h), newCert(h), newPolicy(h),
		newSessions(h), newKick(h), newReload(h), newStatus(h), newCiphers(h), newDoctor(h))
	root.AddCommand(newLs(h), newCat(h), newStat(h), newHash(h), newRm(h), newMkdir(h), newRmdir(h), newMv(h), newShell(h), newGet(h), newPut(h), newSync(h))
	group(root)
	return root
}
