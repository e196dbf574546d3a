package certs

import (
	"crypto/x509"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func newWeakModulus() *big.Int { return new(big.Int).Lsh(big.NewInt(1), 1023) }

func TestParseNames(t *testing.T) {
	for _, tt := range []struct {
		why   string
		hosts []string
		want  []string // as Names.Hosts has them
	}{
		{"names and addresses, each in its place", []string{"ftp.example.org", "192.0.2.7", "2001:db8::7"}, []string{"ftp.example.org", "192.0.2.7", "2001:db8::7"}},
		{"lower case, as clients compare", []string{"FTP.Example.ORG"}, []string{"ftp.example.org"}},
		{"the dot of the root is not written (RFC 5280 §4.2.1.6)", []string{"ftp.example.org."}, []string{"ftp.example.org"}},
		{"a host of the own network", []string{"nas"}, []string{"nas"}},
		{"an underscore, which host names do have", []string{"build_7.lan"}, []string{"build_7.lan"}},
		{"an international name in A-labels (RFC 6125 §6.4.2)", []string{"bücher.example"}, []string{"xn--bcher-kva.example"}},
		{"likewise in capitals", []string{"BÜCHER.example"}, []string{"xn--bcher-kva.example"}},
		{"an international name below a star", []string{"*.bücher.example"}, []string{"*.xn--bcher-kva.example"}},
		{"a star for the whole first part", []string{"*.example.org"}, []string{"*.example.org"}},
		{"an IPv6 address as a URL has it", []string{"[2001:db8::7]"}, []string{"2001:db8::7"}},
		{"IPv4 in IPv6 is IPv4", []string{"::ffff:192.0.2.7"}, []string{"192.0.2.7"}},
		{"nothing twice", []string{"a.test", "A.TEST.", "192.0.2.7", "192.0.2.7"}, []string{"a.test", "192.0.2.7"}},
		{"no host is no error here: clients have none", nil, nil},
	} {
		n, err := ParseNames(tt.hosts, nil, nil)
		if err != nil || !slices.Equal(n.Hosts(), tt.want) {
			t.Errorf("%s: %q, %v, want %q", tt.why, n.Hosts(), err, tt.want)
		}
	}
}

func TestHostsThatNoCertificateCanName(t *testing.T) {
	for _, tt := range []struct{ why, host, says string }{
		{"nothing", "", "is empty"},
		{"a dot alone", ".", "is empty"},
		{"a URL", "ftpes://ftp.example.org/dir", "is a URL"},
		{"a port: certificates are for hosts", "ftp.example.org:21", "has a port"},
		{"a port behind an address", "[2001:db8::7]:21", "has a port"},
		{"a network", "192.0.2.0/24", "has a slash"},
		{"an address with a zone", "fe80::1%eth0", "has a zone"},
		{"the address of nobody", "0.0.0.0", "stands for all addresses"},
		{"an address with a number too large", "192.0.2.256", "no host name and no IP address"},
		{"an address with a part too few", "192.0.2", "no host name and no IP address"},
		{"an e-mail address", "alice@example.org", "e-mail address, not a host"},
		{"a star in the middle (RFC 6125 §6.4.3)", "ftp.*.example.org", "has a star"},
		{"a star in a part", "f*.example.org", "has a star"},
		{"a star alone", "*", "has a star"},
		{"two stars", "*.*.example.org", "has a star"},
		{"a star for a top-level domain, which openssl and curl refuse", "*.org", "top-level domain"},
		{"a space", "my server", "is no host name"},
		{"a part that is empty", "ftp..example.org", "is no host name"},
		{"a hyphen at the end of a part", "ftp-.example.org", "is no host name"},
		{"a part of 64", strings.Repeat("a", 64) + ".example", "is no host name"},
		{"a name of 254", strings.Repeat("a.", 126) + "aa", "is no host name"},
		{"a zero byte, with which others were tricked", "ftp.example.org\x00.evil.test", "is no host name"},
		{"a line break", "ftp.example.org\n", "is no host name"},
		{"letters that IDNA 2008 does not allow", "☃☃.example\u2028", "is no"},
	} {
		n, err := ParseNames([]string{tt.host}, nil, nil)
		var wrong *NameError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Problem, tt.says) {
			t.Errorf("%s: %q is %q, %v, want: … %s …", tt.why, tt.host, n.Hosts(), err, tt.says)
		}
	}
}

func TestEmailsAndURIs(t *testing.T) {
	for _, tt := range []struct {
		why, email, uri string
		want            string // "" where it is refused
	}{
		{"an e-mail address", "alice@example.org", "", "alice@example.org"},
		{"its domain in lower case, what is before it as it is", "Alice@Example.ORG", "", "Alice@example.org"},
		{"an international domain", "alice@bücher.example", "", "alice@xn--bcher-kva.example"},
		{"letters before the @ that certificates cannot hold", "älice@example.org", "", ""},
		{"a name with its address", "Alice <alice@example.org>", "", ""},
		{"no domain", "alice", "", ""},
		{"a star in the domain is no domain", "alice@*.org", "", ""},
		{"a URI", "", "spiffe://example.org/alice", "spiffe://example.org/alice"},
		{"a URI without a host", "", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
		{"a relative URI", "", "/alice", ""},
		{"a URI of nothing", "", "spiffe://", ""},
		{"a URI with a line break", "", "spiffe://a\nb/", ""},
	} {
		var emails, uris []string
		if tt.email != "" {
			emails = []string{tt.email}
		} else {
			uris = []string{tt.uri}
		}
		n, err := ParseNames(nil, emails, uris)
		got := strings.Join(append(n.Emails, texts(n.URIs)...), " ")
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v, want %q", tt.why, got, err, tt.want)
		}
	}
}

func TestAllNamesThatAreWrongAreTold(t *testing.T) {
	_, err := ParseNames([]string{"a:21", "good.test", "*.org"}, []string{"nobody"}, []string{"x"})
	for _, word := range []string{"a:21", "*.org", "nobody", `"x"`} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s is not told of in: %v", word, err)
		}
	}
}

func TestCommonNames(t *testing.T) {
	for _, tt := range []struct {
		why, name string
		want      bool
	}{
		{"a name", "alice", true},
		{"with a space and an accent", "Alice Müller", true},
		{"64 characters, not bytes", strings.Repeat("ü", 64), true},
		{"65", strings.Repeat("a", 65), false},
		{"nothing", "", false},
		{"a line break, which would spoil lists", "a\nb", false},
		{"an escape, which a terminal would obey", "a\x1b[2J", false},
		{"no UTF-8", "a\xff", false},
		{"a space at its end, which nobody sees", "alice ", false},
	} {
		if err := checkCommonName(tt.name); (err == nil) != tt.want {
			t.Errorf("%s: %v", tt.why, err)
		}
	}
}

// FuzzParseNames: a certificate with the names that were taken can be made,
// and is good for them.
func FuzzParseNames(f *testing.F) {
	for _, seed := range []string{"ftp.example.org", "*.example.org", "bücher.example", "192.0.2.7", "[::1]", "a_b", "xn--a", "1.2.3", "a@b.test", "urn:x"} {
		f.Add(seed, seed, seed)
	}
	key, err := newKey()
	if err != nil {
		f.Fatal(err)
	}
	a, err := NewAuthority("Fuzz", start)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, host, email, uri string) {
		n, _ := ParseNames([]string{host}, []string{email}, []string{uri})
		leaf, err := sign(n.template(x509.ExtKeyUsageServerAuth, key.Public(), start, start.Add(day)), a.Certificate, key.Public(), a.Key)
		if err != nil {
			t.Fatalf("%q %q %q were taken as %+v: %v", host, email, uri, n, err)
		}
		for _, name := range n.Hosts() {
			if err := leaf.VerifyHostname(strings.Replace(name, "*", "a", 1)); err != nil {
				t.Errorf("%q was taken as %q: %v", host, name, err)
			}
		}
		again, err := ParseNames(n.Hosts(), n.Emails, texts(n.URIs))
		if err != nil || !slices.Equal(again.Hosts(), n.Hosts()) || !slices.Equal(again.Emails, n.Emails) || !slices.Equal(texts(again.URIs), texts(n.URIs)) {
			t.Errorf("%+v is read as %+v, %v", n, again, err)
		}
	})
}
