package probe

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/tlsprofile"
)

var controlProbes = []Probe{
	{ID: "auth", Section: sectionControl, Title: "TLS on the control connection", run: probeAuth,
		Why: "Without TLS the password and all files travel readable for anybody on the way."},
	{ID: "plain-login", Section: sectionControl, Title: "Login in clear", needs: needClear, run: probePlainLogin,
		Why: "A server that takes names and passwords in clear gets them in clear, from every client that was set up in a hurry."},
	{ID: "auth-forms", Section: sectionControl, Title: "Forms of AUTH", needs: needClear | needTLS, run: probeAuthForms,
		Why: "AUTH names the mechanism (RFC 2228 §3). Who answers 234 to one he does not have starts something else than was asked for."},
	{ID: "auth-twice", Section: sectionControl, Title: "AUTH inside TLS", needs: needTLS, run: probeAuthTwice,
		Why: "A second AUTH starts TLS within TLS or resets the session; neither is meant by anybody."},
	{ID: "auth-injection", Section: sectionControl, Title: "Commands behind AUTH", needs: needClear | needTLS, run: probeAuthInjection,
		Why: "What is sent in clear behind AUTH may come from somebody in the middle; run inside TLS it counts as the client's own (CVE-2011-0411 and many like it)."},
	{ID: "order", Section: sectionControl, Title: "Order of AUTH, PBSZ, PROT", needs: needClear | needTLS, run: probeOrder,
		Why: "RFC 4217 §9 and RFC 2228 §3 set the order; 200 without TLS makes a client believe that its data is protected."},
	{ID: "prot-levels", Section: sectionControl, Title: "Protection levels that TLS does not have", needs: needTLS, run: probeProtLevels,
		Why: "200 to a level that does not exist leaves the client believing in a protection that nobody gives."},
	{ID: "http-in-tls", Section: sectionControl, Title: "A web request inside TLS", needs: needTLS, run: probeHTTP,
		Why: "A browser can be led to send an FTP server a web request whose body is FTP commands (ALPACA, RFC 9325 §3.7)."},
	{ID: "long-line", Section: sectionControl, Title: "A line that is too long", needs: needTLS, run: probeLongLine,
		Why: "A long line that is cut into several commands lets a long file name carry a command."},
}

func probeAuth(_ context.Context, p *Patient) Finding {
	if p.authErr != nil {
		var r ftp.Reply
		if errors.As(p.authErr, &r) {
			return failure("AUTH TLS is refused: %s", said(r))
		}
		return failure("TLS does not begin: %s", explain(p.authErr))
	}
	s := p.state
	return ok("%s, %s, %s", tlsprofile.VersionName(s.Version), suiteName(s.CipherSuite), s.CurveID)
}

func probePlainLogin(ctx context.Context, p *Patient) Finding {
	c, err := p.connect(ctx)
	if err != nil {
		return trouble(err)
	}
	defer c.quit()
	r, err := c.ask(ctx, "USER "+p.user())
	switch {
	case errors.Is(err, io.EOF):
		return ok("USER before AUTH ends the connection")
	case err != nil:
		return trouble(err)
	case r.Code == ftp.CodeNeedPassword:
		return warning("USER before AUTH is answered %s", said(r))
	case r.Positive():
		return failure("USER before AUTH logs in at once: %s", said(r))
	}
	return ok("USER before AUTH is refused: %s", said(r))
}

// user is the name to try; it is sent in clear, a password never is.
func (p *Patient) user() string {
	if p.o.User != "" {
		return p.o.User
	}
	return "sealift-doctor"
}

func probeAuthForms(ctx context.Context, p *Patient) Finding {
	var seen, wrong []string
	for _, form := range []string{"AUTH TLS-C", "AUTH SSL", "AUTH FOO", "AUTH"} {
		c, err := p.connect(ctx)
		if err != nil {
			return trouble(err)
		}
		r, err := c.ask(ctx, form)
		c.raw.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			return trouble(err)
		}
		answer := form + ": closed"
		if err == nil {
			answer = form + ": " + codeOf(r)
		}
		seen = append(seen, answer)
		if r.Code == ftp.CodeAuth && (form == "AUTH FOO" || form == "AUTH") {
			wrong = append(wrong, form)
		}
	}
	if len(wrong) > 0 {
		return warning("%s starts TLS (%s)", list(wrong), strings.Join(seen, ", "))
	}
	return ok("%s", strings.Join(seen, ", "))
}

func codeOf(r ftp.Reply) string {
	word, _, _ := strings.Cut(r.Error(), " ")
	return word
}

func probeAuthTwice(ctx context.Context, p *Patient) Finding {
	c, err := p.secured(ctx, nil)
	if err != nil {
		return trouble(err)
	}
	defer c.raw.Close()
	r, err := c.ask(ctx, "AUTH TLS")
	switch {
	case errors.Is(err, io.EOF):
		return ok("a second AUTH ends the connection")
	case err != nil:
		return trouble(err)
	case r.Code == ftp.CodeAuth:
		return warning("a second AUTH is answered %s", said(r))
	}
	return ok("a second AUTH is refused: %s", said(r))
}

// aMoment is long enough for an answer that is not expected.
const aMoment = 700 * time.Millisecond

func probeAuthInjection(ctx context.Context, p *Patient) Finding {
	c, err := p.connect(ctx)
	if err != nil {
		return trouble(err)
	}
	defer c.raw.Close()
	if err := c.write(ctx, []byte("AUTH TLS\r\nSYST\r\n")); err != nil {
		return trouble(err)
	}
	r, err := c.read(ctx)
	switch {
	case errors.Is(err, io.EOF) || err == nil && r.Code >= 400:
		return ok("AUTH with a command behind it is refused: %s", said(r))
	case err != nil:
		return trouble(err)
	}
	if err := c.secure(ctx, p.tls()); err != nil {
		return ok("AUTH with a command behind it ends without TLS")
	}
	first, err := c.ask(ctx, "NOOP")
	if err != nil {
		return ok("AUTH with a command behind it ends without a session")
	}
	if second, err := c.readWithin(ctx, aMoment); err == nil {
		return failure("a command sent in clear behind AUTH ran inside TLS: %s, before %s", said(first), said(second))
	}
	return ok("a command behind AUTH is thrown away")
}

func probeOrder(ctx context.Context, p *Patient) Finding {
	early, err := p.askFresh(ctx, p.connect, "PBSZ 0", "PROT P")
	if err != nil {
		return trouble(err)
	}
	inTLS := func(ctx context.Context) (*control, error) { return p.secured(ctx, nil) }
	late, err := p.askFresh(ctx, inTLS, "PROT P")
	if err != nil {
		return trouble(err)
	}
	seen := "before AUTH: PBSZ " + codeOf(early[0]) + ", PROT " + codeOf(early[1]) + "; PROT before PBSZ " + codeOf(late[0])
	switch {
	case early[0].Positive() || early[1].Positive():
		return warning("%s", seen)
	case late[0].Positive():
		return note("%s", seen).because("RFC 4217 §9 demands PBSZ first; most servers do without, and no client is harmed.")
	}
	return ok("%s", seen)
}

// askFresh asks some commands in a connection of their own. The end of the
// connection is a refusal.
func (p *Patient) askFresh(ctx context.Context, open func(context.Context) (*control, error), lines ...string) ([]ftp.Reply, error) {
	c, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer c.quit()
	replies := make([]ftp.Reply, len(lines))
	for i, line := range lines {
		replies[i], err = c.ask(ctx, line)
		if errors.Is(err, io.EOF) {
			replies[i] = ftp.Reply{Code: ftp.CodeClosing, Text: "(closed)"}
			continue
		}
		if err != nil && !c.closed {
			return nil, err
		}
	}
	return replies, nil
}

func probeProtLevels(ctx context.Context, p *Patient) Finding {
	inTLS := func(ctx context.Context) (*control, error) { return p.secured(ctx, nil) }
	levels := []string{"S", "E", "X"}
	replies, err := p.askFresh(ctx, inTLS, "PBSZ 0", "PROT S", "PROT E", "PROT X")
	if err != nil {
		return trouble(err)
	}
	var seen, wrong []string
	for i, level := range levels {
		r := replies[i+1]
		seen = append(seen, "PROT "+level+": "+codeOf(r))
		if r.Positive() {
			wrong = append(wrong, level)
		}
	}
	if len(wrong) > 0 {
		return warning("taken: %s (%s)", list(wrong), strings.Join(seen, ", "))
	}
	return ok("%s", strings.Join(seen, ", "))
}

func probeHTTP(ctx context.Context, p *Patient) Finding {
	c, err := p.secured(ctx, nil)
	if err != nil {
		return trouble(err)
	}
	defer c.raw.Close()
	body := "USER " + p.user() + "\r\n"
	err = c.write(ctx, []byte("POST / HTTP/1.1\r\nHost: "+p.o.Host+"\r\n\r\n"+body))
	for range 6 {
		var r ftp.Reply
		if err == nil {
			r, err = c.readWithin(ctx, 2*aMoment)
		}
		switch {
		case c.closed || err == nil && r.Code == ftp.CodeClosing:
			return ok("a web request ends the connection")
		case err != nil:
			return ok("the command in a web request is not run")
		case r.Code == ftp.CodeNeedPassword || r.Code == ftp.CodeLoggedIn || r.Code == ftp.CodeCertLoggedIn:
			return warning("the command in the body of a web request runs: %s", said(r))
		}
	}
	return note("a web request does not end the connection")
}

// longLine is more than any path has, in bytes.
const longLine = 8 << 10

func probeLongLine(ctx context.Context, p *Patient) Finding {
	c, err := p.secured(ctx, nil)
	if err != nil {
		return trouble(err)
	}
	defer c.raw.Close()
	r, err := c.ask(ctx, "NOOP "+strings.Repeat("x", longLine))
	if c.closed || err == nil && r.Code == ftp.CodeClosing {
		return ok("a line of %d KiB ends the connection", longLine>>10)
	}
	if err != nil {
		r, err = c.ask(ctx, "NOOP")
		answer := said(r)
		if err != nil {
			answer = explain(err)
		}
		return note("a line of %d KiB is not answered; the next command: %s", longLine>>10, answer).
			because("A client that waits for the answer waits in vain.")
	}
	extra := 0
	for extra < 20 {
		if _, err := c.readWithin(ctx, aMoment); err != nil {
			break
		}
		extra++
	}
	if extra > 0 {
		return warning("one line of %d KiB is answered %d times", longLine>>10, extra+1)
	}
	return ok("a line of %d KiB is answered once: %s", longLine>>10, said(r))
}
