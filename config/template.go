package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// tableAbout is a remark beside the name of a table.
var tableAbout = map[string]string{
	"policy": "may be overridden per account: sealift user set NAME policy.KEY=VALUE",
}

const preamble = `# sealift.toml. Every key can be left out; SEALIFT_TABLE_KEY in the environment
# overrides it. After a change: sealift config check, then sealift reload.
# Durations: 30s, 5m, 24h. Sizes: 64K, 10M, 10G. File names are relative to
# this file.
`

// Template is a commented sealift.toml with all keys as they are in c. Load
// makes the same Config of it.
func Template(c Config) []byte {
	var b strings.Builder
	b.WriteString(preamble)
	current := "none yet"
	for _, k := range keys {
		table, rest := k.split()
		if table != current {
			current = table
			b.WriteString(heading(table))
		}
		b.WriteString(commented(rest+" = "+k.value(&c).toml(), k.about))
	}
	return []byte(b.String())
}

func heading(table string) string {
	if table == "" {
		return "\n"
	}
	return "\n" + commented("["+table+"]", tableAbout[table])
}

// commented is a line with its remark in column 35, or behind a longer line.
func commented(line, remark string) string {
	if remark == "" {
		return line + "\n"
	}
	return fmt.Sprintf("%-34s # %s\n", line, remark)
}

// Hash is short and changes whenever an effective value does; comments, the
// order of keys and where they were set do not matter.
func (c Config) Hash() string {
	h := sha256.New()
	for _, k := range keys {
		fmt.Fprintf(h, "%s = %s\n", k.name, k.value(&c).toml())
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
