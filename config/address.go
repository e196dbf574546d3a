package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/sealift/sealift/ftpserver"
)

// addresses are what a server listens on: ":21", "192.0.2.1:21", "[::1]:21".
type addresses struct{ p *[]string }

func (a addresses) set(v any) error {
	list, err := stringList(v)
	if err != nil {
		return err
	}
	for _, address := range list {
		if err := checkListen(address); err != nil {
			return err
		}
	}
	*a.p = list
	return nil
}

func (a addresses) parse(s string) error { return a.set(commaList(s)) }
func (a addresses) toml() string         { return quoteList(*a.p) }

func checkListen(address string) error {
	const hint = `write it as ":21", "192.0.2.1:21" or "[2001:db8::1]:21"`
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return wrongf(hint, "%q is no address with a port", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return wrongf(hint, "%q has no port from 0 to 65535", address)
	}
	return nil
}

// ports is a range of ports, "50000-50999"; "" is the zero range.
type ports struct{ p *ftpserver.PortRange }

func (r ports) set(v any) error {
	s, ok := v.(string)
	if !ok {
		return wrongKind(v, "a range of ports", `"50000-50999"`)
	}
	return r.parse(s)
}

func (r ports) parse(s string) error {
	if s == "" {
		*r.p = ftpserver.PortRange{}
		return nil
	}
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	first, err1 := parsePort(from)
	last, err2 := parsePort(to)
	switch {
	case err1 != nil || err2 != nil:
		return wrongf("write it as 50000-50999", "%q is no range of ports from 1 to 65535", s)
	case first > last:
		return wrongf("write it as "+strings.TrimSpace(to)+"-"+strings.TrimSpace(from), "%q ends before it begins", s)
	}
	*r.p = ftpserver.PortRange{First: first, Last: last}
	return nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 16)
	if err == nil && n == 0 {
		err = strconv.ErrRange
	}
	return uint16(n), err
}

func (r ports) toml() string {
	if *r.p == (ftpserver.PortRange{}) {
		return `""`
	}
	return quote(strconv.Itoa(int(r.p.First)) + "-" + strconv.Itoa(int(r.p.Last)))
}

// host is an IPv4 address or a host name, or "". PASV can tell no other
// address (RFC 959 §4.1.2); EPSV tells none.
type host struct{ p *string }

func (h host) set(v any) error {
	s, ok := v.(string)
	if !ok {
		return wrongKind(v, "an address or a host name", `"192.0.2.1" or "ftp.example.org"`)
	}
	return h.parse(s)
}

func (h host) parse(s string) error {
	const hint = `write it as "192.0.2.1" or "ftp.example.org", without a port`
	addr, err := netip.ParseAddr(s)
	switch {
	case err == nil && !addr.Is4():
		return wrongf("EPSV, which IPv6 uses, tells no address: leave it empty or give the IPv4 one", "%s is no IPv4 address", s)
	case err != nil && s != "" && !isHostName(s):
		return wrongf(hint, "%q is neither an IPv4 address nor a host name", s)
	}
	*h.p = s
	return nil
}

func (h host) toml() string { return quote(*h.p) }

// isHostName takes names as DNS does (RFC 1123 §2.1), and refuses such that
// could only be a mistyped address.
func isHostName(s string) bool {
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return false
		}
		if strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	_, err := strconv.Atoi(labels[len(labels)-1])
	return err != nil && len(s) <= 253
}

// networks are CIDRs; an address alone is the network of itself.
type networks struct{ p *[]netip.Prefix }

func (n networks) set(v any) error {
	list, err := stringList(v)
	if err != nil {
		return err
	}
	var all []netip.Prefix
	for _, s := range list {
		prefix, err := parseNetwork(s)
		if err != nil {
			return err
		}
		all = append(all, prefix)
	}
	*n.p = all
	return nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return prefix, wrongf("write it as 10.0.0.0/8 or 2001:db8::/32", "%q is no network", s)
	case prefix != prefix.Masked():
		return prefix, wrongf("write "+prefix.Masked().String()+", or the address alone", "%s is an address within a network", s)
	}
	return prefix, nil
}

func (n networks) parse(s string) error { return n.set(commaList(s)) }

func (n networks) toml() string {
	var list []string
	for _, prefix := range *n.p {
		list = append(list, prefix.String())
	}
	return quoteList(list)
}
