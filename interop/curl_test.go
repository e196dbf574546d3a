package interop

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

// curl 7.88 resumes TLS 1.3 sessions on data connections and never those of
// TLS 1.2. From 7.87 to 7.88.1 it forgets TLS on active data connections
// (curl/curl#10666): these are tried in clear.
type curl struct {
	client
	target
}

func findCurl(t *testing.T, g target) curl { return curl{find(t, "curl"), g} }

// args are the options of every call; the password goes through stdin.
func (c curl) args(more ...string) []string {
	args := []string{"--config", "-", "--silent", "--show-error"}
	if c.active {
		args = append(args, "--ftp-port", "-")
	} else {
		args = append(args, "--ssl-reqd", "--cacert", c.ca(), "--tlsv"+c.tls, "--tls-max", c.tls)
	}
	return append(args, more...)
}

func (c curl) login() string {
	return fmt.Sprintf("user = \"%s:%s\"\n", c.account.name, c.password)
}

func (c curl) do(t *testing.T, more ...string) string {
	t.Helper()
	return c.run(t, c.login(), c.args(more...)...)
}

func TestCurl(t *testing.T) {
	t.Parallel()
	overLinks(t, standard, passive, testCurl)
}

func TestCurlActiveInClear(t *testing.T) {
	t.Parallel()
	overLinks(t, open, func(l link) bool { return plain(l) && l.active }, testCurl)
}

func testCurl(t *testing.T, g target) {
	c := findCurl(t, g)
	dir := t.TempDir()
	file := makeFile(t, filepath.Join(dir, "sent.bin"), 1<<20)
	stored := filepath.Join(g.home, "in", "new", "a b.bin")

	c.do(t, "--ftp-create-dirs", "--upload-file", file, g.url("in/new/a%20b.bin"),
		"--quote", "-MFMT 20210304050607 a b.bin")
	same(t, file, stored)

	shows(t, c.do(t, g.url("in/new/")), "a b.bin", "1048576")
	shows(t, c.do(t, "--list-only", g.url("in/new/")), "a b.bin")

	got := filepath.Join(dir, "got.bin")
	c.do(t, "--remote-time", "--output", got, g.url("in/new/a%20b.bin"))
	same(t, file, got)

	half := makeHead(t, filepath.Join(dir, "half.bin"), file, 500_000)
	c.do(t, "--continue-at", "-", "--output", half, g.url("in/new/a%20b.bin"))
	sameBytes(t, file, half)

	rest := makeHead(t, filepath.Join(g.home, "rest.bin"), file, 500_001)
	c.do(t, "--continue-at", "-", "--upload-file", file, g.url("rest.bin"))
	sameBytes(t, file, rest)

	c.do(t, g.url(""), "--quote", "RNFR rest.bin", "--quote", "RNTO moved.bin")
	sameBytes(t, file, filepath.Join(g.home, "moved.bin"))
	c.do(t, g.url(""), "--quote", "DELE moved.bin", "--quote", "MKD gone", "--quote", "RMD gone")
	absent(t, filepath.Join(g.home, "moved.bin"))
	absent(t, filepath.Join(g.home, "gone"))
}

// Each upload after the first comes with a session that curl has used up
// already, or on TLS 1.2 with none.
func TestCurlManyUploadsInOneRun(t *testing.T) {
	t.Parallel()
	overLinks(t, standard, passive, func(t *testing.T, g target) {
		c := findCurl(t, g)
		dir := t.TempDir()
		for i := range 10 {
			makeFile(t, filepath.Join(dir, fmt.Sprintf("%d.bin", i)), 10_000)
		}
		c.do(t, "--upload-file", filepath.Join(dir, "{0,1,2,3,4,5,6,7,8,9}.bin"), g.url(""))
		for i := range 10 {
			name := fmt.Sprintf("%d.bin", i)
			sameBytes(t, filepath.Join(dir, name), filepath.Join(g.home, name))
		}
	})
}

func TestCurlWhereBindingIsRequired(t *testing.T) {
	t.Parallel()
	overLinks(t, demanding, func(l link) bool { return passive(l) && l.tls == "1.3" }, func(t *testing.T, g target) {
		c := findCurl(t, g)
		file := makeFile(t, filepath.Join(t.TempDir(), "bound.bin"), 1<<20)
		c.do(t, "--upload-file", file, g.url(""))
		shows(t, c.do(t, g.url("")), "bound.bin")
		got := filepath.Join(t.TempDir(), "got.bin")
		c.do(t, "--output", got, g.url("bound.bin"))
		sameBytes(t, file, got)
	})
}

func TestCurlRefusals(t *testing.T) {
	t.Parallel()
	const notFound, loginDenied, notTrusted = 78, 67, 60
	g := standard.over(t, link{tls: "1.3"})
	c := findCurl(t, g)
	for _, test := range []struct {
		why  string
		args []string
		code int
		says string
	}{
		{"a missing file is told from a broken server", c.args(g.url("nothing")), notFound, ""},
		{"a password never travels in clear", []string{"--verbose", "--config", "-", g.url("")}, loginDenied, "530 Login needs TLS: send AUTH TLS first"},
		{"the certificate is nobody's whom the system trusts", []string{"--config", "-", "--ssl-reqd", g.url("")}, notTrusted, ""},
	} {
		t.Run(test.why, func(t *testing.T) {
			out, code := c.try(t, c.login(), test.args...)
			if code != test.code {
				t.Errorf("exit code %d, want %d\n%s", code, test.code, out)
			}
			shows(t, out, test.says)
		})
	}
	if left, err := os.ReadDir(g.home); err != nil || len(left) > 0 {
		t.Errorf("refusals left %v, %v", left, err)
	}
}

func TestCurlNames(t *testing.T) {
	t.Parallel()
	g := standard.over(t, link{tls: "1.3"})
	c := findCurl(t, g)
	file := makeFile(t, filepath.Join(t.TempDir(), "f"), 100)
	names := []string{"ümläut ✓.txt", `"quoted"`, " led by a space", "-dash", "semi;colon", "per%cent", "[brackets]", "*"}
	for _, name := range names {
		c.do(t, "--globoff", "--upload-file", file, g.url(url.PathEscape(name)))
		sameBytes(t, file, filepath.Join(g.home, name))
		got := filepath.Join(t.TempDir(), "got")
		c.do(t, "--globoff", "--output", got, g.url(url.PathEscape(name)))
		sameBytes(t, file, got)
	}
	shows(t, c.do(t, "--list-only", g.url("")), names...)
}
