package certs

import (
	"net"
	"os"
	"slices"
	"strings"
)

// LocalNames are the names and addresses that this machine has by itself: its
// host name, in full and without its domain, "localhost", and the addresses
// of all interfaces. Names that only a DNS server or a router knows are not
// among them. Link-local addresses are left out: a client needs a zone to
// reach one, which no certificate can name.
func LocalNames() ([]string, []net.IP, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, nil, err
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, nil, err
	}
	return namesOf(host), addressesOf(addrs), nil
}

func namesOf(host string) []string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	short, _, _ := strings.Cut(host, ".")
	var names []string
	for _, name := range []string{host, short, "localhost"} {
		if isDNSName(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// addressesOf is sorted, so that the same interfaces give the same answer.
func addressesOf(addrs []net.Addr) []net.IP {
	ips := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, addr := range addrs {
		if n, ok := addr.(*net.IPNet); ok && (n.IP.IsGlobalUnicast() || n.IP.IsLoopback()) && !containsIP(ips, n.IP) {
			ips = append(ips, n.IP)
		}
	}
	slices.SortFunc(ips, func(a, b net.IP) int { return slices.Compare(a.To16(), b.To16()) })
	return ips
}

func containsIP(ips []net.IP, ip net.IP) bool { return slices.ContainsFunc(ips, ip.Equal) }

// isDNSName tells whether name can stand in a SAN: letters, digits, hyphens,
// and underscores, which host names do have, in labels of at most 63.
func isDNSName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return !isLabelRune(r) }) {
			return false
		}
	}
	return true
}

func isLabelRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}
