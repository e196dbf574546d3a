package probe

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
)

func probeResumeDown(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	path, err := p.placeFile(ctx, c)
	if err != nil {
		return trouble(err)
	}
	const from = testSize - 12_345
	o, err := p.fetch(ctx, c, transfer{command: "RETR " + path, offset: from})
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused):
		return warning("refused: %s", said(refused))
	case err != nil:
		return trouble(err)
	case !o.whole() || !bytes.Equal(o.data, p.content[from:]):
		return failure("REST %d gives other bytes than those from there on (%d of %d): %s", from, len(o.data), testSize-from, p.ended(o))
	}
	return ok("from byte %d on, the right bytes", from)
}

func probeResumeUp(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	path, content := p.at("resumed.bin"), randomBytes(testSize)
	const half = testSize / 2
	o, err := p.store(ctx, c, transfer{command: "STOR " + path}, content[:half], endWhole)
	if err != nil || !o.whole() {
		return trouble(cmpError(err, o))
	}
	o, err = p.store(ctx, c, transfer{command: "STOR " + path, offset: half}, content[half:], endWhole)
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused):
		return warning("refused: %s", said(refused))
	case err != nil:
		return trouble(err)
	}
	same, how, err := p.same(ctx, c, path, content)
	switch {
	case err != nil:
		return trouble(err)
	case !same:
		return failure("REST %d and STOR are answered %s, and the file is %s", half, said(o.final), how)
	}
	return ok("from byte %d on, the file is whole", half)
}

// aDate is one that no file has by chance.
const aDate = "20200229123456"

func probeModTime(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	path, err := p.placeFile(ctx, c)
	if err != nil {
		return trouble(err)
	}
	set, err := c.ask(ctx, "MFMT "+aDate+" "+path)
	if err != nil {
		return trouble(err)
	}
	two := ftp.Reply{}
	if set.Code >= 400 {
		if two, err = c.ask(ctx, "MDTM "+aDate+" "+path); err != nil {
			return trouble(err)
		}
	}
	got, err := c.ask(ctx, "MDTM "+path)
	if err != nil {
		return trouble(err)
	}
	kept := strings.HasPrefix(strings.TrimSpace(got.Text), aDate)
	switch {
	case set.Code < 400 && kept:
		return ok("MFMT sets what MDTM tells, to the second, in UTC")
	case set.Code < 400:
		return failure("MFMT %s is answered %s, then MDTM %s", aDate, said(set), said(got))
	case two.Code < 400 && kept:
		return note("MFMT: %s; MDTM with a date sets it", codeOf(set)).because("Not every client knows that form, which is no standard.")
	}
	return warning("MFMT: %s; MDTM with a date: %s", said(set), said(two))
}

func probeHash(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	path, err := p.placeFile(ctx, c)
	if err != nil {
		return trouble(err)
	}
	sum := sha256.Sum256(p.content)
	want := hex.EncodeToString(sum[:])
	if _, err := c.ask(ctx, "OPTS HASH SHA-256"); err != nil {
		return trouble(err)
	}
	var refusals []string
	for _, verb := range []string{"HASH", "XSHA256"} {
		r, err := c.ask(ctx, verb+" "+path)
		switch {
		case err != nil:
			return trouble(err)
		case r.Code < 400 && slices.Contains(strings.Fields(strings.ToLower(r.Text)), want):
			return ok("%s gives the right SHA-256", verb)
		case r.Code < 400:
			return failure("%s is not the SHA-256 of the file: %s", verb, said(r))
		}
		refusals = append(refusals, verb+": "+codeOf(r))
	}
	return note("there are none with SHA-256 (%s)", strings.Join(refusals, ", "))
}

func probeNames(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	if _, err := c.ask(ctx, "OPTS UTF8 ON"); err != nil {
		return trouble(err)
	}
	const name = "Größe 漢字 ½.txt"
	path := p.at(name)
	o, err := p.store(ctx, c, transfer{command: "STOR " + path}, []byte("text\n"), endWhole)
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused):
		return warning("%s is refused: %s", name, said(refused))
	case err != nil:
		return trouble(err)
	case !o.whole():
		return warning("%s cannot be stored: %s", name, p.ended(o))
	}
	names, err := p.names(ctx, c, p.dir)
	switch {
	case err != nil:
		return trouble(err)
	case !slices.Contains(names, name):
		return warning("%s was stored, and is not in the listing", name)
	case !p.feat.has("UTF8"):
		return note("%s comes back as it went, but FEAT does not say UTF8", name).because("Clients then send names in another charset (RFC 2640 §3.2).")
	}
	return ok("%s comes back as it went", name)
}

const (
	mostNames   = 200
	namingLimit = 6 * time.Second
)

func probeLargeListing(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	many := p.dirAt("many")
	if _, err := c.must(ctx, "MKD "+many); err != nil {
		return trouble(err)
	}
	began := time.Now()
	var made []string
	for len(made) < mostNames && time.Since(began) < namingLimit {
		path := p.dirAt(fmt.Sprintf("many/%03d", len(made)))
		if _, err := c.must(ctx, "MKD "+path); err != nil {
			return trouble(err)
		}
		made = append(made, path)
	}
	names, err := p.names(ctx, c, many)
	for _, path := range made {
		if removeErr := c.remove(ctx, item{path, true}); removeErr != nil {
			return trouble(removeErr)
		}
		p.forget(path)
	}
	switch {
	case err != nil:
		return trouble(err)
	case len(names) != len(made):
		return failure("%d names of %d", len(names), len(made))
	}
	return ok("all %d names", len(made))
}
