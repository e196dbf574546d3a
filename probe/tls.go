package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"slices"
	"strings"

	"github.com/sealift/sealift/tlsprofile"
)

var tlsProbes = []Probe{
	{ID: "tls-versions", Section: sectionTLS, Title: "TLS versions", needs: needTLS, run: probeVersions,
		Why: "TLS 1.0 and 1.1 are forbidden (RFC 8996): their hashes are broken. TLS 1.2 is what everybody has, 1.3 is faster and hides more."},
	{ID: "tls-suites", Section: sectionTLS, Title: "Cipher suites up to TLS 1.2", needs: needTLS, run: probeSuites,
		Why: "RC4 and 3DES are broken; with RSA key exchange whoever gets the key reads everything recorded before; CBC has leaked time and again (RFC 9325 §4.1, §4.2)."},
	{ID: "post-quantum", Section: sectionTLS, Title: "Post-quantum key exchange", needs: needTLS, run: probePostQuantum,
		Why: "What is recorded today under a classical key exchange can be read once large quantum computers exist."},
	{ID: "alpn", Section: sectionTLS, Title: "ALPN", needs: needTLS, run: probeALPN,
		Why: "A server that refuses other protocols' names cannot be used against a web server that shares its certificate (ALPACA, RFC 9325 §3.7)."},
	{ID: "tls-resumption", Section: sectionTLS, Title: "Session resumption", needs: needTLS, run: probeResumption,
		Why: "Only a data connection that resumes the control connection's session proves whose it is, and it costs half."},
}

func suiteName(id uint16) string { return tls.CipherSuiteName(id) }

// shake does one handshake; nil is success.
func (p *Patient) shake(ctx context.Context, change func(*tls.Config)) (tls.ConnectionState, error) {
	cfg := p.tls()
	cfg.ClientSessionCache = nil
	change(cfg)
	c, err := p.secured(ctx, cfg)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer c.quit()
	return c.state(), nil
}

var allVersions = []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13}

func probeVersions(ctx context.Context, p *Patient) Finding {
	var offered, old []string
	has := map[uint16]bool{}
	for _, v := range allVersions {
		_, err := p.shake(ctx, func(c *tls.Config) { c.MinVersion, c.MaxVersion = v, v })
		if ctx.Err() != nil {
			return trouble(ctx.Err())
		}
		if err != nil {
			continue
		}
		has[v] = true
		offered = append(offered, tlsprofile.VersionName(v))
		if v < tls.VersionTLS12 {
			old = append(old, tlsprofile.VersionName(v))
		}
	}
	switch {
	case len(old) > 0:
		return warning("offered: %s", list(offered))
	case !has[tls.VersionTLS12]:
		return note("offered: %s", list(offered)).because("Older clients and devices do not have TLS 1.3.")
	case !has[tls.VersionTLS13]:
		return note("offered: %s", list(offered)).because("TLS 1.3 needs one round trip less for each connection, and encrypts the certificates.")
	}
	return ok("offered: %s", list(offered))
}

// suites finds all suites of TLS 1.0 to 1.2, by offering those that the
// server has not chosen yet until it chooses none.
func (p *Patient) suites(ctx context.Context) (chosen []uint16) {
	rest := everySuite()
	for len(rest) > 0 {
		s, err := p.shake(ctx, func(c *tls.Config) { c.MaxVersion, c.CipherSuites = tls.VersionTLS12, rest })
		if err != nil || !slices.Contains(rest, s.CipherSuite) {
			break
		}
		chosen = append(chosen, s.CipherSuite)
		rest = slices.DeleteFunc(slices.Clone(rest), func(id uint16) bool { return id == s.CipherSuite })
	}
	return chosen
}

// weakness is what is wrong with a suite; "" is nothing.
func weakness(id uint16) string {
	switch name := suiteName(id); {
	case strings.Contains(name, "_RC4_") || strings.Contains(name, "_3DES_"):
		return "broken"
	case strings.HasPrefix(name, "TLS_RSA_"):
		return "no forward secrecy"
	case strings.Contains(name, "_CBC_"):
		return "CBC"
	}
	return ""
}

func probeSuites(ctx context.Context, p *Patient) Finding {
	all := p.suites(ctx)
	if err := ctx.Err(); err != nil {
		return trouble(err)
	}
	weak := map[string][]string{}
	for _, id := range all {
		if w := weakness(id); w != "" {
			weak[w] = append(weak[w], strings.TrimPrefix(suiteName(id), "TLS_"))
		}
	}
	var seen []string
	for _, w := range []string{"broken", "no forward secrecy", "CBC"} {
		if names := weak[w]; len(names) > 0 {
			seen = append(seen, w+": "+strings.Join(names, ", "))
		}
	}
	switch {
	case len(all) == 0:
		return ok("none: TLS 1.3 alone")
	case len(weak["broken"]) > 0:
		return failure("%s; %s", count(len(all), "suite", "suites"), strings.Join(seen, "; "))
	case len(seen) > 0:
		return warning("%s; %s", count(len(all), "suite", "suites"), strings.Join(seen, "; "))
	}
	return ok("%s, all with forward secrecy and AEAD", count(len(all), "suite", "suites"))
}

func probePostQuantum(ctx context.Context, p *Patient) Finding {
	s, err := p.shake(ctx, func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768} })
	if ctx.Err() != nil {
		return trouble(ctx.Err())
	}
	if err != nil || s.CurveID != tls.X25519MLKEM768 {
		return note("X25519MLKEM768 is not offered")
	}
	return ok("%s", s.CurveID)
}

func probeALPN(ctx context.Context, p *Patient) Finding {
	ftp, err := p.shake(ctx, func(c *tls.Config) { c.NextProtos = []string{"ftp"} })
	if err != nil {
		return warning("a client that offers the name ftp gets no TLS: %s", explain(err)).
			because("RFC 7301 §6 and the registry give FTP the name ftp; clients that offer it cannot come in.")
	}
	_, err = p.shake(ctx, func(c *tls.Config) { c.NextProtos = []string{"h2"} })
	if ctx.Err() != nil {
		return trouble(ctx.Err())
	}
	chosen := cmp.Or(ftp.NegotiatedProtocol, "no name")
	if err == nil {
		return note("h2 is not refused; to ftp the server answers %s", chosen)
	}
	return ok("h2 is refused; to ftp the server answers %s", chosen)
}

func probeResumption(ctx context.Context, p *Patient) Finding {
	cfg := p.tls()
	for i := range 2 {
		c, err := p.secured(ctx, cfg)
		if err != nil {
			return trouble(err)
		}
		// Tickets of TLS 1.3 come with the first answer.
		_, err = c.ask(ctx, "NOOP")
		resumed := c.state().DidResume
		c.quit()
		switch {
		case err != nil:
			return trouble(err)
		case resumed:
			return ok("a second connection resumes the session of the first")
		case i == 1:
			return note("a second connection cannot resume the session of the first")
		}
	}
	return Finding{}
}
