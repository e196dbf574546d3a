package interop

import (
	"fmt"
	"net"
	"slices"
	"testing"
)

// link is one way for a client to reach the server.
type link struct {
	implicit bool
	tls      string // "1.2" or "1.3"
	active   bool
	ipv6     bool
}

func (l link) String() string {
	return fmt.Sprintf("%s,TLS%s,%s,%s", choose(l.implicit, "implicit", "explicit"), l.tls,
		choose(l.active, "active", "passive"), choose(l.ipv6, "IPv6", "IPv4"))
}

func choose(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// links are all ways that meet the condition.
func links(condition func(link) bool) []link {
	var all []link
	for i := range 16 {
		l := link{i&1 != 0, choose(i&2 != 0, "1.2", "1.3"), i&4 != 0, i&8 != 0}
		if condition(l) {
			all = append(all, l)
		}
	}
	return all
}

func every(link) bool { return true }

// passive is for clients that have no active mode.
func passive(l link) bool { return !l.active }

// plain are the ways for a client without TLS.
func plain(l link) bool { return !l.implicit && l.tls == "1.3" }

// target is a server reached over a link, and an account on it.
type target struct {
	link
	account
	*server
	host, port string
}

// overLinks runs the test over each way, for an account of its own each time.
func overLinks(t *testing.T, s *server, condition func(link) bool, test func(*testing.T, target)) {
	for _, l := range links(condition) {
		t.Run(l.String(), func(t *testing.T) {
			t.Parallel()
			test(t, s.over(t, l))
		})
	}
}

func (s *server) over(t *testing.T, l link) target {
	t.Helper()
	host := choose(l.ipv6, "::1", "127.0.0.1")
	if !slices.Contains(loopback(), host) {
		t.Skip("no IPv6 loopback here")
	}
	s.started(t)
	addresses := s.ready.Explicit
	if l.implicit {
		addresses = s.ready.Implicit
	}
	for _, address := range addresses {
		if h, port, err := net.SplitHostPort(address); err == nil && h == host {
			return target{l, s.account(t), s, host, port}
		}
	}
	t.Fatalf("the server is ready on %v, none of them on %s", addresses, host)
	return target{}
}

// url is as curl and lftp write it.
func (g target) url(path string) string {
	return choose(g.implicit, "ftps", "ftp") + "://" + net.JoinHostPort(g.host, g.port) + "/" + path
}
