package tlsprofile

import (
	"crypto/tls"
	"slices"
	"strings"
)

// Warnings are the insecure choices in c, each a line that begins with
// INSECURE and names what is offered and why it should not be; nil if there
// are none. It is for a server's configuration, one of New or another.
func Warnings(c *tls.Config) []string {
	var found []string
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if offers(c, v) {
			found = append(found, "INSECURE: "+VersionName(v)+" is offered: its hash functions are broken (RFC 8996)")
		}
	}
	if !offers(c, tls.VersionTLS12) && !offers(c, tls.VersionTLS11) && !offers(c, tls.VersionTLS10) {
		return found
	}
	if c.CipherSuites == nil {
		return append(found, "INSECURE: no cipher suites are named, and Go's own list has CBC (RFC 9325 §4.1)")
	}
	for _, w := range weaknesses {
		if names := w.in(c.CipherSuites); names != "" {
			found = append(found, "INSECURE: "+w.why+": "+names)
		}
	}
	return found
}

// offers tells whether c has version v; a zero MinVersion is TLS 1.2 in
// crypto/tls.
func offers(c *tls.Config, v uint16) bool {
	lowest := c.MinVersion
	if lowest == 0 {
		lowest = tls.VersionTLS12
	}
	return v >= lowest && (c.MaxVersion == 0 || v <= c.MaxVersion)
}

// weakness is a property of cipher suites that shows in their names.
type weakness struct {
	why   string
	shows func(name string) bool
}

var weaknesses = []weakness{
	{"RC4 is broken (RFC 7465)", has("RC4")},
	{"3DES has blocks of 64 bits and leaks in long transfers (RFC 9325 §4.1)", has("3DES")},
	{"RSA key exchange has no forward secrecy (RFC 9325 §4.1)", func(name string) bool { return strings.HasPrefix(name, "TLS_RSA_") }},
	{"CBC is open to padding attacks (RFC 9325 §4.1)", func(name string) bool {
		return strings.Contains(name, "_CBC_") && !strings.Contains(name, "3DES")
	}},
}

func has(part string) func(string) bool {
	return func(name string) bool { return strings.Contains(name, part) }
}

// in are the names of the suites that have the weakness.
func (w weakness) in(suites []uint16) string {
	var names []string
	for _, id := range suites {
		if name := tls.CipherSuiteName(id); w.shows(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
