package ftpclient_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

func TestDo(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	if r, err := c.Do(t.Context(), "syst", ""); err != nil || r.Code != 215 {
		t.Errorf("SYST: %v, %v", r, err)
	}
	r, err := c.Do(t.Context(), "DELE", "nothing")
	refusal, ok := errors.AsType[*ftpclient.ReplyError](err)
	if !ok || r.Code != 550 || refusal.Reply != r || refusal.Command != "DELE nothing" || refusal.Temporary() {
		t.Errorf("DELE: %v, %v", r, err)
	}
	for _, verb := range []string{"RETR", "stor", "LIST", "AUTH", "REST", "QUIT", "NO\r\nOP", "", "A B"} {
		if _, err := c.Do(t.Context(), verb, "x"); err == nil {
			t.Errorf("Do sent %q", verb)
		}
	}
	usable(t, c)
}

// What a caller does by Do is known afterwards.
func TestDoIsHeeded(t *testing.T) {
	t.Parallel()
	s, _ := connect(t)
	var seen tape
	o := options(s)
	o.Trace = seen.add
	c := dial(t, s.Addr, o)
	store(t, c, "f", []byte("one\ntwo\n"))
	if _, err := c.Do(t.Context(), "TYPE", "A"); err != nil {
		t.Fatal(err)
	}
	if got := retrieve(t, c, "f", 0); string(got) != "one\ntwo\n" {
		t.Errorf("after TYPE A: %q", got)
	}
}

// T11: text of a caller never becomes a second command.
func TestInjection(t *testing.T) {
	t.Parallel()
	s, c := connect(t)
	store(t, c, "victim", []byte("x"))
	ctx := t.Context()
	for _, name := range []string{"a\r\nDELE victim", "a\nDELE victim", "a\rb", "a\x00b", ""} {
		_, retrieve := c.Retrieve(ctx, name, 0)
		_, store := c.Store(ctx, name, 0, strings.NewReader("x"))
		_, appended := c.Append(ctx, name, strings.NewReader("x"))
		_, stat := c.Stat(ctx, name)
		_, hash := c.Hash(ctx, name, "", 0, -1)
		_, do := c.Do(ctx, "DELE", name+"\n")
		for why, err := range map[string]error{
			"Retrieve": retrieve, "Store": store, "Append": appended, "Stat": stat, "Hash": hash, "Do": do,
			"Remove": c.Remove(ctx, name), "RemoveDir": c.RemoveDir(ctx, name), "MakeDir": c.MakeDir(ctx, name),
			"MakeDirAll": c.MakeDirAll(ctx, name), "ChangeDir": c.ChangeDir(ctx, name),
			"Rename from": c.Rename(ctx, name, "b"), "Rename to": c.Rename(ctx, "b", name),
			"SetModTime": c.SetModTime(ctx, name, time.Now()), "Login": c.Login(ctx, name, "", ""),
		} {
			if !errors.Is(err, ftpclient.ErrControlByte) && !errors.Is(err, ftpclient.ErrName) {
				t.Errorf("%s(%q): %v", why, name, err)
			}
		}
		for _, err := range c.List(ctx, name+"\n") {
			if !errors.Is(err, ftpclient.ErrControlByte) {
				t.Errorf("List(%q): %v", name, err)
			}
		}
	}
	if _, err := ftpclient.Dial(ctx, s.Addr, ftpclient.Options{TLS: s.ClientTLS(), User: "u", Password: "p\r\nDELE victim"}); !errors.Is(err, ftpclient.ErrControlByte) {
		t.Errorf("password: %v", err)
	}
	if got := retrieve(t, c, "victim", 0); string(got) != "x" {
		t.Errorf("victim: %q", got)
	}
}

// Byte 255 is Telnet's, and a part of names in old character sets.
func TestTelnet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ why, wire, want string }{
		{"doubled", "257 \"/\xff\xff\"", "/\xff"},
		{"forgotten to double", "257 \"/\xffy\"", "/\xffy"},
		{"an option is offered", "257 \xff\xfb\x01\"/\"", "/"},
		{"a command in the middle", "257 \"/a\xff\xf1b\"", "/ab"},
		{"at the end of the line", "257 \"/\" \xff", "/"},
		{"quotes inside", "257 \"/a\"\"b\" is here \"now\"", "/a\"b"},
	} {
		f := startFake(t, func(s *session) {
			s.login("")
			s.hear("PWD", test.wire)
			s.hear("DELE \xff\xff", "250 gone")
			s.hear("QUIT", "221 bye")
		})
		c := dial(t, f.addr, f.options())
		if got, err := c.CurrentDir(t.Context()); err != nil || got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.why, got, err, test.want)
		}
		if err := c.Remove(t.Context(), "\xff"); err != nil {
			t.Error(err)
		}
		c.Close()
	}
}

func TestTraceHidesSecrets(t *testing.T) {
	t.Parallel()
	var seen tape
	f := startFake(t, func(s *session) {
		s.greet()
		s.hear("USER user", "331 pw")
		s.hear("PASS password", "332 account")
		s.hear("ACCT books", "530 no")
	})
	o := f.options()
	o.Account, o.Trace = "books", seen.add
	_, err := ftpclient.Dial(t.Context(), f.addr, o)
	if err == nil || strings.Contains(err.Error(), "books") {
		t.Errorf("error: %v", err)
	}
	want := []string{"AUTH TLS", "USER user", "PASS ***", "ACCT ***"}
	if got := seen.sent(); !slices.Equal(got, want) {
		t.Errorf("trace: %q", got)
	}
}

// What comes from a server is harmless in an error's text.
func TestErrorsAreOneCleanLine(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("DELE", "550-\x1b[2J\r\n forged: line\r\n550 \u009b1m\x00end")
	})
	_, err := dial(t, f.addr, f.options()).Do(t.Context(), "DELE", "\x1b[1m")
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\r\n\x00\u009b") {
		t.Errorf("%q", err)
	}
}

// A reply that belongs to nothing would be taken for the answer to the next
// command: the connection is given up.
func TestConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		answer string // to the first NOOP
		want   error
	}{
		{"a reply too many", "200 fine\r\n200 and again", ftpclient.ErrProtocol},
		{"421 in answer to a command", "421 idle for too long", ftpclient.ErrLost},
		{"421 unasked", "200 fine\r\n421 idle for too long", ftpclient.ErrLost},
		{"garbage", "\x16\x03\x01 what", ftpclient.ErrProtocol},
		{"a very long line", "200 " + strings.Repeat("x", 5000), ftpclient.ErrProtocol},
		{"a code that is none", "999 no", ftpclient.ErrProtocol},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				s.login("")
				s.hear("NOOP", test.answer)
				for {
					s.hear("NOOP", "200 fine")
				}
			})
			c := dial(t, f.addr, f.options())
			var err error
			for err == nil { // a reply too many is seen when it has come
				_, err = c.Do(t.Context(), "NOOP", "")
			}
			if !errors.Is(c.Err(), test.want) {
				t.Errorf("got %v, then Err %v, want %v", err, c.Err(), test.want)
			}
			if _, again := c.Do(t.Context(), "NOOP", ""); again == nil {
				t.Error("it is used on")
			}
		})
	}
}

func TestCommandIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("NOOP", "")
		cancel()
		s.silent()
	})
	c := dial(t, f.addr, f.options())
	if _, err := c.Do(ctx, "NOOP", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if c.Err() == nil {
		t.Error("a reply may still come, and the connection is taken for usable")
	}
}

func TestCommandTakesTooLong(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("NOOP", "")
		s.silent()
	})
	o := f.options()
	o.Timeout = 300 * time.Millisecond
	if _, err := dial(t, f.addr, o).Do(t.Context(), "NOOP", ""); !errors.Is(err, ftpclient.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

// A long reply that keeps coming is not too late.
func TestSlowReplyIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("STAT", "211-")
		tick := time.NewTicker(60 * time.Millisecond)
		defer tick.Stop()
		for range 8 {
			<-tick.C
			s.say(" still working")
		}
		s.say("211 done")
		s.hear("QUIT", "221 bye")
	})
	o := f.options()
	o.Timeout = 300 * time.Millisecond
	r, err := dial(t, f.addr, o).Do(t.Context(), "STAT", "")
	if err != nil || r.Code != ftp.CodeStatus {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	c.Close()
	if !errors.Is(c.Err(), net.ErrClosed) {
		t.Errorf("Err: %v", c.Err())
	}
	if _, err := c.Do(t.Context(), "NOOP", ""); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Do: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// A server that does not answer QUIT is not waited for long.
func TestCloseDoesNotHang(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("QUIT", "")
		s.silent()
	})
	o := f.options()
	o.Timeout = 200 * time.Millisecond
	c := dial(t, f.addr, o)
	c.Close()
	if !errors.Is(c.Err(), net.ErrClosed) {
		t.Errorf("Err: %v", c.Err())
	}
}

func TestFeatures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		lines  string
		hashes []string
		facts  int
		mlsd   bool
		has    string
	}{
		{"Sealift", " HASH SHA-256*;SHA-512;SHA-1;MD5;CRC32;\r\n MLST Type*;Size*;Modify;\r\n XCRC", []string{"SHA-256", "SHA-512", "SHA-1", "MD5", "CRC32"}, 3, true, "XCRC"},
		{"ProFTPD writes the code before each line", "211-MLST modify*;perm*;\r\n211-TVFS\r\n211-XSHA1", []string{"SHA-1"}, 2, true, "tvfs"},
		{"the word HASH is missing", " SHA-1;SHA-256*;SHA-512\r\n UTF8", []string{"SHA-256", "SHA-512", "SHA-1"}, 0, false, "HASH"},
		{"an algorithm that is new", " HASH SHA3-256;MD5;", []string{"MD5", "SHA3-256"}, 0, false, "HASH"},
		{"tabs, blanks and lower case", "\tmlst Size*;  \r\n\r\n   rest stream", nil, 1, true, "REST"},
		{"only MLSD is named", " MLSD", nil, 0, true, "MLSD"},
		{"several on a line", " AUTH TLS;TLS-C;SSL;", nil, 0, false, "AUTH"},
	} {
		t.Run(test.why, func(t *testing.T) {
			f := startFake(t, func(s *session) {
				s.greet()
				s.hear("USER user", "331 password")
				s.hear("PASS password", "230 in")
				s.hear("PBSZ 0", "200 fine")
				s.hear("PROT P", "200 fine")
				s.hear("FEAT", "211-These:\r\n"+test.lines+"\r\n211 End")
				if strings.Contains(test.lines, "UTF8") {
					s.hear("OPTS UTF8 ON", "200 fine")
				}
				s.hear("QUIT", "221 bye")
			})
			got := dial(t, f.addr, f.options()).Features()
			if !got.Known || !slices.Equal(got.Hashes, test.hashes) || len(got.Facts) != test.facts || got.MLSD != test.mlsd || !got.Has(test.has) {
				t.Errorf("got %+v", got)
			}
			if test.has == "AUTH" && !slices.Equal(got.All("AUTH"), []string{"TLS", "TLS-C", "SSL"}) {
				t.Errorf("AUTH: %q", got.All("AUTH"))
			}
			if test.has == "REST" && got.Params("rest") != "stream" {
				t.Errorf("REST: %q", got.Params("rest"))
			}
		})
	}
}
