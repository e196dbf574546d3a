package account

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func plain(name string) Account {
	return Account{Name: name, Home: "/srv/home", Permissions: All}
}

func TestValidateName(t *testing.T) {
	for _, tt := range []struct {
		why, name string
		ok        bool
	}{
		{"a plain one", "alice", true},
		{"an address", "alice@example.org", true},
		{"letters of the world", "älice-北京", true},
		{"a space inside", "alice b", true},
		{"dots inside", "a..b", true},
		{"a hidden file's name", ".alice", true},
		{"255 bytes", strings.Repeat("a", 255), true},
		{"none", "", false},
		{"256 bytes", strings.Repeat("a", 256), false},
		{"the directory itself", ".", false},
		{"the directory above (F3)", "..", false},
		{"a path", "a/b", false},
		{"a path of Windows", `a\b`, false},
		{"NUL (P7)", "anonymous\x00x", false},
		{"a line end", "a\nb", false},
		{"an escape (L5)", "x\x1b[2J", false},
		{"a C1 control", "a\u009bb", false},
		{"not UTF-8", "a\xffb", false},
		{"overlong UTF-8 (P7)", "\xc0\xafetc", false},
		{"text turned around", "a\u202egro.b", false},
		{"an invisible character", "ali\u200bce", false},
		{"a line separator", "a\u2028b", false},
		{"a space before", " alice", false},
		{"a space behind", "alice ", false},
	} {
		if err := ValidateName(tt.name); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.why, err)
		} else if err != nil && strings.ContainsAny(err.Error(), "\x00\n\x1b\u009b") {
			t.Errorf("%s: the error holds it raw: %q", tt.why, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		why    string
		change func(a *Account)
		want   string // in the error; "" is none
	}{
		{"what is needed", func(a *Account) {}, ""},
		{"no rights at all", func(a *Account) { a.Permissions = 0 }, ""},
		{"a password", func(a *Account) { a.PasswordHash = aHash }, ""},
		{"a mount inside another", func(a *Account) {
			a.Mounts = []Mount{{"/in", "/srv/in", All}, {"/in/deep", "/srv/x", All}}
		}, ""},
		{"a password that is not hashed", func(a *Account) { a.PasswordHash = "secret" }, "argon2id"},
		{"a hash that would cost gigabytes", func(a *Account) {
			a.PasswordHash = strings.Replace(aHash, "m=64", "m=4194304", 1)
		}, "outside of the limits"},
		{"no home (L9)", func(a *Account) { a.Home = "" }, "home is missing"},
		{"a relative home", func(a *Account) { a.Home = "srv/home" }, "not an absolute path"},
		{"a home that is not clean", func(a *Account) { a.Home = "/srv/../etc" }, `written "/etc"`},
		{"a home with NUL", func(a *Account) { a.Home = "/srv/a\x00b" }, "control characters"},
		{"a home that is too long", func(a *Account) { a.Home = "/" + strings.Repeat("a", 4096) }, "too long"},
		{"rights without a name", func(a *Account) { a.Permissions = All + 1 }, "without a name"},
		{"two mounts at one place", func(a *Account) {
			a.Mounts = []Mount{{"/in", "/srv/a", All}, {"/in", "/srv/b", All}}
		}, "two mounts"},
		{"a mount over the root", func(a *Account) { a.Mounts = []Mount{{"/", "/srv/a", All}} }, "not below /"},
		{"a negative quota of bytes", func(a *Account) { a.QuotaBytes = -1 }, "quota of bytes -1"},
		{"a negative quota of files", func(a *Account) { a.QuotaFiles = -1 }, "quota of files"},
		{"a negative upload rate", func(a *Account) { a.UploadRate = -1 }, "upload rate"},
		{"a negative download rate", func(a *Account) { a.DownloadRate = -1 }, "download rate"},
		{"a negative number of sessions", func(a *Account) { a.MaxSessions = -1 }, "sessions"},
		{"a policy without a key", func(a *Account) { a.Policy = map[string]string{"": "x"} }, "policy"},
		{"a policy with a line end", func(a *Account) { a.Policy = map[string]string{"policy.ccc": "a\nb"} }, "policy"},
		{"an unknown kind of rule", func(a *Account) { a.CertificateRules = []string{"dn:x"} }, "unknown kind"},
		{"a rule in another form than it is compared in", func(a *Account) {
			a.CertificateRules = []string{"fingerprint:" + strings.Repeat("AB", 32)}
		}, "is to be written"},
	} {
		a := plain("alice")
		tt.change(&a)
		switch err := a.Validate(); {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.why, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `account "alice"`)):
			t.Errorf("%s: got %v, want one about %q", tt.why, err, tt.want)
		case err != nil && strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: more than a line: %q", tt.why, err)
		}
	}
}

func TestUsable(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		why     string
		account Account
		want    bool
	}{
		{"an open account", Account{}, true},
		{"a disabled one", Account{Disabled: true}, false},
		{"one that expires later", Account{Expires: now.Add(time.Nanosecond)}, true},
		{"one that expires now", Account{Expires: now}, false},
		{"a disabled one that expires later", Account{Disabled: true, Expires: now.Add(time.Hour)}, false},
	} {
		if got := tt.account.Usable(now); got != tt.want {
			t.Errorf("%s: %t", tt.why, got)
		}
	}
}

func TestNoPrintingShowsTheHash(t *testing.T) {
	a := plain("alice")
	a.PasswordHash = aHash
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "account", a)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&log, format, a)
		fmt.Fprintf(&log, format, struct{ A Account }{a})
	}
	if strings.Contains(log.String(), "argon2id") {
		t.Error(log.String())
	}
}

func TestCheckPolicy(t *testing.T) {
	a := plain("alice")
	a.Policy = map[string]string{"policy.b": "2", "policy.a": "1", "policy.c": "3"}
	var asked []string
	bad := errors.New("bad value")
	err := a.CheckPolicy(func(key, value string) error {
		asked = append(asked, key+"="+value)
		if value == "2" {
			return bad
		}
		return nil
	})
	if !errors.Is(err, bad) || !strings.Contains(err.Error(), "alice") {
		t.Errorf("got %v", err)
	}
	if got := strings.Join(asked, " "); got != "policy.a=1 policy.b=2" {
		t.Errorf("asked %s", got)
	}
	if err := a.CheckPolicy(func(string, string) error { return nil }); err != nil {
		t.Error(err)
	}
}
