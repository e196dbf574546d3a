package ftpserver

import (
	"context"
	"fmt"
	"io"
)

// download sends a file.
type download struct {
	file   io.Closer
	source io.Reader // the file, or what of it is sent, converted if need be
	size   int64     // bytes to come; -1 if unknown
}

func (d *download) opening(level Protection) string {
	if d.size < 0 {
		return fmt.Sprintf("Sending the file, %v", level)
	}
	return fmt.Sprintf("Sending %d bytes, %v", d.size, level)
}

func (d *download) carry(ctx context.Context, t *transfer, c dataConn) error {
	if err := c.sendFrom(limited(ctx, d.source, t.rate), &t.moved); err != nil {
		return err
	}
	return c.end()
}

func (d *download) close(err error) error {
	d.file.Close()
	return err
}

func (d *download) done(*transfer) string { return "Done" }
