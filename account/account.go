// Package account knows who may log in and what they get: accounts and where
// they are kept, password hashes, the throttle against guessing, and the
// ledger of a quota. It opens no connection and knows no protocol.
package account

import (
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// An Account is one name that may log in, and its rights. It is a value; its
// maps and slices belong to whoever holds it (see Clone).
type Account struct {
	// Name is what USER gives, compared byte by byte; see ValidateName.
	Name string
	// PasswordHash is a string of Hasher.Hash. "" matches no password, not
	// even the empty one.
	PasswordHash string `json:"-"`
	// Home is the host's directory that is the root of the account's tree:
	// absolute and clean.
	Home string
	// Permissions hold for the whole tree; mounts may narrow them.
	Permissions Permissions
	// Mounts are host directories that show inside the tree.
	Mounts []Mount
	// QuotaBytes and QuotaFiles limit what Home holds; 0 is no limit.
	QuotaBytes, QuotaFiles int64
	// UploadRate and DownloadRate are in bytes per second and session; 0
	// leaves the server's.
	UploadRate, DownloadRate int64
	// MaxSessions is how many sessions may be logged in at once; 0 leaves
	// the server's limit.
	MaxSessions int
	// Disabled closes the account until an operator opens it.
	Disabled bool
	// Expires closes the account from then on; the zero time is never.
	Expires time.Time
	// Administrator may see other people's sessions.
	Administrator bool
	// Policy holds the overrides of the server's policy as text, keys being
	// like "policy.unprotected_data". What they may be is the caller's to
	// say: see CheckPolicy.
	Policy map[string]string
	// ASCIIOff converts no line ends in TYPE A.
	ASCIIOff bool
	// CertificateRules tell which client certificates are this account's:
	// strings of ParseCertificateRule. One that matches is enough.
	CertificateRules []string
	// CertificateReply331 asks for a password that is not looked at, for
	// clients that cannot take the login that a certificate gives (232).
	CertificateReply331 bool
	// Created and Changed are set by the Store.
	Created, Changed time.Time
}

// Limits of an account's texts, in bytes.
const (
	maxName = 255
	maxDir  = 4096
	maxText = 1024
)

// Usable reports whether the account may log in at now.
func (a Account) Usable(now time.Time) bool { return a.closed(now) == "" }

// closed says why the account may not log in; "" if it may.
func (a Account) closed(now time.Time) string {
	switch {
	case a.Disabled:
		return "the account is disabled"
	case !a.Expires.IsZero() && !now.Before(a.Expires):
		return "the account has expired"
	}
	return ""
}

// Clone is a copy that shares nothing with a.
func (a Account) Clone() Account {
	a.Mounts = slices.Clone(a.Mounts)
	a.Policy = maps.Clone(a.Policy)
	a.CertificateRules = slices.Clone(a.CertificateRules)
	return a
}

// LogValue is the name alone: a log never gets a hash.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.Name) }

// String is the quoted name alone.
func (a Account) String() string { return fmt.Sprintf("account %q", a.Name) }

// GoString is String, for %#v.
func (a Account) GoString() string { return a.String() }

// Validate says, in one line, what first makes the account unfit to be
// stored. A Store calls it before it keeps anything.
func (a Account) Validate() error {
	if err := ValidateName(a.Name); err != nil {
		return err
	}
	for _, check := range []func() error{
		a.checkPassword, a.checkHome, a.checkPermissions, a.checkMounts, a.checkNumbers, a.checkPolicyText, a.checkRules,
	} {
		if err := check(); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return nil
}

// ValidateName says why name cannot be an account's name: it is 1 to 255
// bytes of printable UTF-8, neither "." nor "..", without a separator and
// without a space at either end, so that it can be one element of a path.
func ValidateName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("account: a name is needed")
	case len(name) > maxName:
		return fmt.Errorf("account: a name of %d bytes is too long; at most %d", len(name), maxName)
	case name == "." || name == "..":
		return fmt.Errorf("account: the name %q means a directory", name)
	case strings.ContainsAny(name, `/\`):
		return fmt.Errorf("account: the name %q has a separator", name)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("account: the name %q has a space at an end", name)
	case !printable(name):
		return fmt.Errorf("account: the name %q is not printable UTF-8", name)
	}
	return nil
}

// CheckPolicy calls check with each override, keys in order, and returns the
// first error.
func (a Account) CheckPolicy(check func(key, value string) error) error {
	for _, key := range slices.Sorted(maps.Keys(a.Policy)) {
		if err := check(key, a.Policy[key]); err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return nil
}

func (a Account) checkPassword() error {
	if a.PasswordHash == "" {
		return nil
	}
	_, err := parseHash(a.PasswordHash)
	return err
}

func (a Account) checkHome() error {
	if err := validateDir(a.Home); err != nil {
		return fmt.Errorf("home %w", err)
	}
	return nil
}

func (a Account) checkPermissions() error {
	if a.Permissions&^All != 0 {
		return fmt.Errorf("permissions %#x have bits without a name", uint16(a.Permissions))
	}
	return nil
}

func (a Account) checkMounts() error {
	seen := map[string]bool{}
	for _, m := range a.Mounts {
		if err := m.Validate(); err != nil {
			return err
		}
		if seen[m.Path] {
			return fmt.Errorf("two mounts at %q", m.Path)
		}
		seen[m.Path] = true
	}
	return nil
}

func (a Account) checkNumbers() error {
	for _, n := range []struct {
		what  string
		value int64
	}{
		{"quota of bytes", a.QuotaBytes},
		{"quota of files", a.QuotaFiles},
		{"upload rate", a.UploadRate},
		{"download rate", a.DownloadRate},
		{"number of sessions", int64(a.MaxSessions)},
	} {
		if n.value < 0 {
			return fmt.Errorf("%s %d is negative", n.what, n.value)
		}
	}
	return nil
}

func (a Account) checkPolicyText() error {
	for key, value := range a.Policy {
		if key == "" || !shortText(key) || !shortText(value) {
			return fmt.Errorf("policy %.64q = %.64q is not short printable text", key, value)
		}
	}
	return nil
}

func (a Account) checkRules() error {
	for _, rule := range a.CertificateRules {
		canonical, err := ParseCertificateRule(rule)
		if err != nil {
			return err
		}
		if canonical != rule {
			return fmt.Errorf("certificate rule %q is to be written %q", rule, canonical)
		}
	}
	return nil
}

// validateDir says why dir is not a directory of the host in the one form
// that is kept.
func validateDir(dir string) error {
	switch {
	case dir == "":
		return fmt.Errorf("is missing")
	case len(dir) > maxDir:
		return fmt.Errorf("of %d bytes is too long; at most %d", len(dir), maxDir)
	case !utf8.ValidString(dir) || strings.ContainsFunc(dir, unicode.IsControl):
		return fmt.Errorf("%q is not UTF-8 without control characters", dir)
	case !filepath.IsAbs(dir):
		return fmt.Errorf("%q is not an absolute path", dir)
	case filepath.Clean(dir) != dir:
		return fmt.Errorf("%q is to be written %q", dir, filepath.Clean(dir))
	}
	return nil
}

func shortText(s string) bool { return len(s) <= maxText && printable(s) }

// printable reports whether s is UTF-8 that shows as it is: no controls, no
// invisible or direction-changing characters, no spaces but U+0020.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
