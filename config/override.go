package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/sealift/sealift/ftpserver"
)

// PolicyKeys are the keys that an account can override.
func PolicyKeys() []string {
	return slices.DeleteFunc(Keys(), func(name string) bool {
		return !strings.HasPrefix(name, "policy.") || name == "policy.accounts_may_relax"
	})
}

// CheckOverride refuses what an account cannot have: a key that is none of
// PolicyKeys, or a value that the key does not take. The error is an *Error
// with a hint.
func CheckOverride(key, value string) error {
	var c Config
	return c.override(key, value)
}

// override sets one key of a policy.
func (c *Config) override(name, text string) error {
	if !slices.Contains(PolicyKeys(), name) {
		return notOverridable(name)
	}
	k, _ := keyNamed(name)
	if err := k.value(c).parse(text); err != nil {
		return origin{}.error(name, err)
	}
	return nil
}

func notOverridable(name string) error {
	e := &Error{Key: name, Problem: "unknown key"}
	if _, known := keyNamed(name); known {
		e.Problem = "cannot be set for one account"
		e.Hint = "set it in sealift.toml; an account takes " + strings.Join(PolicyKeys(), ", ")
	} else if near := nearestKey(name); slices.Contains(PolicyKeys(), near) {
		e.Hint = "did you mean " + near + "?"
	} else {
		e.Hint = "valid: " + strings.Join(PolicyKeys(), ", ")
	}
	return e
}

// AccountPolicy is the policy of an account with these overrides, keys as in
// PolicyKeys: the server's, and stricter where the account says so; laxer
// only where policy.accounts_may_relax is on. On an error it is the server's.
func (c Config) AccountPolicy(overrides map[string]string) (ftpserver.Policy, error) {
	account := Config{Policy: c.Policy}
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		if err := account.override(name, overrides[name]); err != nil {
			return c.Policy, err
		}
	}
	if c.Relax {
		return account.Policy, nil
	}
	return c.Policy.Tighten(account.Policy), nil
}

// Ineffective are the keys of overrides that change nothing because the
// server is stricter and accounts may not relax that.
func (c Config) Ineffective(overrides map[string]string) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		asked := Config{Policy: c.Policy}
		if asked.override(name, overrides[name]) != nil || c.Relax {
			continue
		}
		if c.Policy.Tighten(asked.Policy) != asked.Policy {
			found = append(found, name)
		}
	}
	return found
}
