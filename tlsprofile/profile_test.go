package tlsprofile

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/nearest"
)

func TestNew(t *testing.T) {
	for _, tt := range []struct {
		why      string
		o        Options
		min, max uint16
		suites   []uint16
	}{
		{"no profile is the default", Options{}, tls.VersionTLS12, tls.VersionTLS13, aead},
		{"modern is 1.3 alone", Options{Profile: Modern}, tls.VersionTLS13, tls.VersionTLS13, aead},
		{"modern with 1.2 has no CBC", Options{Profile: Modern, MinVersion: "1.2"}, tls.VersionTLS12, tls.VersionTLS13, aead},
		{"legacy goes down to 1.0, without 3DES", Options{Profile: Legacy}, tls.VersionTLS10, tls.VersionTLS13, slices.Concat(aead, cbc, rsaExchange)},
		{"the highest version can be held down", Options{MaxVersion: "1.2"}, tls.VersionTLS12, tls.VersionTLS12, aead},
		{"legacy can stop at 1.1", Options{Profile: Legacy, MinVersion: "1.1"}, tls.VersionTLS11, tls.VersionTLS13, slices.Concat(aead, cbc, rsaExchange)},
		{"suites override the profile's", Options{CipherSuites: []string{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}},
			tls.VersionTLS12, tls.VersionTLS13, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}},
		{"3DES comes when it is named", Options{Profile: Legacy, CipherSuites: []string{"TLS_RSA_WITH_3DES_EDE_CBC_SHA"}},
			tls.VersionTLS10, tls.VersionTLS13, []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}},
	} {
		c, err := New(tt.o)
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		if c.MinVersion != tt.min || c.MaxVersion != tt.max || !slices.Equal(c.CipherSuites, tt.suites) {
			t.Errorf("%s: %s to %s with %v, want %s to %s with %v", tt.why, VersionName(c.MinVersion), VersionName(c.MaxVersion),
				c.CipherSuites, VersionName(tt.min), VersionName(tt.max), tt.suites)
		}
		if c.CurvePreferences != nil || c.NextProtos != nil || c.Certificates != nil {
			t.Errorf("%s: New set more than versions and suites", tt.why)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct {
		why    string
		o      Options
		option string
		says   string
	}{
		{"unknown profile, near one", Options{Profile: "intermediat"}, "profile", `did you mean "intermediate"?`},
		{"unknown profile, near none", Options{Profile: "strongest"}, "profile", "valid: modern, intermediate, legacy"},
		{"SSL is no version", Options{MinVersion: "3.0"}, "min_version", `unknown TLS version "3.0"`},
		{"versions have no prefix", Options{MaxVersion: "TLS1.2"}, "max_version", `unknown TLS version "TLS1.2"`},
		{"lowest above highest", Options{MinVersion: "1.3", MaxVersion: "1.2"}, "max_version", "below"},
		{"modern held below itself", Options{Profile: Modern, MaxVersion: "1.2"}, "max_version", "TLS 1.2 is below the lowest version, TLS 1.3"},
		{"a misspelt suite", Options{CipherSuites: []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA25"}}, "cipher_suites", `did you mean "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"?`},
		{"OpenSSL's names are not IANA's", Options{CipherSuites: []string{"ECDHE-RSA-AES128-GCM-SHA256"}}, "cipher_suites", "unknown cipher suite"},
		{"suites of 1.3 are fixed", Options{CipherSuites: []string{"TLS_AES_128_GCM_SHA256"}}, "cipher_suites", "always offered"},
		{"RC4 never", Options{Profile: Legacy, CipherSuites: []string{"TLS_RSA_WITH_RC4_128_SHA"}}, "cipher_suites", "never offered"},
		{"suites that nobody could use", Options{Profile: Modern, CipherSuites: []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}}, "cipher_suites", "without effect"},
		{"1.0 has no AEAD", Options{MinVersion: "1.0"}, "min_version", `no cipher suite is offered for TLS 1.0; profile "legacy"`},
		{"1.0 with AEAD alone", Options{Profile: Legacy, CipherSuites: []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}}, "cipher_suites", "no cipher suite is offered for TLS 1.0"},
	} {
		_, err := New(tt.o)
		var wrong *OptionError
		if !errors.As(err, &wrong) || wrong.Option != tt.option || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %s: … %s", tt.why, err, tt.option, tt.says)
		}
	}
}

func TestNewTellsAllErrors(t *testing.T) {
	_, err := New(Options{Profile: "modren", MinVersion: "2", CipherSuites: []string{"A", "B"}})
	for _, part := range []string{"profile", "min_version", `"A"`, `"B"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not tell of %s", err, part)
		}
	}
	var unknown *nearest.Unknown
	if !errors.As(err, &unknown) || unknown.Hint() != `did you mean "modern"?` {
		t.Errorf("no *nearest.Unknown with a hint in %v", err)
	}
}

func TestConfigsAreTheCallersOwn(t *testing.T) {
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.CipherSuites[0] = 0
	again, err := New(Options{})
	if err != nil || again.CipherSuites[0] == 0 {
		t.Error("changing one configuration changed the next one")
	}
}

func TestEverySuiteNameIsTaken(t *testing.T) {
	names := SuiteNames()
	if len(names) != 19 {
		t.Fatalf("%d suites, want the 22 of crypto/tls before 1.3 less three with RC4: %v", len(names), names)
	}
	for _, name := range names {
		if _, err := suiteNamed(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	of := func(o Options) *tls.Config {
		c, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, tt := range []struct {
		why  string
		c    *tls.Config
		want []string // parts, one for each warning
	}{
		{"the default is secure", of(Options{}), nil},
		{"modern is secure", of(Options{Profile: Modern}), nil},
		{"legacy, each step by name", of(Options{Profile: Legacy}), []string{"TLS 1.0", "TLS 1.1", "RSA key exchange", "CBC"}},
		{"legacy from 1.2 on", of(Options{Profile: Legacy, MinVersion: "1.2"}), []string{"RSA key exchange", "CBC"}},
		{"legacy from 1.3 on has nothing left", of(Options{Profile: Legacy, MinVersion: "1.3"}), nil},
		{"CBC by name", of(Options{CipherSuites: []string{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"}}), []string{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"}},
		{"3DES by name", of(Options{CipherSuites: []string{"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"}}), []string{"3DES"}},
		{"somebody else's: Go's default", &tls.Config{}, []string{"Go's own list"}},
		{"somebody else's: RC4", &tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA}}, []string{"RC4"}},
		{"suites do not matter to 1.3", &tls.Config{MinVersion: tls.VersionTLS13}, nil},
	} {
		got := Warnings(tt.c)
		if len(got) != len(tt.want) {
			t.Errorf("%s: %q, want %d", tt.why, got, len(tt.want))
			continue
		}
		for i, part := range tt.want {
			if !strings.HasPrefix(got[i], "INSECURE: ") || !strings.Contains(got[i], part) {
				t.Errorf("%s: %q does not warn of %s", tt.why, got[i], part)
			}
		}
	}
}
