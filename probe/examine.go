package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sealift/sealift/ftp"
)

// limits of time of a whole examination and of one probe.
const (
	probeLimit   = 20 * time.Second
	cleanupLimit = 15 * time.Second
)

// Report is all that was found.
type Report struct {
	Host     string    `json:"host"`
	Port     uint16    `json:"port"`
	Implicit bool      `json:"implicit"`
	Address  string    `json:"address,omitempty"` // that was examined
	Software string    `json:"software"`
	Version  string    `json:"version,omitempty"` // if the server told it
	Started  time.Time `json:"started"`
	Took     float64   `json:"seconds"`
	Outcome  Outcome   `json:"outcome"`
	Counts   Counts    `json:"counts"`
	Findings []Finding `json:"findings"`
}

// Counts are the numbers of findings by verdict.
type Counts struct {
	OK       int `json:"ok"`
	Notes    int `json:"notes"`
	Warnings int `json:"warnings"`
	Failures int `json:"failures"`
	Skipped  int `json:"skipped"`
}

// An Outcome is what the whole report comes to.
type Outcome string

// The outcomes. Of several that are true, the first counts.
const (
	NotConnected Outcome = "not connected" // no address answered as an FTP server
	Interrupted  Outcome = "interrupted"
	NotTrusted   Outcome = "not trusted" // the certificate's chain, name or dates
	Refused      Outcome = "login refused"
	Failed       Outcome = "failed" // a probe failed
	Warned       Outcome = "warned" // a probe warned
	Passed       Outcome = "passed"
)

// ErrUnknownProbe: Only or Skip names a probe that does not exist.
var ErrUnknownProbe = errors.New("no probe has that ID")

// Examine runs the probes. Errors are those of Options alone; what is wrong
// with the server stands in the report. When ctx ends, the probes that have
// not run are skipped, and what was written to the server is removed.
func Examine(ctx context.Context, o Options) (Report, error) {
	for _, id := range slices.Concat(o.Only, o.Skip) {
		if !slices.ContainsFunc(table, func(p Probe) bool { return p.ID == id }) {
			return Report{}, fmt.Errorf("%q: %w", id, ErrUnknownProbe)
		}
	}
	p := newPatient(o)
	r := Report{Host: o.Host, Port: p.o.Port, Implicit: o.Security == Implicit, Started: time.Now().UTC().Truncate(time.Second)}
	began := time.Now()
	p.meet(ctx)
	for _, one := range chosen(o) {
		f := p.examine(ctx, one)
		r.Findings = append(r.Findings, f)
		if o.Each != nil {
			o.Each(f)
		}
	}
	p.leave()
	if p.addr.IsValid() {
		r.Address = p.addr.String()
	}
	r.Software, r.Version = p.software.String(), p.version
	r.Took = time.Since(began).Round(time.Millisecond).Seconds()
	r.Counts, r.Outcome = tally(r.Findings), p.outcome(ctx, r.Findings)
	return r, nil
}

// chosen are the probes that are to run. What was written is always removed.
func chosen(o Options) (probes []Probe) {
	for _, p := range table {
		switch {
		case p.ID == cleanupID:
			probes = append(probes, p)
		case p.needs.has(needSelf) && o.Self == nil:
		case len(o.Only) > 0 && !slices.Contains(o.Only, p.ID):
		case slices.Contains(o.Skip, p.ID):
		default:
			probes = append(probes, p)
		}
	}
	return probes
}

func (p *Patient) examine(ctx context.Context, one Probe) Finding {
	began := time.Now()
	limit := probeLimit
	if one.needs.has(needSlow) {
		limit += p.o.MaxIdle
	}
	if one.ID == cleanupID {
		ctx, limit = context.WithoutCancel(ctx), cleanupLimit
	}
	f, absent := p.lacks(ctx, one)
	if !absent {
		ctx, cancel := context.WithTimeout(ctx, limit)
		f = one.run(ctx, p)
		cancel()
	}
	f = one.complete(f, p.software)
	f.Took = time.Since(began)
	return f
}

// lacks says what one needs and is not there.
func (p *Patient) lacks(ctx context.Context, one Probe) (Finding, bool) {
	n := one.needs
	switch {
	case ctx.Err() != nil:
		return skipped("interrupted"), true
	case one.ID == "address" || n.has(needSelf):
	case !p.addr.IsValid():
		return skipped("no connection"), true
	case n.has(needClear) && p.o.Security == Implicit:
		return skipped("an implicit port has no AUTH"), true
	case (n.has(needTLS) || n.has(needLogin)) && p.authErr != nil:
		return skipped("no TLS: %s", explain(p.authErr)), true
	case n.has(needSlow) && !p.o.Slow:
		return skipped("takes minutes; --slow waits for it"), true
	case n.has(needLogin):
		return p.lacksLogin(ctx, n)
	}
	return Finding{}, false
}

func (p *Patient) lacksLogin(ctx context.Context, n need) (Finding, bool) {
	if p.o.User == "" {
		return skipped(noUser), true
	}
	if n.has(needUpload) && p.o.ReadOnly {
		return skipped("--read-only"), true
	}
	if p.loginErr != nil {
		return skipped("no login"), true
	}
	if !n.has(needUpload) {
		return Finding{}, false
	}
	if err := p.makeDir(ctx); err != nil {
		var r ftp.Reply
		if errors.As(err, &r) {
			return skipped("this account may not make a directory here: %s", said(r)), true
		}
		return skipped("no directory for tests: %s", explain(err)), true
	}
	return Finding{}, false
}

// noUser is why most is skipped without a login.
const noUser = "no user was given; sealift doctor USER@HOST examines files and data connections as well"

func tally(all []Finding) (c Counts) {
	for _, f := range all {
		switch f.Verdict {
		case OK:
			c.OK++
		case Note:
			c.Notes++
		case Warning:
			c.Warnings++
		case Failure:
			c.Failures++
		case Skipped:
			c.Skipped++
		}
	}
	return c
}

func (p *Patient) outcome(ctx context.Context, all []Finding) Outcome {
	var refused ftp.Reply
	switch c := tally(all); {
	case ctx.Err() != nil:
		return Interrupted
	case !p.addr.IsValid():
		return NotConnected
	case p.authErr == nil && !p.o.Insecure && p.trust(p.state) != nil:
		return NotTrusted
	case errors.As(p.loginErr, &refused):
		return Refused
	case c.Failures > 0:
		return Failed
	case c.Warnings > 0:
		return Warned
	}
	return Passed
}
