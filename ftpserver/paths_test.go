package ftpserver

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/local"
)

const secret = "TOP SECRET, outside of every home"

// pathCommands are all that take a path; NAME stands for it.
var pathCommands = []string{
	"RETR NAME", "STOR NAME", "APPE NAME", "LIST NAME", "NLST NAME", "MLSD NAME", "MLST NAME", "STAT NAME",
	"CWD NAME", "XCWD NAME", "MKD NAME", "XMKD NAME", "RMD NAME", "XRMD NAME", "RMDA NAME", "DELE NAME",
	"RNFR NAME", "RNTO NAME", "SIZE NAME", "MDTM NAME", "MFMT 20200101000000 NAME", "MFF Modify=20200101000000; NAME",
	"HASH NAME", "MD5 NAME", "XCRC NAME", `XCRC "NAME" 0 9`, "XMD5 NAME", "XSHA NAME", "XSHA1 NAME", "XSHA256 NAME", "XSHA512 NAME",
	"AVBL NAME", "DSIZ NAME",
	"SITE CHMOD 600 NAME", "SITE UTIME 20200101000000 NAME", "SITE UTIME NAME 20200101000000 20200101000000 20200101000000 UTC",
	"SITE MKDIR NAME", "SITE RMDIR NAME", "SITE CPFR NAME", "SITE CPTO NAME", "SITE SYMLINK NAME lnk", "SITE SYMLINK file NAME",
}

// hostileNames are more than 200 ways that led out of a home, or into the
// depths of a system, somewhere.
func hostileNames(parent string) []string {
	ups := []string{
		"..", "../..", "../../../../../../../..", "/..", "/../..", "//..", "./..", "dir/../..", "dir/../../..", "dir/./../..",
		"dir//../..", "..\\", "..\\..", "\\..", "dir\\..\\..", "..\\/..", "../\\..", "%2e%2e", "%2e%2e/%2e%2e", "..%2f", "..%2f..", "..%5c..",
		"%2e%2e%2f", "%252e%252e%252f", "..%c0%af..", "\xc0\xae\xc0\xae", "..\xc0\xaf..", "．．", "..／", "․․", "....", "....//", "...", "..;",
		"..;/..", ".. ", " ..", ".. /..", "../ ..", "~", "~root", "~/..", "..\x01", "..\x7f", "\xff..", "*/..", "dir/*/../..", "-la ..", "out", "out/..",
	}
	var names []string
	for _, up := range ups {
		names = append(names, up, up+"/", up+"/secret", up+"/home-evil/x", up+"/home/file", up+"\\secret")
	}
	return append(names,
		parent, parent+"/secret", filepath.Join(parent, "home"), filepath.Join(parent, "home", "file"), "/etc/passwd", "/etc", "/proc/self/root/etc/passwd",
		"/dev/zero", "c:\\windows\\win.ini", "c:/windows/win.ini", "\\\\?\\c:\\x", "\\\\host\\share", "file:///etc/passwd", "con", "nul", "aux.txt",
		"file.", "file ", "file::$DATA", "file/", "file/.", "file/..", "file/../file", "file/../../secret", ".", "/", "//", "/.", "./", "", " ", "  ",
		"home-evil", "../home-evil/x", "outfile", "out/secret", "out/home-evil/x", "loop", "loop/x", "dangling",
		strings.Repeat("a", 255), strings.Repeat("a", 256), strings.Repeat("a", 1000), strings.Repeat("a/", 500)+"b", strings.Repeat("../", 900)+"secret",
		strings.Repeat("ü", 200), "\x1b[2Jfile", "tab\there", "bell\x07", "\x00", "file\x00.txt", "..\x00/secret", "a\rb", "\xef\xbb\xbffile",
		"$(touch x)", "`touch x`", "|touch x", ";touch x", "&touch x", "> x", "%s%s%n", "{a,b}", "[", "[a", "*", "?", "\\", "'", `"`, `""`, "--", "-rf", "-rf /",
		".sealift-", ".sealift", ".part", ".~lock", "\u202egpj.exe", "a\u0301", "á",
	)
}

// security.md F1: whatever the name, all stays inside the home or is refused,
// and no reply tells of the system.
func TestNoNameLeadsOut(t *testing.T) {
	t.Parallel()
	if n := len(hostileNames("/parent")); n < 200 {
		t.Fatalf("%d names, want 200", n)
	}
	for _, line := range pathCommands {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			parent, files := home(t)
			outside := hostTree(t, parent)
			accounts := grants{"alice": {Files: files, Perm: PermAll, Symlinks: true}}
			p := loginPeer(t, startServer(t, accounts, Config{Policy: openPolicy}), "alice")
			for _, name := range hostileNames(parent) {
				p.send("CWD /")
				p.await(250)
				prepare(p, line)
				reply, data := p.attempt(strings.ReplaceAll(line, "NAME", name))
				if !inOrder(reply.Code) {
					t.Errorf("%q: got %v", name, reply)
				}
				// What the client itself has said may be said back to it.
				text := strings.ReplaceAll(reply.Text, name, "")
				for _, leak := range leaks(parent) {
					if strings.Contains(text, leak) || bytes.Contains(data, []byte(leak)) {
						t.Errorf("%q: the reply %v tells of what is outside: %q", name, reply, data)
					}
				}
			}
			if now := hostTree(t, parent); !maps.Equal(outside, now) {
				t.Errorf("something changed outside: was %q, is %q", outside, now)
			}
		})
	}
}

// prepare sends what must come before the command.
func prepare(p *peer, line string) {
	if strings.HasPrefix(line, "RNTO") {
		p.run("STOR moved")
		p.do("RNFR moved")
	}
	if strings.HasPrefix(line, "SITE CPTO") {
		p.run("STOR copied")
		p.do("SITE CPFR copied")
	}
}

// attempt carries a command out and keeps what it sends.
func (p *peer) attempt(line string) (ftp.Reply, []byte) {
	if isTransfer(line) {
		return p.transfer(line, []byte("uploaded"))
	}
	return p.do(line), nil
}

// inOrder reports whether a path may be answered so: all but "local error",
// "closing" and the like.
func inOrder(code ftp.Code) bool {
	return code/100 == 2 || code == 350 || slices.Contains(codesOf(450, 501, 503, 504, 550, 552, 553), code)
}

// home is a directory of the system with an account's home in it.
func home(t *testing.T) (parent string, files storage.FS) {
	t.Helper()
	parent, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"secret": secret, "home-evil/x": secret, "home/file": "content", "home/dir/inner": "inner",
	} {
		host := filepath.Join(parent, name)
		if err := os.MkdirAll(filepath.Dir(host), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(host, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"out": parent, "outfile": "../secret", "loop": "loop", "dangling": "nowhere",
	} {
		if err := os.Symlink(target, filepath.Join(parent, "home", link)); err != nil {
			t.Fatal(err)
		}
	}
	opened, err := local.Open(filepath.Join(parent, "home"), local.Options{Owner: "alice", Symlinks: true, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return parent, opened
}

// hostTree is all below parent, but not what is in the home.
func hostTree(t *testing.T, parent string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(parent, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && name == filepath.Join(parent, "home") {
			return cmpOr(err, fs.SkipDir)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all[name] = fmt.Sprint(info.Mode(), info.ModTime())
		if d.Type().IsRegular() {
			b, err := os.ReadFile(name)
			all[name] += string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(all, parent) // its own time
	return all
}

func cmpOr(err, instead error) error {
	if err != nil {
		return err
	}
	return instead
}

// leaks must not stand in any reply.
func leaks(parent string) []string {
	s := []byte(secret)
	m, one, two, five := md5.Sum(s), sha1.Sum(s), sha256.Sum256(s), sha512.Sum512(s)
	all := []string{secret, parent, "permission denied", "no such file", "not a directory:", "openat", "syscall", "errno"}
	for _, sum := range [][]byte{m[:], one[:], two[:], five[:]} {
		text := hex.EncodeToString(sum)
		all = append(all, text, strings.ToUpper(text))
	}
	return append(all, fmt.Sprintf("%08X", crc32.ChecksumIEEE(s)))
}

// security.md F2: what was checked is what is opened, whatever way the path
// is written.
func TestMountsNarrowEveryWayToWriteAPath(t *testing.T) {
	t.Parallel()
	files := treeOf(t, "alice", map[string]string{"a/b/file": "content", "a/free": "content"})
	grant := Grant{Files: files, Perm: PermAll, Mounts: map[storage.Path]Perm{"/a/b": 0}}
	p := loginPeer(t, startServer(t, grants{"alice": grant}, Config{Policy: openPolicy}), "alice")
	for _, dir := range []string{"/a/b", "/a//b", "/a/./b", "/a/x/../b", "//a/b/", "a/b", "./a/b/.", "/../a/b", "a/b/../b", "a/free/../b"} {
		for _, test := range []struct {
			line string
			code ftp.Code
		}{
			{"RETR DIR/file", 550}, {"STOR DIR/new", 553}, {"APPE DIR/new", 553}, {"DELE DIR/file", 550}, {"LIST DIR", 550}, {"NLST DIR", 550},
			{"MLSD DIR", 550}, {"MLST DIR/file", 550}, {"STAT DIR", 550}, {"SIZE DIR/file", 550}, {"MDTM DIR/file", 550}, {"MKD DIR/new", 550},
			{"RNFR DIR/file", 550}, {"HASH DIR/file", 552}, {"XCRC DIR/file", 550}, {"MFMT 20200101000000 DIR/file", 550}, {"RMDA DIR", 550},
			{"SITE CHMOD 600 DIR/file", 550}, {"SITE CPFR DIR/file", 550}, {"SITE mkdir DIR/new", 550}, {"DSIZ DIR", 550}, {"AVBL DIR", 550},
		} {
			line := strings.ReplaceAll(test.line, "DIR", dir)
			if got := p.run(line); got.Code != test.code {
				t.Errorf("%s: got %v, want %d", line, got, test.code)
			}
		}
	}
	if got := p.run("RMDA a"); got.Code != 550 {
		t.Errorf("a tree with a narrowed folder in it: got %v, want 550", got)
	}
	if got := p.run("RETR a/b2/../free"); got.Code != 226 {
		t.Errorf("what lies beside is free: got %v, want 226", got)
	}
	if got := p.run("DSIZ a"); got.Text != "7" {
		t.Errorf("DSIZ counts what may be listed: got %v, want 7", got)
	}
	p.want(350, "RNFR a/free")
	p.want(553, "RNTO a/b/free")
}

// A link in a tree that is removed goes; what it leads to stays.
func TestRemovingATreeStopsAtLinks(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"RMDA tree", "SITE RMDIR tree"} {
		files := treeOf(t, "alice", map[string]string{"kept/file": "content", "tree/sub/file": "content"})
		grant := Grant{Files: files, Perm: PermAll, Symlinks: true}
		p := loginPeer(t, startServer(t, grants{"alice": grant}, Config{Policy: openPolicy}), "alice")
		p.want(200, "SITE SYMLINK /kept tree/sub/link")
		if got := p.run(line); !got.Positive() {
			t.Errorf("%s: got %v", line, got)
		}
		p.want(213, "SIZE kept/file")
		p.want(550, "MLST tree")
	}
}
