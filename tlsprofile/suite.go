package tlsprofile

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/nearest"
)

// aead are the suites with forward secrecy and authenticated encryption
// (RFC 9325 §4.2), for both kinds of keys.
var aead = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// cbc are the suites with forward secrecy that TLS 1.0 and 1.1 can use.
var cbc = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
}

// rsaExchange are the suites without forward secrecy, for peers that have no
// elliptic curves.
var rsaExchange = []uint16{
	tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_RSA_WITH_AES_256_CBC_SHA,
}

// SuiteNames are the IANA names that Options.CipherSuites may hold. There is
// none with RC4, which no profile and no option brings back (RFC 7465).
// Triple DES is in no profile and must be named.
func SuiteNames() []string {
	var names []string
	for _, s := range allSuites() {
		if !isTLS13(s) && !strings.Contains(s.Name, "RC4") {
			names = append(names, s.Name)
		}
	}
	return names
}

func allSuites() []*tls.CipherSuite {
	return slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites())
}

func isTLS13(s *tls.CipherSuite) bool {
	return slices.Contains(s.SupportedVersions, tls.VersionTLS13)
}

// suitesNamed are the suites of the names, or otherwise if there are none.
func suitesNamed(names []string, otherwise []uint16) ([]uint16, error) {
	if len(names) == 0 {
		return slices.Clone(otherwise), nil
	}
	var suites []uint16
	var errs []error
	for _, name := range names {
		id, err := suiteNamed(name)
		if err != nil {
			errs = append(errs, &OptionError{"cipher_suites", err})
			continue
		}
		suites = append(suites, id)
	}
	return suites, errors.Join(errs...)
}

func suiteNamed(name string) (uint16, error) {
	all := allSuites()
	i := slices.IndexFunc(all, func(s *tls.CipherSuite) bool { return s.Name == name })
	switch {
	case i < 0:
		return 0, nearest.Check("cipher suite", name, SuiteNames())
	case isTLS13(all[i]):
		return 0, fmt.Errorf("%s is of TLS 1.3: those are always offered and cannot be chosen", name)
	case strings.Contains(name, "RC4"):
		return 0, fmt.Errorf("%s is broken and is never offered (RFC 7465)", name)
	}
	return all[i].ID, nil
}

// usableIn tells whether TLS version v has the suite.
func usableIn(id, v uint16) bool {
	return slices.ContainsFunc(allSuites(), func(s *tls.CipherSuite) bool {
		return s.ID == id && slices.Contains(s.SupportedVersions, v)
	})
}
