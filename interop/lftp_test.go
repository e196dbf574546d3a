package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// lftp speaks TLS through GnuTLS, resumes sessions on data connections, reads
// MLSD, and sets time stamps with MFMT.
type lftp struct {
	client
	target
}

func findLftp(t *testing.T, g target) lftp { return lftp{find(t, "lftp"), g} }

// do logs in and runs the lines; the first that fails ends it.
func (c lftp) do(t *testing.T, script string) string {
	t.Helper()
	return c.run(t, c.settings()+script, "-f", "/dev/stdin")
}

func (c lftp) settings() string {
	return fmt.Sprintf(`set cmd:fail-exit yes
set net:max-retries 1
set net:timeout 30
set ssl:ca-file %q
set ssl:check-hostname yes
set ssl:priority "NORMAL:-VERS-ALL:+VERS-TLS%s"
set ftp:ssl-force yes
set ftp:passive-mode %s
open -u %q,%q %s
`, c.ca(), c.tls, choose(c.active, "off", "on"), c.account.name, c.password, c.url(""))
}

func TestLftp(t *testing.T) {
	t.Parallel()
	overLinks(t, standard, every, testLftp)
}

func TestLftpWhereBindingIsRequired(t *testing.T) {
	t.Parallel()
	overLinks(t, demanding, every, testLftp)
}

func testLftp(t *testing.T, g target) {
	c := findLftp(t, g)
	dir := t.TempDir()
	file := makeFile(t, filepath.Join(dir, "sent.bin"), 1<<20)
	half := makeHead(t, filepath.Join(dir, "half.bin"), file, 500_000)
	makeHead(t, filepath.Join(g.home, "rest.bin"), file, 500_001)
	for i := range 5 {
		makeFile(t, filepath.Join(dir, fmt.Sprintf("many%d", i)), 10_000)
	}
	got := filepath.Join(dir, "got.bin")

	out := c.do(t, fmt.Sprintf(`mkdir -p in/new
cd in/new
put %[1]q -o "a b.bin"
ls
cls -l --size
get "a b.bin" -o %[2]q
get -c "a b.bin" -o %[3]q
cd
put -c %[1]q -o rest.bin
mput %[4]s/many*
chmod 600 many0
mv rest.bin moved.bin
mkdir gone
rmdir gone
rm many4
`, file, got, half, dir))

	shows(t, out, "a b.bin", "1048576")
	same(t, file, filepath.Join(g.home, "in", "new", "a b.bin"))
	same(t, file, got)
	sameBytes(t, file, half)
	sameBytes(t, file, filepath.Join(g.home, "moved.bin"))
	for i := range 4 {
		name := fmt.Sprintf("many%d", i)
		same(t, filepath.Join(dir, name), filepath.Join(g.home, name))
	}
	for _, name := range []string{"rest.bin", "gone", "many4"} {
		absent(t, filepath.Join(g.home, name))
	}
	if info, err := os.Stat(filepath.Join(g.home, "many0")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("chmod 600 left %v, %v", info, err)
	}
}

// lftp compresses where the server lets it.
func TestLftpCompresses(t *testing.T) {
	t.Parallel()
	overLinks(t, squeezing, func(l link) bool { return !l.active && !l.ipv6 }, func(t *testing.T, g target) {
		testLftp(t, g)
		file := makeFile(t, filepath.Join(t.TempDir(), "f"), 10)
		shows(t, findLftp(t, g).do(t, fmt.Sprintf("debug 5\nput %q\n", file)), "---> MODE Z", "<--- 200 MODE Z")
	})
}

func TestLftpMirrorsATree(t *testing.T) {
	for _, version := range []string{"1.3", "1.2"} {
		t.Run("TLS"+version, func(t *testing.T) {
			g := standard.over(t, link{tls: version})
			c := findLftp(t, g)
			for _, src := range sourceTrees(t) {
				back := t.TempDir()
				c.do(t, fmt.Sprintf("mirror --reverse --parallel=4 %q tree\nmirror --parallel=4 tree %q\nrm -r tree\n", src, back))
				sameTree(t, src, back)
				absent(t, filepath.Join(g.home, "tree"))
			}
		})
	}
}
