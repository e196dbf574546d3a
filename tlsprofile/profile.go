// Package tlsprofile turns the name of a profile into TLS versions and cipher
// suites, and says which choices are insecure.
//
// What a profile offers does not depend on GODEBUG: versions and suites are
// always set explicitly. Go's defaults still offer CBC for TLS 1.2.
package tlsprofile

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"github.com/sealift/sealift/nearest"
)

// The profiles.
const (
	Modern       = "modern"       // TLS 1.3 alone, for new peers
	Intermediate = "intermediate" // TLS 1.2 and 1.3 with forward secrecy and AEAD: everybody of the last ten years (RFC 9325 §4.2)
	Legacy       = "legacy"       // TLS 1.0 to 1.3 with CBC and RSA key exchange, against RFC 8996 and RFC 9325 §4.1
)

// Default is the profile when none is named.
const Default = Intermediate

// profile is what Options start from.
type profile struct {
	name     string
	min, max uint16
	suites   []uint16 // for TLS 1.2 and older
}

// A profile for TLS 1.3 alone names suites too: nobody who lowers min_version
// shall get Go's defaults.
var profiles = []profile{
	{Modern, tls.VersionTLS13, tls.VersionTLS13, aead},
	{Intermediate, tls.VersionTLS12, tls.VersionTLS13, aead},
	{Legacy, tls.VersionTLS10, tls.VersionTLS13, slices.Concat(aead, cbc, rsaExchange)},
}

// Profiles are the names of the profiles, the strictest first.
func Profiles() []string {
	names := make([]string, 0, len(profiles))
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names
}

// Options choose versions and suites. The zero value is the default profile.
type Options struct {
	Profile string // "" means Default
	// MinVersion and MaxVersion override the profile: "1.0" to "1.3".
	MinVersion, MaxVersion string
	// CipherSuites override the profile's for TLS 1.2 and older, by IANA
	// name. Their order says nothing: crypto/tls prefers by strength and by
	// what the hardware does fast. Those of TLS 1.3 cannot be chosen.
	CipherSuites []string
}

// An OptionError says which of the Options is wrong.
type OptionError struct {
	Option string // as sealift.toml calls it: "min_version"
	Err    error
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Err.Error() }

// Unwrap is what is wrong with it, a *nearest.Unknown for unknown names.
func (e *OptionError) Unwrap() error { return e.Err }

// New is the configuration that o asks for: versions and cipher suites, and
// nothing else. Certificates, ALPN, tickets and the rest are the caller's to
// set. The error joins an *OptionError for each wrong option.
func New(o Options) (*tls.Config, error) {
	p, errProfile := profileNamed(cmp.Or(o.Profile, Default))
	lowest, errMin := version("min_version", o.MinVersion, p.min)
	highest, errMax := version("max_version", o.MaxVersion, p.max)
	suites, errSuites := suitesNamed(o.CipherSuites, p.suites)
	if err := errors.Join(errProfile, errMin, errMax, errSuites); err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: lowest, MaxVersion: highest, CipherSuites: suites}
	if err := check(c, o); err != nil {
		return nil, err
	}
	return c, nil
}

func profileNamed(name string) (profile, error) {
	if i := slices.IndexFunc(profiles, func(p profile) bool { return p.name == name }); i >= 0 {
		return profiles[i], nil
	}
	return profile{}, &OptionError{"profile", nearest.Check("profile", name, Profiles())}
}

// check refuses options that contradict each other.
func check(c *tls.Config, o Options) error {
	switch {
	case c.MinVersion > c.MaxVersion && o.MaxVersion != "":
		return &OptionError{"max_version", fmt.Errorf("%s is below the lowest version, %s", VersionName(c.MaxVersion), VersionName(c.MinVersion))}
	case c.MinVersion > c.MaxVersion:
		return &OptionError{"min_version", fmt.Errorf("%s is above the highest version, %s", VersionName(c.MinVersion), VersionName(c.MaxVersion))}
	case c.MinVersion == tls.VersionTLS13 && len(o.CipherSuites) > 0:
		return &OptionError{"cipher_suites", errors.New("without effect: only TLS 1.3 is offered, and its suites cannot be chosen")}
	}
	for v := c.MinVersion; v <= min(c.MaxVersion, tls.VersionTLS12); v++ {
		if !slices.ContainsFunc(c.CipherSuites, func(id uint16) bool { return usableIn(id, v) }) {
			return noSuite(v, o)
		}
	}
	return nil
}

// noSuite is the error about a version that no suite is offered for.
func noSuite(v uint16, o Options) error {
	option := "min_version"
	if len(o.CipherSuites) > 0 {
		option = "cipher_suites"
	}
	return &OptionError{option, fmt.Errorf("no cipher suite is offered for %s; profile %q has some", VersionName(v), Legacy)}
}
