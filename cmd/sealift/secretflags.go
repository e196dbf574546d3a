package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// secretFlags say where the password of a file comes from: never from a flag
// itself, where the process list would show it.
type secretFlags struct{ file, command string }

func (s *secretFlags) addTo(c *cobra.Command) {
	c.Flags().StringVar(&s.file, "password-file", "", "`FILE` whose first line is the password of the key")
	c.Flags().StringVar(&s.command, "password-command", "", "shell `COMMAND` that prints the password of the key")
}

// read is the password of what is called by that name. Without a flag it asks
// on the terminal.
func (s *secretFlags) read(ctx context.Context, h host, name string) ([]byte, error) {
	switch {
	case s.file != "" && s.command != "":
		return nil, fault.New(fault.Usage, "use one of --password-file and --password-command", "two ways to get the password are given")
	case s.file != "":
		return secretFrom(os.ReadFile(s.file))
	case s.command != "":
		out, err := s.run(ctx, h)
		return secretFrom(out, err)
	case isatty.IsTerminal(h.stdin.Fd()):
		answer, err := ask(ctx, h, "Password of "+name+": ")
		return []byte(answer), err
	}
	return nil, fault.New(fault.Usage, "name it with --password-file or --password-command", "there is no terminal to ask for it")
}

func (s *secretFlags) run(ctx context.Context, h host) ([]byte, error) {
	shell := []string{"sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C"}
	}
	command := exec.CommandContext(ctx, shell[0], shell[1], s.command)
	command.Env, command.Stdin, command.Stderr = h.env, h.stdin, h.stderr
	out, err := command.Output()
	if err != nil {
		err = &fault.Error{Code: fault.Failed, Problem: "--password-command", Err: err}
	}
	return out, err
}

// secretFrom is the first line.
func secretFrom(content []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 {
		return nil, errors.New("the password is empty")
	}
	return line, nil
}
