package probe

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/sealift/sealift/ftp"
)

var sessionProbes = []Probe{
	{ID: "login", Section: sectionSession, Title: "Login", needs: needTLS, run: probeLogin,
		Why: "All that follows needs it."},
	{ID: "features", Section: sectionSession, Title: "Honesty of FEAT", needs: needLogin, run: probeFeatures,
		Why: "A client that believes a claim fails where it could have done without (RFC 2389 §3.2)."},
	{ID: "mlsd", Section: sectionSession, Title: "Listings for programs (MLSD)", needs: needLogin, run: probeMLSD,
		Why: "LIST has no standard form: clients guess sizes, times and time zones. MLSD tells them (RFC 3659 §7)."},
	{ID: "rest-numbers", Section: sectionSession, Title: "Impossible offsets", needs: needLogin, run: probeRestNumbers,
		Why: "An offset that nobody checks is added to sizes and wraps around."},
	{ID: "epsv-all", Section: sectionSession, Title: "EPSV ALL", needs: needLogin, run: probeEPSVAll,
		Why: "A client sends EPSV ALL so that no other data address is taken from anybody any more (RFC 2428 §4)."},
}

func probeLogin(_ context.Context, p *Patient) Finding {
	if p.o.User == "" {
		return skipped(noUser)
	}
	var refused ftp.Reply
	switch {
	case errors.As(p.loginErr, &refused):
		return failure("refused: %s", said(refused)).because("Without a login nothing else can be examined.")
	case p.loginErr != nil:
		return trouble(p.loginErr)
	case p.firstErr != nil:
		return warning("at the second try; the first: %s", explain(p.firstErr)).because("Clients meet the same, now and then.")
	}
	return ok("as %s", p.o.User)
}

// facts are what a client needs of MLSD to copy a tree.
var facts = []string{"type", "size", "modify"}

func probeMLSD(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	o, err := p.fetch(ctx, c, transfer{command: "MLSD"})
	var refused ftp.Reply
	switch {
	case errors.As(err, &refused) && refused.Code < 510:
		return warning("there is none: %s", said(refused))
	case errors.As(err, &refused):
		return failure("refused: %s", said(refused))
	case err != nil:
		return trouble(err)
	case !o.whole():
		return failure("the listing breaks off: %s", p.ended(o))
	}
	lines, bad := parseEntries(o.data)
	offered := strings.ToLower(p.feat.params("MLST"))
	missing := slices.DeleteFunc(slices.Clone(facts), func(f string) bool { return strings.Contains(offered, f) })
	switch {
	case bad != "":
		return warning("a line in no legal form: %s", bad)
	case offered != "" && len(missing) > 0:
		return warning("it does not tell %s", list(missing))
	case offered == "":
		return note("FEAT does not say which facts it tells").because("Clients may take MLSD for absent (RFC 3659 §7.8).")
	}
	return ok("%s; facts: %s", count(lines, "entry", "entries"), p.feat.params("MLST"))
}

func parseEntries(data []byte) (good int, bad string) {
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if _, err := ftp.ParseEntry(line); err != nil {
			return good, printable(line)
		}
		good++
	}
	return good, ""
}

// ended is how a transfer ended, in words.
func (p *Patient) ended(o outcome) string {
	if o.dataErr != nil {
		return explain(o.dataErr) + "; " + said(o.final)
	}
	return said(o.final)
}

func probeRestNumbers(ctx context.Context, p *Patient) Finding {
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	var taken []string
	for _, n := range []string{"-1", "100000000000000000000", "12x"} {
		r, err := c.ask(ctx, "REST "+n)
		if err != nil {
			return trouble(err)
		}
		if r.Code < 400 {
			taken = append(taken, n)
		}
	}
	if _, err := c.ask(ctx, "REST 0"); err != nil {
		return trouble(err)
	}
	if len(taken) > 0 {
		return note("REST takes %s", list(taken))
	}
	return ok("REST takes neither -1 nor 10^20 nor 12x")
}

func probeEPSVAll(ctx context.Context, p *Patient) Finding {
	c, err := p.login(ctx)
	if err != nil {
		return trouble(err)
	}
	defer c.quit()
	r, err := c.ask(ctx, "EPSV ALL")
	switch {
	case err != nil:
		return trouble(err)
	case r.Code >= 400:
		return note("refused: %s", said(r)).because("Clients behind NAT send it to speed things up (RFC 2428 §4); most do without.")
	}
	pasv, err := c.ask(ctx, "PASV")
	if err != nil {
		return trouble(err)
	}
	active, err := c.ask(ctx, "EPRT "+ftp.FormatExtended(netip.AddrPortFrom(c.local(), 50000)))
	switch {
	case err != nil:
		return trouble(err)
	case pasv.Code < 400 || active.Code < 400:
		return note("forgotten at once: then PASV %s, EPRT %s", codeOf(pasv), codeOf(active))
	}
	return ok("then PASV %s, EPRT %s", codeOf(pasv), codeOf(active))
}
