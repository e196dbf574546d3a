package config

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver"
)

func TestVariable(t *testing.T) {
	for key, want := range map[string]string{
		"policy.unprotected_data": "SEALIFT_POLICY_UNPROTECTED_DATA",
		"data_dir":                "SEALIFT_DATA_DIR",
	} {
		if got := Variable(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
	var seen []string
	for _, k := range keys {
		if slices.Contains(seen, Variable(k.name)) {
			t.Errorf("%s shares its variable with another key", k.name)
		}
		seen = append(seen, Variable(k.name))
	}
}

// TestEnvironment has each kind of value as text.
func TestEnvironment(t *testing.T) {
	for _, tt := range []struct {
		why, pair string
		got       func(c Config) any
		want      any
	}{
		{"a string", "SEALIFT_RUN_AS=ftp", func(c Config) any { return c.RunAs }, "ftp"},
		{"an equals sign in it", "SEALIFT_DATA_DIR=/a=b", func(c Config) any { return c.DataDir }, "/a=b"},
		{"a word", "SEALIFT_POLICY_UNPROTECTED_DATA=allow", func(c Config) any { return c.Policy.UnprotectedData }, true},
		{"a flag", "SEALIFT_TLS_STRICT_SNI=true", func(c Config) any { return c.TLS.StrictSNI }, true},
		{"a flag that is off", "SEALIFT_ACCOUNTS_CREATE_HOME=false", func(c Config) any { return c.Accounts.CreateHome }, false},
		{"a number", "SEALIFT_LIMITS_SESSIONS=7", func(c Config) any { return c.Limits.Sessions }, 7},
		{"a time", "SEALIFT_LIMITS_IDLE_TIMEOUT=90s", func(c Config) any { return c.Limits.IdleTimeout }, 90 * time.Second},
		{"a size", "SEALIFT_LIMITS_UPLOAD_RATE=1K", func(c Config) any { return c.Limits.UploadRate }, int64(1024)},
		{"a list", "SEALIFT_LISTEN_EXPLICIT=:2121, :2122", func(c Config) any { return c.Listen.Explicit }, []string{":2121", ":2122"}},
		{"a list of suites", "SEALIFT_TLS_CIPHER_SUITES=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", func(c Config) any { return len(c.TLS.CipherSuites) }, 1},
		{"an empty list", "SEALIFT_LISTEN_IMPLICIT=", func(c Config) any { return len(c.Listen.Implicit) }, 0},
		{"ports", "SEALIFT_LISTEN_PASSIVE_PORTS=4000", func(c Config) any { return c.Listen.PassivePorts }, ftpserver.PortRange{First: 4000, Last: 4000}},
		{"any port", "SEALIFT_LISTEN_PASSIVE_PORTS=", func(c Config) any { return c.Listen.PassivePorts }, ftpserver.PortRange{}},
		{"certificates", `SEALIFT_TLS_MORE=[{certificate = "/c", key = "/k"}]`, func(c Config) any { return c.TLS.More }, []KeyPair{{"/c", "/k"}}},
		{"no certificates", "SEALIFT_TLS_MORE=", func(c Config) any { return len(c.TLS.More) }, 0},
		{"a command", "SEALIFT_ACME_DNS_COMMAND=/hook,zone", func(c Config) any { return c.ACME.DNSCommand }, []string{"/hook", "zone"}},
		{"networks", "SEALIFT_LISTEN_PROXY_PROTOCOL_FROM=10.0.0.0/8,::1", func(c Config) any { return len(c.Listen.ProxyProtocolFrom) }, 2},
		{"an address", "SEALIFT_LISTEN_PUBLIC_ADDRESS=192.0.2.1", func(c Config) any { return c.Listen.PublicAddress }, "192.0.2.1"},
		{"variables of the client are not ours", "SEALIFT_PASSWORD=x", func(c Config) any { return c.Given("password") }, false},
	} {
		c, err := Load("", append(home, tt.pair))
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		if got := tt.got(c); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.why, got, tt.want)
		}
	}
}

func TestEnvironmentRefuses(t *testing.T) {
	for _, tt := range []struct{ why, pair, want, hint string }{
		{"a bad value", "SEALIFT_POLICY_CCC=perhaps", `SEALIFT_POLICY_CCC: policy.ccc: unknown value "perhaps"`, "valid: deny, allow"},
		{"no value", "SEALIFT_POLICY_CCC=", `SEALIFT_POLICY_CCC: policy.ccc: unknown value ""`, "valid: deny, allow"},
		{"no number", "SEALIFT_LIMITS_SESSIONS=many", `SEALIFT_LIMITS_SESSIONS: limits.sessions: "many" is no whole number`, ""},
		{"no flag", "SEALIFT_TLS_STRICT_SNI=1", `SEALIFT_TLS_STRICT_SNI: tls.strict_sni: "1" is neither true nor false`, "write true or false"},
		{"no certificates", "SEALIFT_TLS_MORE=/c.pem", `SEALIFT_TLS_MORE: tls.more: "/c.pem" is no list of tables`, "write it as " + pairForm},
		{"no text", "SEALIFT_RUN_AS=\xff", `SEALIFT_RUN_AS: run_as: "\xff" has a character that cannot be printed`, ""},
		{"a misspelt key of a table", "SEALIFT_POLICY_UNPROTECTED_DATE=deny", "SEALIFT_POLICY_UNPROTECTED_DATE: unknown environment variable",
			"did you mean SEALIFT_POLICY_UNPROTECTED_DATA?"},
		{"what is wrong between keys", "SEALIFT_TLS_CERTIFICATE=/c.pem", "SEALIFT_TLS_CERTIFICATE: tls.certificate: is set, but tls.key is not", "set tls.key too; both may name one file"},
	} {
		_, err := Load("", append(home, tt.pair))
		all := Errors(err)
		if len(all) != 1 || all[0].Error() != tt.want || all[0].Hint != tt.hint {
			t.Errorf("%s: %v, want %s", tt.why, err, tt.want)
			if len(all) == 1 {
				t.Errorf("%s: hint %q, want %q", tt.why, all[0].Hint, tt.hint)
			}
		}
	}
}

func TestTheStrongerWins(t *testing.T) {
	document := "[limits]\nsessions = 1\nsessions_per_user = 1\nlogin_attempts = 1"
	c, err := Load(write(t, document),
		append(home, "SEALIFT_LIMITS_SESSIONS_PER_USER=2", "SEALIFT_LIMITS_LOGIN_ATTEMPTS=2"),
		Setting{"limits.login_attempts", "3", "--login-attempts"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why       string
		got, want int
	}{
		{"the file over the default", c.Limits.Sessions, 1},
		{"the environment over the file", c.Limits.SessionsPerUser, 2},
		{"a flag over both", c.Limits.LoginAttempts, 3},
		{"else the default", c.Limits.SessionsPerAddress, 200},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d, want %d", tt.why, tt.got, tt.want)
		}
	}
	if !c.Given("limits.sessions") || c.Given("limits.sessions_per_address") {
		t.Error("Given does not tell what was given")
	}
	if _, err := Load("", home, Setting{"limits.shoes", "1", "--shoes"}); len(Errors(err)) != 1 || Errors(err)[0].Source != "--shoes" {
		t.Errorf("a flag for a key that is none: %v", err)
	}
}
