package sealift_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The map of requirements names every transcript, and no test that is not
// there.
func TestRequirementsAreMapped(t *testing.T) {
	page, err := os.ReadFile("docs/rfc.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	transcripts, err := filepath.Glob("ftpserver/testdata/*.txtar")
	if err != nil || len(transcripts) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range transcripts {
		name = strings.TrimSuffix(filepath.Base(name), ".txtar")
		there[name] = true
		if !strings.Contains(string(page), "`"+name+"` |") {
			t.Errorf("docs/rfc.md does not name the transcript %s", name)
		}
	}
	for _, f := range testSources(t) {
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				there[fn.Name.Name] = true
			}
		}
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+|[a-z0-9]+(?:_[a-z0-9]+)+)`")
	for _, match := range named.FindAllStringSubmatch(string(page), -1) {
		if name := match[1]; !there[name] {
			t.Errorf("docs/rfc.md names %s, which is not there", name)
		}
	}
}
