package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/sealift/sealift/tlsprofile"
)

// Validate finds what is wrong between keys; what is wrong with one alone,
// setting it has found. The error joins an *Error for each.
func (c Config) Validate() error {
	return errors.Join(
		c.validateDataDir(),
		c.validateListen(),
		c.validateFiles(),
		c.validateTLS(),
		c.validateACME(),
	)
}

// about is the error about a key, placed where that was given.
func (c Config) about(key, hint, problem string, args ...any) error {
	return c.given[key].error(key, wrongf(hint, problem, args...))
}

func (c Config) validateDataDir() error {
	if c.DataDir != "" {
		return nil
	}
	return c.about("data_dir", "set data_dir, "+Variable("data_dir")+" or --data-dir", "is empty, and there is no home directory to put it")
}

func (c Config) validateListen() error {
	all := slices.Concat(c.Listen.Explicit, c.Listen.Implicit)
	if len(all) == 0 {
		return c.about("listen.explicit", `explicit = [":21"] is what clients expect`, "is empty, and so is listen.implicit: nobody could connect")
	}
	for i, address := range all {
		if slices.Contains(all[:i], address) && !strings.HasSuffix(address, ":0") {
			key := "listen.explicit"
			if i >= len(c.Listen.Explicit) {
				key = "listen.implicit"
			}
			return c.about(key, "each port is for explicit or for implicit FTPS", "%s is there twice", address)
		}
	}
	return nil
}

// validateFiles demands the files that belong together.
func (c Config) validateFiles() error {
	var errs []error
	for _, pair := range []struct{ given, with, needed, without string }{
		{"tls.certificate", c.TLS.Certificate, "tls.key", c.TLS.Key},
		{"tls.key", c.TLS.Key, "tls.certificate", c.TLS.Certificate},
	} {
		if pair.with != "" && pair.without == "" {
			errs = append(errs, c.about(pair.given, "set "+pair.needed+" too; both may name one file", "is set, but %s is not", pair.needed))
		}
	}
	return errors.Join(errs...)
}

// validateTLS asks tlsprofile, whose options are called like our keys.
func (c Config) validateTLS() error {
	_, err := tlsprofile.New(c.TLSOptions())
	if err == nil {
		return nil
	}
	var errs []error
	for _, e := range flatten(err) {
		key := "tls.profile"
		var option *tlsprofile.OptionError
		if errors.As(e, &option) {
			key, e = "tls."+option.Option, option.Err
		}
		errs = append(errs, c.given[key].error(key, e))
	}
	return errors.Join(errs...)
}

// flatten are the errors that were joined.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}
