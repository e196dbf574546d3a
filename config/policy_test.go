package config

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver"
)

func TestAccountPolicy(t *testing.T) {
	strict, open := ftpserver.Policy{}, ftpserver.Policy{UnprotectedCommands: true, UnprotectedData: true}
	for _, tt := range []struct {
		why       string
		server    ftpserver.Policy
		overrides map[string]string
		want      ftpserver.Policy // without accounts_may_relax
		relaxed   ftpserver.Policy // with it
	}{
		{"no overrides", open, nil, open, open},
		{"only this account needs TLS (policy 2)", open, map[string]string{"policy.unprotected_commands": "deny"},
			ftpserver.Policy{UnprotectedData: true}, ftpserver.Policy{UnprotectedData: true}},
		{"laxer than the server", strict, map[string]string{"policy.unprotected_data": "allow"},
			strict, ftpserver.Policy{UnprotectedData: true}},
		{"stricter and laxer", open, map[string]string{"policy.unprotected_commands": "deny", "policy.ccc": "allow"},
			ftpserver.Policy{UnprotectedData: true}, ftpserver.Policy{UnprotectedData: true, CCC: true}},
		{"the same as the server", strict, map[string]string{"policy.unprotected_data": "deny"}, strict, strict},
		{"a certificate is demanded of one", strict, map[string]string{"policy.client_certificate": "require"},
			ftpserver.Policy{ClientCertificate: ftpserver.CertificateRequire}, ftpserver.Policy{ClientCertificate: ftpserver.CertificateRequire}},
		{"binding off for one", ftpserver.Policy{Binding: ftpserver.BindRequire}, map[string]string{"policy.session_binding": "off"},
			ftpserver.Policy{Binding: ftpserver.BindRequire}, ftpserver.Policy{Binding: ftpserver.BindOff}},
		{"no active mode for one", strict, map[string]string{"policy.active_mode": "deny"},
			ftpserver.Policy{NoActive: true}, ftpserver.Policy{NoActive: true}},
		{"active mode for one", ftpserver.Policy{NoActive: true}, map[string]string{"policy.active_mode": "allow"},
			ftpserver.Policy{NoActive: true}, strict},
	} {
		for relax, want := range map[bool]ftpserver.Policy{false: tt.want, true: tt.relaxed} {
			c := Config{Policy: tt.server, Relax: relax}
			got, err := c.AccountPolicy(tt.overrides)
			if err != nil || got != want {
				t.Errorf("%s, may relax %t: %+v, %v, want %+v", tt.why, relax, got, err, want)
			}
			if idle := c.Ineffective(tt.overrides); (len(idle) > 0) != (tt.want != tt.relaxed && !relax) {
				t.Errorf("%s, may relax %t: without effect: %q", tt.why, relax, idle)
			}
		}
	}
}

func TestAWrongOverrideLeavesTheServersPolicy(t *testing.T) {
	server := ftpserver.Policy{NoActive: true}
	c := Config{Policy: server, Relax: true}
	got, err := c.AccountPolicy(map[string]string{"policy.ccc": "allow", "policy.session_binding": "x"})
	if err == nil || got != server {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestNoOverrideRelaxes tries every key with every word on the strictest and
// on the default server.
func TestNoOverrideRelaxes(t *testing.T) {
	words := strings.Fields("deny allow off request require with-password instead-of-password auto refuse accept log-in-again keep-login")
	strictest := ftpserver.Policy{ClientCertificate: ftpserver.CertificateRequire, Binding: ftpserver.BindRequire, NoActive: true}
	taken := 0
	for _, server := range []ftpserver.Policy{{}, strictest} {
		for _, key := range PolicyKeys() {
			for _, word := range words {
				got, err := Config{Policy: server}.AccountPolicy(map[string]string{key: word})
				if err != nil {
					continue
				}
				taken++
				if got.Tighten(server) != got {
					t.Errorf("%s=%s makes %+v laxer: %+v", key, word, server, got)
				}
			}
		}
	}
	if want := 2 * (8*2 + 2*3); taken != want {
		t.Errorf("%d overrides were taken, want %d: eight keys of two words and two of three", taken, want)
	}
}

func TestCheckOverride(t *testing.T) {
	for _, tt := range []struct{ why, key, value, problem, hint string }{
		{"good", "policy.ccc", "allow", "", ""},
		{"a misspelt key", "policy.cccc", "allow", "policy.cccc: unknown key", "did you mean policy.ccc?"},
		{"a key without its table", "ccc", "allow", "ccc: unknown key", "did you mean policy.ccc?"},
		{"a key like none", "policy.shoe_size", "44", "policy.shoe_size: unknown key", "valid: policy.unprotected_commands, "},
		{"a key near one of another table", "limits.session", "44", "limits.session: unknown key", "valid: policy.unprotected_commands, "},
		{"a wrong value", "policy.ccc", "alow", `policy.ccc: unknown value "alow"`, `did you mean "allow"?`},
		{"a key of the server", "tls.profile", "legacy", "tls.profile: cannot be set for one account", "an account takes policy."},
		{"leave to relax oneself", "policy.accounts_may_relax", "true", "policy.accounts_may_relax: cannot be set for one account", "an account takes policy."},
	} {
		err := CheckOverride(tt.key, tt.value)
		if tt.problem == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.why, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) || e.Error() != tt.problem || !strings.HasPrefix(e.Hint, tt.hint) && !strings.Contains(e.Hint, tt.hint) {
			t.Errorf("%s: %v, want %s, hint … %s", tt.why, err, tt.problem, tt.hint)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		why, document string
		want          []string // parts, one for each warning
	}{
		{"the default", "", nil},
		{"nothing demanded", "[policy]\nunprotected_commands = \"allow\"\nunprotected_data = \"allow\"", []string{"INSECURE: open policy"}},
		{"clear logins", "[policy]\nunprotected_commands = \"allow\"", []string{"INSECURE: policy.unprotected_commands"}},
		{"clear data", "[policy]\nunprotected_data = \"allow\"", []string{"INSECURE: policy.unprotected_data"}},
		{"T13", "[policy]\nauth_after_login = \"keep-login\"", []string{"INSECURE: policy.auth_after_login"}},
		{"CCC", "[policy]\nccc = \"allow\"", []string{"INSECURE: policy.ccc"}},
		{"T3", "[policy]\nmissing_close_notify = \"accept\"", []string{"INSECURE: policy.missing_close_notify"}},
		{"T4", "[policy]\nsession_binding = \"off\"", []string{"INSECURE: policy.session_binding"}},
		{"T7", "[tls]\nprofile = \"legacy\"\nmin_version = \"1.1\"", []string{"INSECURE: TLS 1.1", "INSECURE: RSA", "INSECURE: CBC"}},
		{"L10", "[listen]\nproxy_protocol_from = [\"0.0.0.0/0\"]", []string{"INSECURE: listen.proxy_protocol_from"}},
		{"a certificate that is never shown", "[tls]\ncertificate = \"c\"\nkey = \"k\"\n[acme]\nhosts = [\"a.test\"]\naccept_terms = true", []string{"acme.hosts: without effect"}},
		{"a known balancer", "[listen]\nproxy_protocol_from = [\"10.0.0.1\"]", nil},
		{"accounts decide", "[policy]\naccounts_may_relax = true", []string{"policy.accounts_may_relax"}},
		{"certificates that nobody asks for", "[policy]\ncertificate_login = \"instead-of-password\"", []string{"without effect"}},
		{"certificates that are asked for", "[policy]\ncertificate_login = \"instead-of-password\"\nclient_certificate = \"request\"", nil},
		{"no active mode is stricter", "[policy]\nactive_mode = \"deny\"", nil},
	} {
		got := load(t, tt.document).Warnings()
		if len(got) != len(tt.want) {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
			continue
		}
		for i, part := range tt.want {
			if !strings.Contains(got[i], part) {
				t.Errorf("%s: %q, want %q", tt.why, got[i], part)
			}
		}
	}
}

// TestServerLimits: every limit that has a key reaches the server.
func TestServerLimits(t *testing.T) {
	want := ftpserver.Limits{
		Sessions: 1, SessionsPerAddress: 2, SessionsPerUser: 3, LoginAttempts: 4,
		IdleTimeout: 5 * time.Second, LoginTimeout: 6 * time.Second, HandshakeTimeout: 7 * time.Second, StallTimeout: 8 * time.Second,
		UploadRate: 9, DownloadRate: 10,
	}
	c := load(t, `[limits]
sessions = 1
sessions_per_address = 2
sessions_per_user = 3
login_attempts = 4
idle_timeout = "5s"
login_timeout = "6s"
handshake_timeout = "7s"
stall_timeout = "8s"
upload_rate = 9
download_rate = 10`)
	if got := c.ServerLimits(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTLSOptions(t *testing.T) {
	c := load(t, "[tls]\nprofile = \"legacy\"\nmin_version = \"1.1\"\nmax_version = \"1.2\"\ncipher_suites = [\"TLS_RSA_WITH_AES_128_CBC_SHA\"]")
	o := c.TLSOptions()
	if o.Profile != "legacy" || o.MinVersion != "1.1" || o.MaxVersion != "1.2" || !slices.Equal(o.CipherSuites, []string{"TLS_RSA_WITH_AES_128_CBC_SHA"}) {
		t.Errorf("%+v", o)
	}
}

// TestDefaultLimitsAgree reads the defaults that ftpserver has for those who
// embed it: they are the ones of sealift.toml.
func TestDefaultLimitsAgree(t *testing.T) {
	theirs := embeddedDefaults(t)
	ours := reflect.ValueOf(Default(home).ServerLimits())
	compared := 0
	for i := range ours.NumField() {
		name := ours.Type().Field(i).Name
		value := ours.Field(i).Int()
		if value == 0 {
			continue // no limit, or no key for it
		}
		compared++
		if theirs[name] != value {
			t.Errorf("%s is %d in ftpserver and %d in sealift.toml", name, theirs[name], value)
		}
	}
	if compared != 7 {
		t.Errorf("%d limits were compared, want 7", compared)
	}
}

// embeddedDefaults are the values of x in "l.Field = cmp.Or(l.Field, x)".
func embeddedDefaults(t *testing.T) map[string]int64 {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../ftpserver/config.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 2 {
			return true
		}
		field, ok := call.Args[0].(*ast.SelectorExpr)
		if ok {
			found[field.Sel.Name] = constant(t, call.Args[1])
		}
		return true
	})
	return found
}

// constant is a number, a unit of time, or a product of such.
func constant(t *testing.T, e ast.Expr) int64 {
	t.Helper()
	switch e := e.(type) {
	case *ast.BasicLit:
		n, err := strconv.ParseInt(e.Value, 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	case *ast.SelectorExpr:
		return int64(map[string]time.Duration{"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}[e.Sel.Name])
	case *ast.BinaryExpr:
		return constant(t, e.X) * constant(t, e.Y)
	}
	t.Fatalf("a %T is no constant", e)
	return 0
}
