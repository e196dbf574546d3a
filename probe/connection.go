package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"time"
)

var connectionProbes = []Probe{
	{ID: "address", Section: sectionConnection, Title: "Names and addresses", run: probeAddress,
		Why: "A client takes any address of the name; one that does not answer makes it hang or fail, now and then."},
	{ID: "greeting", Section: sectionConnection, Title: "Greeting", run: probeGreeting,
		Why: "A greeting that tells the version tells everybody which faults to try."},
	{ID: "greeting-speed", Section: sectionConnection, Title: "Time until the greeting", run: probeGreetingSpeed,
		Why: "Every connection waits for it; mostly the server looks the client's name up, in vain."},
	{ID: "software", Section: sectionConnection, Title: "Software", run: probeSoftware,
		Why: "Remedies can only be told for software that is recognised."},
}

func (p *Patient) findAddresses(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	var found []netip.Addr
	found, p.lookupErr = net.DefaultResolver.LookupNetIP(ctx, "ip", p.o.Host)
	for _, a := range found {
		one := netip.AddrPortFrom(a.Unmap(), p.o.Port)
		if !slices.ContainsFunc(p.addresses, func(known address) bool { return known.AddrPort == one }) {
			p.addresses = append(p.addresses, address{AddrPort: one})
		}
	}
}

// tryAddresses connects to all at once. The first in their order that greets
// is the one to examine.
func (p *Patient) tryAddresses(ctx context.Context) {
	var wait sync.WaitGroup
	for i := range p.addresses {
		wait.Go(func() { p.try(ctx, &p.addresses[i]) })
	}
	wait.Wait()
	if i := slices.IndexFunc(p.addresses, func(a address) bool { return a.err == nil }); i >= 0 {
		p.addr, p.greeting = p.addresses[i].AddrPort, p.addresses[i].greeting
	}
}

func (p *Patient) try(ctx context.Context, a *address) {
	began := time.Now()
	c, r, err := p.greet(ctx, a.AddrPort, p.tls())
	a.took = time.Since(began)
	if a.greeting, a.err = r, err; err != nil {
		return
	}
	c.quit()
	if r.Code >= 400 {
		a.err = r
	}
}

func probeAddress(ctx context.Context, p *Patient) Finding {
	if p.lookupErr != nil {
		return failure("%s: %s", p.o.Host, explain(p.lookupErr)).because("Without an address there is nothing to connect to.").
			advise("Check the name, and its A and AAAA records.")
	}
	var good, bad []string
	for _, a := range p.addresses {
		switch {
		case a.err == nil:
			good = append(good, a.String())
		case noRoute(a.err) && len(p.addresses) > 1:
			bad = append(bad, a.String()+" (this machine has no way to it)")
		default:
			bad = append(bad, a.String()+" ("+explain(a.err)+")")
		}
	}
	switch {
	case len(good) == 0:
		return failure("no answer: %s", list(bad)).because("No address answers as an FTP server does.").advise(p.otherSecurity(ctx))
	case p.onlyUnroutable():
		return note("%s answers; not tried: %s", list(good), list(bad)).because("Clients that have such addresses may see something else.")
	case len(bad) > 0:
		return failure("of %s, these do not answer: %s", count(len(p.addresses), "address", "addresses"), list(bad))
	case len(good) == 1:
		return ok("%s answers", good[0])
	}
	return ok("all %d answer: %s", len(good), list(good))
}

func (p *Patient) onlyUnroutable() bool {
	bad := false
	for _, a := range p.addresses {
		if a.err != nil && !noRoute(a.err) {
			return false
		}
		bad = bad || a.err != nil
	}
	return bad
}

func noRoute(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

// otherSecurity is the advice for a port that does not answer: perhaps it
// speaks TLS first, or clear first.
func (p *Patient) otherSecurity(ctx context.Context) string {
	other := *p
	other.o.Security = Explicit + Implicit - p.o.Security
	for _, a := range p.addresses {
		c, _, err := other.greet(ctx, a.AddrPort, p.tls())
		if err != nil {
			continue
		}
		c.quit()
		if p.o.Security == Explicit {
			return fmt.Sprintf("The port speaks TLS from the first byte: use ftps://%s.", net.JoinHostPort(p.o.Host, fmt.Sprint(p.o.Port)))
		}
		return fmt.Sprintf("The port begins in clear: use ftpes://%s.", net.JoinHostPort(p.o.Host, fmt.Sprint(p.o.Port)))
	}
	return "Check that the server runs, that the port is right, and that no firewall stands between."
}

// versionNumber is what looks like one: 1.2, v3.0.3, 2.7.99-dev.
var versionNumber = regexp.MustCompile(`\b[vV]?\d+\.\d+[\w.\-]*`)

func probeGreeting(_ context.Context, p *Patient) Finding {
	text := ipAddress.ReplaceAllString(p.greeting.Text, "")
	if v := versionNumber.FindString(text); v != "" {
		return note("%s; it tells the version %s", said(p.greeting), v)
	}
	return ok("%s; no version", said(p.greeting))
}

var ipAddress = regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b|[0-9a-fA-F]*:[0-9a-fA-F:]+(:\d+\.\d+\.\d+\.\d+)?`)

// slowGreeting is when people begin to wonder.
const slowGreeting = 2 * time.Second

func probeGreetingSpeed(_ context.Context, p *Patient) Finding {
	for _, a := range p.addresses {
		if a.AddrPort != p.addr {
			continue
		}
		if a.took > slowGreeting {
			return warning("%.1f s", a.took.Seconds())
		}
		return ok("%d ms", a.took.Milliseconds())
	}
	return skipped("no connection")
}

func probeSoftware(_ context.Context, p *Patient) Finding {
	if p.software == Unknown {
		return note("not recognised").advise("The remedies below are general; the server's manual has the words.")
	}
	name := p.software.String()
	if p.version != "" {
		name += " " + p.version
	}
	return ok("%s, by its %s", name, p.evidence)
}
