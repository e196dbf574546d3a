package certs

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Names are what a certificate is for: its subjectAltName.
type Names struct {
	DNS    []string // in A-labels, lower case; "*." may stand before one
	IPs    []net.IP
	Emails []string
	URIs   []*url.URL
}

// A NameError is a name that no certificate can have.
type NameError struct {
	Name    string
	Problem string
	hint    string
}

func (e *NameError) Error() string { return fmt.Sprintf("%q %s", e.Name, e.Problem) }

// Hint says what to write instead; "" if the problem says it.
func (e *NameError) Hint() string { return e.hint }

// ParseNames reads names as people write them: hosts are DNS names, also
// international ones and with "*." before them, or IP addresses. What stands
// twice is taken once. Errors join a *NameError for each name that is wrong.
func ParseNames(hosts, emails, uris []string) (n Names, err error) {
	var errs []error
	for _, kind := range []struct {
		words []string
		add   func(string) error
	}{{hosts, n.addHost}, {emails, n.addEmail}, {uris, n.addURI}} {
		for _, word := range kind.words {
			if err := kind.add(word); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return n, errors.Join(errs...)
}

// Hosts are the DNS names and addresses as text.
func (n Names) Hosts() []string { return slices.Concat(n.DNS, texts(n.IPs)) }

func (n *Names) addHost(word string) error {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(word, "["), "]"))
	if err == nil {
		return n.addIP(word, addr)
	}
	name, err := dnsName(word)
	if err == nil && !slices.Contains(n.DNS, name) {
		n.DNS = append(n.DNS, name)
	}
	return err
}

func (n *Names) addIP(word string, addr netip.Addr) error {
	switch {
	case addr.Zone() != "":
		return &NameError{word, "has a zone, which a certificate cannot name", "leave out the % and what follows it"}
	case addr.IsUnspecified():
		return &NameError{word, "stands for all addresses, and no client connects to it", "name the address that clients use"}
	}
	if ip := net.IP(addr.Unmap().AsSlice()); !containsIP(n.IPs, ip) {
		n.IPs = append(n.IPs, ip)
	}
	return nil
}

// dnsName is a host name in the form of certificates (RFC 6125 §6.4.2).
func dnsName(word string) (string, error) {
	bare, wildcard := strings.CutPrefix(strings.TrimSuffix(word, "."), "*.")
	if problem, hint := wrongHost(word, bare, wildcard); problem != "" {
		return "", &NameError{word, problem, hint}
	}
	name := strings.ToLower(bare)
	if strings.ContainsFunc(bare, func(r rune) bool { return r > unicode.MaxASCII }) {
		ascii, err := idna.Lookup.ToASCII(bare)
		if err != nil {
			return "", &NameError{word, "is no international host name: " + strings.TrimPrefix(err.Error(), "idna: "), "write it in A-labels: xn--…"}
		}
		name = ascii
	}
	if !isDNSName(name) {
		return "", &NameError{word, "is no host name", "it has letters, digits and hyphens, in parts of at most 63: ftp.example.org"}
	}
	if last := name[strings.LastIndexByte(name, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return "", &NameError{word, "is no host name and no IP address", "the last part of a name is not a number"}
	}
	if wildcard {
		name = "*." + name
	}
	return name, nil
}

// wrongHost finds what people write where a host name is due.
func wrongHost(word, bare string, wildcard bool) (problem, hint string) {
	host := strings.TrimSuffix(word, ".")
	if _, rest, isURL := strings.Cut(word, "://"); isURL {
		host, _, _ = strings.Cut(rest, "/")
		return "is a URL", "name the host alone: " + host
	}
	if h, port, err := net.SplitHostPort(word); err == nil && h != "" && port != "" {
		return "has a port; a certificate is for all ports of a host", "name the host alone: " + h
	}
	switch {
	case strings.Contains(word, "/"):
		return "has a slash; it is no host name and no IP address", "a certificate names single addresses, not networks"
	case strings.Contains(word, "@"):
		return "is an e-mail address, not a host name", "--email takes it"
	case strings.Contains(bare, "*"):
		return "has a star that does not stand for the whole first part (RFC 6125 §6.4.3)", "*.example.org is for all names right below example.org"
	case wildcard && !strings.Contains(bare, "."):
		return "would stand for all of a top-level domain, which clients do not accept", "name the hosts one by one"
	case host == "":
		return "is empty", "name the host as clients do: ftp.example.org, or 192.0.2.1"
	}
	return "", ""
}

// addEmail takes an address whose part before the @ is ASCII: for others
// certificates have a form that few programs know (RFC 8398).
func (n *Names) addEmail(word string) error {
	address, err := mail.ParseAddress(word)
	if err != nil || address.Address != word {
		return &NameError{word, "is no e-mail address", "write it as alice@example.org"}
	}
	at := strings.LastIndexByte(word, '@')
	domain, err := dnsName(word[at+1:])
	if err != nil || strings.ContainsFunc(word[:at], func(r rune) bool { return r > unicode.MaxASCII || r == ' ' || r == '"' }) {
		return &NameError{word, "is an e-mail address that certificates cannot hold", "before the @ only ASCII can stand, after it a host name"}
	}
	if address := word[:at+1] + domain; !slices.Contains(n.Emails, address) {
		n.Emails = append(n.Emails, address)
	}
	return nil
}

func (n *Names) addURI(word string) error {
	uri, err := url.Parse(word)
	if err != nil || !uri.IsAbs() || uri.Host == "" && uri.Opaque == "" {
		return &NameError{word, "is no absolute URI", "write it as spiffe://example.org/alice"}
	}
	if strings.ContainsFunc(uri.String(), func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' }) {
		return &NameError{word, "has characters that a URI must escape", "write them as %XX"}
	}
	if !slices.ContainsFunc(n.URIs, func(u *url.URL) bool { return u.String() == uri.String() }) {
		n.URIs = append(n.URIs, uri)
	}
	return nil
}

// maxCommonName is ub-common-name of RFC 5280, appendix A.1, in characters.
const maxCommonName = 64

// checkCommonName refuses what can be no common name.
func checkCommonName(name string) error {
	switch {
	case name == "":
		return &NameError{name, "is empty", ""}
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return &NameError{name, "has characters that do not print", ""}
	case strings.TrimSpace(name) != name:
		return &NameError{name, "begins or ends with a space", ""}
	case utf8.RuneCountInString(name) > maxCommonName:
		return &NameError{name, fmt.Sprintf("is longer than %d characters (RFC 5280, appendix A.1)", maxCommonName), ""}
	}
	return nil
}
