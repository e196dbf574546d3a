package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/sealift/sealift/nearest"
)

// A KeyPair names the files of a certificate: its chain, leaf first, and its
// key. Names are absolute.
type KeyPair struct{ Certificate, Key string }

// pairs is a list of tables, each a certificate and its key. As text it is
// written as in a file.
type pairs struct{ p *[]KeyPair }

const pairForm = `[{ certificate = "/etc/ssl/other.pem", key = "/etc/ssl/other.key" }]`

func (l pairs) set(v any) error {
	given, ok := v.([]any)
	if !ok {
		return wrongKind(v, "a list of certificates", pairForm)
	}
	var list []KeyPair
	for _, item := range given {
		table, ok := item.(map[string]any)
		if !ok {
			return wrongf("write it as "+pairForm, "has %s in its list, there must be tables", kind(item))
		}
		pair, err := pairOf(table)
		if err != nil {
			return err
		}
		list = append(list, pair)
	}
	*l.p = list
	return nil
}

// pairOf reads one table.
func pairOf(table map[string]any) (KeyPair, error) {
	var pair KeyPair
	fields := map[string]*string{"certificate": &pair.Certificate, "key": &pair.Key}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		field := fields[name]
		if field == nil {
			return pair, nearest.Check("key", name, slices.Sorted(maps.Keys(fields)))
		}
		if err := (path{field}).set(table[name]); err != nil {
			return pair, err
		}
	}
	if pair.Certificate == "" || pair.Key == "" {
		return pair, wrongf("write it as "+pairForm+"; both may name one file", "needs a certificate and a key in each of its tables")
	}
	return pair, nil
}

func (l pairs) parse(s string) error {
	var document struct{ Value any }
	if strings.TrimSpace(s) == "" {
		s = "[]"
	}
	if err := toml.Unmarshal([]byte("Value = "+s), &document); err != nil {
		return wrongf("write it as "+pairForm, "%q is no list of tables", s)
	}
	return l.set(document.Value)
}

func (l pairs) toml() string {
	var tables []string
	for _, pair := range *l.p {
		tables = append(tables, "{ certificate = "+quote(pair.Certificate)+", key = "+quote(pair.Key)+" }")
	}
	return "[" + strings.Join(tables, ", ") + "]"
}

func (l pairs) resolve(folder string) error {
	for i := range *l.p {
		pair := &(*l.p)[i]
		for _, name := range []*string{&pair.Certificate, &pair.Key} {
			if err := (path{name}).resolve(folder); err != nil {
				return err
			}
		}
	}
	return nil
}
