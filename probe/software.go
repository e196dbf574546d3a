package probe

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/sealift/sealift/ftp"
)

// Software is what the server was recognised as.
type Software int

// The software whose remedies are known.
const (
	Unknown Software = iota
	Vsftpd
	ProFTPD
	PureFTPd
	Pyftpdlib
	FileZillaServer
	SFTPGo
	MicrosoftFTP
	Sealift
)

var softwareNames = [...]string{
	Unknown: "unknown", Vsftpd: "vsftpd", ProFTPD: "ProFTPD", PureFTPd: "Pure-FTPd", Pyftpdlib: "pyftpdlib",
	FileZillaServer: "FileZilla Server", SFTPGo: "SFTPGo", MicrosoftFTP: "Microsoft FTP", Sealift: "Sealift",
}

// String is the name as its makers write it.
func (s Software) String() string { return softwareNames[s] }

// source is where a sign was seen.
type source string

const (
	inGreeting source = "greeting"
	inSYST     source = "SYST"
	inFEAT     source = "FEAT"
	inAUTH     source = "reply to AUTH"
	inSTAT     source = "STAT"
)

// sign tells one software. Its first group, if it has one, is the version.
type sign struct {
	software Software
	where    source
	pattern  *regexp.Regexp
}

// signs are tried in order: what names itself first, quirks last.
var signs = []sign{
	{Vsftpd, inGreeting, regexp.MustCompile(`(?i)vsftpd ?([\d.]+\w*)?`)},
	{ProFTPD, inGreeting, regexp.MustCompile(`(?i)proftpd ?([\d.]+\w*)?`)},
	{PureFTPd, inGreeting, regexp.MustCompile(`(?i)pure-?ftpd`)},
	{Pyftpdlib, inGreeting, regexp.MustCompile(`(?i)pyftpdlib(?:-based)? ?([\d.]+)?`)},
	{FileZillaServer, inGreeting, regexp.MustCompile(`(?i)filezilla server(?: version)? ?([\d.]+(?:-?\w+)?)?`)},
	{SFTPGo, inGreeting, regexp.MustCompile(`(?i)sftpgo[ _]?v?([\d.]+)?`)},
	{MicrosoftFTP, inGreeting, regexp.MustCompile(`(?i)microsoft ftp`)},
	{Sealift, inGreeting, regexp.MustCompile(`(?i)\bsealift ready`)},
	{MicrosoftFTP, inSYST, regexp.MustCompile(`Windows_NT`)},
	{FileZillaServer, inSYST, regexp.MustCompile(`(?i)filezilla`)},
	{Vsftpd, inAUTH, regexp.MustCompile(`^234 Proceed with negotiation`)},
	{PureFTPd, inAUTH, regexp.MustCompile(`^234 AUTH TLS OK`)},
	{FileZillaServer, inAUTH, regexp.MustCompile(`^234 Using authentication type`)},
	{Sealift, inAUTH, regexp.MustCompile(`^234 Start the TLS handshake`)},
	{SFTPGo, inAUTH, regexp.MustCompile(`^234 AUTH command ok\. Expecting TLS Negotiation`)},
	{ProFTPD, inFEAT, regexp.MustCompile(`SSCN|MFF modify;UNIX\.group`)},
	{PureFTPd, inFEAT, regexp.MustCompile(`ESTA|SPSV`)},
	{Vsftpd, inSTAT, regexp.MustCompile(`(?i)vsftpd ?([\d.]+)?`)},
	{ProFTPD, inSTAT, regexp.MustCompile(`Status of '`)},
	{Pyftpdlib, inAUTH, regexp.MustCompile(`^234 AUTH TLS successful\.`)},
	{Pyftpdlib, inFEAT, regexp.MustCompile(`unix\.gid\*?;.*unix\.uid`)},
	{FileZillaServer, inSTAT, regexp.MustCompile(`(?i)filezilla`)},
}

// recognise finds the software in what the server has said.
func recognise(heard map[source]ftp.Reply) (s Software, version, evidence string) {
	for _, one := range signs {
		r := heard[one.where]
		m := one.pattern.FindStringSubmatch(r.Error())
		if r.IsZero() || m == nil {
			continue
		}
		if len(m) > 1 {
			version = m[1]
		}
		return one.software, strings.TrimSuffix(version, "."), string(one.where) + ": " + strings.TrimSpace(m[0])
	}
	return Unknown, "", ""
}

// meet finds the addresses, connects to each, and learns from the first that
// answers what the probes build on.
func (p *Patient) meet(ctx context.Context) {
	p.findAddresses(ctx)
	p.tryAddresses(ctx)
	if !p.addr.IsValid() {
		return
	}
	heard := map[source]ftp.Reply{inGreeting: p.greeting}
	p.introduce(ctx, heard)
	if p.o.User != "" && p.authErr == nil {
		p.open(ctx, heard)
	}
	p.software, p.version, p.evidence = recognise(heard)
}

// introduce does the first TLS handshake, and learns FEAT and SYST.
func (p *Patient) introduce(ctx context.Context, heard map[source]ftp.Reply) {
	c, err := p.connect(ctx)
	if err != nil {
		p.authErr = err
		return
	}
	defer c.quit()
	if p.o.Security == Explicit {
		if p.authErr = p.protect(ctx, c, heard); p.authErr != nil {
			return
		}
	}
	p.state = c.state()
	if r, err := c.ask(ctx, "FEAT"); err == nil {
		heard[inFEAT] = r
		p.feat = parseFeatures(r)
	}
	if r, err := c.ask(ctx, "SYST"); err == nil {
		heard[inSYST] = r
	}
}

// protect is auth, with the reply remembered.
func (p *Patient) protect(ctx context.Context, c *control, heard map[source]ftp.Reply) error {
	r, err := c.must(ctx, "AUTH TLS")
	heard[inAUTH] = r
	if err != nil {
		return err
	}
	return c.secure(ctx, p.tls())
}

// open logs in, and learns what the server tells to this login alone.
func (p *Patient) open(ctx context.Context, heard map[source]ftp.Reply) {
	c, err := p.in(ctx)
	var refused ftp.Reply
	if err != nil && !errors.As(err, &refused) && ctx.Err() == nil {
		p.firstErr = err
		c, err = p.in(ctx)
	}
	if p.loginErr = err; err != nil {
		return
	}
	for verb, where := range map[string]source{"FEAT": inFEAT, "SYST": inSYST, "STAT": inSTAT} {
		r, err := c.ask(ctx, verb)
		if err != nil {
			return
		}
		if r.Code < 400 {
			heard[where] = r
		}
	}
	p.feat = parseFeatures(heard[inFEAT])
}
