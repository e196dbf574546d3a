package ftpclient

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
)

// A Hash is a digest of a file or a part of it.
type Hash struct {
	Algorithm string // SHA-256, SHA-512, SHA-1, MD5, CRC32, or as HASH calls it
	Sum       []byte
	// First and Last are the bytes that it covers, both included. Last is -1
	// where it is the last of the file and the server did not say which.
	First, Last int64
}

// hashTime is how long a server may be silent while it reads a large file.
const hashTime = time.Hour

// Hash asks the server for a digest of the bytes first to last of a file, both
// included; last < 0 is the end of the file. algorithm "" is the best that is
// offered. It is HASH with RANG, or a command such as XSHA256; where there is
// neither, for that algorithm or a part of a file, it is ErrNotSupported. It
// may take as long as the server needs to read the file, so ctx should have an
// end.
func (c *Conn) Hash(ctx context.Context, path, algorithm string, first, last int64) (Hash, error) {
	if err := checkArgument(path); err != nil {
		return Hash{}, err
	}
	if first < 0 || last >= 0 && last < first {
		return Hash{}, fmt.Errorf("ftpclient: no range: %d to %d", first, last)
	}
	if algorithm == "" && len(c.features.Hashes) > 0 {
		algorithm = c.features.Hashes[0]
	}
	if first > 0 && last < 0 {
		size, err := c.size(ctx, path)
		if err != nil {
			return Hash{}, err
		}
		last = max(first, size-1)
	}
	if err := c.begin(); err != nil {
		return Hash{}, err
	}
	defer c.end()
	if err := c.setMode(ctx, "I"); err != nil { // digests and ranges are of bytes
		return Hash{}, err
	}
	part := first > 0 || last >= 0
	if name := c.features.inHASH(algorithm); name != "" && (!part || c.features.Has("RANG")) {
		return c.hashCommand(ctx, path, name, first, last)
	}
	for _, d := range digests {
		if sameAlgorithm(d.name, algorithm) && c.features.Has(d.verb) {
			return c.hashByX(ctx, d, path, first, last)
		}
	}
	return Hash{}, fmt.Errorf("%w: a digest %s", ErrNotSupported, algorithm)
}

// hashCommand is HASH (draft-bryan-ftpext-hash).
func (c *Conn) hashCommand(ctx context.Context, path, name string, first, last int64) (Hash, error) {
	if c.hash != name {
		if _, err := c.command(ctx, "OPTS", "HASH "+name); err != nil {
			return Hash{}, err
		}
		c.hash = name
	}
	if first > 0 || last >= 0 {
		if _, err := c.command(ctx, "RANG", fmt.Sprintf("%d %d", first, last)); err != nil {
			return Hash{}, err
		}
	}
	r, err := c.exchangeSlow(ctx, "HASH", path, hashTime)
	if err == nil && !r.Positive() {
		err = &ReplyError{Command: masked("HASH", path), Reply: r}
	}
	if err != nil {
		return Hash{}, errors.Join(err, c.forgetRange(ctx, first, last))
	}
	return parseHash(r, name, first, last)
}

// forgetRange takes back a RANG that a refused HASH may have left for a
// download.
func (c *Conn) forgetRange(ctx context.Context, first, last int64) error {
	if first == 0 && last < 0 || c.Err() != nil {
		return nil
	}
	_, err := c.exchange(ctx, "RANG", "1 0")
	return err
}

// parseHash reads "SHA-256 0-99 hex name", after lines that may have kept the
// connection warm. The server must have done what it was asked.
func parseHash(r ftp.Reply, name string, first, last int64) (Hash, error) {
	lines := strings.Split(r.Text, "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if len(fields) < 3 || !sameAlgorithm(fields[0], name) {
		return Hash{}, fmt.Errorf("%w: HASH: %s", ErrProtocol, printable(r.Error()))
	}
	from, to, found := strings.Cut(fields[1], "-")
	h := Hash{Algorithm: name}
	var err1, err2, err3 error
	h.First, err1 = strconv.ParseInt(from, 10, 64)
	h.Last, err2 = strconv.ParseInt(to, 10, 64)
	h.Sum, err3 = hex.DecodeString(fields[2])
	wrongRange := h.First != first || last >= 0 && h.Last > last
	if errors.Join(err1, err2, err3) != nil || !found || wrongRange || !fits(h) {
		return Hash{}, fmt.Errorf("%w: HASH: %s", ErrProtocol, printable(r.Error()))
	}
	return h, nil
}

func fits(h Hash) bool {
	for _, d := range digests {
		if sameAlgorithm(d.name, h.Algorithm) {
			return len(h.Sum) == d.size
		}
	}
	return len(h.Sum) > 0
}

// hashByX is XSHA256 and its like: "path", and for a part where it begins and
// where it ends, the end not included. The digest is the word of the reply
// that can be one.
func (c *Conn) hashByX(ctx context.Context, d digest, path string, first, last int64) (Hash, error) {
	arg := path
	if first > 0 || last >= 0 {
		arg = fmt.Sprintf("%s %d %d", quoted(path), first, last+1)
	}
	r, err := c.exchangeSlow(ctx, d.verb, arg, hashTime)
	if err == nil && !r.Positive() {
		err = &ReplyError{Command: masked(d.verb, arg), Reply: r}
	}
	if err != nil {
		return Hash{}, err
	}
	words := strings.Fields(r.Text)
	if len(words) == 1 && d.size == 4 { // a CRC may come without its leading zeros
		words[0] = fmt.Sprintf("%08s", words[0])
	}
	for _, word := range words {
		if sum, err := hex.DecodeString(word); err == nil && len(sum) == d.size {
			return Hash{Algorithm: d.name, Sum: sum, First: first, Last: last}, nil
		}
	}
	return Hash{}, fmt.Errorf("%w: %s: %s", ErrProtocol, d.verb, printable(r.Error()))
}

func quoted(path string) string {
	if strings.ContainsAny(path, " \"") {
		return ftp.Quote(path)
	}
	return path
}
