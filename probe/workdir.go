package probe

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/ftp"
)

// item is something that was made on the server.
type item struct {
	path string
	dir  bool
}

// makeDir makes the directory for tests, at its first call.
func (p *Patient) makeDir(ctx context.Context) error {
	if p.dir != "" || p.dirErr != nil {
		return p.dirErr
	}
	c, err := p.in(ctx)
	if err != nil {
		return err // another probe may have more luck
	}
	name := "sealift-doctor-" + hex.EncodeToString(randomBytes(4))
	if p.o.Dir != "" {
		name = strings.TrimSuffix(p.o.Dir, "/") + "/" + name
	}
	if _, p.dirErr = c.must(ctx, "MKD "+name); p.dirErr != nil {
		var refused ftp.Reply
		if !errors.As(p.dirErr, &refused) {
			p.dir = name // it may be there
		}
		return p.dirErr
	}
	p.dir = name
	return nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// at is the path of a test file, which is removed at the end.
func (p *Patient) at(name string) string { return p.remember(name, false) }

// dirAt is at for a directory.
func (p *Patient) dirAt(name string) string { return p.remember(name, true) }

func (p *Patient) remember(name string, dir bool) string {
	one := item{p.dir + "/" + name, dir}
	if !slices.Contains(p.made, one) {
		p.made = append(p.made, one)
	}
	return one.path
}

// forget: the probe has removed it itself.
func (p *Patient) forget(path string) {
	p.made = slices.DeleteFunc(p.made, func(one item) bool { return one.path == path })
}

var endProbes = []Probe{
	{ID: "idle", Section: sectionEnd, Title: "Clients that say nothing", needs: needSlow, run: probeIdle,
		Why: "Connections that cost nothing to open and are kept for minutes let one machine use all of them up."},
	{ID: cleanupID, Section: sectionEnd, Title: "Nothing is left behind", run: probeCleanup,
		Why: "The doctor removes what it made."},
}

func probeCleanup(ctx context.Context, p *Patient) Finding {
	if p.dir == "" {
		return ok("nothing was written to the server")
	}
	err := p.cleanUp(ctx)
	if err == nil {
		return ok("%s has been removed", p.dir)
	}
	var r ftp.Reply
	reason := explain(err)
	if errors.As(err, &r) {
		reason = said(r)
	}
	return warning("%s could not be removed: %s", p.dir, reason).advise("Remove it by hand.")
}

// cleanUp removes what was made, the last first, then what else is there.
func (p *Patient) cleanUp(ctx context.Context) error {
	c, err := p.in(ctx)
	if err != nil {
		return err
	}
	for _, one := range slices.Backward(p.made) {
		if err := c.remove(ctx, one); err != nil {
			return err
		}
	}
	p.made = nil
	if _, err = c.must(ctx, "RMD "+p.dir); err == nil {
		return nil
	}
	if left, listErr := p.names(ctx, c, p.dir); listErr == nil {
		for _, name := range left {
			if err := c.remove(ctx, item{path: p.dir + "/" + name}); err != nil {
				return err
			}
		}
	}
	_, err = c.must(ctx, "RMD "+p.dir)
	return err
}

// remove ignores refusals: what is not there need not be removed.
func (c *control) remove(ctx context.Context, one item) error {
	verb := "DELE "
	if one.dir {
		verb = "RMD "
	}
	_, err := c.ask(ctx, verb+one.path)
	return err
}

// names lists a directory: the bare names.
func (p *Patient) names(ctx context.Context, c *control, dir string) (all []string, err error) {
	o, err := p.fetch(ctx, c, transfer{command: "NLST " + dir})
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused) && (refused.Code == ftp.CodeBusy || refused.Code == ftp.CodeUnavailable):
		return nil, nil // an empty directory, to many servers
	case err != nil:
		return nil, err
	case !o.whole():
		return nil, fmt.Errorf("the listing breaks off: %s", p.ended(o))
	}
	for line := range strings.Lines(string(o.data)) {
		name := strings.TrimRight(line, "\r\n")
		name = name[strings.LastIndexByte(name, '/')+1:]
		if name != "" && name != "." && name != ".." {
			all = append(all, name)
		}
	}
	return all, nil
}
