package main

import (
	"cmp"
	"crypto/tls"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/nearest"
	"github.com/sealift/sealift/tlsprofile"
)

var allVersions = []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13}

// offers tells whether a server of that configuration speaks a version.
func offers(c *tls.Config, version uint16) bool {
	return c.MinVersion <= version && version <= cmp.Or(c.MaxVersion, uint16(tls.VersionTLS13))
}

func versionsOf(c *tls.Config) (names []string) {
	for _, v := range allVersions {
		if offers(c, v) {
			names = append(names, tlsprofile.VersionName(v))
		}
	}
	return names
}

// suitesOf are the suites for TLS 1.2 and older, if one of these is spoken.
func suitesOf(c *tls.Config) (names []string) {
	if c.MinVersion > tls.VersionTLS12 {
		return nil
	}
	for _, id := range c.CipherSuites {
		names = append(names, tls.CipherSuiteName(id))
	}
	return names
}

// parseVersion reads "1.3"; "none" is 0.
func parseVersion(word string) (uint16, error) {
	if word == "none" {
		return 0, nil
	}
	names := tlsprofile.Versions()
	if err := nearest.Check("TLS version", word, append(names, "none")); err != nil {
		return 0, &fault.Error{Code: fault.Usage, Problem: "--tls", Err: err}
	}
	for _, v := range allVersions {
		if tlsprofile.VersionName(v) == "TLS "+word {
			return v, nil
		}
	}
	return 0, fault.New(fault.Usage, "", "--tls: %q is not known here", word)
}
