package config

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver"
)

var home = []string{"HOME=/home/op"}

// write makes a sealift.toml.
func write(t *testing.T, document string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sealift.toml")
	if err := os.WriteFile(name, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func load(t *testing.T, document string, env ...string) Config {
	t.Helper()
	c, err := Load(write(t, document), append(home, env...))
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return c
}

// values are a Config without where it came from.
func values(c Config) Config {
	c.given = nil
	return c
}

func TestNoFileIsTheDefault(t *testing.T) {
	c, err := Load("", home)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(values(c), Default(home)) {
		t.Errorf("%+v", c)
	}
	if c.Policy != (ftpserver.Policy{}) {
		t.Errorf("the default policy is not the strict one: %+v", c.Policy)
	}
	if w := c.Warnings(); w != nil {
		t.Errorf("the default warns: %q", w)
	}
}

// TestEveryKey sets each key to something that is not its default.
func TestEveryKey(t *testing.T) {
	document := `
data_dir = "/srv/sealift"
run_as = "ftp"
[listen]
explicit = ["192.0.2.1:2121", "[::1]:2121"]
implicit = [":990"]
passive_ports = "40000-40009"
public_address = "ftp.example.org"
proxy_protocol_from = ["10.0.0.0/8", "2001:db8::1"]
[tls]
certificate = "/etc/c.pem"
key = "/etc/k.pem"
more = [{ certificate = "/etc/c2.pem", key = "/etc/k2.pem" }]
profile = "legacy"
min_version = "1.1"
max_version = "1.2"
cipher_suites = ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"]
client_ca = "/etc/ca.pem"
client_crl = "/etc/crl.pem"
strict_sni = true
[acme]
hosts = ["ftp.example.org"]
accept_terms = true
email = "op@example.org"
directory = "https://ca.example.org/dir"
ca = "/etc/acme-ca.pem"
challenge = "tls-alpn-01"
listen = ":8443"
dns_command = ["/bin/hook"]
eab_key_id = "kid"
eab_key_file = "/etc/eab"
[policy]
unprotected_commands = "allow"
unprotected_data = "allow"
client_certificate = "require"
certificate_login = "instead-of-password"
session_binding = "require"
missing_close_notify = "accept"
auth_after_login = "keep-login"
active_mode = "deny"
compression = "allow"
ccc = "allow"
accounts_may_relax = true
[accounts]
create_home = false
[uploads]
keep_interrupted = 0
[limits]
sessions = 1
sessions_per_address = 2
sessions_per_user = 3
idle_timeout = "1s"
login_timeout = "2m"
handshake_timeout = "3h"
stall_timeout = "90s"
login_attempts = 4
upload_rate = "10M"
download_rate = 1500
[log]
format = "json"
level = "debug"
transfer_log = "/var/log/xferlog"
`
	want := Config{
		DataDir: "/srv/sealift", RunAs: "ftp",
		Listen: Listen{
			Explicit: []string{"192.0.2.1:2121", "[::1]:2121"}, Implicit: []string{":990"},
			PassivePorts: ftpserver.PortRange{First: 40000, Last: 40009}, PublicAddress: "ftp.example.org",
			ProxyProtocolFrom: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::1/128")},
		},
		TLS: TLS{
			Certificate: "/etc/c.pem", Key: "/etc/k.pem", Profile: "legacy", MinVersion: "1.1", MaxVersion: "1.2",
			More:         []KeyPair{{"/etc/c2.pem", "/etc/k2.pem"}},
			CipherSuites: []string{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"}, ClientCA: "/etc/ca.pem", ClientCRL: "/etc/crl.pem", StrictSNI: true,
		},
		ACME: ACME{
			Hosts: []string{"ftp.example.org"}, AcceptTerms: true, Email: "op@example.org", Directory: "https://ca.example.org/dir",
			CA: "/etc/acme-ca.pem", Challenge: "tls-alpn-01", Listen: ":8443", DNSCommand: []string{"/bin/hook"},
			EABKeyID: "kid", EABKeyFile: "/etc/eab",
		},
		Policy: ftpserver.Policy{
			UnprotectedCommands: true, UnprotectedData: true, ClientCertificate: ftpserver.CertificateRequire, CertificateLogin: true,
			Binding: ftpserver.BindRequire, AcceptMissingCloseNotify: true, KeepLogin: true, NoActive: true, Compression: true, CCC: true,
		},
		Relax: true,
		Limits: Limits{
			Sessions: 1, SessionsPerAddress: 2, SessionsPerUser: 3, IdleTimeout: time.Second, LoginTimeout: 2 * time.Minute,
			HandshakeTimeout: 3 * time.Hour, StallTimeout: 90 * time.Second, LoginAttempts: 4, UploadRate: 10 << 20, DownloadRate: 1500,
		},
		Log: Log{Format: "json", Level: slog.LevelDebug, TransferLog: "/var/log/xferlog"},
	}
	c := load(t, document)
	if !reflect.DeepEqual(values(c), want) {
		t.Errorf("got  %+v\nwant %+v", values(c), want)
	}
	standard := Default(home)
	for _, k := range keys {
		if !c.Given(k.name) {
			t.Errorf("%s was not given", k.name)
		}
		if k.value(&c).toml() == k.value(&standard).toml() {
			t.Errorf("%s is still its default, so this test does not show that it is read", k.name)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		why, document string
		line          int
		key           string
		problem       string // part of it
		hint          string // part of it
	}{
		{"a misspelt key", "\n[policy]\nunprotected_dat = \"deny\"", 3, "policy.unprotected_dat", "unknown key", "did you mean policy.unprotected_data?"},
		{"a key in the wrong table", "[tls]\nccc = \"deny\"", 2, "tls.ccc", "unknown key", "did you mean policy.ccc?"},
		{"a key without its table", "ccc = \"deny\"", 1, "ccc", "unknown key", "did you mean policy.ccc?"},
		{"a key like no other", "[log]\nshoe_size = 44", 2, "log.shoe_size", "unknown key", ""},
		{"keys are in lower case", "[policy]\nCCC = \"deny\"", 2, "policy.CCC", "unknown key", "did you mean policy.ccc?"},
		{"tables are in lower case", "[Policy]\nccc = \"deny\"", 1, "[Policy]", "unknown table", "did you mean [policy]?"},
		{"a misspelt table", "\n\n[polcy]\nccc = \"deny\"", 3, "[polcy]", "unknown table", "did you mean [policy]?"},
		{"a table like no other", "[shoes]\nsize = 44", 1, "[shoes]", "unknown table", "[listen], [tls], [acme], [policy]"},
		{"a quoted key is not a table and a key", `"policy.ccc" = "deny"`, 1, `"policy.ccc"`, "unknown key", "did you mean policy.ccc?"},
		{"a key with an escape character is not printed raw", `"\u001b[2J" = 1`, 1, `"\x1b[2J"`, "unknown key", ""},
		{"a key in an inline table", "policy = { cc = \"deny\" }", 1, "policy.cc", "unknown key", "did you mean policy.ccc?"},
		{"a list of tables", "[[policy]]\nccc = \"deny\"", 1, "policy", "is a list of tables", "write [policy]"},
		{"a table that is no table", "policy = 3", 1, "policy", "is a table, not a key", "write [policy] on a line of its own"},
		{"a table within a table", "[policy.x]\ny = 1", 1, "[policy.x]", "unknown table", ""},
		{"an empty table that there is not", "[shoes]", 1, "[shoes]", "unknown table", ""},
		{"an inline table that there is not", "polcy = { ccc = 1 }", 1, "[polcy]", "unknown table", "did you mean [policy]?"},
		{"a key that is no table", "[policy.ccc]\nx = 1", 1, "policy.ccc", "is a table, it must be a string", `"allow"`},

		{"no TOML", "[limits]\nsessions = = 3", 2, "", "", ""},
		{"the same key twice", "[limits]\nsessions = 3\nsessions = 4", 3, "", "", ""},
		{"the same table twice", "[log]\n[tls]\n[log]", 3, "", "", ""},

		{"a number in quotes", "[limits]\nsessions = \"10\"", 2, "limits.sessions", "is a string, it must be a whole number", "without quotes"},
		{"a fraction", "[limits]\nsessions = 1.5", 2, "limits.sessions", "is a number with a fraction", ""},
		{"a date", "data_dir = 2020-01-01", 1, "data_dir", "is a date or time, it must be a string", ""},
		{"none", "[limits]\nsessions = 0", 2, "limits.sessions", "0 is out of range: 1 to", ""},
		{"less than none", "[limits]\nsessions_per_user = -1", 2, "limits.sessions_per_user", "-1 is out of range: 0 to", ""},
		{"too many", "[limits]\nsessions = 9_000_000_000", 2, "limits.sessions", "out of range", ""},
		{"more than a number can be", "[limits]\nsessions = 99999999999999999999", 2, "", "", ""},

		{"a time without a unit", "[limits]\nidle_timeout = 300", 2, "limits.idle_timeout", "300 needs a unit", "write it as 30s"},
		{"the same in quotes", "[limits]\nidle_timeout = \"300\"", 2, "limits.idle_timeout", "300 needs a unit", "write it as 30s"},
		{"a time that is none", "[limits]\nidle_timeout = \"soon\"", 2, "limits.idle_timeout", `"soon" is no time span`, "write it as 30s"},
		{"a timeout of nothing", "[limits]\nidle_timeout = 0", 2, "limits.idle_timeout", "0 is out of range: 1s to 87600h", ""},
		{"a negative time", "[uploads]\nkeep_interrupted = \"-1h\"", 2, "uploads.keep_interrupted", "out of range", ""},
		{"a time that is a flag", "[limits]\nidle_timeout = true", 2, "limits.idle_timeout", "is true or false, it must be a time span", ""},

		{"a size that is none", "[limits]\nupload_rate = \"fast\"", 2, "limits.upload_rate", `"fast" is no size`, "64K"},
		{"a negative size", "[limits]\nupload_rate = -1", 2, "limits.upload_rate", `"-1" is no size`, ""},
		{"a size that is a list", "[limits]\nupload_rate = []", 2, "limits.upload_rate", "is a list, it must be a size", ""},

		{"a word near another", "[policy]\nccc = \"alow\"", 2, "policy.ccc", `unknown value "alow"`, `did you mean "allow"?`},
		{"a word near none", "[policy]\nsession_binding = \"strict\"", 2, "policy.session_binding", `unknown value "strict"`, "valid: auto, require, off"},
		{"a word that is a flag", "[policy]\nccc = true", 2, "policy.ccc", "is true or false, it must be a string", `"allow"`},
		{"a flag that is a word", "[tls]\nstrict_sni = \"yes\"", 2, "tls.strict_sni", "is a string, it must be true or false", ""},
		{"an unknown profile", "[tls]\nprofile = \"modren\"", 2, "tls.profile", `unknown value "modren"`, `did you mean "modern"?`},
		{"an unknown version", "[tls]\nmin_version = \"1.4\"", 2, "tls.min_version", `unknown value "1.4"`, ""},
		{"an unknown suite", "[tls]\ncipher_suites = [\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA26\"]", 2, "tls.cipher_suites",
			"unknown cipher suite", `did you mean "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"?`},
		{"versions that exclude each other", "[tls]\nmin_version = \"1.3\"\nmax_version = \"1.2\"", 3, "tls.max_version", "below the lowest version", ""},
		{"an old version without suites", "[tls]\nmin_version = \"1.0\"", 2, "tls.min_version", `profile "legacy"`, ""},

		{"a list that is a string", "[listen]\nexplicit = \":21\"", 2, "listen.explicit", "is a string, it must be a list of strings", `["text"]`},
		{"a list of ports", "[listen]\nexplicit = [21]", 2, "listen.explicit", "has a whole number in its list", ""},
		{"an address without a port", "[listen]\nexplicit = [\"192.0.2.1\"]", 2, "listen.explicit", "no address with a port", `":21"`},
		{"a port by name", "[listen]\nexplicit = [\":ftp\"]", 2, "listen.explicit", "no port from 0 to 65535", ""},
		{"a port too high", "[listen]\nimplicit = [\":65536\"]", 2, "listen.implicit", "no port from 0 to 65535", ""},
		{"nowhere to listen", "[listen]\nexplicit = []", 2, "listen.explicit", "nobody could connect", ""},
		{"one port for both", "[listen]\nexplicit = [\":990\"]\nimplicit = [\":990\"]", 3, "listen.implicit", ":990 is there twice", ""},
		{"ports in the wrong order", "[listen]\npassive_ports = \"6000-5000\"", 2, "listen.passive_ports", "ends before it begins", "5000-6000"},
		{"ports that are none", "[listen]\npassive_ports = \"0-100000\"", 2, "listen.passive_ports", "no range of ports", "50000-50999"},
		{"ports as a number", "[listen]\npassive_ports = 5000", 2, "listen.passive_ports", "is a whole number, it must be a range of ports", ""},
		{"PASV tells no IPv6", "[listen]\npublic_address = \"2001:db8::1\"", 2, "listen.public_address", "no IPv4 address", "EPSV"},
		{"PASV tells its own port", "[listen]\npublic_address = \"192.0.2.1:21\"", 2, "listen.public_address", "neither", "without a port"},
		{"a mistyped address is no name", "[listen]\npublic_address = \"192.0.2.300\"", 2, "listen.public_address", "neither", ""},
		{"an address that is a flag", "[listen]\npublic_address = false", 2, "listen.public_address", "is true or false", ""},
		{"an address for a network", "[listen]\nproxy_protocol_from = [\"10.0.0.1/8\"]", 2, "listen.proxy_protocol_from", "within a network", "10.0.0.0/8"},
		{"a network that is none", "[listen]\nproxy_protocol_from = [\"lb\"]", 2, "listen.proxy_protocol_from", `"lb" is no network`, ""},

		{"a certificate without its key", "[tls]\ncertificate = \"c.pem\"", 2, "tls.certificate", "tls.key is not", "set tls.key too"},
		{"a key without its certificate", "[tls]\n\nkey = \"k.pem\"", 3, "tls.key", "tls.certificate is not", "set tls.certificate too"},
		{"more certificates without a list", "[tls]\nmore = { certificate = \"c\", key = \"k\" }", 2, "tls.more", "is a table, it must be a list of certificates", ""},
		{"more certificates by name", "[tls]\nmore = [\"c.pem\"]", 2, "tls.more", "has a string in its list", "certificate = "},
		{"one of them without its key", "[[tls.more]]\ncertificate = \"c.pem\"", 1, "tls.more", "needs a certificate and a key", "both may name one file"},
		{"a misspelt key of one", "[tls]\nmore = [{ certificate = \"c\", kye = \"k\" }]", 2, "tls.more", `unknown key "kye"`, `"key"`},
		{"a file that is a number", "[[tls.more]]\ncertificate = 1\nkey = \"k\"", 1, "tls.more", "is a whole number, it must be a string", ""},
		{"a table of them", "[tls.more]\ncertificate = \"c\"", 1, "tls.more", "is a table, it must be a list of certificates", ""},
		{"keys of them that stand alone", "tls.more.key = \"c\"", 1, "tls.more.key", "unknown key", ""},
		{"what comes behind a list is looked at", "[[tls.more]]\ncertificate = \"c\"\nkey = \"k\"\n[tls.moree]\nx = 1", 4, "[tls.moree]", "unknown table", ""},

		{"a CA gives nothing to who has not agreed", "[acme]\nhosts = [\"a.test\"]", 2, "acme.hosts", "needs acme.accept_terms", "accept_terms = true"},
		{"an address is no name", "[acme]\nhosts = [\"192.0.2.1\"]", 2, "acme.hosts", "no host name", ""},
		{"letters that DNS does not have", "[acme]\nhosts = [\"füße.test\"]", 2, "acme.hosts", "no host name", "xn--"},
		{"a name twice", "[acme]\nhosts = [\"a.test\", \"A.test.\"]", 2, "acme.hosts", "a.test is there twice", ""},
		{"a directory in clear", "[acme]\ndirectory = \"http://ca.test/\"", 2, "acme.directory", "no https URL", ""},
		{"an unknown challenge", "[acme]\nchallenge = \"http-1\"", 2, "acme.challenge", "unknown value", `did you mean "http-01"?`},
		{"a port that is none", "[acme]\nlisten = \"80\"", 2, "acme.listen", "no address with a port", ""},
		{"DNS without a hook", "[acme]\nhosts = [\"a.test\"]\naccept_terms = true\nchallenge = \"dns-01\"", 4, "acme.challenge", "needs acme.dns_command", "TXT"},
		{"a hook that depends on the folder", "[acme]\nhosts = [\"a.test\"]\naccept_terms = true\ndns_command = [\"./hook\"]", 4, "acme.dns_command", "depends on where", "whole path"},
		{"a wildcard over HTTP", "[acme]\nhosts = [\"*.a.test\"]\naccept_terms = true", 2, "acme.hosts", "wildcard, which http-01 cannot prove", "dns-01"},
		{"an account key without its name", "[acme]\neab_key_file = \"f\"", 2, "acme.eab_key_file", "both belong together", ""},
		{"two addresses", "[acme]\nhosts = [\"a.test\"]\naccept_terms = true\nemail = \"a@b.test, c@d.test\"", 4, "acme.email", "no e-mail address", ""},
		{"text that cannot be printed", "run_as = \"a\\u001b\"", 1, "run_as", "cannot be printed", ""},
		{"the same within a list", "[listen]\nexplicit = [\"\\u0000:21\"]", 2, "listen.explicit", "cannot be printed", ""},
	} {
		file := write(t, tt.document)
		_, err := Load(file, home)
		all := Errors(err)
		if len(all) != 1 {
			t.Errorf("%s: %d errors: %v", tt.why, len(all), err)
			continue
		}
		e := all[0]
		if e.File != file || e.Line != tt.line || !strings.Contains(e.Problem, tt.problem) || e.Problem == "" || !strings.Contains(e.Hint, tt.hint) {
			t.Errorf("%s: %v, hint %q; want line %d, … %s, hint … %s", tt.why, e, e.Hint, tt.line, tt.problem, tt.hint)
		}
		if e.Key != tt.key && tt.key != "" {
			t.Errorf("%s: key %q, want %q", tt.why, e.Key, tt.key)
		}
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	file := write(t, "[polcy]\n[limits]\nsesions = 1\nidle_timeout = 3\n[tls]\nprofile = \"x\"")
	_, err := Load(file, append(home, "SEALIFT_LOG_LEVEL=loud"), Setting{"listen.passive_ports", "x", "--passive-ports"})
	var got []string
	for _, e := range Errors(err) {
		got = append(got, strings.TrimPrefix(e.Error(), file))
	}
	want := []string{
		":1: [polcy]: unknown table",
		":3: limits.sesions: unknown key",
		":4: limits.idle_timeout: 3 needs a unit",
		":6: tls.profile: unknown value \"x\"",
		"SEALIFT_LOG_LEVEL: log.level: unknown value \"loud\"",
		"--passive-ports: listen.passive_ports: \"x\" is no range of ports from 1 to 65535",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestUnreadableFiles(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.toml")
	_, err := Load(missing, home)
	all := Errors(err)
	if len(all) != 1 || all[0].File != missing || all[0].Hint == "" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	dir := t.TempDir()
	if _, err := Load(dir, home); len(Errors(err)) != 1 || !strings.Contains(err.Error(), dir+": cannot be read") {
		t.Errorf("a folder: %v", err)
	}
	if Errors(nil) != nil {
		t.Error("no error has errors")
	}
}

func TestFileNames(t *testing.T) {
	file := write(t, "[tls]\ncertificate = \"tls/c.pem\"\nkey = \"/abs/k.pem\"\nmore = [{ certificate = \"d.pem\", key = \"/abs/d.key\" }]\n[log]\ntransfer_log = \"\"")
	c, err := Load(file, append(home, "SEALIFT_TLS_CLIENT_CA=ca.pem"), Setting{"data_dir", "state", "--data-dir"})
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ why, got, want string }{
		{"in a file: seen from its folder", c.TLS.Certificate, filepath.Join(filepath.Dir(file), "tls/c.pem")},
		{"in a list: seen from its folder", c.TLS.More[0].Certificate, filepath.Join(filepath.Dir(file), "d.pem")},
		{"absolute in a list", c.TLS.More[0].Key, "/abs/d.key"},
		{"absolute: as it is", c.TLS.Key, "/abs/k.pem"},
		{"none stays none", c.Log.TransferLog, ""},
		{"in a variable: seen from here", c.TLS.ClientCA, filepath.Join(here, "ca.pem")},
		{"in a flag: seen from here", c.DataDir, filepath.Join(here, "state")},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", tt.why, tt.got, tt.want)
		}
	}
}

func TestFormsOfTOML(t *testing.T) {
	for why, document := range map[string]string{
		"a table":         "[limits]\nsessions = 5",
		"a dotted key":    "limits.sessions = 5",
		"an inline table": "limits = { sessions = 5 }",
		"quoted parts":    "[\"limits\"]\n'sessions' = 5",
		"another base":    "[limits]\nsessions = 0x5",
	} {
		if c := load(t, document); c.Limits.Sessions != 5 {
			t.Errorf("%s: sessions = %d", why, c.Limits.Sessions)
		}
	}
}

func TestByteOrderMarkAndCRLF(t *testing.T) {
	if c := load(t, "\uFEFF[limits]\r\nsessions = 5\r\n"); c.Limits.Sessions != 5 {
		t.Errorf("sessions = %d", c.Limits.Sessions)
	}
}

func TestDefaultDataDir(t *testing.T) {
	for _, tt := range []struct {
		why  string
		root bool
		env  []string
		want string
	}{
		{"root", true, []string{"HOME=/root", "XDG_DATA_HOME=/x"}, "/var/lib/sealift"},
		{"XDG", false, []string{"HOME=/home/op", "XDG_DATA_HOME=/x"}, "/x/sealift"},
		{"the home directory", false, []string{"HOME=/home/op"}, "/home/op/.local/share/sealift"},
		{"a relative XDG does not count (XDG Base Directory)", false, []string{"XDG_DATA_HOME=x", "HOME=/h"}, "/h/.local/share/sealift"},
		{"no home directory", false, nil, ""},
	} {
		if got := defaultDataDir(tt.root, tt.env); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
	c := Default(home)
	c.DataDir = ""
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "data_dir") {
		t.Errorf("no data_dir: %v", err)
	}
}

// TestFreePorts: port 0 is each time another one.
func TestFreePorts(t *testing.T) {
	anywhere := Setting{Key: "listen.explicit", Value: "127.0.0.1:0,127.0.0.1:0", Source: "--listen"}
	secured := Setting{Key: "listen.implicit", Value: "127.0.0.1:0", Source: "--implicit"}
	if _, err := Load("", []string{"HOME=/nowhere"}, anywhere, secured); err != nil {
		t.Error(err)
	}
}
