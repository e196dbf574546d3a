package ftpclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
)

// Stat tells about one file or folder, by MLST; where a server has none, by
// SIZE and MDTM, by CWD, and last by the listing of its parent. What is not
// there is fs.ErrNotExist, and what may not be seen, where the server tells
// the difference, fs.ErrPermission.
func (c *Conn) Stat(ctx context.Context, path string) (Entry, error) {
	if err := checkArgument(path); err != nil {
		return Entry{}, err
	}
	e, err := c.stat(ctx, path)
	if err != nil {
		return Entry{}, err
	}
	e.Path = path
	_, e.Name = ftp.SplitPath(path)
	return e, nil
}

func (c *Conn) stat(ctx context.Context, path string) (Entry, error) {
	if !c.noMLSD {
		e, err := c.machineStat(ctx, path)
		refusal, ok := errors.AsType[*ReplyError](err)
		switch {
		case !ok:
			return e, err
		case !noSuchCommand(refusal.Reply.Code):
			return e, absent(path, refusal)
		}
		c.noMLSD = true
	}
	e, err := c.statBySize(ctx, path)
	if refusal, ok := errors.AsType[*ReplyError](err); ok {
		return c.statByPlace(ctx, path, refusal)
	}
	return e, err
}

// absent says what a refusal to tell about a path means. RFC 3659 has one code
// for "not there" and "no right"; the text of most servers tells them apart.
func absent(path string, refusal *ReplyError) error {
	if refusal.Reply.Code != ftp.CodeUnavailable && refusal.Reply.Code != ftp.CodeBusy {
		return refusal
	}
	means := fs.ErrNotExist
	for _, word := range []string{"denied", "permission", "not allowed", "no right"} {
		if strings.Contains(strings.ToLower(refusal.Reply.Text), word) {
			means = fs.ErrPermission
		}
	}
	return fmt.Errorf("ftpclient: %q: %w: %w", path, means, refusal)
}

func (c *Conn) machineStat(ctx context.Context, path string) (Entry, error) {
	if err := c.chooseFacts(ctx); err != nil {
		return Entry{}, err
	}
	r, err := c.one(ctx, "MLST", path)
	if err != nil {
		return Entry{}, err
	}
	for line := range strings.SplitSeq(r.Text, "\n") {
		facts, _, _ := strings.Cut(line, " ")
		if !strings.Contains(facts, "=") {
			continue
		}
		if e, err := ftp.ParseEntry(line); err == nil {
			return entryOf(e), nil
		}
	}
	return Entry{}, fmt.Errorf("%w: MLST: %s", ErrProtocol, printable(r.Error()))
}

// statBySize finds files alone: folders have no SIZE.
func (c *Conn) statBySize(ctx context.Context, path string) (Entry, error) {
	size, err := c.size(ctx, path)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Kind: File, Size: size}
	e.ModTime, err = c.modTime(ctx, path)
	if _, refused := errors.AsType[*ReplyError](err); err != nil && !refused {
		return Entry{}, err
	}
	if !e.ModTime.IsZero() {
		e.Precision = time.Second
	}
	return e, nil
}

func (c *Conn) modTime(ctx context.Context, path string) (time.Time, error) {
	r, err := c.one(ctx, "MDTM", path)
	if err != nil {
		return time.Time{}, err
	}
	t, err := ftp.ParseTime(strings.TrimSpace(r.Text))
	if err != nil {
		return t, nil // a file without a time that can be read
	}
	return t, nil
}

// statByPlace finds folders by going there, and all else in the listing of
// their parent.
func (c *Conn) statByPlace(ctx context.Context, path string, refusal *ReplyError) (Entry, error) {
	err := c.within(ctx, path, func() error { return nil })
	if err == nil {
		return Entry{Kind: Dir}, nil
	}
	if _, refused := errors.AsType[*ReplyError](err); !refused {
		return Entry{}, err
	}
	dir, name := ftp.SplitPath(path)
	for e, err := range c.List(ctx, dir) {
		if _, refused := errors.AsType[*ReplyError](err); refused {
			break
		}
		if err != nil {
			return Entry{}, err
		}
		if e.Name == name {
			return e, nil
		}
	}
	refusal.Reply.Code = ftp.CodeUnavailable
	return Entry{}, absent(path, refusal)
}
