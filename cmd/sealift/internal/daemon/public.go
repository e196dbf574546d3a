package daemon

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// lookupInterval is how often the name in listen.public_address is looked up.
const lookupInterval = 5 * time.Minute

// public is what listen.public_address stands for: an address, or a name
// whose address may change.
type public struct {
	name    string
	current atomic.Pointer[netip.Addr]
}

func newPublic(name string) *public {
	p := &public{name: name}
	if a, err := netip.ParseAddr(name); err == nil {
		p.current.Store(&a)
	}
	return p
}

// answer is what PASV tells a client; the zero Addr is the address that it
// has reached, which is right for programs on this machine.
func (p *public) answer(client netip.Addr) netip.Addr {
	a := p.current.Load()
	if a == nil || client.IsLoopback() {
		return netip.Addr{}
	}
	return *a
}

// watch looks the name up until ctx is done.
func (p *public) watch(ctx context.Context, log *slog.Logger) {
	if p.name == "" || p.current.Load() != nil {
		return
	}
	tick := time.NewTicker(lookupInterval)
	defer tick.Stop()
	for {
		p.lookUp(ctx, log)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lookUp keeps the former address when the name cannot be found.
func (p *public) lookUp(ctx context.Context, log *slog.Logger) {
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", p.name)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		log.Warn("listen.public_address cannot be looked up", "name", p.name, "error", err.Error())
	case len(found) > 0:
		a := found[0].Unmap()
		p.current.Store(&a)
	}
}
