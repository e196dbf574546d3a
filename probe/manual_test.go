package probe

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/doctor.md anew")

const (
	manual     = "../docs/doctor.md"
	tableBegin = "<!-- the table of probes; go test ./probe -run TestManual -update writes it -->\n"
	tableEnd   = "<!-- end of the table -->\n"
)

// TestManual: docs/doctor.md has every probe, and what it says is what the
// doctor says.
func TestManual(t *testing.T) {
	page, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), tableBegin)
	_, after, closed := strings.Cut(rest, tableEnd)
	if !found || !closed {
		t.Fatal("docs/doctor.md has no place for the table")
	}
	want := before + tableBegin + probeTable() + tableEnd + after
	if *update {
		if err := os.WriteFile(manual, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Error("the table of docs/doctor.md is not that of the probes; go test ./probe -run TestManual -update writes it")
	}
}

func probeTable() string {
	var b strings.Builder
	section := ""
	for _, p := range Probes() {
		if p.Section != section {
			section = p.Section
			fmt.Fprintf(&b, "\n### %s\n\n| ID | what | why | what to do in general |\n|---|---|---|---|\n", section)
		}
		remedy := remedyFor(p.ID, Unknown)
		if remedy == "" {
			remedy = "The finding says it."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.ID, p.Title, p.Why, remedy)
	}
	return b.String() + "\n"
}
