package knownhost

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// A Guard decides about the certificate of one server. The first of these
// that is set decides alone: Insecure, Pins, Roots or Strict. Otherwise a
// certificate is trusted that the system's roots vouch for under this name,
// or that was accepted before.
type Guard struct {
	Host     string         // the name or address that the certificate is to have
	Address  string         // host:port, as File has it
	Insecure bool           // everything is trusted
	Pins     []Pin          // one of them has to match; chain, name and dates do not count
	Roots    *x509.CertPool // instead of the system's; what they do not vouch for is not trusted
	Strict   bool           // what the roots do not vouch for is not trusted
	Known    File
}

// Verify is the check of a handshake. What is wrong is a *fault.Error, or an
// *Unknown where a person may decide.
func (g Guard) Verify(s tls.ConnectionState) error {
	if g.Insecure {
		return nil
	}
	if len(s.PeerCertificates) == 0 {
		return fault.New(fault.NotTrusted, "", "%s shows no certificate", g.Address)
	}
	leaf := s.PeerCertificates[0]
	if len(g.Pins) > 0 {
		return g.pinned(leaf)
	}
	unknown := &Unknown{Guard: g, Leaf: leaf, Problems: g.problems(s.PeerCertificates)}
	switch {
	case len(unknown.Problems) == 0:
		return nil
	case g.Roots != nil:
		return unknown.refusal("--ca names the authorities that count; --pin " + certs.Fingerprint(leaf) + " trusts this certificate alone")
	case g.Strict:
		return unknown.refusal("--strict trusts what the system's authorities, --ca FILE or --pin PIN vouch for")
	}
	return g.known(unknown)
}

func (g Guard) pinned(leaf *x509.Certificate) error {
	if slices.ContainsFunc(g.Pins, func(p Pin) bool { return p.matches(leaf) }) {
		return nil
	}
	return fault.New(fault.NotTrusted, "if its owner has renewed it, ask for the new SHA-256 on another way than this connection",
		"%s has another certificate than --pin says: SHA-256 %s, key %s", g.Address, certs.Fingerprint(leaf), certs.Pin(leaf))
}

// known looks the certificate up among the accepted ones.
func (g Guard) known(unknown *Unknown) error {
	e, err := g.Known.find(g.Address)
	switch {
	case err != nil:
		return fault.New(fault.NotTrusted, "", "what was accepted before cannot be read: %v", err)
	case e == nil:
		return unknown
	case !e.is(unknown.Leaf):
		return changed(g.Known, *e, unknown.Leaf)
	}
	return nil
}

// changed is said loudly: somebody may sit in between.
func changed(f File, e entry, now *x509.Certificate) error {
	return fault.New(fault.NotTrusted, fmt.Sprintf("ask the owner of the server; only if the change is his, remove line %d of %s", e.line, f),
		"THE CERTIFICATE OF %s HAS CHANGED, somebody may be listening: %s:%d has SHA-256 %s, now it is SHA-256 %s",
		e.address, f, e.line, e.fingerprint, certs.Fingerprint(now))
}

// problems are all reasons not to trust a chain, the leaf first in it. Each
// is looked for by itself, since a person has to know them all.
func (g Guard) problems(chain []*x509.Certificate) (all []string) {
	leaf, now := chain[0], time.Now()
	at := now
	switch {
	case now.After(leaf.NotAfter):
		all, at = append(all, "it EXPIRED on "+leaf.NotAfter.UTC().Format(time.DateOnly)), leaf.NotAfter
	case now.Before(leaf.NotBefore):
		all, at = append(all, "it is not valid before "+leaf.NotBefore.UTC().Format(time.DateOnly)), leaf.NotBefore
	}
	if leaf.VerifyHostname(bracketed(g.Host)) != nil {
		all = append(all, "it is NOT FOR "+g.Host+", but for "+namesOf(leaf))
	}
	o := x509.VerifyOptions{Roots: g.Roots, Intermediates: x509.NewCertPool(), CurrentTime: at}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := leaf.Verify(o); err != nil {
		all = append(all, chainProblem(leaf, err))
	}
	return all
}

// bracketed is an address in the form that VerifyHostname takes for one.
func bracketed(host string) string {
	if ip := net.ParseIP(host); ip != nil {
		return "[" + host + "]"
	}
	return host
}

func chainProblem(leaf *x509.Certificate, err error) string {
	var authority x509.UnknownAuthorityError
	switch {
	case !errors.As(err, &authority):
		return strings.TrimPrefix(err.Error(), "x509: ")
	case leaf.CheckSignatureFrom(leaf) == nil || string(leaf.RawIssuer) == string(leaf.RawSubject):
		return "it is signed by nobody but itself"
	}
	return "no authority that this computer trusts has signed it"
}

// namesOf are the names and addresses that a certificate is for.
func namesOf(cert *x509.Certificate) string {
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		if !slices.Contains(names, ip.String()) {
			names = append(names, ip.String())
		}
	}
	if len(names) == 0 {
		return "no host name at all"
	}
	const most = 8
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
