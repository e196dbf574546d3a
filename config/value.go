package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sealift/sealift/nearest"
)

// A value reads and writes one field of a Config.
//
// set takes what TOML has: string, bool, int64 or []any. parse takes the text
// of an environment variable or a flag. Neither changes the field on an
// error. toml is the value as it stands in a file.
type value interface {
	set(v any) error
	parse(s string) error
	toml() string
}

// kind is what a TOML value is called.
func kind(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "true or false"
	case int64:
		return "a whole number"
	case float64:
		return "a number with a fraction"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}

func wrongKind(v any, want, example string) error {
	return wrongf("write it as "+example, "is %s, it must be %s", kind(v), want)
}

// text is a string without control characters.
type text struct{ p *string }

func (t text) set(v any) error {
	s, ok := v.(string)
	if !ok {
		return wrongKind(v, "a string", `"text"`)
	}
	return t.parse(s)
}

func (t text) parse(s string) error {
	if err := printable(s); err != nil {
		return err
	}
	*t.p = s
	return nil
}

func (t text) toml() string { return quote(*t.p) }

func printable(s string) error {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return wrongf("", "%q has a character that cannot be printed", s)
	}
	return nil
}

// quote writes a printable string as a basic string of TOML.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// path is a file name; resolve makes it absolute.
type path struct{ p *string }

func (f path) set(v any) error      { return text(f).set(v) }
func (f path) parse(s string) error { return text(f).parse(s) }
func (f path) toml() string         { return text(f).toml() }

// resolve makes the name absolute, seen from folder.
func (f path) resolve(folder string) error {
	if *f.p == "" || filepath.IsAbs(*f.p) {
		return nil
	}
	absolute, err := filepath.Abs(filepath.Join(folder, *f.p))
	if err == nil {
		*f.p = absolute
	}
	return err
}

// texts is a list of strings; as text they are separated by commas.
type texts struct{ p *[]string }

func (l texts) set(v any) error {
	list, err := stringList(v)
	if err != nil {
		return err
	}
	*l.p = list
	return nil
}

func (l texts) parse(s string) error { return l.set(commaList(s)) }
func (l texts) toml() string         { return quoteList(*l.p) }

func stringList(v any) ([]string, error) {
	given, ok := v.([]any)
	if !ok {
		return nil, wrongKind(v, "a list of strings", `["text"]`)
	}
	var list []string
	for _, item := range given {
		s, ok := item.(string)
		if !ok {
			return nil, wrongf(`write it as ["text"]`, "has %s in its list, there must be strings", kind(item))
		}
		if err := printable(s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func commaList(s string) []any {
	var list []any
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

func quoteList(list []string) string {
	var quoted []string
	for _, s := range list {
		quoted = append(quoted, quote(s))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// flag is true or false.
type flag struct{ p *bool }

func (f flag) set(v any) error {
	b, ok := v.(bool)
	if !ok {
		return wrongKind(v, "true or false", "true or false, without quotes")
	}
	*f.p = b
	return nil
}

func (f flag) parse(s string) error {
	switch s {
	case "true", "false":
		*f.p = s == "true"
		return nil
	}
	return wrongf("write true or false", "%q is neither true nor false", s)
}

func (f flag) toml() string { return strconv.FormatBool(*f.p) }

// count is a whole number from least on.
type count struct {
	p     *int
	least int
}

// most is beyond what any machine serves, and within an int of 32 bits.
const most = 1_000_000_000

func (n count) set(v any) error {
	i, ok := v.(int64)
	if !ok {
		return wrongKind(v, "a whole number", "a number without quotes")
	}
	if i < int64(n.least) || i > most {
		return wrongf("", "%d is out of range: %d to %d", i, n.least, most)
	}
	*n.p = int(i)
	return nil
}

func (n count) parse(s string) error {
	i, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return wrongf("", "%q is no whole number", s)
	}
	return n.set(i)
}

func (n count) toml() string { return strconv.Itoa(*n.p) }

// options are the words that a key may have, and what they mean.
type options[T comparable] []option[T]

type option[T comparable] struct {
	word  string
	means T
}

// chosen is a value out of options.
type chosen[T comparable] struct {
	p  *T
	of options[T]
}

func choice[T comparable](p *T, of options[T]) value { return chosen[T]{p, of} }

// word is a choice where each word means itself.
func word(p *string, words ...string) value {
	var of options[string]
	for _, w := range words {
		of = append(of, option[string]{w, w})
	}
	return choice(p, of)
}

func (c chosen[T]) set(v any) error {
	s, ok := v.(string)
	if !ok {
		return wrongKind(v, "a string", quote(c.of[len(c.of)-1].word))
	}
	return c.parse(s)
}

func (c chosen[T]) parse(s string) error {
	var words []string
	for _, o := range c.of {
		if o.word == s {
			*c.p = o.means
			return nil
		}
		if o.word != "" {
			words = append(words, o.word)
		}
	}
	return nearest.Check("value", s, words)
}

func (c chosen[T]) toml() string {
	for _, o := range c.of {
		if o.means == *c.p {
			return quote(o.word)
		}
	}
	return quote(fmt.Sprint(*c.p)) // set by a program; reading it back is refused
}
