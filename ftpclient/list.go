package ftpclient

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
)

// List gives the entries of a folder, "" for the current one, as they come:
// none is held in memory, and the Conn is busy until the loop is over. Leaving
// the loop early aborts the transfer. An error comes last: a listing without
// one is whole.
//
// It is MLSD, and LIST where a server has no MLSD. Times of LIST are the
// server's own and taken as UTC. LIST is asked for in the folder, which is
// left again, since servers read its argument in many ways.
//
// An entry whose name would lead out of the folder is ErrName.
func (c *Conn) List(ctx context.Context, dir string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := c.list(ctx, dir, yield); err != nil && err != errStopped {
			yield(Entry{}, err)
		}
	}
}

// Names gives the names in a folder, "" for the current one, like List (NLST).
func (c *Conn) Names(ctx context.Context, dir string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := c.within(ctx, dir, func() error {
			return c.plainListing(ctx, "NLST", func(line string) error { return yieldName(line, yield) })
		})
		if err != nil && err != errStopped {
			yield("", err)
		}
	}
}

func yieldName(line string, yield func(string, error) bool) error {
	name := strings.TrimPrefix(line, "./")
	if name == "." || name == ".." {
		return nil
	}
	if err := checkName(name); err != nil {
		return err
	}
	if !yield(name, nil) {
		return errStopped
	}
	return nil
}

// errStopped: the caller left the loop.
var errStopped = errors.New("ftpclient: stopped")

func (c *Conn) list(ctx context.Context, dir string, yield func(Entry, error) bool) error {
	give := func(e Entry) error {
		if err := checkName(e.Name); err != nil {
			return err
		}
		if e.Path = ftp.JoinPath(dir, e.Name); !yield(e, nil) {
			return errStopped
		}
		return nil
	}
	if !c.noMLSD {
		err := c.machineListing(ctx, dir, give)
		if refusal, ok := errors.AsType[*ReplyError](err); !ok || !noSuchCommand(refusal.Reply.Code) {
			return err
		}
		c.noMLSD = true
	}
	now := time.Now()
	return c.within(ctx, dir, func() error {
		return c.plainListing(ctx, "LIST", func(line string) error {
			listed, ok, err := ftp.ParseListLine(line, now)
			if err != nil {
				return fmt.Errorf("%w: %w: %.80q", ErrProtocol, err, line)
			}
			if !ok {
				return nil
			}
			return give(listedEntry(listed))
		})
	})
}

func noSuchCommand(code ftp.Code) bool { return code == ftp.CodeUnknown || code == ftp.CodeRefused }

// machineListing is MLSD (RFC 3659 §7). The folder and its parent are not
// entries.
func (c *Conn) machineListing(ctx context.Context, dir string, give func(Entry) error) error {
	if err := c.chooseFacts(ctx); err != nil {
		return err
	}
	return c.listing(ctx, order{verb: "MLSD", arg: dir}, func(line string) error {
		e, err := ftp.ParseEntry(line)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w: %.80q", ErrProtocol, err, line)
		case e.Type == "cdir" || e.Type == "pdir":
			return nil
		}
		return give(entryOf(e))
	})
}

// plainListing is LIST or NLST of the current folder, in TYPE A, which some
// systems need. A folder with nothing in it is a refusal on some servers.
func (c *Conn) plainListing(ctx context.Context, verb string, take func(string) error) error {
	err := c.listing(ctx, order{verb: verb, mode: "A"}, take)
	if refusal, ok := err.(*ReplyError); ok && saysEmpty(refusal.Reply) {
		return nil
	}
	return err
}

func saysEmpty(r ftp.Reply) bool {
	return r.Code == ftp.CodeBusy ||
		r.Code == ftp.CodeUnavailable && strings.Contains(strings.ToLower(r.Text), "no files")
}

// listing gives the lines of a transfer that are not empty.
func (c *Conn) listing(ctx context.Context, o order, take func(string) error) error {
	if o.arg != "" {
		if err := checkArgument(o.arg); err != nil {
			return err
		}
	}
	d, err := c.download(ctx, o)
	if err != nil {
		return err
	}
	defer d.Close()
	lines := bufio.NewReaderSize(d, maxListLine)
	for {
		line, err := lines.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return fmt.Errorf("%w: a line of a listing has more than %d bytes", ErrProtocol, maxListLine)
		}
		if text := string(bytes.TrimRight(line, "\r\n")); text != "" && (err == nil || err == io.EOF) {
			if err := take(text); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

const maxListLine = 32 << 10

// wantedFacts are those that an Entry has room for.
var wantedFacts = []string{"type", "size", "modify", "perm", "unique", "unix.mode"}

// chooseFacts switches on the facts that are off (RFC 3659 §7.9), once.
func (c *Conn) chooseFacts(ctx context.Context) error {
	if c.factsSet {
		return nil
	}
	var list strings.Builder
	missing := false
	for fact := range strings.SplitSeq(c.features.Params("MLST"), ";") {
		name, on := strings.CutSuffix(strings.TrimSpace(fact), "*")
		if slices.Contains(wantedFacts, strings.ToLower(name)) {
			list.WriteString(name + ";")
			missing = missing || !on
		}
	}
	if missing {
		if err := c.begin(); err != nil {
			return err
		}
		defer c.end()
		if _, err := c.exchange(ctx, "OPTS", "MLST "+list.String()); err != nil {
			return err
		}
	}
	c.factsSet = true
	return nil
}

// within runs do in another folder, and goes back. A Conn that cannot go back
// is given up: paths would mean something else.
func (c *Conn) within(ctx context.Context, dir string, do func() error) error {
	if dir == "" || dir == "." {
		return do()
	}
	back, err := c.CurrentDir(ctx)
	if err != nil {
		return err
	}
	if err := checkArgument(dir); err != nil {
		return err
	}
	if _, err := c.one(ctx, "CWD", dir); err != nil {
		return err
	}
	err = do()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.o.Timeout)
	defer cancel()
	if c.Err() != nil {
		return err
	}
	if _, backErr := c.one(ctx, "CWD", back); backErr != nil {
		c.fail(fmt.Errorf("%w: no way back to %q: %w", ErrLost, back, backErr))
	}
	return err
}
