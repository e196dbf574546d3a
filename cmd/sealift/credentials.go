package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jdx/go-netrc"
	"github.com/mattn/go-isatty"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// credentials are what a server is told at login.
type credentials struct {
	user, password string
	// ask: there is no password yet, a person has to be asked for it.
	ask bool
}

// passwordVariable has the password where there is no terminal.
const passwordVariable = "SEALIFT_PASSWORD"

// credentials looks for a password where it may come from without asking:
// --password-stdin, the environment, .netrc. A URL without an account means
// the one of .netrc, or the certificate's, or anonymous.
func (r *remote) credentials(to location) (credentials, error) {
	found := credentials{user: to.user}
	r.nobody = false
	entry, err := r.netrc(to)
	if err != nil {
		return found, err
	}
	if found.user == "" {
		found.user = entry.user
	}
	password, given, err := r.given()
	switch {
	case err != nil:
		return found, err
	case given && found.user == "":
		return found, fault.New(fault.Usage, "write NAME@"+to.host, "a password is given, but no account")
	case given:
		found.password = password
	case entry.password != "" && entry.user == found.user:
		found.password = entry.password
	case r.certFile != "":
		// The certificate may be enough. If it is not, the server says so.
	case found.user == "":
		found.user, found.password, r.nobody = "anonymous", "anonymous@", true
	case found.user == "anonymous" || found.user == "ftp":
		found.password = "anonymous@"
	default:
		found.ask = true
	}
	return found, nil
}

// given is the password of --password-stdin or of the environment.
func (r *remote) given() (password string, given bool, err error) {
	if !r.passwordStdin {
		password, given = lookup(r.h.env, passwordVariable)
		return password, given, nil
	}
	if r.stdinPassword == nil {
		line, err := readLine(r.h.stdin)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", false, err
		}
		r.stdinPassword = &line
	}
	return *r.stdinPassword, true, nil
}

// lookup is the last value of a variable, which is the one that counts.
func lookup(env []string, name string) (value string, found bool) {
	for _, pair := range env {
		if v, is := strings.CutPrefix(pair, name+"="); is {
			value, found = v, true
		}
	}
	return value, found
}

func (h host) getenv(name string) string {
	value, _ := lookup(h.env, name)
	return value
}

// readLine takes one line, without its end, and no byte more: what follows is
// another's to read.
func readLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := r.Read(b)
		if n == 1 && b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[:n]...)
		if err != nil {
			return strings.TrimSuffix(string(line), "\r"), err
		}
	}
}

// netrc is the entry of $NETRC or ~/.netrc for the server, and for its
// account if the URL names one.
func (r *remote) netrc(to location) (credentials, error) {
	file := r.h.getenv("NETRC")
	if file == "" {
		home := r.h.getenv("HOME")
		if home == "" {
			return credentials{}, nil
		}
		file = filepath.Join(home, ".netrc")
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return credentials{}, nil
	}
	if err != nil {
		return credentials{}, err
	}
	entries, err := parseNetrc(string(text))
	if err != nil {
		return credentials{}, fault.New(fault.Usage, "it has lines of the form: machine HOST login NAME password WORD", "%s is malformed", file)
	}
	found := chooseEntry(entries, to)
	if found.password != "" && readableByOthers(file) {
		fmt.Fprintf(r.h.stderr, "warning: %s can be read by others; chmod 600 %s\n", printable(file), printable(shellWord(file)))
	}
	return found, nil
}

// parseNetrc makes an error of what the parser panics at: a last line that is
// cut short.
func parseNetrc(text string) (entries netrc.Machines, err error) {
	defer func() {
		if recover() != nil {
			err = netrc.ErrInvalidNetrc
		}
	}()
	parsed, err := netrc.ParseString(text)
	if err != nil {
		return nil, err
	}
	return parsed.Machines(), nil
}

// chooseEntry is the first entry of the host whose login is the URL's, else
// the default one.
func chooseEntry(entries netrc.Machines, to location) credentials {
	for _, wantDefault := range []bool{false, true} {
		for _, m := range entries {
			if m.IsDefault != wantDefault || !m.IsDefault && !strings.EqualFold(m.Name, to.host) {
				continue
			}
			if login := m.Get("login"); to.user == "" || login == to.user {
				return credentials{user: login, password: m.Get("password")}
			}
		}
	}
	return credentials{}
}

func readableByOthers(file string) bool {
	info, err := os.Stat(file)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

// hasTerminal tells whether a person can be asked.
func (h host) hasTerminal() bool { return isatty.IsTerminal(h.stdin.Fd()) }

// askPassword asks for the password of an account, on a terminal.
func (r *remote) askPassword(ctx context.Context, to location, user string) (string, error) {
	if !r.h.hasTerminal() {
		return "", fault.New(fault.Usage, "put it into "+passwordVariable+" or ~/.netrc, or pipe it in with --password-stdin",
			"no password for %s@%s, and no terminal to ask for it", user, to.host)
	}
	return ask(ctx, r.h, "Password of "+user+"@"+to.host+": ")
}

// confirm asks a question whose answer is no unless it is yes.
func confirm(ctx context.Context, h host, question string) (bool, error) {
	fmt.Fprint(h.stderr, printable(question)+" [y/N] ")
	var answer string
	read := make(chan error, 1)
	go func() {
		var err error
		answer, err = readLine(h.stdin)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		read <- err
	}()
	select {
	case err := <-read:
		answer = strings.ToLower(strings.TrimSpace(answer))
		return answer == "y" || answer == "yes", err
	case <-ctx.Done():
		fmt.Fprintln(h.stderr)
		return false, ctx.Err()
	}
}
