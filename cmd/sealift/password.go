package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// passwordFlags say where a new password comes from: never from a flag, where
// the process list would show it.
type passwordFlags struct {
	stdin, generate, none bool
}

func (p *passwordFlags) addTo(c *cobra.Command) {
	c.Flags().BoolVar(&p.stdin, "password-stdin", false, "read the password from the first line of stdin")
	c.Flags().BoolVar(&p.generate, "generate-password", false, "make a password and print it once")
	c.Flags().BoolVar(&p.none, "no-password", false, "no password: the account is for client certificates")
}

// read is the new password; shown tells that it is to be printed. It is ""
// for an account without one.
func (p *passwordFlags) read(ctx context.Context, h host, user string) (password string, shown bool, err error) {
	switch {
	case p.none && p.generate || p.none && p.stdin || p.generate && p.stdin:
		return "", false, fault.New(fault.Usage, "use one of --password-stdin, --generate-password and --no-password", "two ways to get the password are given")
	case p.none:
		return "", false, nil
	case p.generate:
		return account.GeneratePassword(), true, nil
	case p.stdin:
		password, err = firstLine(h.stdin)
	case isatty.IsTerminal(h.stdin.Fd()):
		password, err = prompt(ctx, h, user)
	default:
		return "", false, fault.New(fault.Usage, "pipe it in with --password-stdin, or use --generate-password", "no password, and no terminal to ask for it")
	}
	if err == nil && password == "" {
		err = fault.New(fault.Usage, "--no-password makes an account without one", "the password is empty")
	}
	return password, false, err
}

// firstLine is the first line of r, without its end.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))), nil
}

// prompt asks twice.
func prompt(ctx context.Context, h host, user string) (string, error) {
	first, err := ask(ctx, h, "New password of "+user+": ")
	if err != nil {
		return "", err
	}
	second, err := ask(ctx, h, "Once more: ")
	if err == nil && first != second {
		err = fault.New(fault.Failed, "", "the two passwords differ")
	}
	return first, err
}

// ask reads a line that the terminal does not show. Interrupted, it leaves
// the terminal as it was.
func ask(ctx context.Context, h host, question string) (string, error) {
	terminal := int(h.stdin.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	fmt.Fprint(h.stderr, printable(question))
	defer fmt.Fprintln(h.stderr)
	var answer []byte
	read := make(chan error, 1)
	go func() {
		var err error
		answer, err = term.ReadPassword(terminal)
		read <- err
	}()
	select {
	case err := <-read:
		return string(answer), err
	case <-ctx.Done():
		return "", errors.Join(fault.New(fault.Failed, "", "interrupted"), term.Restore(terminal, before))
	}
}
