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
// out. Only if the error is nil does the server have all of it: it says so, and
// where it tells the size, that is right. An InterruptedError can be gone on
// with, at the size that the server has then; a ReplyError of 5yz is final.
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
	if err == nil {
		return n, c.confirm(ctx, path, offset, n)
	}
	if !errors.Is(err, errRestart) {
		return n, err
	}
	size, sizeErr := c.size(ctx, path)
	if sizeErr != nil || size != offset {
		return 0, fmt.Errorf("%w: %w", ErrNotSupported, err)
	}
	return c.append(ctx, path, offset, r)
}

// Append uploads what r has to the end of a file, or into a new one (APPE).
func (c *Conn) Append(ctx context.Context, path string, r io.Reader) (int64, error) {
	if err := checkArgument(path); err != nil {
		return 0, err
	}
	if c.o.SkipSizeCheck {
		return c.append(ctx, path, 0, r)
	}
	size, err := c.size(ctx, path)
	if err != nil && !c.refused(err) {
		return 0, err
	}
	return c.append(ctx, path, size, r)
}

func (c *Conn) append(ctx context.Context, path string, size int64, r io.Reader) (int64, error) {
	n, err := c.upload(ctx, order{verb: "APPE", arg: path, mode: "I", upload: true}, r)
	if err == nil {
		err = c.confirm(ctx, path, size, n)
	}
	return n, err
}

// confirm asks for the size of a file that n bytes were sent of, from offset
// on. Most servers take any end of the data connection for that of the file,
// some even a reset, and say that all is well. A server that refuses SIZE, or
// hides what it has, is believed.
func (c *Conn) confirm(ctx context.Context, path string, offset, n int64) error {
	if c.o.SkipSizeCheck {
		return nil
	}
	size, err := c.size(ctx, path)
	switch {
	case err != nil && c.refused(err):
		return nil
	case err != nil:
		return &InterruptedError{At: n, Err: err}
	case size < offset+n || offset == 0 && size > n:
		return &InterruptedError{At: n, Err: fmt.Errorf("%w: %d bytes of %d", ErrIncomplete, size, offset+n)}
	}
	return nil
}

// refused reports whether the server answered, and did not do it.
func (c *Conn) refused(err error) bool {
	_, refused := errors.AsType[*ReplyError](err)
	return refused && c.Err() == nil
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
