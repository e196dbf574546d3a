package daemon

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
)

// port is one address that the server listens on.
type port struct {
	key      portKey
	listener net.Listener
}

// portKey is how the configuration names it; the port may be another one (see
// secondChoice).
type portKey struct {
	address  string
	implicit bool
}

// secondChoice is where the server listens if nobody chose an address and
// port 21 cannot be had.
const secondChoice = ":2121"

type listenFunc func(ctx context.Context, address string) (net.Listener, error)

func listenTCP(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	return c.Listen(ctx, "tcp", address)
}

// bind listens on what c names and former does not have; those are kept. On
// an error nothing new is open.
func bind(ctx context.Context, listen listenFunc, c config.Config, former []port) ([]port, error) {
	var ports []port
	for _, key := range portKeys(c) {
		if i := slices.IndexFunc(former, func(p port) bool { return p.key == key && !slices.Contains(ports, p) }); i >= 0 {
			ports = append(ports, former[i])
			continue
		}
		address := key.address
		l, err := listen(ctx, address)
		if err != nil && mayChoose(c, key) && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EADDRINUSE)) {
			address = secondChoice
			l, err = listen(ctx, address)
		}
		if err != nil {
			closeNew(ports, former)
			return nil, bindError(address, err)
		}
		ports = append(ports, port{key, l})
	}
	return ports, nil
}

// mayChoose: nobody has said where to listen.
func mayChoose(c config.Config, key portKey) bool {
	return !key.implicit && !c.Given("listen.explicit")
}

func portKeys(c config.Config) []portKey {
	var keys []portKey
	for _, address := range c.Listen.Explicit {
		keys = append(keys, portKey{address, false})
	}
	for _, address := range c.Listen.Implicit {
		keys = append(keys, portKey{address, true})
	}
	return keys
}

// closeNew closes those of ports that former does not have.
func closeNew(ports, former []port) {
	for _, p := range ports {
		if !slices.Contains(former, p) {
			p.listener.Close()
		}
	}
}

func bindError(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fault.New(fault.Failed, "stop that program, or choose another port with --listen or listen.explicit", "%s is taken by another program", address)
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Failed, "choose a port above 1023 with --listen, or give the program the right: CAP_NET_BIND_SERVICE", "%s: ports below 1024 need a right that this user does not have", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fault.New(fault.Failed, "name an address of this machine, or none as in :21", "%s: this machine does not have that address", address)
	}
	return &fault.Error{Code: fault.Failed, Problem: "cannot listen on " + address, Err: err}
}

// addresses are those of the explicit or of the implicit ports.
func addresses(ports []port, implicit bool) []string {
	found := []string{}
	for _, p := range ports {
		if p.key.implicit == implicit {
			found = append(found, p.listener.Addr().String())
		}
	}
	return found
}

// hosts are the names and addresses in listen.* and listen.public_address
// that a certificate should cover beside the machine's own.
func hosts(c config.Config) (names []string, ips []net.IP) {
	all := []string{c.Listen.PublicAddress}
	for _, key := range portKeys(c) {
		if host, _, err := net.SplitHostPort(key.address); err == nil {
			all = append(all, host)
		}
	}
	for _, host := range all {
		switch ip := net.ParseIP(host); {
		case host == "" || ip != nil && ip.IsUnspecified():
		case ip != nil:
			ips = append(ips, ip)
		default:
			names = append(names, strings.ToLower(host))
		}
	}
	return names, ips
}
