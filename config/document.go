package config

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/sealift/sealift/nearest"
)

// entry is one key of a document, with what it is set to, or the heading of
// a table.
type entry struct {
	key     string
	line    int
	value   any
	heading unstable.Kind // Table or ArrayTable; else 0
}

// parse reads a TOML document into its entries, in the order of its lines.
func parse(file string, document []byte) ([]entry, error) {
	document = bytes.TrimPrefix(document, []byte("\uFEFF"))
	tree := map[string]any{}
	if err := toml.Unmarshal(document, &tree); err != nil {
		return nil, syntaxError(file, err)
	}
	d := outline{tree: tree}
	d.Reset(document)
	var table []string
	for d.NextExpression() {
		switch e := d.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = keyOf(e)
			d.add(e, table, e.Kind)
		case unstable.KeyValue:
			d.addValue(e, table)
		}
	}
	return d.entries, d.Error()
}

// outline collects entries. Decoding alone, which has checked the document
// before, does not tell on which line a key stands.
type outline struct {
	unstable.Parser
	tree    map[string]any
	entries []entry
}

// addValue adds a key, or those of an inline table.
func (d *outline) addValue(e *unstable.Node, table []string) {
	name := slices.Concat(table, keyOf(e))
	if e.Value().Kind != unstable.InlineTable {
		d.add(e, name, 0)
		return
	}
	d.add(e, name, unstable.Table)
	for inner := e.Value().Children(); inner.Next(); {
		d.addValue(inner.Node(), name)
	}
}

func (d *outline) add(e *unstable.Node, name []string, heading unstable.Kind) {
	first := e.Key()
	first.Next()
	d.entries = append(d.entries, entry{
		key:     dotted(name),
		line:    d.Shape(first.Node().Raw).Start.Line,
		value:   lookUp(d.tree, name),
		heading: heading,
	})
}

func keyOf(e *unstable.Node) []string {
	var parts []string
	for part := e.Key(); part.Next(); {
		parts = append(parts, string(part.Node().Data))
	}
	return parts
}

// lookUp is what the tree has under a key; nil within a list of tables.
func lookUp(tree map[string]any, key []string) any {
	v := any(tree)
	for _, part := range key {
		table, isTable := v.(map[string]any)
		if !isTable {
			return nil
		}
		v = table[part]
	}
	return v
}

// dotted writes a key as TOML does: parts that are not bare are quoted.
func dotted(key []string) string {
	parts := slices.Clone(key)
	for i, part := range parts {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool { return !isBare(r) }) {
			parts[i] = strconv.Quote(part)
		}
	}
	return strings.Join(parts, ".")
}

func isBare(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}

func syntaxError(file string, err error) error {
	e := &Error{File: file, Problem: strings.TrimPrefix(err.Error(), "toml: "), Err: err}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		e.Line, _ = at.Position()
		e.Key = dotted(at.Key())
	}
	return e
}

// checkHeading refuses a table that there is not, and a list of tables. What
// stands in them is not looked at.
func (e entry) checkHeading(at origin) error {
	switch {
	case !slices.Contains(tables(), e.key):
		return unknownTable(at, e.key)
	case e.heading == unstable.ArrayTable:
		return at.error(e.key, wrongf("write ["+e.key+"]", "is a list of tables, it must be one table"))
	}
	return nil
}

func unknownTable(at origin, name string) error {
	e := at.error("["+name+"]", errors.New("unknown table"))
	if near := nearest.Word(name, tables()); near != "" {
		e.Hint = "did you mean [" + near + "]?"
	} else {
		e.Hint = "valid: [" + strings.Join(tables(), "], [") + "]"
	}
	return e
}
