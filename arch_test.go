package sealift_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sealift/sealift"

// mayImport names, for each package or tree of packages (…/*), the packages
// of this module that its non-test code may import. The longest pattern that
// matches a package counts.
var mayImport = map[string][]string{
	"ftp":                     {},
	"storage":                 {},
	"storage/*":               {"storage"},
	"account":                 {"nearest"},
	"account/*":               {"account"},
	"certs":                   {},
	"nearest":                 {},
	"tlsprofile":              {"nearest"},
	"internal/stream":         {},
	"ftpserver":               {"ftp", "internal/stream", "storage"},
	"ftpserver/ftpservertest": {"ftp", "ftpserver", "storage", "storage/mem"},
	"ftpclient":               {"ftp", "internal/stream"},
	"transfer":                {"ftp", "ftpclient"},
	"probe":                   {"ftp", "ftpclient", "certs", "tlsprofile"},
	"acme":                    {"certs"},
	"acme/acmetest":           {},
	"interop/*":               {"certs"},
	"interop/peers/peertest":  {"interop/peers"},
	"console":                 {"account", "certs", "ftpserver"},
	"config":                  {"account", "ftpserver", "nearest", "tlsprofile"},
	"cmd/*":                   {"*"},
	"bench":                   {"*"},
	"bench/*":                 {"*"},
}

// onlyWords are the files of pure decisions: of this module they know the
// words of FTP, and they do no I/O.
var onlyWords = []string{"ftpserver/state.go", "ftpserver/policy.go"}

// offline packages open no connection themselves.
var offline = []string{"ftp", "storage", "account", "certs", "tlsprofile"}

// longFunctions may have more than maxFunctionLines, each for its reason.
var longFunctions = map[string]string{
	"interop/peers.proftpdConf": "a configuration, as it stands in its file",
}

const (
	maxFileLines     = 400
	maxFunctionLines = 60
)

var emptyNouns = []string{"util", "utils", "common", "helper", "helpers", "manager", "misc"}

func TestImports(t *testing.T) {
	for _, f := range sources(t) {
		rule, known := ruleFor(f.pkg)
		if !known {
			t.Errorf("%s: package %s has no row in mayImport; give it one", f.name, f.pkg)
			continue
		}
		for imported := range f.ours() {
			if !slices.Contains(rule, imported) && !slices.Contains(rule, "*") {
				t.Errorf("%s imports %s; %s may import of this module only %v", f.name, imported, f.pkg, rule)
			}
		}
	}
}

func TestDecisionsArePure(t *testing.T) {
	for _, f := range sources(t) {
		if !slices.Contains(onlyWords, f.name) {
			continue
		}
		for imported := range f.ours() {
			if imported != "ftp" {
				t.Errorf("%s imports %s; it may import of this module only ftp", f.name, imported)
			}
		}
		for _, outside := range []string{"context", "crypto/tls", "net", "os", "sync", "time"} {
			if _, found := f.imports[outside]; found {
				t.Errorf("%s imports %s; decisions look at State alone", f.name, outside)
			}
		}
	}
}

func TestOfflinePackages(t *testing.T) {
	for _, f := range sources(t) {
		if !slices.Contains(offline, f.pkg) {
			continue
		}
		for call := range f.connections() {
			t.Errorf("%s uses %s; package %s opens no connection", f.name, call, f.pkg)
		}
	}
}

func TestFileLength(t *testing.T) {
	for _, f := range sources(t) {
		if n := f.fset.File(f.syntax.FileStart).LineCount(); n > maxFileLines {
			t.Errorf("%s has %d lines; split it by what it is about, at most %d", f.name, n, maxFileLines)
		}
	}
}

func TestFunctionLength(t *testing.T) {
	short := maps.Clone(longFunctions)
	for _, f := range sources(t) {
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || f.lines(fn) <= maxFunctionLines {
				continue
			}
			name := f.pkg + "." + fn.Name.Name
			delete(short, name)
			if longFunctions[name] == "" {
				t.Errorf("%s: %s has %d lines; split it, at most %d", f.name, name, f.lines(fn), maxFunctionLines)
			}
		}
	}
	for name := range short {
		t.Errorf("longFunctions has %s, which is not long", name)
	}
}

func TestPackagesAreNouns(t *testing.T) {
	for _, f := range sources(t) {
		for _, word := range append(strings.Split(f.pkg, "/"), f.syntax.Name.Name) {
			if slices.Contains(emptyNouns, word) {
				t.Errorf("%s: a package is named for what it holds, not %s", f.name, word)
			}
		}
	}
}

func TestNothingIsLeftForLater(t *testing.T) {
	for _, f := range append(sources(t), testSources(t)...) {
		for _, group := range f.syntax.Comments {
			for _, mark := range []string{"TODO", "FIXME"} {
				if strings.Contains(group.Text(), mark) {
					t.Errorf("%s says %s; do it, or write an issue", f.fset.Position(group.Pos()), mark)
				}
			}
		}
	}
}

func ruleFor(pkg string) (rule []string, known bool) {
	if rule, known = mayImport[pkg]; known {
		return rule, true
	}
	for dir := path.Dir(pkg); dir != "."; dir = path.Dir(dir) {
		if rule, known = mayImport[dir+"/*"]; known {
			return rule, true
		}
	}
	return nil, false
}

// source is one Go file; names are relative to the module.
type source struct {
	name    string
	pkg     string
	fset    *token.FileSet
	syntax  *ast.File
	imports map[string]string // path → name in this file
}

// sources are the files that are built into something, whatever the system.
func sources(t *testing.T) []source {
	return parse(t, func(name string) bool { return !strings.HasSuffix(name, "_test.go") })
}

func testSources(t *testing.T) []source {
	return parse(t, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
}

func parse(t *testing.T, wanted func(name string) bool) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && ignored(d.Name()) {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" || !wanted(name) {
			return nil
		}
		f, err := parseFile(name)
		if err == nil && !ast.IsGenerated(f.syntax) {
			all = append(all, f)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ignored are the folders that the go command does not look into.
func ignored(dir string) bool {
	return dir == "testdata" || strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_")
}

func parseFile(name string) (source, error) {
	f := source{
		name:    filepath.ToSlash(name),
		pkg:     path.Dir(filepath.ToSlash(name)),
		fset:    token.NewFileSet(),
		imports: map[string]string{},
	}
	var err error
	f.syntax, err = parser.ParseFile(f.fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return f, err
	}
	for _, spec := range f.syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return f, err
		}
		f.imports[imported] = path.Base(imported)
		if spec.Name != nil {
			f.imports[imported] = spec.Name.Name
		}
	}
	return f, nil
}

// ours are the imported packages of this module, relative to it.
func (f source) ours() map[string]bool {
	found := map[string]bool{}
	for imported := range f.imports {
		if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
			found[ours] = true
		}
	}
	return found
}

// connections are the uses of the standard library that reach the network.
func (f source) connections() map[string]bool {
	found := map[string]bool{}
	if _, uses := f.imports["net/http"]; uses {
		found["net/http"] = true
	}
	for _, imported := range []string{"net", "crypto/tls"} {
		name, uses := f.imports[imported]
		if !uses {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && x.Name == name && reachesOut(s.Sel.Name) {
				found[imported+"."+s.Sel.Name] = true
			}
			return true
		})
	}
	return found
}

func reachesOut(name string) bool {
	return slices.ContainsFunc([]string{"Dial", "Listen", "Lookup", "Resolve"}, func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	})
}

func (f source) lines(n ast.Node) int {
	return f.fset.Position(n.End()).Line - f.fset.Position(n.Pos()).Line + 1
}
