// Package shell is an FTP client that takes commands line by line, as ftp and
// lftp do: on a terminal, with history and completion, or from a script.
package shell

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/screen"
	"github.com/sealift/sealift/cmd/sealift/internal/tree"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/nearest"
)

// A Copier moves files between here and the server of a Session. Paths there
// are absolute.
type Copier interface {
	// Get downloads what fits the patterns, see transfer.Engine.Get.
	Get(ctx context.Context, patterns []string, target string, recursive bool) error
	// Put uploads files, see transfer.Engine.Put.
	Put(ctx context.Context, files []string, target string, recursive bool) error
	Close()
}

// A Session is a server that is open.
type Session struct {
	Conn   *ftpclient.Conn
	Copier Copier
	Name   string // for people: "alice@ftp.example.com"
	Path   string // that the URL led to, "" for the login directory
}

// Options are what a Shell works with.
type Options struct {
	// Open logs in to the server of a URL.
	Open func(ctx context.Context, url string) (*Session, error)
	// Out is for results, Err for all else.
	Out, Err io.Writer
	// Form is how ls shows entries.
	Form screen.Form
	// Home is what "~" and lcd alone mean.
	Home string
	// Run runs a command line of the system in a directory.
	Run func(ctx context.Context, line, dir string) error
}

// A Shell carries out commands. It is for one goroutine.
type Shell struct {
	o       Options
	session *Session // nil: not connected
	url     string
	cwd     string // on the server, as it says itself
	home    string // where the URL led
	before  string // cwd before the last cd
	dir     string // here
	history *History
	// patient: a connection that was lost is made again.
	patient bool
	cache   listing
}

// New makes a Shell that is in the current directory.
func New(o Options) (*Shell, error) {
	dir, err := os.Getwd()
	return &Shell{o: o, dir: dir, history: &History{}}, err
}

// Close closes the connection.
func (s *Shell) Close() {
	if s.session != nil {
		s.session.Copier.Close()
		s.session.Conn.Close()
		s.session = nil
	}
}

// errQuit ends the shell.
var errQuit = errors.New("quit")

// Open connects to a server, in place of the one that was open.
func (s *Shell) Open(ctx context.Context, url string) error {
	next, err := s.o.Open(ctx, url)
	if err != nil {
		return err
	}
	s.Close()
	s.session, s.url, s.cwd, s.before, s.cache = next, url, "", "", listing{}
	var missing error
	if next.Path != "" {
		missing = tree.Explain(ctx, next.Conn, next.Path, next.Conn.ChangeDir(ctx, next.Path))
	}
	err = cmp.Or(missing, s.whereAmI(ctx))
	s.home = s.cwd
	return err
}

func (s *Shell) whereAmI(ctx context.Context) error {
	cwd, err := s.session.Conn.CurrentDir(ctx)
	if err == nil {
		s.cwd = cwd
	}
	return err
}

// absolute is a remote path that means the same on every connection.
func (s *Shell) absolute(name string) string {
	if path.IsAbs(name) || s.cwd == "" {
		return name
	}
	joined := path.Join(s.cwd, name)
	if name != "" && name[len(name)-1] == '/' && joined != "/" {
		joined += "/"
	}
	return joined
}

// Do carries out a line. It is true when that was the last one.
func (s *Shell) Do(ctx context.Context, line string) (quit bool, err error) {
	if rest, isLocal := cutBang(line); isLocal {
		return false, s.o.Run(ctx, rest, s.dir)
	}
	commands, err := split(line)
	if err != nil {
		return false, err
	}
	for _, words := range commands {
		if err := s.one(ctx, words); err != nil {
			return err == errQuit, unlessQuit(err)
		}
	}
	return false, nil
}

func unlessQuit(err error) error {
	if err == errQuit {
		return nil
	}
	return err
}

func (s *Shell) one(ctx context.Context, words []word) error {
	c, err := find(words[0].text)
	if err != nil {
		return err
	}
	rest := words[1:]
	switch {
	case len(rest) < c.least:
		return fault.New(fault.Usage, "usage: "+c.usage(), "%s: an argument is missing", c.names[0])
	case c.most >= 0 && len(rest) > c.most:
		return fault.New(fault.Usage, "usage: "+c.usage(), "%s: %q is one argument too many", c.names[0], rest[c.most].text)
	}
	if c.remote {
		if err := s.connected(ctx); err != nil {
			return err
		}
	}
	return c.run(s, ctx, rest)
}

// connected makes sure that there is a connection. One that a server has
// closed because nothing was typed is made again.
func (s *Shell) connected(ctx context.Context) error {
	if s.session == nil {
		return fault.New(fault.Usage, "open ftpes://USER@HOST connects to a server", "there is no connection")
	}
	if s.session.Conn.Err() == nil || !s.patient {
		return nil
	}
	cwd, before := s.cwd, s.before
	if err := s.Open(ctx, s.url); err != nil {
		return err
	}
	s.before = before
	if cwd == s.cwd {
		return nil
	}
	if err := s.session.Conn.ChangeDir(ctx, cwd); err != nil {
		return err
	}
	return s.whereAmI(ctx)
}

func find(name string) (*command, error) {
	var names []string
	for i := range table {
		for _, n := range table[i].names {
			if n == name {
				return &table[i], nil
			}
			names = append(names, n)
		}
	}
	hint := "help shows the commands"
	if strings.HasPrefix(name, "!") {
		hint = "!COMMAND takes a line of its own"
	} else if near := nearest.Word(name, names); near != "" {
		hint = `did you mean "` + near + `"?`
	}
	return nil, fault.New(fault.Usage, hint, "unknown command %q", name)
}
