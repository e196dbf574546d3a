package ftpserver

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/storage/local"
)

// security.md F7: whoever reads a name while others write it gets one version,
// whole.
func TestReadersSeeWholeVersions(t *testing.T) {
	t.Parallel()
	const size, rounds = 200_000, 15
	files := treeOf(t, "alice", map[string]string{"f": strings.Repeat("-", size)})
	addr := startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{Policy: openPolicy})
	var all sync.WaitGroup
	for _, letter := range "abc" {
		p := loginPeer(t, addr, "alice")
		all.Go(func() {
			for range rounds {
				if err := p.tryTransfer("STOR f", bytes.Repeat([]byte{byte(letter)}, size)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		p := loginPeer(t, addr, "alice")
		all.Go(func() {
			for range rounds {
				if err := p.tryTransfer("RETR f", nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := readAll(t, files, "/f"); len(got) != size || !isOneVersion(got) {
		t.Errorf("the file that is left is not one version of %d bytes", size)
	}
}

func isOneVersion(b []byte) bool { return len(b) > 0 && bytes.Count(b, b[:1]) == len(b) }

// tryTransfer uploads, or downloads one version, in a goroutine: a reply that
// does not come ends that, and fails the test.
func (p *peer) tryTransfer(line string, upload []byte) error {
	data, err := net.Dial("tcp", p.passive())
	if err != nil {
		return err
	}
	defer data.Close()
	if r := p.do(line); r.Code != 150 {
		return r
	}
	if upload != nil {
		_, err = data.Write(upload)
	} else {
		var got []byte
		if got, err = io.ReadAll(data); err == nil && !isOneVersion(got) {
			err = fmt.Errorf("%s: a mixture of versions", line)
		}
	}
	if err != nil {
		return err
	}
	data.Close()
	if r := p.read(); r.Code != 226 {
		return r
	}
	return nil
}

// security.md P8, protocol.md §6.2: a wildcard and STAT show 10,000 names at
// most; a listing of a whole directory shows all.
func TestListingsAreCut(t *testing.T) {
	t.Parallel()
	tree := map[string]string{}
	for i := range maxMatched + 5 {
		tree[fmt.Sprintf("f%d", i)] = ""
	}
	files := treeOf(t, "alice", tree)
	p := loginPeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{Policy: openPolicy}), "alice")
	for _, test := range []struct {
		line string
		want int
	}{{"NLST f*", maxMatched}, {"LIST *", maxMatched}, {"NLST", maxMatched + 5}, {"LIST", maxMatched + 5}, {"MLSD", maxMatched + 5}} {
		r, got := p.transfer(test.line, nil)
		if n := bytes.Count(got, []byte("\r\n")); r.Code != 226 || n != test.want {
			t.Errorf("%s: %d lines, %v; want %d", test.line, n, r, test.want)
		}
	}
	for _, line := range []string{"STAT /", "STAT *"} {
		if lines := strings.Count(p.do(line).Text, "\n") - 1; lines != maxMatched {
			t.Errorf("%s: %d lines, want %d", line, lines, maxMatched)
		}
	}
}

// RFC 3659 §2.2, protocol.md §6.1: names with CR or LF, which others than we
// have made, are in no listing.
func TestNamesThatWouldBreakALine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a\nb", "a\rb", "plain"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("text"), 0o600); err != nil {
			t.Skipf("this system has no such names: %v", err)
		}
	}
	files, err := local.Open(dir, local.Options{Owner: "alice", NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	p := loginPeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{Policy: openPolicy}), "alice")
	for _, line := range []string{"LIST", "NLST", "MLSD", "NLST *", "LIST a*"} {
		want := 1
		if line == "LIST a*" {
			want = 0
		}
		r, got := p.transfer(line, nil)
		if n := bytes.Count(got, []byte("\n")); r.Code != 226 && r.Code != 450 || n != want || bytes.Contains(got, []byte("b")) && !bytes.Contains(got, []byte("plain")) {
			t.Errorf("%s: %v, %q", line, r, got)
		}
	}
	if lines := strings.Split(p.want(212, "STAT ."), "\n"); len(lines) != 3 || !slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, " plain") }) {
		t.Errorf("STAT: %q", lines)
	}
}
