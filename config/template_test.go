package config

import (
	flags "flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flags.Bool("update", false, "write testdata/sealift.toml anew")

// TestTemplateOfTheDefault is what sealift init writes where nothing is set.
func TestTemplateOfTheDefault(t *testing.T) {
	c := Default(home)
	c.DataDir = "/var/lib/sealift"
	got := string(Template(c))
	name := filepath.Join("testdata", "sealift.toml")
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the template has changed; if that is right: go test ./config -update\n%s", got)
	}
	for line := range strings.Lines(got) {
		if len(line) > 140 {
			t.Errorf("too long a line: %s", line)
		}
	}
}

func TestTemplateHasEveryKeyOnce(t *testing.T) {
	entries, err := parse("", Template(Default(home)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.heading == 0 {
			names = append(names, e.key)
		}
	}
	if !reflect.DeepEqual(names, Keys()) {
		t.Errorf("the template has %q", names)
	}
}

// roundTrip demands that the template of c makes c again.
func roundTrip(t *testing.T, c Config) {
	t.Helper()
	template := Template(c)
	again := Default(home)
	err := again.setFromFile("/elsewhere/sealift.toml", template)
	if err == nil {
		err = again.Validate()
	}
	if err != nil {
		t.Fatalf("%v in\n%s", err, template)
	}
	if !reflect.DeepEqual(values(again), values(c)) {
		t.Fatalf("got  %+v\nwant %+v\nfrom\n%s", values(again), values(c), template)
	}
	if again.Hash() != c.Hash() {
		t.Error("the same Config has two hashes")
	}
}

func TestRoundTrip(t *testing.T) {
	for why, document := range map[string]string{
		"the default":       "",
		"relative names":    "[tls]\ncertificate = \"a/../c.pem\"\nkey = \"k.pem\"",
		"quotes, backslash": `run_as = 'a"b\c'`,
		"other letters":     `data_dir = "/srv/größe — 大"`,
		"odd times":         "[limits]\nidle_timeout = \"1h0m1s\"\nlogin_timeout = \"1.5s\"\nstall_timeout = \"2h\"\nhandshake_timeout = \"1h30m\"",
		"odd sizes":         "[limits]\nupload_rate = \"1025\"\ndownload_rate = \"2048K\"",
		"any passive port":  "[listen]\npassive_ports = \"\"",
		"lists":             "[listen]\nexplicit = [\":1\", \":2\"]\nproxy_protocol_from = [\"::/0\", \"10.1.2.3\"]",
		"certificates":      "[[tls.more]]\ncertificate = \"a/c.pem\"\nkey = \"/k.pem\"\n[[tls.more]]\ncertificate = \"/c\"\nkey = \"/c\"",
		"ACME":              "[acme]\nhosts = [\"Ftp.Example.org.\", \"*.example.net\"]\naccept_terms = true\nchallenge = \"dns-01\"\ndns_command = [\"/hook\", \"a b\"]",
		"all lax":           "[policy]\nunprotected_commands=\"allow\"\nsession_binding=\"off\"\nccc=\"allow\"\naccounts_may_relax=true",
	} {
		t.Run(why, func(t *testing.T) { roundTrip(t, load(t, document)) })
	}
}

func TestHash(t *testing.T) {
	base := load(t, "").Hash()
	if len(base) != 12 {
		t.Errorf("%q is not short", base)
	}
	for _, tt := range []struct {
		why, document string
		same          bool
	}{
		{"comments", "# hello", true},
		{"a key at its default", "[limits]\nsessions = 10000", true},
		{"another way to write it", "[limits]\nidle_timeout = \"300s\"", true},
		{"another value", "[limits]\nsessions = 10001", false},
		{"another policy", "[policy]\nccc = \"allow\"", false},
		{"another list", "[listen]\nimplicit = [\":990\"]", false},
	} {
		if got := load(t, tt.document).Hash(); (got == base) != tt.same {
			t.Errorf("%s: %s beside %s", tt.why, got, base)
		}
	}
	seen := map[string]string{base: "the default"}
	for _, k := range keys {
		c := load(t, "")
		changeOne(t, k.value(&c))
		if other, twice := seen[c.Hash()]; twice {
			t.Errorf("%s changes nothing in the hash beside %s", k.name, other)
		}
		seen[c.Hash()] = k.name
	}
}

// changeOne gives a value that is not its default.
func changeOne(t *testing.T, v value) {
	t.Helper()
	before := v.toml()
	for _, s := range []string{"/x", "true", "false", "7", "7s", ":7", "10.0.0.0/8", "1.2", "modern", "json", "debug", "allow", "deny",
		"require", "instead-of-password", "accept", "keep-login", "https://ca.test/", "dns-01", "a.test", `[{certificate = "/c", key = "/k"}]`} {
		if v.parse(s) == nil && v.toml() != before {
			return
		}
	}
	t.Fatalf("no other value than %s is taken", before)
}

// FuzzLoad: no document makes Load panic, what is taken can be written and
// read back, and what is not says where it is wrong.
func FuzzLoad(f *testing.F) {
	template := Template(Default(home))
	f.Add(template, "SEALIFT_LIMITS_SESSIONS=3")
	for _, seed := range []string{
		"", "[policy]\nccc = \"allow\"", "a.b.c = [1, {x = 2}]", "[[policy]]", "[[tls.more]]\ncertificate = 1", "tls.more = [{certificate = \"a\", key = \"b\"}]\n[acme]\nhosts = [\"*.\"]", "policy = {ccc = 3}", "\"\\u001b\" = 1", "[limits]\nsessions = 1e9",
		"data_dir = '''\n'''", "[limits]\nidle_timeout = \"-9223372036854775808ns\"", "[a]\n[a.b]\n[[a.c]]\n[[a.c]]\nx=1", "\uFEFF[log]", "=",
		"[limits]\nupload_rate = \"8191P\"", "[listen]\npublic_address = \"::1%x\"\nproxy_protocol_from = [\"::1%x\", \"::/0\"]",
	} {
		f.Add([]byte(seed), "SEALIFT_LISTEN_EXPLICIT=:1,[::]:2")
	}
	f.Fuzz(func(t *testing.T, document []byte, pair string) {
		c := Default(home)
		err := c.setFromFile("/etc/sealift.toml", document)
		if err != nil && len(Errors(err)) == 0 {
			t.Fatalf("an error that is no *Error: %v", err)
		}
		if err != nil || c.setFromEnv([]string{pair}) != nil || c.Validate() != nil {
			return
		}
		roundTrip(t, c)
	})
}
