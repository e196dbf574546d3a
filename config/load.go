package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/sealift/sealift/nearest"
)

// A Setting is a key that a flag sets. It is stronger than the environment,
// which is stronger than the file.
type Setting struct {
	Key    string // "listen.passive_ports"
	Value  string // as an environment variable has it; lists have commas
	Source string // for errors: "--passive-ports"
}

// Load reads the file, then the environment, then the settings of flags, and
// validates the whole. No file ("") means defaults. env is as os.Environ has
// it. The error joins an *Error for everything that is wrong; see Errors.
//
// File names are relative to the folder of sealift.toml, those in variables
// and flags to the working directory; in the Config they are absolute.
func Load(file string, env []string, settings ...Setting) (Config, error) {
	c := Default(env)
	var document []byte
	if file != "" {
		var err error
		if document, err = os.ReadFile(file); err != nil {
			return c, unreadable(file, err)
		}
	}
	if err := errors.Join(c.setFromFile(file, document), c.setFromEnv(env), c.setFromFlags(settings)); err != nil {
		return c, err
	}
	return c, c.Validate()
}

func unreadable(file string, err error) error {
	e := &Error{File: file, Problem: "cannot be read", Err: err}
	var reason *fs.PathError
	if errors.As(err, &reason) {
		e.Problem += ": " + reason.Err.Error()
	}
	if errors.Is(err, fs.ErrNotExist) {
		e.Hint = "sealift init writes one"
	}
	return e
}

// setFromFile sets what the document says.
func (c *Config) setFromFile(file string, document []byte) error {
	entries, err := parse(file, document)
	if err != nil {
		return err
	}
	var errs []error
	const none = "\n" // no key is called so
	refused := none   // the key or table that was refused last
	list := none      // the key that was set last by [[key]]: all of its tables at once
	for _, e := range entries {
		if strings.HasPrefix(e.key, refused+".") || strings.HasPrefix(e.key+".", list+".") {
			continue
		}
		list = none
		if err := c.setEntry(e, origin{file: file, line: e.line}); err != nil {
			errs = append(errs, err)
			refused = e.key
		} else if e.heading == unstable.ArrayTable {
			list = e.key
		}
	}
	return errors.Join(errs...)
}

func (c *Config) setEntry(e entry, from origin) error {
	k, known := keyNamed(e.key)
	switch {
	case known:
		return c.give(k, from, filepath.Dir(from.file), func(v value) error { return v.set(e.value) })
	case e.heading == 0:
		return unknownKey(from, e.key)
	}
	return e.checkHeading(from)
}

// give sets one key and remembers where it came from.
func (c *Config) give(k key, from origin, folder string, set func(value) error) error {
	v := k.value(c)
	err := set(v)
	if names, ok := v.(interface{ resolve(folder string) error }); ok && err == nil {
		err = names.resolve(folder)
	}
	if err != nil {
		return from.error(k.name, err)
	}
	if c.given == nil {
		c.given = map[string]origin{}
	}
	c.given[k.name] = from
	return nil
}

// Variable is the environment variable that overrides a key.
func Variable(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

const envPrefix = "SEALIFT_"

func (c *Config) setFromEnv(env []string) error {
	settings := environment(env)
	var errs []error
	for _, k := range keys {
		name := Variable(k.name)
		if text, set := settings[name]; set {
			errs = append(errs, c.give(k, origin{source: name}, "", func(v value) error { return v.parse(text) }))
			delete(settings, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if ofATable(name) {
			errs = append(errs, unknownVariable(name))
		}
	}
	return errors.Join(errs...)
}

// environment are the variables that begin with SEALIFT_.
func environment(env []string) map[string]string {
	found := map[string]string{}
	for _, pair := range env {
		if name, text, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(name, envPrefix) {
			found[name] = text
		}
	}
	return found
}

// ofATable tells whether a variable must be meant for a table of ours. There
// are others, such as SEALIFT_PASSWORD.
func ofATable(name string) bool {
	return slices.ContainsFunc(tables(), func(table string) bool {
		return strings.HasPrefix(name, Variable(table)+"_")
	})
}

func unknownVariable(name string) error {
	var valid []string
	for _, k := range keys {
		valid = append(valid, Variable(k.name))
	}
	e := &Error{Source: name, Problem: "unknown environment variable"}
	if near := nearest.Word(name, valid); near != "" {
		e.Hint = "did you mean " + near + "?"
	}
	return e
}

func (c *Config) setFromFlags(settings []Setting) error {
	var errs []error
	for _, s := range settings {
		from := origin{source: s.Source}
		k, known := keyNamed(s.Key)
		if !known {
			errs = append(errs, unknownKey(from, s.Key))
			continue
		}
		errs = append(errs, c.give(k, from, "", func(v value) error { return v.parse(s.Value) }))
	}
	return errors.Join(errs...)
}

// unknownKey offers the key that was meant: the one of another table with
// the same name, else the nearest one.
func unknownKey(from origin, name string) error {
	e := from.error(name, errors.New("unknown key"))
	if slices.Contains(tables(), name) {
		e.Problem, e.Hint = "is a table, not a key", "write ["+name+"] on a line of its own"
	} else if near := nearestKey(name); near != "" {
		e.Hint = "did you mean " + near + "?"
	}
	return e
}

func nearestKey(name string) string {
	last := name[strings.LastIndex(name, ".")+1:]
	for _, k := range keys {
		if _, rest := k.split(); rest == last {
			return k.name
		}
	}
	return nearest.Word(name, Keys())
}

// defaultDataDir is $XDG_DATA_HOME/sealift, and /var/lib/sealift for root;
// "" if no home directory is known.
func defaultDataDir(root bool, env []string) string {
	if root {
		return "/var/lib/sealift"
	}
	lookup := func(name string) string {
		for _, pair := range env {
			if text, found := strings.CutPrefix(pair, name+"="); found {
				return text
			}
		}
		return ""
	}
	if dir := lookup("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "sealift")
	}
	for _, home := range []string{"HOME", "USERPROFILE"} {
		if dir := lookup(home); filepath.IsAbs(dir) {
			return filepath.Join(dir, ".local", "share", "sealift")
		}
	}
	return ""
}
