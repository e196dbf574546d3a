package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sealift/sealift/ftp"
)

var fileProbes = []Probe{
	{ID: "round-trip", Section: sectionFiles, Title: "A file there and back", needs: needLogin | needUpload, run: probeRoundTrip,
		Why: "This is what the server is for."},
	{ID: "truncated-upload", Section: sectionFiles, Title: "An upload that is cut", needs: needLogin | needUpload, run: probeTruncated,
		Why: "Without close_notify the end of an upload proves nothing: a cut file then passes for a whole one (RFC 8446 §6.1)."},
	{ID: "overwrite", Section: sectionFiles, Title: "A cut upload over an old file", needs: needLogin | needUpload, run: probeOverwrite,
		Why: "The old file is lost, and the new one never came."},
	{ID: "stor-without-data", Section: sectionFiles, Title: "STOR without a data connection", needs: needLogin | needUpload, run: probeStorWithoutData,
		Why: "A command that could not be carried out must not empty the file."},
	{ID: "fast-close", Section: sectionFiles, Title: "Uploads of clients that close at once", needs: needLogin | needUpload, run: probeFastClose,
		Why: "TLS 1.3 tickets that lie unread make the client's system reset the connection, and the end of the upload is lost (curl#6149, pyftpdlib#602)."},
	{ID: "resume-download", Section: sectionFiles, Title: "Resume a download", needs: needLogin | needUpload, run: probeResumeDown,
		Why: "Otherwise a large file starts from zero after each interruption."},
	{ID: "resume-upload", Section: sectionFiles, Title: "Resume an upload", needs: needLogin | needUpload, run: probeResumeUp,
		Why: "Otherwise a large file starts from zero after each interruption."},
	{ID: "modification-time", Section: sectionFiles, Title: "Dates of files (MFMT)", needs: needLogin | needUpload, run: probeModTime,
		Why: "When dates are lost, a synchronisation sends everything again."},
	{ID: "hash", Section: sectionFiles, Title: "Digests (HASH)", needs: needLogin | needUpload, run: probeHash,
		Why: "A digest proves that the file on the server is the one that was sent, without fetching it again."},
	{ID: "names", Section: sectionFiles, Title: "Names in UTF-8", needs: needLogin | needUpload, run: probeNames,
		Why: "Names with other letters than A to Z come back changed, or not at all (RFC 2640)."},
	{ID: "large-listing", Section: sectionFiles, Title: "A listing of many names", needs: needLogin | needUpload, run: probeLargeListing,
		Why: "A listing that is cut short without a word makes a client believe that files are gone."},
}

// testSize is how large a test file is: more than fits into a TLS record.
const testSize = 100_000

const testFile = "file.bin"

// placeFile makes the file that probes share, if it is not there.
func (p *Patient) placeFile(ctx context.Context, c *control) (path string, err error) {
	path = p.at(testFile)
	if p.content != nil {
		return path, nil
	}
	content := randomBytes(testSize)
	o, err := p.store(ctx, c, transfer{command: "STOR " + path}, content, endWhole)
	if err == nil && !o.whole() {
		err = fmt.Errorf("the upload fails: %s", p.ended(o))
	}
	if err == nil {
		p.content = content
	}
	return path, err
}

// same tells whether a file on the server has this content; how says in words
// what it has.
func (p *Patient) same(ctx context.Context, c *control, path string, content []byte) (yes bool, how string, err error) {
	o, err := p.fetch(ctx, c, transfer{command: "RETR " + path})
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused):
		return false, said(refused), nil
	case err != nil:
		return false, "", err
	case !o.whole():
		return false, p.ended(o), nil
	case bytes.Equal(o.data, content):
		return true, count(len(content), "byte", "bytes"), nil
	case len(o.data) == len(content):
		return false, "as many bytes, but others", nil
	}
	return false, fmt.Sprintf("%d bytes of %d", len(o.data), len(content)), nil
}

func probeRoundTrip(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	path, err := p.placeFile(ctx, c)
	if err != nil {
		return trouble(err)
	}
	size, err := c.ask(ctx, "SIZE "+path)
	if err != nil {
		return trouble(err)
	}
	same, how, err := p.same(ctx, c, path, p.content)
	switch {
	case err != nil:
		return trouble(err)
	case !same:
		return failure("what comes back is %s", how)
	case size.Code == ftp.CodeFileStatus && strings.TrimSpace(size.Text) != fmt.Sprint(testSize):
		return failure("SIZE says %s of a file of %d bytes", said(size), testSize)
	}
	return ok("%d bytes up and down, the same", testSize)
}

func probeTruncated(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	path := p.at("cut.bin")
	o, err := p.store(ctx, c, transfer{command: "STOR " + path}, randomBytes(testSize/2), endBare)
	switch {
	case err != nil:
		return trouble(err)
	case o.final.Positive():
		return failure("an upload without close_notify is answered %s", said(o.final))
	}
	kept, err := p.fetch(ctx, c, transfer{command: "RETR " + path})
	if err == nil && kept.whole() {
		return warning("answered %s, but what came stands under the name, %d bytes", said(o.final), len(kept.data)).
			because("Whoever looks at the directory takes it for the file.").advise(remedyFor("truncated-kept", p.software))
	}
	return ok("refused: %s", said(o.final))
}

func probeOverwrite(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	path := p.at("precious.bin")
	old := randomBytes(testSize)
	o, err := p.store(ctx, c, transfer{command: "STOR " + path}, old, endWhole)
	if err != nil || !o.whole() {
		return trouble(cmpError(err, o))
	}
	o, err = p.store(ctx, c, transfer{command: "STOR " + path}, randomBytes(testSize/3), endReset)
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused):
		return skipped("this account may not overwrite: %s", said(refused))
	case err != nil:
		return trouble(err)
	}
	same, how, err := p.same(ctx, c, path, old)
	switch {
	case err != nil:
		return trouble(err)
	case o.final.Positive():
		return failure("an upload that is reset is answered %s", said(o.final))
	case !same:
		return warning("the old file is lost: %s", how)
	}
	return ok("the old file is still there")
}

// cmpError is err, or the reply that ended a transfer badly.
func cmpError(err error, o outcome) error {
	if err != nil {
		return err
	}
	if o.dataErr != nil {
		return o.dataErr
	}
	return o.final
}

func probeStorWithoutData(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	path, err := p.placeFile(ctx, c)
	if err == nil {
		_, _, err = p.same(ctx, c, path, p.content) // uses the data address up, if one is left
	}
	if err != nil {
		return trouble(err)
	}
	answer := c.storeNowhere(ctx, path)
	if c, err = p.in(ctx); err != nil {
		return trouble(err)
	}
	same, how, err := p.same(ctx, c, path, p.content)
	switch {
	case err != nil:
		return trouble(err)
	case !same:
		p.content = nil
		return failure("answered %s, and the file is changed: %s", answer, how)
	}
	return ok("the file stays: %s", answer)
}

// storeNowhere sends STOR without a data address, and tells the answer.
func (c *control) storeNowhere(ctx context.Context, path string) string {
	r, err := c.ask(ctx, "STOR "+path)
	if err == nil && r.Code < 200 {
		r, err = c.read(ctx)
	}
	if err != nil {
		return explain(err)
	}
	return said(r)
}

const (
	fastTries = 5
	fastSize  = 300_000
)

func probeFastClose(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	path := p.at("fast.bin")
	whole, silent := 0, 0
	for range fastTries {
		content := randomBytes(fastSize)
		o, err := p.store(ctx, c, transfer{command: "STOR " + path}, content, endFast)
		var refused ftp.Reply
		if err != nil && !errors.As(err, &refused) {
			return trouble(err)
		}
		same, _, err := p.same(ctx, c, path, content)
		switch {
		case err != nil:
			return trouble(err)
		case same:
			whole++
		case o.final.Positive():
			silent++
		}
	}
	switch {
	case silent > 0:
		return failure("%d of %d are cut and answered 226", silent, fastTries)
	case whole < fastTries:
		return warning("%d of %d are cut", fastTries-whole, fastTries)
	}
	return ok("%d of %d are whole", whole, fastTries)
}
