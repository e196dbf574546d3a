package probe

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Self is what is known of a server that is ours, and on this machine.
type Self struct {
	Warnings      []string // what is unsafe in its configuration
	Insecure      []string // of these, what is against all advice
	PublicAddress string   // what PASV tells; "" is the address that a client reached
	FirstPassive  uint16   // ports of data connections; 0: any
	LastPassive   uint16
}

var selfProbes = []Probe{
	{ID: "self-config", Section: sectionSelf, Title: "Configuration", needs: needSelf, run: probeSelfConfig,
		Why: "What is allowed will be used."},
	{ID: "self-address", Section: sectionSelf, Title: "Public address", needs: needSelf, run: probeSelfAddress,
		Why: "Behind NAT, clients connect to the address in listen.public_address, or to nothing."},
	{ID: "self-passive", Section: sectionSelf, Title: "Passive ports, from the public address", needs: needSelf, run: probeSelfPassive,
		Why: "A firewall that does not let the passive ports through stops every file and listing."},
}

func probeSelfConfig(_ context.Context, p *Patient) Finding {
	s := p.o.Self
	switch {
	case len(s.Insecure) > 0:
		return warning("%s", strings.Join(s.Insecure, "; "))
	case len(s.Warnings) > 0:
		return note("%s", strings.Join(s.Warnings, "; "))
	}
	return ok("nothing unsafe is allowed")
}

func probeSelfAddress(ctx context.Context, p *Patient) Finding {
	public := p.o.Self.PublicAddress
	if public == "" {
		return note("none: PASV tells each client the address that it has reached").
			because("That is right unless NAT stands in front of the server.").
			advise(`Behind NAT: listen.public_address = "NAME OR ADDRESS".`)
	}
	found, err := resolve4(ctx, public)
	if err != nil {
		return failure("%s: %s", public, explain(err))
	}
	if isLocal(found) {
		return ok("%s, which this machine has", found)
	}
	return note("%s, which this machine does not have itself: NAT stands in front", found).
		because("NAT has to pass the control port and all passive ports on.")
}

// resolve4 is the first IPv4 address of a name, as PASV knows no other.
func resolve4(ctx context.Context, host string) (netip.Addr, error) {
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return netip.Addr{}, err
	}
	if len(found) == 0 {
		return netip.Addr{}, errors.New("no IPv4 address")
	}
	return found[0].Unmap(), nil
}

func isLocal(a netip.Addr) bool {
	found, _ := net.InterfaceAddrs()
	return a.IsLoopback() || slices.ContainsFunc(found, func(one net.Addr) bool {
		prefix, err := netip.ParsePrefix(one.String())
		return err == nil && prefix.Addr().Unmap() == a
	})
}

// triedPorts is how many passive ports are tried: both ends, and some between.
const triedPorts = 5

// probeSelfPassive listens on passive ports that are free, and connects to
// them by the address that clients are told.
func probeSelfPassive(ctx context.Context, p *Patient) Finding {
	s := p.o.Self
	if s.FirstPassive == 0 {
		return note("any port the system gives").because("No firewall can be told which ports to let through.").
			advise(`listen.passive_ports = "50000-50999".`)
	}
	host := s.PublicAddress
	if host == "" {
		host = p.o.Host
	}
	addr, err := resolve4(ctx, host)
	if err != nil {
		return failure("%s: %s", host, explain(err))
	}
	var reached, missed []string
	for _, port := range spread(s.FirstPassive, s.LastPassive) {
		switch err := p.knock(ctx, netip.AddrPortFrom(addr, port)); {
		case errors.Is(err, errTaken):
		case err != nil:
			missed = append(missed, strconv.Itoa(int(port))+" ("+explain(err)+")")
		default:
			reached = append(reached, strconv.Itoa(int(port)))
		}
	}
	switch {
	case len(missed) > 0 && !isLocal(addr):
		return warning("not reached at %s: %s", addr, list(missed)).
			because("Either NAT does not pass the ports on, or it does not let this machine come back to itself, as many routers do not.").
			advise("Try from elsewhere: sealift doctor USER@" + host + ".")
	case len(missed) > 0:
		return failure("not reached at %s: %s", addr, list(missed))
	case len(reached) == 0:
		return skipped("all that were tried are in use")
	}
	return ok("reached at %s: %s", addr, list(reached))
}

func spread(first, last uint16) (ports []uint16) {
	last = max(first, last)
	for i := range triedPorts {
		port := first + uint16(int(last-first)*i/(triedPorts-1))
		if !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports
}

// errTaken: another program, perhaps the server, has the port.
var errTaken = errors.New("in use")

// knock listens on a port of this machine and connects to it by the address.
// Another that answers there is not taken for it.
func (p *Patient) knock(ctx context.Context, to netip.AddrPort) error {
	l, err := net.Listen("tcp4", ":"+strconv.Itoa(int(to.Port())))
	if err != nil {
		return errTaken
	}
	defer l.Close()
	word := rand.Text()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, word)
			c.Close()
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	c, err := p.dial(ctx, "tcp", to.String())
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(p.o.Timeout))
	heard, err := io.ReadAll(io.LimitReader(c, int64(len(word))))
	if err == nil && string(heard) != word {
		err = errors.New("another program answers")
	}
	return err
}
