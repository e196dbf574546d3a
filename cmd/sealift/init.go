package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
)

func newInit(h host) *cobra.Command {
	p := &place{h: h}
	flags := &listenFlags{}
	var force bool
	c := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented sealift.toml of what would run now",
		Long: `Init writes a configuration file with a comment for each key. Its values are
what "sealift serve" would use now with the same flags and environment.
FILE is sealift.toml by default; "-" is standard output.`,
		Args: args(0, 1),
		RunE: func(c *cobra.Command, given []string) error {
			file := "sealift.toml"
			if len(given) > 0 {
				file = given[0]
			}
			effective, err := config.Load(p.file, h.env, append(p.settings(), flags.settings(c)...)...)
			if err != nil {
				return err
			}
			if !effective.Given("listen.explicit") && !mayBind(":21") {
				effective.Listen.Explicit = []string{":2121"}
			}
			if file == "-" {
				_, err := h.stdout.Write(config.Template(effective))
				return err
			}
			if err := writeNew(file, config.Template(effective), force); err != nil {
				return err
			}
			if p.json {
				return printJSON(h.stdout, map[string]string{"file": file})
			}
			_, err = fmt.Fprintf(h.stdout, "%s written; sealift serve --config %s runs it\n", printable(file), shellWord(file))
			return err
		},
	}
	p.addTo(c)
	flags.addTo(c)
	c.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	return c
}

// mayBind tells whether this user has the right to a port; that another
// program has it at the moment is not asked.
func mayBind(address string) bool {
	l, err := net.Listen("tcp", address)
	if err == nil {
		l.Close()
	}
	return !errors.Is(err, fs.ErrPermission)
}

func writeNew(file string, content []byte, force bool) error {
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(file, how, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Failed, "--force replaces it; name another file to keep it", "%s is there already", file)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
