package ftpclient_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// walked wants the paths that Walk gives, and no others.
func walked(t *testing.T, c *ftpclient.Conn, root string, want ...string) {
	t.Helper()
	var got []string
	for e, err := range c.Walk(t.Context(), root) {
		if err != nil {
			t.Errorf("Walk: %v", err)
		}
		if slices.Contains(got, e.Path) {
			t.Errorf("Walk gives %q twice", e.Path)
		}
		if at := strings.LastIndexByte(e.Path, '/'); at > 0 && e.Path[:at] != root && !slices.Contains(got, e.Path[:at]) {
			t.Errorf("Walk gives %q before its parent", e.Path)
		}
		got = append(got, e.Path)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("Walk gives %q, want %q", got, want)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	ctx := t.Context()
	if err := c.MakeDirAll(ctx, "a/b/c"); err != nil {
		t.Fatal(err)
	}
	if err := c.MakeDir(ctx, "empty"); err != nil {
		t.Fatal(err)
	}
	store(t, c, "a/f 1", []byte("content"))
	store(t, c, "a/b/-g", nil)
	walked(t, c, "", "a", "a/b", "a/b/-g", "a/b/c", "a/f 1", "empty")
	walked(t, c, "/a", "/a/b", "/a/b/-g", "/a/b/c", "/a/f 1")
	walked(t, c, "empty")
	for e, err := range c.List(ctx, "a") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Name == "f 1" && (e.Size != 7 || e.Kind != ftpclient.File || e.Precision != time.Second || e.Perm == "" || !e.HasMode) {
			t.Errorf("%+v", e)
		}
	}
	var names []string
	for name, err := range c.Names(ctx, "a") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"b", "f 1"}) {
		t.Errorf("Names: %q", names)
	}
	for e, err := range c.List(ctx, "none") {
		if _, ok := errors.AsType[*ftpclient.ReplyError](err); !ok {
			t.Errorf("List of nothing: %+v, %v", e, err)
		}
	}
	usable(t, c)
}

// list plays one listing.
func (s *session) list(command string, lines ...string) {
	s.passive()
	s.hear(command, "150 here it comes")
	send(s.private(), []byte(strings.Join(lines, "\r\n")+"\r\n"))
	s.say("226 done")
	s.idle = true
}

func TestListByMLSD(t *testing.T) {
	t.Parallel()
	day := "modify=20260102030405"
	for _, test := range []struct {
		why  string
		line string
		want string // Name Kind Size Target
		err  error
	}{
		{"a file", "type=file;size=5;" + day + "; f", "f file 5 ", nil},
		{"facts in any case, names with blanks", "Type=File;SIZE=5;  a b ", " a b  file 5 ", nil},
		{"the folder itself", "type=cdir; .", "", nil},
		{"its parent", "type=pdir; ..", "", nil},
		{"the folder itself by its path", "type=cdir; /home/x", "", nil},
		{"a link", "type=OS.unix=slink:/target;size=3; l", "l link 3 /target", nil},
		{"a device", "type=OS.unix=chr-1/2; null", "null other -1 ", nil},
		{"no facts at all", " f", "f other -1 ", nil},
		{"a path instead of a name", "type=file; ../../etc/cron.d/x", "", ftpclient.ErrName},
		{"an absolute path", "type=file; /etc/passwd", "", ftpclient.ErrName},
		{"a folder that is the parent", "type=dir; ..", "", ftpclient.ErrName},
		{"a folder that is itself", "type=dir; .", "", ftpclient.ErrName},
		{"NUL in a name", "type=file; a\x00b", "", ftpclient.ErrProtocol},
		{"not a line of MLSD", "drwxr-xr-x 2 a b 4096 Nov 22 10:15 name", "", ftpclient.ErrProtocol},
		{"a line without an end", "type=file; " + strings.Repeat("x", 40_000), "", ftpclient.ErrProtocol},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				s.login(" MLST type*;size*;modify*;")
				s.list("MLSD dir", "", test.line)
				s.hear("PWD", "257 \"/\"")
				s.hear("QUIT", "221 bye")
			})
			c := dial(t, f.addr, f.options())
			got, err := "", error(nil)
			for e, e2 := range c.List(t.Context(), "dir") {
				if err = e2; err == nil {
					got += fmt.Sprintln(e.Name, e.Kind, e.Size, e.Target)
				}
			}
			if strings.TrimSuffix(got, "\n") != test.want || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Errorf("got %q, %v, want %q, %v", got, err, test.want, test.err)
			}
			usable(t, c)
		})
	}
}

// The facts that an Entry has room for are switched on, once.
func TestFactsAreChosen(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login(" MLST type*;size*;modify*;perm;unique;unix.owner;lang;")
		s.hear("OPTS MLST type;size;modify;perm;unique;", "200 fine")
		s.list("MLSD", "type=file;perm=r; f")
		s.list("MLSD", "type=file;perm=r; f")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	for range 2 {
		for e, err := range c.List(t.Context(), "") {
			if err != nil || e.Perm != "r" {
				t.Errorf("%+v, %v", e, err)
			}
		}
	}
}

// LIST is asked for in the folder, once it is known that there is no MLSD.
func TestListByLIST(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.passive()
		s.hear("MLSD dir", "500 what?")
		for i := range 2 {
			s.hear("PWD", "257 \"/home\"")
			s.hear("CWD dir", "250 fine")
			if i == 0 {
				s.hear("TYPE A", "200 lines")
			}
			s.passive()
			s.hear("LIST", "150 here it comes")
			send(s.private(), []byte("total 3\r\n-rw-r--r-- 1 a b 5 Nov 22  2024 f -> x\r\n"+
				"lrwxrwxrwx 1 a b 5 Nov 22  2024 l -> t\ndrwxr-xr-x 2 a b 4096 Nov 22  2024 d\r\ndrwxr-xr-x 2 a b 4096 Nov 22  2024 ..\r\n"))
			s.say("226 done")
			s.hear("CWD /home", "250 back")
		}
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	for range 2 {
		got := ""
		for e, err := range c.List(t.Context(), "dir") {
			if err != nil {
				t.Fatal(err)
			}
			got += fmt.Sprintln(e.Path, e.Kind, e.Size, e.Target, e.Precision, e.ModTime.Year())
		}
		if want := "dir/f -> x file 5  24h0m0s 2024\ndir/l link -1 t 24h0m0s 2024\ndir/d dir 0  24h0m0s 2024\n"; got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
}

func TestListIsRefusedOrEmpty(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why   string
		reply string
		fails bool
	}{
		{"450 is nothing there", "450 No files found", false},
		{"so is 550, in these words", "550 No files found.", false},
		{"550 else is a refusal", "550 Permission denied", true},
	} {
		f := startFake(t, func(s *session) {
			s.login(" SIZE")
			s.hear("TYPE A", "200 fine")
			s.passive()
			s.hear("LIST", test.reply)
			s.hear("QUIT", "221 bye")
		})
		failed := false
		for _, err := range dial(t, f.addr, f.options()).List(t.Context(), "") {
			failed = err != nil
		}
		if failed != test.fails {
			t.Errorf("%s: failed %v", test.why, failed)
		}
	}
}

// A folder that cannot be left again would change what paths mean.
func TestNoWayBack(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login(" SIZE")
		s.hear("PWD", "257 \"/home\"")
		s.hear("CWD dir", "250 fine")
		s.hear("TYPE A", "200 fine")
		s.passive()
		s.hear("NLST", "450 nothing")
		s.hear("CWD /home", "550 gone")
		s.silent()
	})
	c := dial(t, f.addr, f.options())
	for _, err := range c.Names(t.Context(), "dir") {
		t.Error(err)
	}
	if c.Err() == nil {
		t.Error("the connection is used on, in another folder")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login(" SIZE")
		s.hear("TYPE A", "200 fine")
		s.list("NLST", ".", "..", "./a", "b c")
		s.list("NLST", "a", "x/../../b")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	var got []string
	for name, err := range c.Names(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	if !slices.Equal(got, []string{"a", "b c"}) {
		t.Errorf("got %q", got)
	}
	var err error
	for _, err = range c.Names(t.Context(), "") {
	}
	if !errors.Is(err, ftpclient.ErrName) {
		t.Errorf("got %v", err)
	}
}

// Leaving the loop ends the transfer; using the connection in it is refused.
func TestListIsLeft(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	for i := range 20 {
		store(t, c, fmt.Sprint(i), nil)
	}
	for range c.List(t.Context(), "") {
		if _, err := c.CurrentDir(t.Context()); !errors.Is(err, ftpclient.ErrBusy) {
			t.Errorf("in the loop: %v", err)
		}
		break
	}
	usable(t, c)
	for range c.Walk(t.Context(), "") {
		break
	}
	usable(t, c)
}

// A listing without an end can be read, and left.
func TestListIsStreamed(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login(" MLST type*;size*;")
		s.passive()
		s.hear("MLSD", "150 here it comes")
		conn := s.private()
		defer conn.Close()
		var err error
		for lines := []byte(strings.Repeat("type=file;size=1; name\r\n", 1000)); err == nil; {
			_, err = conn.Write(lines)
		}
		s.hear("ABOR", "426 cut\r\n226 aborted")
		s.hear("PWD", "257 \"/\"")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	count := 0
	for _, err := range c.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if count++; count == 20_000 {
			break
		}
	}
	usable(t, c)
}

// A tree that contains itself ends.
func TestWalkLoops(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		unique string
		want   int // entries
		err    error
	}{
		{"the server tells that it is the same folder", "unique=7;", 2, nil},
		{"nobody tells", "", 257, ftpclient.ErrProtocol},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				s.login(" MLST type*;unique*;")
				for range test.want {
					s.list("MLSD", "type=dir;"+test.unique+" d")
				}
				s.hear("QUIT", "221 bye")
			})
			count := 0
			var err error
			for _, e := range dial(t, f.addr, f.options()).Walk(t.Context(), "") {
				if err = e; err == nil {
					count++
				}
			}
			if count != test.want || !errors.Is(err, test.err) {
				t.Errorf("%d entries, %v", count, err)
			}
		})
	}
}
