package ftpclient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
)

// Rename gives a file or folder another name, in another folder too. What has
// that name already is replaced or not, as the server likes.
func (c *Conn) Rename(ctx context.Context, from, to string) error {
	if err := errors.Join(checkArgument(from), checkArgument(to)); err != nil {
		return err
	}
	if err := c.begin(); err != nil {
		return err
	}
	defer c.end()
	if _, err := c.expect(ctx, "RNFR", from, ftp.CodePending); err != nil {
		return err
	}
	return c.done(c.command(ctx, "RNTO", to))
}

// done turns a reply that is neither 4yz nor 5yz nor 2yz into an error.
func (c *Conn) done(r ftp.Reply, err error) error {
	if err == nil && !r.Positive() {
		return fmt.Errorf("%w: %s", ErrProtocol, printable(r.Error()))
	}
	return err
}

// act is a command with a path that does something.
func (c *Conn) act(ctx context.Context, verb, path string) error {
	if err := checkArgument(path); err != nil {
		return err
	}
	return c.done(c.one(ctx, verb, path))
}

// Remove removes a file.
func (c *Conn) Remove(ctx context.Context, path string) error { return c.act(ctx, "DELE", path) }

// RemoveDir removes an empty folder.
func (c *Conn) RemoveDir(ctx context.Context, path string) error { return c.act(ctx, "RMD", path) }

// MakeDir makes a folder in one that is there.
func (c *Conn) MakeDir(ctx context.Context, path string) error { return c.act(ctx, "MKD", path) }

// MakeDirAll makes a folder with all that lead to it. One that is there is no
// error.
func (c *Conn) MakeDirAll(ctx context.Context, path string) error {
	err := c.MakeDir(ctx, path)
	if _, refused := errors.AsType[*ReplyError](err); !refused || c.Err() != nil {
		return err
	}
	e, statErr := c.Stat(ctx, path)
	if statErr == nil && (e.Kind == Dir || e.Kind == Link) {
		return nil
	}
	parent, _ := ftp.SplitPath(path)
	if statErr == nil || parent == "" || parent == "/" {
		return err
	}
	if err := c.MakeDirAll(ctx, parent); err != nil {
		return err
	}
	return c.MakeDir(ctx, path)
}

// CurrentDir is the current folder (PWD).
func (c *Conn) CurrentDir(ctx context.Context) (string, error) {
	r, err := c.one(ctx, "PWD", "")
	if err != nil {
		return "", err
	}
	dir, err := ftp.Unquote(r.Text)
	if err != nil || dir == "" {
		return "", fmt.Errorf("%w: PWD: %s", ErrProtocol, printable(r.Error()))
	}
	return dir, nil
}

// ChangeDir makes another folder the current one, from which paths that do
// not begin with "/" lead.
func (c *Conn) ChangeDir(ctx context.Context, dir string) error {
	if c.home == "" {
		home, err := c.CurrentDir(ctx)
		if err != nil {
			return err
		}
		c.home = home
	}
	err := c.act(ctx, "CWD", dir)
	c.moved = c.moved || err == nil
	return err
}

// goHome undoes ChangeDir.
func (c *Conn) goHome(ctx context.Context) error {
	if !c.moved {
		return nil
	}
	if c.home == "" {
		return fmt.Errorf("%w: nobody knows which folder the login led to", ErrLost)
	}
	err := c.act(ctx, "CWD", c.home)
	c.moved = err != nil
	return err
}

// timeSetters are the ways to set the time of a file: what to send, and
// whether the reply says that it was done. The setter of MDTM is not in the
// RFC; a server that has none looks for a file with a name that begins with
// the time, and may tell the time of that.
var timeSetters = []struct {
	feature string // without it the server is not asked; "": it is
	line    func(stamp, path string) (verb, arg string)
	is      func(r ftp.Reply, stamp string) bool
}{
	{"MFMT", func(stamp, path string) (string, string) { return "MFMT", stamp + " " + path }, positive},
	{"", func(stamp, path string) (string, string) { return "MDTM", stamp + " " + path }, wasSet},
	{"", func(stamp, path string) (string, string) { return "SITE", "UTIME " + stamp + " " + path }, positive},
}

func positive(r ftp.Reply, _ string) bool { return r.Positive() }

func wasSet(r ftp.Reply, stamp string) bool {
	_, err := ftp.ParseTime(strings.TrimSpace(r.Text))
	return r.Positive() && (err != nil || strings.HasPrefix(strings.TrimSpace(r.Text), stamp))
}

// SetModTime sets when a file was last changed, cut to the second: by MFMT, or
// by a setter of MDTM or SITE UTIME. Where none of them works it is
// ErrNotSupported, together with what the server said.
func (c *Conn) SetModTime(ctx context.Context, path string, t time.Time) error {
	if err := checkArgument(path); err != nil {
		return err
	}
	if err := c.begin(); err != nil {
		return err
	}
	defer c.end()
	stamp := string(ftp.AppendTime(nil, t))
	var said error
	for i, setter := range timeSetters {
		known := c.timeVerb == i+1
		if c.timeVerb != 0 && !known || setter.feature != "" && c.features.Known && !c.features.Has(setter.feature) {
			continue
		}
		verb, arg := setter.line(stamp, path)
		r, err := c.exchange(ctx, verb, arg)
		if err != nil {
			return err
		}
		if setter.is(r, stamp) {
			c.timeVerb = i + 1
			return nil
		}
		refusal := &ReplyError{Command: masked(verb, arg), Reply: r}
		if known || verb == "MFMT" && !unknownCommand(r.Code) {
			return refusal
		}
		said = errors.Join(said, refusal)
	}
	return fmt.Errorf("%w: the time of a file: %w", ErrNotSupported, said)
}
