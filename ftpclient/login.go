package ftpclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/sealift/sealift/ftp"
)

// Login sends USER, and PASS and ACCT where the server asks for them, then
// learns what the server can do and protects the data connections. A refusal
// is a ReplyError, after which Login may be tried again as long as Err is nil.
func (c *Conn) Login(ctx context.Context, user, password, account string) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.end()
	if err := checkArgument(user); err != nil {
		return fmt.Errorf("ftpclient: user: %w", err)
	}
	c.mode, c.hash, c.restart, c.home, c.moved = "", "", false, "", false
	if err := c.identify(ctx, user, password, account); err != nil {
		return err
	}
	return c.prepare(ctx)
}

func (c *Conn) identify(ctx context.Context, user, password, account string) error {
	if user == "anonymous" || user == "ftp" {
		password = cmp.Or(password, "anonymous@")
	}
	verb := "USER"
	r, err := c.command(ctx, verb, user)
	if err == nil && r.Code == ftp.CodeNeedPassword {
		verb = "PASS"
		r, err = c.command(ctx, verb, password)
	}
	if err == nil && r.Code == 332 {
		verb = "ACCT"
		r, err = c.command(ctx, verb, account)
	}
	if err == nil && !r.Positive() {
		err = &ReplyError{Command: verb, Reply: r}
	}
	return err
}

// prepare comes after the login. CLNT is before OPTS UTF8, which some servers
// refuse otherwise; what they answer to both does not matter.
func (c *Conn) prepare(ctx context.Context) error {
	if err := c.protect(ctx); err != nil {
		return err
	}
	if err := c.askFeatures(ctx); err != nil {
		return err
	}
	for _, line := range []struct{ feature, verb, arg string }{
		{"CLNT", "CLNT", "Sealift"},
		{"UTF8", "OPTS", "UTF8 ON"},
	} {
		if !c.features.Has(line.feature) {
			continue
		}
		if _, err := c.exchange(ctx, line.verb, line.arg); err != nil {
			return err
		}
	}
	return nil
}

func (c *Conn) askFeatures(ctx context.Context) error {
	r, err := c.exchange(ctx, "FEAT", "")
	if err != nil {
		return err
	}
	c.features = Features{}
	if r.Positive() {
		c.features = parseFeatures(r.Text)
	}
	c.factsSet, c.noMLSD = false, c.features.Known && !c.features.MLSD
	return c.Err()
}

// protect sets the protection of data connections (RFC 4217 §9). Whatever a
// server answers, a private data connection is one in TLS; that it does not
// want any is told here already.
func (c *Conn) protect(ctx context.Context) error {
	if c.protected || c.tls == nil {
		return nil
	}
	if _, err := c.exchange(ctx, "PBSZ", "0"); err != nil { // some know PROT alone
		return err
	}
	level, preset := "P", Implicit
	if c.o.ClearData {
		level, preset = "C", Explicit
	}
	_, err := c.command(ctx, "PROT", level)
	refusal, refused := errors.AsType[*ReplyError](err)
	switch {
	case refused && unknownCommand(refusal.Reply.Code) && c.o.Security == preset:
	case refused && !c.o.ClearData:
		return fmt.Errorf("%w on data connections: %w", ErrTLSRefused, err)
	case err != nil:
		return err
	}
	c.protected = true
	return nil
}
