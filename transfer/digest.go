package transfer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

// ownDigest is what the journal uses where the server makes no digest.
const ownDigest = "SHA-256"

// newDigest is nil for an algorithm that is not known.
func newDigest(name string) hash.Hash {
	if d, ok := ftp.DigestNamed(name); ok {
		return d.New()
	}
	return nil
}

func sumOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// digestPart adds the n bytes of f from first on to h.
func digestPart(ctx context.Context, h io.Writer, f io.ReaderAt, first, n int64) error {
	r := io.NewSectionReader(f, first, n)
	buffer := make([]byte, 256<<10)
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		m, err := r.Read(buffer)
		h.Write(buffer[:m])
		n -= int64(m)
		switch {
		case err == io.EOF && n > 0:
			return local(io.ErrUnexpectedEOF)
		case err == io.EOF:
			return nil
		case err != nil:
			return local(err)
		}
	}
}

// sameBytes asks whether the server's bytes first to first+n-1 have the sum.
// known is false if it does not tell.
func sameBytes(ctx context.Context, c *ftpclient.Conn, path, algorithm string, first, n int64, sum []byte) (same, known bool, err error) {
	h, err := c.Hash(ctx, path, algorithm, first, first+n-1)
	switch {
	case err == nil:
		return bytes.Equal(h.Sum, sum) && (h.Last < 0 || h.Last == first+n-1), true, nil
	case tellsNothing(err):
		return false, false, nil
	}
	return false, false, err
}

// tellsNothing reports whether an error is only that the server does not want
// to make a digest.
func tellsNothing(err error) bool {
	return errors.Is(err, ftpclient.ErrNotSupported) || errors.Is(err, ftpclient.ErrProtocol) || refused(err)
}
