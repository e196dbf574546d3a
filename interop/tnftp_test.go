package interop

import (
	"fmt"
	"path/filepath"
	"testing"
)

// tnftp has no TLS. It is the plain client, for the servers that allow one.
type tnftp struct {
	client
	target
}

func findTnftp(t *testing.T, g target) tnftp { return tnftp{find(t, "tnftp"), g} }

// do runs the lines in one session, and shows the replies of the server.
func (c tnftp) do(t *testing.T, script string) string {
	t.Helper()
	login := fmt.Sprintf("open %s %s\nuser %s %q\nbinary\n", c.host, c.port, c.account.name, c.password)
	return c.run(t, login+script+"quit\n", "-n", "-v", choose(c.active, "-A", "-p"))
}

func TestTnftp(t *testing.T) {
	t.Parallel()
	overLinks(t, open, plain, func(t *testing.T, g target) {
		c := findTnftp(t, g)
		dir := t.TempDir()
		file := makeFile(t, filepath.Join(dir, "sent.bin"), 1<<20)
		half := makeHead(t, filepath.Join(c.home, "half.bin"), file, 500_000)
		makeHead(t, filepath.Join(g.home, "rest.bin"), file, 500_001)
		makeFile(t, filepath.Join(g.home, "half.bin"), 1)
		got := filepath.Join(dir, "got.bin")

		out := c.do(t, fmt.Sprintf(`mkdir in
cd in
put %[1]s stored.bin
ls
mlsd
size stored.bin
modtime stored.bin
get stored.bin %[2]s
rename stored.bin moved.bin
cd /
restart 500001
put %[1]s rest.bin
mkdir gone
rmdir gone
delete half.bin
rename in/moved.bin half.bin
reget half.bin
`, file, got))

		shows(t, out, "stored.bin", "1048576")
		sameBytes(t, file, filepath.Join(g.home, "half.bin"))
		same(t, filepath.Join(g.home, "half.bin"), got)
		sameBytes(t, file, filepath.Join(g.home, "rest.bin"))
		sameBytes(t, file, half)
		absent(t, filepath.Join(g.home, "gone"))
		absent(t, filepath.Join(g.home, "in", "moved.bin"))
	})
}

func TestTnftpIsToldToUseTLS(t *testing.T) {
	t.Parallel()
	g := standard.over(t, link{tls: "1.3"})
	shows(t, findTnftp(t, g).do(t, "ls\n"), "530 Login needs TLS: send AUTH TLS first")
}
