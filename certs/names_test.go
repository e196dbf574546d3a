package certs

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestNamesOf(t *testing.T) {
	for _, tt := range []struct {
		why, host string
		want      []string
	}{
		{"a short name", "box", []string{"box", "localhost"}},
		{"a full name and its short form", "box.example.org", []string{"box.example.org", "box", "localhost"}},
		{"in lower case, as clients compare", "Box.Example.ORG", []string{"box.example.org", "box", "localhost"}},
		{"nothing twice", "localhost", []string{"localhost"}},
		{"underscores do occur", "build_7", []string{"build_7", "localhost"}},
		{"a name that no certificate can hold", "büro pc", []string{"localhost"}},
		{"an empty name", "", []string{"localhost"}},
		{"a label of 64", strings.Repeat("a", 64), []string{"localhost"}},
	} {
		if got := namesOf(tt.host); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

func TestAddressesOf(t *testing.T) {
	var addrs []net.Addr
	for _, s := range []string{"192.0.2.7/24", "127.0.0.1/8", "fe80::1/64", "169.254.1.1/16", "2001:db8::7/64", "192.0.2.7/32"} {
		ip, n, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, &net.IPNet{IP: ip, Mask: n.Mask})
	}
	want := []string{"::1", "127.0.0.1", "192.0.2.7", "2001:db8::7"} // sorted, no link-local, nothing twice
	for _, order := range []string{"as they are", "the other way round"} {
		var got []string
		for _, ip := range addressesOf(addrs) {
			got = append(got, ip.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", order, got, want)
		}
		slices.Reverse(addrs)
	}
}

func TestLocalNames(t *testing.T) {
	names, addrs, err := LocalNames()
	if err != nil {
		t.Fatal(err)
	}
	host := made[string](t)(os.Hostname())
	if !slices.Contains(names, "localhost") || isDNSName(host) && !slices.Contains(names, strings.ToLower(host)) {
		t.Errorf("names are %q on %s", names, host)
	}
	if !containsIP(addrs, net.IPv4(127, 0, 0, 1)) || !containsIP(addrs, net.IPv6loopback) {
		t.Errorf("addresses are %v", addrs)
	}
	if _, err := Ensure(t.TempDir(), names, addrs, start); err != nil {
		t.Errorf("no certificate for this machine: %v", err)
	}
}
