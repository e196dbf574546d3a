package tlsprofile

import (
	"crypto/tls"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSuites(t *testing.T) {
	all := []string{Modern, Intermediate, Legacy}
	for _, c := range []struct {
		why, name string
		want      Suite
	}{
		{"TLS 1.3 leaves the key exchange and the certificate open", "TLS_AES_128_GCM_SHA256",
			Suite{Versions: []string{"TLS 1.3"}, KeyExchange: "ECDHE", Authentication: "any", Cipher: "AES-128-GCM", MAC: "AEAD", Bits: 128, Strength: Strong, Profiles: all}},
		{"the default for TLS 1.2", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
			Suite{Versions: []string{"TLS 1.2"}, KeyExchange: "ECDHE", Authentication: "ECDSA", Cipher: "ChaCha20-Poly1305", MAC: "AEAD", Bits: 256, Strength: Strong, Profiles: all[1:]}},
		{"CBC is legacy", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
			Suite{Versions: []string{"TLS 1.0", "TLS 1.1", "TLS 1.2"}, KeyExchange: "ECDHE", Authentication: "RSA", Cipher: "AES-256-CBC", MAC: "SHA-1", Bits: 256, Strength: Weak, Profiles: all[2:]}},
		{"RSA exchanges keys and signs", "TLS_RSA_WITH_AES_128_GCM_SHA256",
			Suite{Versions: []string{"TLS 1.2"}, KeyExchange: "RSA", Authentication: "RSA", Cipher: "AES-128-GCM", MAC: "AEAD", Bits: 128, Strength: Weak, Profiles: all[2:]}},
		{"nobody offers CBC with SHA-256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
			Suite{Versions: []string{"TLS 1.2"}, KeyExchange: "ECDHE", Authentication: "RSA", Cipher: "AES-128-CBC", MAC: "SHA-256", Bits: 128, Strength: Weak, Profiles: []string{}}},
		{"3DES must be named", "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
			Suite{Versions: []string{"TLS 1.0", "TLS 1.1", "TLS 1.2"}, KeyExchange: "RSA", Authentication: "RSA", Cipher: "3DES-CBC", MAC: "SHA-1", Bits: 112, Strength: Weak, Profiles: []string{}}},
		{"RC4 is never offered", "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
			Suite{Versions: []string{"TLS 1.0", "TLS 1.1", "TLS 1.2"}, KeyExchange: "ECDHE", Authentication: "RSA", Cipher: "RC4", MAC: "SHA-1", Bits: 0, Strength: Broken, Profiles: []string{}}},
	} {
		got := suite(t, c.name)
		c.want.ID, c.want.Name, c.want.Reason = got.ID, c.name, got.Reason
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.why, got, c.want)
		}
	}
}

// TestSuitesAgreeWithProfiles: what Suites says of a profile is what New makes
// of it.
func TestSuitesAgreeWithProfiles(t *testing.T) {
	for _, name := range Profiles() {
		config, err := New(Options{Profile: name})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range Suites() {
			offered := slices.Contains(config.CipherSuites, s.ID) && config.MinVersion < tls.VersionTLS13 ||
				slices.Contains(s.Versions, "TLS 1.3") && config.MaxVersion == tls.VersionTLS13
			if offered != slices.Contains(s.Profiles, name) {
				t.Errorf("profile %s, %s: offered is %v, Profiles are %v", name, s.Name, offered, s.Profiles)
			}
			if offered && name != Legacy && s.Strength != Strong {
				t.Errorf("profile %s offers %s, which is %v", name, s.Name, s.Strength)
			}
		}
	}
}

func TestSuitesSayWhy(t *testing.T) {
	for _, s := range Suites() {
		if s.Reason == "" || s.Cipher == "" || s.MAC == "" || len(s.Versions) == 0 || strings.Contains(s.Cipher, "_") {
			t.Errorf("%s is not explained: %+v", s.Name, s)
		}
		if got, ok := SuiteOf(s.ID); !ok || got.Name != s.Name {
			t.Errorf("SuiteOf(%#x) = %v, %v", s.ID, got.Name, ok)
		}
		for _, never := range []string{"EXPORT", "_DES_", "MD5", "NULL", "anon"} {
			if strings.Contains(s.Name, never) {
				t.Errorf("%s exists", s.Name)
			}
		}
	}
	if _, ok := SuiteOf(0xffff); ok {
		t.Error("0xffff is a suite")
	}
}

func TestSpeed(t *testing.T) {
	for _, s := range Suites() {
		speed, err := s.Speed(time.Microsecond)
		if err != nil || speed <= 0 {
			t.Errorf("%s: %v MiB/s, %v", s.Name, speed, err)
		}
	}
	if _, err := (Suite{Name: "x"}).Speed(time.Microsecond); err == nil {
		t.Error("a suite without a cipher has a speed")
	}
}

func suite(t *testing.T, name string) Suite {
	t.Helper()
	suites := Suites()
	i := slices.IndexFunc(suites, func(s Suite) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no suite %s", name)
	}
	return suites[i]
}
