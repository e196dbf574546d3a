package certs

import (
	"crypto/x509"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// names compares the host names, and looks at those in the certificate.
func (x *examined) names() (found []Finding) {
	for _, name := range x.Names {
		found = append(found, x.name(name)...)
	}
	if x.Purpose == ForServer && len(x.Names) == 0 && !hasHosts(x.leaf) {
		found = append(found, x.nameless(Warning))
	}
	for _, name := range x.leaf.DNSNames {
		found = append(found, x.scope(name)...)
	}
	return found
}

func hasHosts(cert *x509.Certificate) bool { return len(cert.DNSNames)+len(cert.IPAddresses) > 0 }

func (x *examined) nameless(level Level) Finding {
	f := Finding{Kind: KindNoNames, Level: level, Subject: Title(x.leaf),
		Problem: quoted(x.leaf) + " names no host in its subjectAltName",
		Why:     "that is the only place where clients look for a name (RFC 9525, RFC 6125 §6.4.4)",
		Hint:    "have it issued with the host's names in the subjectAltName"}
	if cn := x.leaf.Subject.CommonName; cn != "" {
		f.Problem += `; its common name is "` + cn + `", which counts no more`
	}
	return f
}

// name tells what is wrong with a certificate for one host (RFC 6125 §6).
func (x *examined) name(host string) []Finding {
	asked, problem := reference(host)
	if problem != nil {
		return []Finding{*problem}
	}
	if x.leaf.VerifyHostname(asked) == nil {
		return nil
	}
	f := Finding{Kind: KindWrongName, Level: Failure, Subject: Title(x.leaf),
		Problem: "the certificate is not for " + asked + "; it is for: " + listed(HostNames(x.leaf)),
		Why:     "clients that were told to go to " + asked + " break off: this could be anybody's server",
		Hint:    "use one of its names, or have it issued for " + asked + " as well"}
	switch {
	case matchesCN(x.leaf, asked):
		return []Finding{x.commonName(asked)}
	case !hasHosts(x.leaf):
		f = x.nameless(Failure)
	case standsAsName(x.leaf, asked):
		f.Problem += "; the address stands there as a name (DNS:), where nobody looks for addresses"
		f.Hint = "have it issued with the address as an address: subjectAltName = IP:" + asked
	case nearWildcard(x.leaf, asked) != "":
		f.Problem += "; " + scopeOf(nearWildcard(x.leaf, asked))
	}
	return []Finding{f}
}

// reference is a host as certificates name it: without a dot at its end or
// brackets, in A-labels (RFC 6125 §6.4.2).
func reference(host string) (string, *Finding) {
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if net.ParseIP(host) != nil {
		return host, nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil && !isDNSName(host) || host == "" {
		return "", &Finding{Kind: KindWrongName, Level: Failure, Problem: `"` + host + `" is no host name`,
			Why: "no certificate can be valid for it", Hint: "write it as ftp.example.org or 192.0.2.1"}
	}
	if err != nil {
		return strings.ToLower(host), nil
	}
	return ascii, nil
}

// matchesCN: the common name is the host. Addresses never stood there.
func matchesCN(leaf *x509.Certificate, host string) bool {
	if net.ParseIP(host) != nil {
		return false
	}
	stand := &x509.Certificate{DNSNames: []string{leaf.Subject.CommonName}}
	return leaf.Subject.CommonName != "" && stand.VerifyHostname(host) == nil
}

// commonName is the match of a host that RFC 6125 §6.4.4 calls the last
// resort, and RFC 9525 forbids.
func (x *examined) commonName(host string) Finding {
	f := Finding{Kind: KindCommonNameOnly, Level: Failure, Subject: Title(x.leaf),
		Problem: "only the common name is " + host + "; the subjectAltName has: " + listed(HostNames(x.leaf)),
		Why:     "clients do not look at the common name any more (RFC 9525, RFC 6125 §6.4.4)",
		Hint:    "have it issued with DNS:" + host + " in the subjectAltName"}
	if x.LegacyCN && len(x.leaf.DNSNames)+len(x.leaf.URIs) == 0 {
		f.Level = Warning
		f.Problem += "; it was taken all the same, as --legacy-cn demands"
	}
	return f
}

func standsAsName(leaf *x509.Certificate, host string) bool {
	for _, name := range leaf.DNSNames {
		if net.ParseIP(host) != nil && name == host {
			return true
		}
	}
	return false
}

// nearWildcard is a wildcard that people may think covers the host.
func nearWildcard(leaf *x509.Certificate, host string) string {
	for _, name := range leaf.DNSNames {
		parent, is := strings.CutPrefix(strings.ToLower(name), "*.")
		if is && (strings.HasSuffix(host, "."+parent) || host == parent) {
			return name
		}
	}
	return ""
}

func scopeOf(wildcard string) string {
	parent := strings.TrimPrefix(wildcard, "*.")
	return wildcard + " covers ftp." + parent + ", but neither " + parent + " nor ftp.eu." + parent
}

// scope looks at one name of the certificate.
func (x *examined) scope(name string) []Finding {
	bare := strings.TrimPrefix(name, "*.")
	_, addressErr := netip.ParseAddr(name)
	bad := Finding{Kind: KindBadName, Level: Warning, Subject: Title(x.leaf), Why: "programs ignore it, or refuse the certificate",
		Hint: "have it issued with the right name"}
	switch {
	case addressErr == nil:
		bad.Problem = "the address " + name + " stands in the certificate as a name (DNS:)"
		bad.Hint = "have it issued with the address as an address: subjectAltName = IP:" + name
	case strings.Contains(bare, "*"):
		bad.Problem = `the name "` + name + `" has a star elsewhere than for the whole first part (RFC 6125 §6.4.3)`
	case bare != name && !strings.Contains(bare, "."):
		bad.Problem = `the name "` + name + `" would stand for all of a top-level domain`
	case !isDNSName(bare):
		bad.Problem = `"` + name + `" is no host name`
	case bare != name:
		return []Finding{{Kind: KindWildcard, Level: Note, Subject: Title(x.leaf), Problem: scopeOf(name),
			Why: "every host below the name can pose as this server, and its key opens all of them", Hint: "prefer the names themselves where there are few"}}
	default:
		return nil
	}
	return []Finding{bad}
}
