package tlsprofile

import (
	"crypto/tls"
	"slices"
	"strings"
)

// Strength grades a cipher suite.
type Strength int

// The grades. Only what is Strong is in a profile other than Legacy.
const (
	Broken Strength = iota // never offered
	Weak                   // only Legacy, or an explicit choice, offers it
	Strong                 // forward secrecy and authenticated encryption (RFC 9325 §4.2)
)

func (s Strength) String() string { return [...]string{"broken", "weak", "strong"}[s] }

// MarshalText makes the word stand in JSON.
func (s Strength) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Suite is a cipher suite with what its name says taken apart. There is no
// suite here with export keys, single DES, MD5, NULL or anonymous key
// exchange: crypto/tls has none.
type Suite struct {
	ID   uint16 `json:"id"`
	Name string `json:"name"` // as IANA has it
	// Versions that have the suite, the oldest first: "TLS 1.2".
	Versions       []string `json:"versions"`
	KeyExchange    string   `json:"key_exchange"`   // ECDHE or RSA
	Authentication string   `json:"authentication"` // ECDSA, RSA, or "any" in TLS 1.3
	Cipher         string   `json:"cipher"`         // AES-128-GCM
	MAC            string   `json:"mac"`            // AEAD, SHA-1, SHA-256
	Bits           int      `json:"bits"`           // what breaking the cipher takes, as a power of 2
	Strength       Strength `json:"strength"`
	Reason         string   `json:"reason"` // for the strength
	// Profiles that offer it, the strictest first.
	Profiles []string `json:"profiles"`
}

// Suites are all that the program knows, the strongest first.
func Suites() []Suite {
	var suites []Suite
	for _, s := range allSuites() {
		suites = append(suites, describe(s))
	}
	slices.SortStableFunc(suites, func(a, b Suite) int {
		if a.Strength != b.Strength {
			return int(b.Strength - a.Strength)
		}
		return strings.Compare(b.Versions[len(b.Versions)-1], a.Versions[len(a.Versions)-1])
	})
	return suites
}

// SuiteOf is the suite with the IANA number id.
func SuiteOf(id uint16) (Suite, bool) {
	all := allSuites()
	i := slices.IndexFunc(all, func(s *tls.CipherSuite) bool { return s.ID == id })
	if i < 0 {
		return Suite{}, false
	}
	return describe(all[i]), true
}

func describe(s *tls.CipherSuite) Suite {
	d := Suite{ID: s.ID, Name: s.Name, KeyExchange: "ECDHE", Authentication: "any", Profiles: offeredBy(s)}
	for _, v := range s.SupportedVersions {
		d.Versions = append(d.Versions, VersionName(v))
	}
	exchange, protection, ok := strings.Cut(strings.TrimPrefix(s.Name, "TLS_"), "_WITH_")
	if !ok {
		protection = exchange // TLS 1.3 names no exchange
	} else {
		d.KeyExchange, d.Authentication = splitExchange(exchange)
	}
	d.Cipher, d.Bits, d.MAC = splitProtection(protection)
	d.Strength, d.Reason = grade(s.Name)
	return d
}

// splitExchange parts "ECDHE_RSA"; plain "RSA" is both.
func splitExchange(s string) (exchange, authentication string) {
	exchange, authentication, ok := strings.Cut(s, "_")
	if !ok {
		return s, s
	}
	return exchange, authentication
}

var ciphers = []struct {
	prefix, name string
	bits         int
}{
	{"AES_128_GCM", "AES-128-GCM", 128},
	{"AES_256_GCM", "AES-256-GCM", 256},
	{"CHACHA20_POLY1305", "ChaCha20-Poly1305", 256},
	{"AES_128_CBC", "AES-128-CBC", 128},
	{"AES_256_CBC", "AES-256-CBC", 256},
	{"3DES_EDE_CBC", "3DES-CBC", 112},
	{"RC4_128", "RC4", 0},
}

func splitProtection(s string) (cipher string, bits int, mac string) {
	for _, c := range ciphers {
		hash, ok := strings.CutPrefix(s, c.prefix)
		switch {
		case !ok:
		case !strings.Contains(c.name, "CBC") && c.name != "RC4":
			return c.name, c.bits, "AEAD"
		case hash == "_SHA256":
			return c.name, c.bits, "SHA-256"
		default:
			return c.name, c.bits, "SHA-1"
		}
	}
	return s, 0, ""
}

func grade(name string) (Strength, string) {
	var reasons []string
	for _, w := range weaknesses {
		if w.shows(name) {
			reasons = append(reasons, w.why)
		}
	}
	switch {
	case strings.Contains(name, "RC4"):
		return Broken, strings.Join(reasons, "; ")
	case len(reasons) > 0:
		return Weak, strings.Join(reasons, "; ")
	}
	return Strong, "forward secrecy and authenticated encryption (RFC 9325 §4.2)"
}

// offeredBy are the profiles with the suite. Those of TLS 1.3 come with the
// version.
func offeredBy(s *tls.CipherSuite) []string {
	names := []string{}
	for _, p := range profiles {
		old := p.min < tls.VersionTLS13 && slices.Contains(p.suites, s.ID)
		if old || isTLS13(s) && p.max == tls.VersionTLS13 {
			names = append(names, p.name)
		}
	}
	return names
}
