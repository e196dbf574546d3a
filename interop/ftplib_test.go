package interop

import (
	_ "embed"
	"encoding/json"
	"path/filepath"
	"testing"
)

//go:embed testdata/ftplib.py
var ftplibScript string

// Python's ftplib never resumes a TLS session, and has no implicit FTPS: the
// script adds that the way its users do.
func python(t *testing.T, g target, files map[string]string) string {
	t.Helper()
	task := map[string]any{
		"host": g.host, "port": g.port, "user": g.account.name, "password": g.password, "ca": g.ca(),
		"implicit": g.implicit, "tls": g.tls, "passive": !g.active, "files": files,
	}
	in, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	return find(t, "python3").run(t, string(in), "-c", ftplibScript)
}

func TestFtplib(t *testing.T) {
	t.Parallel()
	overLinks(t, standard, every, func(t *testing.T, g target) {
		dir := t.TempDir()
		file := makeFile(t, filepath.Join(dir, "sent.bin"), 1<<20)
		got := filepath.Join(dir, "got.bin")
		half := makeHead(t, filepath.Join(dir, "half.bin"), file, 500_000)
		makeHead(t, filepath.Join(g.home, "rest.bin"), file, 500_001)

		python(t, g, map[string]string{"sent": file, "got": got, "half": half})

		same(t, file, filepath.Join(g.home, "in", "a b.bin"))
		sameBytes(t, file, got)
		sameBytes(t, file, half)
		sameBytes(t, file, filepath.Join(g.home, "rest.bin"))
		sameBytes(t, file, filepath.Join(g.home, "many9.bin"))
		absent(t, filepath.Join(g.home, "many0.bin"))
		absent(t, filepath.Join(g.home, "gone"))
	})
}

func TestFtplibWhereBindingIsRequired(t *testing.T) {
	t.Parallel()
	overLinks(t, demanding, func(l link) bool { return !l.ipv6 }, func(t *testing.T, g target) {
		shows(t, python(t, g, nil), "522", "resum")
	})
}
