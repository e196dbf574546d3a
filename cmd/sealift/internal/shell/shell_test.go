package shell

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

// copied is a Copier that notes what it is told.
type copied struct{ told []string }

func (c *copied) Get(_ context.Context, patterns []string, target string, recursive bool) error {
	c.told = append(c.told, fmt.Sprintf("get %q %s %t", patterns, target, recursive))
	return nil
}

func (c *copied) Put(_ context.Context, files []string, target string, recursive bool) error {
	c.told = append(c.told, fmt.Sprintf("put %q %s %t", files, target, recursive))
	return nil
}

func (c *copied) Close() {}

// fixture is a shell that is connected to a server with some files.
type fixture struct {
	*Shell
	server *ftpservertest.Server
	copier copied
	out    bytes.Buffer
	run    string // what the last !COMMAND was
	opened int
}

func newFixture(t *testing.T, names ...string) *fixture {
	t.Helper()
	f := &fixture{server: ftpservertest.Start(t, ftpservertest.Options{})}
	home := t.TempDir()
	s, err := New(Options{
		Open: f.open, Out: &f.out, Err: io.Discard, Home: home,
		Run: func(_ context.Context, line, dir string) error {
			f.run = line + " in " + filepath.Base(dir)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Shell = s
	t.Cleanup(s.Close)
	f.do(t, "open x; lcd")
	for _, name := range names {
		if dir, isDir := strings.CutSuffix(name, "/"); isDir {
			err = s.session.Conn.MakeDirAll(t.Context(), dir)
		} else {
			_, err = s.session.Conn.Store(t.Context(), name, 0, strings.NewReader(name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f *fixture) open(ctx context.Context, url string) (*Session, error) {
	f.opened++
	c, err := ftpclient.Dial(ctx, f.server.Addr, ftpclient.Options{
		TLS: &tls.Config{RootCAs: f.server.ClientTLS().RootCAs}, User: f.server.User, Password: f.server.Password,
	})
	_, path, _ := strings.Cut(url, "/")
	return &Session{Conn: c, Copier: &f.copier, Name: "user@test", Path: path}, err
}

// do carries out a line that has to succeed, and returns what it printed.
func (f *fixture) do(t *testing.T, line string) string {
	t.Helper()
	f.out.Reset()
	if _, err := f.Do(t.Context(), line); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return f.out.String()
}

func TestCommands(t *testing.T) {
	f := newFixture(t, "d/e/", "d/a.txt", "d/b.txt", "d/two words", "top")
	for _, tt := range []struct{ why, line, want string }{
		{"names", "nlist", "d\ntop\n"},
		{"names below", "nlist -R", "d\nd/a.txt\nd/b.txt\nd/e\nd/two words\ntop\n"},
		{"a pattern", "nlist d/*.txt", "d/a.txt\nd/b.txt\n"},
		{"a file", "nlist d/a.txt", "d/a.txt\n"},
		{"where", "pwd; cd d; pwd; cd e; pwd; cd -; pwd; cd; pwd", "/\n/d\n/d/e\n/d\n/\n"},
		{"back and forth", "cd d; cd -; cd -; pwd; cd", "/d\n"},
		{"content", "cat top d/*.txt", "topd/a.txtd/b.txt"},
		{"sizes", `size "d/two words"`, "11 d/two words\n"},
		{"raw", "quote CWD d; pwd; quote CDUP; pwd", "250 OK\n/d\n250 OK\n/\n"},
		{"rename and remove", "mv top d; nlist d/top; rm d/t*p d/*.txt; nlist d; rm -f none", "d/top\ne\ntwo words\n"},
		{"folders", "mkdir x; mkdir -p y/z; rmdir x y/z; nlist", "d\ny\n"},
		{"trees", "rm -r d y; nlist", ""},
		{"help for one", "help mrm", "rm [-r] PATH…: remove files, with -r folders; patterns\nalso: delete, mrm, mdelete\n"},
	} {
		got := f.do(t, tt.line)
		if tt.why == "raw" { // the words are the server's
			got = strings.Join(slices.DeleteFunc(strings.SplitAfter(got, "\n"), func(l string) bool { return strings.HasPrefix(l, "250") }), "")
			tt.want = "/d\n/\n"
		}
		if got != tt.want {
			t.Errorf("%s: %s printed %q, want %q", tt.why, tt.line, got, tt.want)
		}
	}
	if got := f.do(t, " !ls 'a; b"); got != "" || !strings.HasPrefix(f.run, "ls 'a; b in ") {
		t.Errorf("!: %q %q", got, f.run)
	}
	if quit, err := f.Do(t.Context(), "pwd; exit; nonsense"); !quit || err != nil {
		t.Error("exit does not leave", err)
	}
}

func TestCommandsFail(t *testing.T) {
	f := newFixture(t, "a")
	for _, tt := range []struct {
		why, line string
		code      fault.Code
		want      string
	}{
		{"nothing there", "cat none", fault.NotFound, "none is not there"},
		{"nothing fits", "rm *.none", fault.NotFound, "nothing fits"},
		{"no such folder", "cd none", fault.NotFound, "none is not there"},
		{"no folder before", "cd -", fault.Usage, "no folder before"},
		{"no such command", "lss", fault.Usage, "unknown command"},
		{"too few", "mv a", fault.Usage, "an argument is missing"},
		{"too few but flags", "mget -r", fault.Usage, "missing"},
		{"too many", "pwd a", fault.Usage, "one argument too many"},
		{"all of it", "rm -r .", fault.Usage, "does not remove"},
		{"what is above", "rm -r a/..", fault.Usage, "does not remove"},
		{"get with three names", "get a b c", fault.Usage, "one name too many"},
		{"get with a pattern", "get *", fault.Usage, "is a pattern"},
		{"a transfer by hand", "quote RETR a", fault.Failed, "RETR"},
		{"what the server refuses", "site frobnicate", fault.Failed, "SITE"},
		{"no such directory here", "lcd none", fault.Failed, "none"},
		{"the first ends the line", "cat none; nonsense", fault.NotFound, "none"},
		{"after close", "close; pwd", fault.Usage, "there is no connection"},
	} {
		_, err := f.Do(t.Context(), tt.line)
		if err == nil || fault.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, exit code %d; want %d, %q", tt.why, err, fault.CodeOf(err), tt.code, tt.want)
		}
	}
}

// Files travel on other connections, which are in other folders: paths are
// absolute, and names that look like patterns are none.
func TestCopies(t *testing.T) {
	f := newFixture(t, "d/")
	for _, name := range []string{"a.txt", "b.txt", ".c.txt", "a*"} {
		if err := os.WriteFile(filepath.Join(f.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.do(t, "cd d")
	here := f.dir + "/"
	for _, tt := range []struct{ line, want string }{
		{"get a", `get ["/d/a"] ` + here + " false"},
		{`get -r "a*" x/`, `get ["/d/a\\*"] ` + here + "x/ true"},
		{"get /y/a sub", `get ["/y/a"] ` + here + "sub false"},
		{"mget *.txt 'a*'", `get ["/d/*.txt" "/d/a\\*"] ` + here + " false"},
		{"put a.txt", `put ["` + here + `a.txt"] /d/ false`},
		{"put -r a.txt x/", `put ["` + here + `a.txt"] /d/x/ true`},
		{"mput *.txt", `put ["` + here + `a.txt" "` + here + `b.txt"] /d/ false`},
		{`mput 'a*'`, `put ["` + here + `a*"] /d/ false`},
	} {
		f.copier.told = nil
		if f.do(t, tt.line); len(f.copier.told) != 1 || f.copier.told[0] != tt.want {
			t.Errorf("%s: %s, want %s", tt.line, f.copier.told, tt.want)
		}
	}
}

func TestComplete(t *testing.T) {
	f := newFixture(t, "data/", "data/one two", "data/one three", "dove", "data/[1]", ".hidden")
	if err := os.WriteFile(filepath.Join(f.dir, "x\x01y"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(f.dir, "local dir", "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		why, line string // the cursor is at "|"
		want      string
		choices   []string
	}{
		{"a command", "nli|", "nlist |", nil},
		{"commands", "mk|", "mkdir |", nil},
		{"several", "rm|", "rm|", []string{"rm", "rmdir"}},
		{"behind others", "pwd; nli|", "pwd; nlist |", nil},
		{"a remote name", "cat do|", "cat dove |", nil},
		{"a folder leads on", "cat da|", "cat data/|", nil},
		{"as far as they agree", "cat data/o|", `cat data/one\ t|`, nil},
		{"and then what there is", `cat data/one\ t|`, `cat data/one\ t|`, []string{"one three", "one two"}},
		{"from quotes", `cat "data/one tw|`, `cat data/one\ two |`, nil},
		{"what would be a pattern", `cat data/\[|`, `cat data/\[1] |`, nil},
		{"in the middle", "mv do| x", "mv dove | x", nil},
		{"folders alone", "cd d|", "cd data/|", nil},
		{"hidden names when asked for", "cat .h|", "cat .hidden |", nil},
		{"what cannot be typed is left out", "put x|", "put x|", nil},
		{"here", "put lo|", `put local\ dir/|`, nil},
		{"here, deeper", `lcd local\ dir/|`, `lcd local\ dir/sub/|`, nil},
		{"the second of get is here", "get x lo|", `get x local\ dir/|`, nil},
		{"the second of put is there", "put x do|", "put x dove |", nil},
		{"flags do not count", "get -r x lo|", `get -r x local\ dir/|`, nil},
		{"nothing", "cat zz|", "cat zz|", nil},
		{"no names here", "quote d|", "quote d|", nil},
		{"no such command", "foo d|", "foo d|", nil},
	} {
		pos := strings.IndexByte(tt.line, '|')
		line := tt.line[:pos] + tt.line[pos+1:]
		got, at, choices := f.Complete(t.Context(), line, pos)
		if got = got[:at] + "|" + got[at:]; got != tt.want || !slices.Equal(choices, tt.choices) {
			t.Errorf("%s: %q, %q; want %q, %q", tt.why, got, choices, tt.want, tt.choices)
		}
	}
	f.Close()
	if got, _, _ := f.Complete(t.Context(), "cat do", 6); got != "cat do" {
		t.Errorf("without a connection: %q", got)
	}
}

// keyboard gives keys one read after the other, and collects the screen.
type keyboard struct {
	keys   []string
	screen bytes.Buffer
}

func (k *keyboard) Read(p []byte) (int, error) {
	if len(k.keys) == 0 {
		return 0, io.EOF
	}
	n := copy(p, k.keys[0])
	if k.keys[0] = k.keys[0][n:]; k.keys[0] == "" {
		k.keys = k.keys[1:]
	}
	return n, nil
}

func (k *keyboard) Write(p []byte) (int, error) { return k.screen.Write(p) }

// interact types keys and returns what went wrong meanwhile.
func (f *fixture) interact(t *testing.T, k *keyboard) (complaints []error) {
	t.Helper()
	raw := 0
	err := f.Interact(Console{
		ReadWriter: k,
		Raw: func() (func() error, error) {
			raw++
			return func() error { raw--; return nil }, nil
		},
		Size: func() (int, int, error) { return 120, 40, nil },
		Command: func(run func(context.Context) error) error {
			if raw != 0 {
				t.Error("a command runs while the terminal is raw")
			}
			return run(t.Context())
		},
		Complain: func(err error) { complaints = append(complaints, err) },
		History:  &History{},
	})
	if err != nil || raw != 0 {
		t.Errorf("%v, raw %d", err, raw)
	}
	return complaints
}

func TestInteract(t *testing.T) {
	f := newFixture(t, "data/", "data/one", "data/two")
	f.out.Reset()
	k := &keyboard{keys: []string{
		"nli\tda\t\r", // completion, twice
		"cat da\tx\x03pwd\r",
		"nonsense\r",
		"cd data\r", "nlist t\t\r",
		"cat \t", "\x03",
		"\x1b[A\x1b[A\r", // up, up: cd data
		"exit\r", "never\r",
	}}
	complaints := f.interact(t, k)
	if got, want := f.out.String(), "one\ntwo\n/\ntwo\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if len(complaints) != 2 || !strings.Contains(complaints[0].Error(), "nonsense") || fault.CodeOf(complaints[1]) != fault.NotFound {
		t.Errorf("%v", complaints)
	}
	for _, want := range []string{"user@test:/> ", "user@test:/data> ", "one\r\ntwo\r\n"} {
		if !strings.Contains(k.screen.String(), want) {
			t.Errorf("no %q on the screen: %q", want, k.screen.String())
		}
	}
	if len(k.keys) != 1 {
		t.Errorf("not read, or read too far: %q", k.keys)
	}
}

// Ctrl-D leaves too.
func TestInteractEnds(t *testing.T) {
	f := newFixture(t)
	if complaints := f.interact(t, &keyboard{keys: []string{"pwd\r", "\x04"}}); len(complaints) > 0 {
		t.Error(complaints)
	}
}

// A server that has closed the connection of somebody who typed nothing is
// connected to again, in the same folder; a script is told.
func TestReconnect(t *testing.T) {
	f := newFixture(t, "d/")
	f.do(t, "cd d")
	cut := func() {
		t.Helper()
		if err := f.server.Shutdown(expired(t)); err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for deadline := time.After(10 * time.Second); f.session.Conn.Err() == nil; {
			select {
			case <-deadline:
				t.Fatal("the connection does not end")
			default:
				f.session.Conn.Do(t.Context(), "NOOP", "")
			}
		}
	}
	cut()
	if _, err := f.Do(t.Context(), "pwd"); err == nil {
		t.Fatal("a script goes on with another connection, perhaps elsewhere")
	}
	f.server = ftpservertest.Start(t, ftpservertest.Options{Files: f.server.Files})
	k := &keyboard{keys: []string{"pwd\r"}}
	f.out.Reset()
	if complaints := f.interact(t, k); len(complaints) > 0 || f.out.String() != "/d\n" || f.opened != 2 {
		t.Errorf("%v, %q, opened %d times", complaints, f.out.String(), f.opened)
	}
}

// expired is over before it begins: a Shutdown with it cuts at once.
func expired(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestScript(t *testing.T) {
	f := newFixture(t)
	err := f.Script(t.Context(), strings.NewReader("pwd\r\n\n# x\ncat none\npwd\n"), "file")
	if err == nil || !strings.HasPrefix(err.Error(), "file:4: ") || fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	if err := f.Script(t.Context(), strings.NewReader("exit\nnonsense"), ""); err != nil {
		t.Error(err)
	}
	if err := f.Script(t.Context(), strings.NewReader("open a/none"), ""); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// Every command of the table can be asked about and has a row that makes
// sense.
func TestTable(t *testing.T) {
	f := newFixture(t)
	help, seen := f.do(t, "help"), map[string]bool{}
	for _, c := range table {
		if !strings.Contains(help, c.usage()) || c.about == "" || c.most >= 0 && c.most < c.least {
			t.Errorf("%s: the row is odd", c.names[0])
		}
		for _, name := range c.names {
			if seen[name] {
				t.Errorf("%s is there twice", name)
			}
			seen[name] = true
		}
	}
	for _, name := range strings.Fields(`open ls dir nlist cd lcd pwd lpwd get mget put mput cat rm mrm rmdir mkdir mv rename
		stat size chmod quote site help history exit quit bye`) {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
}
