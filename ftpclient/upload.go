package ftpclient

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sealift/sealift/ftp"
)

// Store uploads what r has, to its end, as the content of a file from byte
// offset on; with offset 0 it becomes the file. It returns how many bytes went
// out. Only if the error is nil does the server have all of it, and says so.
// An InterruptedError can be gone on with, at the size that the server has
// then; a ReplyError of 5yz is final.
//
// An r that is an io.Seeker is taken for one that does not wait: what others
// give is sent at once. Store cannot interrupt a Read of r; when ctx ends it
// returns after it.
//
// A server that does not know REST gets an offset that is the file's size by
// APPE; others are ErrNotSupported.
func (c *Conn) Store(ctx context.Context, path string, offset int64, r io.Reader) (int64, error) {
	if err := checkArgument(path); err != nil {
		return 0, err
	}
	n, err := c.upload(ctx, order{verb: "STOR", arg: path, offset: offset, mode: "I", upload: true}, r)
	if !errors.Is(err, errRestart) {
		return n, err
	}
	size, sizeErr := c.size(ctx, path)
	if sizeErr != nil || size != offset {
		return 0, fmt.Errorf("%w: %w", ErrNotSupported, err)
	}
	return c.Append(ctx, path, r)
}

// Append uploads what r has to the end of a file, or into a new one (APPE).
func (c *Conn) Append(ctx context.Context, path string, r io.Reader) (int64, error) {
	if err := checkArgument(path); err != nil {
		return 0, err
	}
	return c.upload(ctx, order{verb: "APPE", arg: path, mode: "I", upload: true}, r)
}

func (c *Conn) upload(ctx context.Context, o order, r io.Reader) (int64, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	t, err := c.start(ctx, o)
	if err != nil {
		c.end()
		return 0, err
	}
	return t.sendAll(r)
}

func (t *transfer) sendAll(r io.Reader) (int64, error) {
	n, srcErr, err := t.data.sendFrom(r)
	if srcErr != nil {
		t.finish(givenUp, n, nil)
		return n, &InterruptedError{At: n, Err: srcErr}
	}
	if err == nil {
		err = t.data.sent()
	}
	if err != nil {
		return n, t.finish(broken, n, timedOut(err))
	}
	return n, t.finish(whole, n, nil)
}

// size is SIZE, in bytes as they are stored.
func (c *Conn) size(ctx context.Context, path string) (int64, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	defer c.end()
	if err := c.setMode(ctx, "I"); err != nil {
		return 0, err
	}
	r, err := c.expect(ctx, "SIZE", path, ftp.CodeFileStatus)
	if err != nil {
		return 0, err
	}
	n, err := ftp.ParseNumber(r.Text)
	if err != nil {
		return 0, fmt.Errorf("%w: SIZE: %s", ErrProtocol, printable(r.Error()))
	}
	return n, nil
}
