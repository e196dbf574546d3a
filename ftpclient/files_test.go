package ftpclient_test

import (
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	ctx := t.Context()
	if err := c.MakeDirAll(ctx, "/a/b/c/"); err != nil {
		t.Fatal(err)
	}
	if err := c.MakeDirAll(ctx, "a/b"); err != nil {
		t.Errorf("what is there: %v", err)
	}
	store(t, c, "a/f", []byte("x"))
	if err := c.MakeDirAll(ctx, "a/f/g"); err == nil {
		t.Error("a folder in a file")
	}
	if err := c.Rename(ctx, "a/f", "a/b/g"); err != nil {
		t.Error(err)
	}
	if err := c.Rename(ctx, "a/f", "a/b/h"); !sameKind(err, new(ftpclient.ReplyError)) {
		t.Errorf("Rename of nothing: %v", err)
	}
	if err := c.RemoveDir(ctx, "a/b"); !sameKind(err, new(ftpclient.ReplyError)) {
		t.Errorf("RemoveDir of what is not empty: %v", err)
	}
	if err := c.Remove(ctx, "a/b/g"); err != nil {
		t.Error(err)
	}
	if err := c.RemoveDir(ctx, "a/b/c"); err != nil {
		t.Error(err)
	}
	walked(t, c, "", "a", "a/b")
	if err := c.ChangeDir(ctx, "a/b"); err != nil {
		t.Fatal(err)
	}
	if dir, err := c.CurrentDir(ctx); err != nil || dir != "/a/b" {
		t.Errorf("CurrentDir: %q, %v", dir, err)
	}
}

func TestStat(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	ctx := t.Context()
	if err := c.MakeDirAll(ctx, "d/e"); err != nil {
		t.Fatal(err)
	}
	store(t, c, "d/f", []byte("12345"))
	for _, test := range []struct {
		path string
		name string
		kind ftpclient.Kind
		size int64
	}{{"d/f", "f", ftpclient.File, 5}, {"/d/f", "f", ftpclient.File, 5}, {"d", "d", ftpclient.Dir, 0}, {"d/e/", "e", ftpclient.Dir, 0}, {"/", "", ftpclient.Dir, 0}} {
		e, err := c.Stat(ctx, test.path)
		if err != nil || e.Path != test.path || e.Name != test.name || e.Kind != test.kind || e.Size != test.size {
			t.Errorf("Stat(%q): %+v, %v", test.path, e, err)
		}
	}
	if _, err := c.Stat(ctx, "d/g"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat of nothing: %v", err)
	}
}

func TestStatElsewhere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		script func(s *session)
		want   string // Kind Size Year
		err    error
	}{
		{"MLST without a right", func(s *session) {
			s.login(" MLST type*;")
			s.hear("MLST d/f", "550 Permission denied")
		}, "", fs.ErrPermission},
		{"MLST that tells nothing", func(s *session) {
			s.login(" MLST type*;")
			s.hear("MLST d/f", "250 fine")
		}, "", ftpclient.ErrProtocol},
		{"a file, by SIZE and MDTM", func(s *session) {
			s.login(" SIZE\r\n MDTM")
			s.hear("TYPE I", "200 bytes")
			s.hear("SIZE d/f", "213 5")
			s.hear("MDTM d/f", "213 20200102030405")
		}, "file 5 2020", nil},
		{"a file without a time", func(s *session) {
			s.login(" SIZE")
			s.hear("TYPE I", "200 bytes")
			s.hear("SIZE d/f", "213 5")
			s.hear("MDTM d/f", "502 no")
		}, "file 5 1", nil},
		{"a folder, by CWD", func(s *session) {
			s.login(" SIZE")
			s.hear("TYPE I", "200 bytes")
			s.hear("SIZE d/f", "550 not a regular file")
			s.hear("PWD", "257 \"/\"")
			s.hear("CWD d/f", "250 fine")
			s.hear("CWD /", "250 back")
		}, "dir 0 1", nil},
		{"something else, in the listing of its parent", func(s *session) { s.statByListing("f") }, "file 5 2024", nil},
		{"nothing, as the listing of its parent proves", func(s *session) { s.statByListing("g") }, "", fs.ErrNotExist},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				test.script(s)
				s.hear("PWD", "257 \"/\"")
				s.hear("QUIT", "221 bye")
			})
			c := dial(t, f.addr, f.options())
			e, err := c.Stat(t.Context(), "d/f")
			if got := fmt.Sprint(e.Kind, e.Size, e.ModTime.Year()); err == nil && strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(test.want, " ", "") {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if !errors.Is(err, test.err) || err != nil && test.err == nil {
				t.Errorf("got %v, want %v", err, test.err)
			}
			usable(t, c)
		})
	}
}

// statByListing is Stat of d/f where neither SIZE nor CWD helps.
func (s *session) statByListing(name string) {
	s.login(" TVFS")
	s.hear("TYPE I", "200 bytes")
	s.hear("SIZE d/f", "502 no")
	s.hear("PWD", "257 \"/\"")
	s.hear("CWD d/f", "550 no")
	s.hear("PWD", "257 \"/\"")
	s.hear("CWD d", "250 fine")
	s.hear("TYPE A", "200 lines")
	s.list("LIST", "-rw-r--r-- 1 a b 5 Nov 22  2024 "+name)
	s.hear("CWD /", "250 back")
}

func TestSetModTime(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	ctx := t.Context()
	store(t, c, "f", []byte("x"))
	then := time.Date(2001, 2, 3, 4, 5, 6, 789, time.FixedZone("east", 3600))
	if err := c.SetModTime(ctx, "f", then); err != nil {
		t.Fatal(err)
	}
	if e, err := c.Stat(ctx, "f"); err != nil || !e.ModTime.Equal(then.Truncate(time.Second)) {
		t.Errorf("Stat: %v, %v", e.ModTime, err)
	}
	if err := c.SetModTime(ctx, "none", then); !sameKind(err, new(ftpclient.ReplyError)) || errors.Is(err, ftpclient.ErrNotSupported) {
		t.Errorf("of nothing: %v", err)
	}
}

func TestSetModTimeElsewhere(t *testing.T) {
	t.Parallel()
	then := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		why    string
		script func(s *session)
		err    error
	}{
		{"by MDTM, which is then known to work", func(s *session) {
			s.login(" MDTM")
			s.hear("MDTM 20200102030405 f", "213 File modification time set.")
			s.hear("MDTM 20200102030405 f", "213 20200102030405")
		}, nil},
		{"MDTM tells of another file: SITE UTIME", func(s *session) {
			s.login(" MDTM")
			s.hear("MDTM 20200102030405 f", "213 20111111111111")
			s.hear("SITE UTIME 20200102030405 f", "200 fine")
			s.hear("SITE UTIME 20200102030405 f", "200 fine")
		}, nil},
		{"nothing works", func(s *session) {
			s.login("")
			for range 2 {
				s.hear("MFMT 20200102030405 f", "500 no")
				s.hear("MDTM 20200102030405 f", "550 no such file")
				s.hear("SITE UTIME 20200102030405 f", "500 no")
			}
		}, ftpclient.ErrNotSupported},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				test.script(s)
				s.hear("QUIT", "221 bye")
			})
			c := dial(t, f.addr, f.options())
			for range 2 {
				if err := c.SetModTime(t.Context(), "f", then); !errors.Is(err, test.err) {
					t.Errorf("got %v, want %v", err, test.err)
				}
			}
		})
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	ctx := t.Context()
	content := random(100_000)
	store(t, c, "a file", content)
	whole, part, rest, sum := sha256.Sum256(content), sha256.Sum256(content[10:20]), sha256.Sum256(content[10:]), md5.Sum(content)
	for _, test := range []struct {
		algorithm   string
		first, last int64
		name        string
		want        []byte
		end         int64
	}{
		{"", 0, -1, "SHA-256", whole[:], 99_999},
		{"sha256", 10, 19, "SHA-256", part[:], 19},
		{"SHA-256", 10, -1, "SHA-256", rest[:], 99_999},
		{"md5", 0, -1, "MD5", sum[:], 99_999},
	} {
		h, err := c.Hash(ctx, "a file", test.algorithm, test.first, test.last)
		if err != nil || h.Algorithm != test.name || !slices.Equal(h.Sum, test.want) || h.First != test.first || h.Last != test.end {
			t.Errorf("%q %d-%d: %+v, %v", test.algorithm, test.first, test.last, h, err)
		}
	}
	if _, err := c.Hash(ctx, "none", "", 5, 6); !sameKind(err, new(ftpclient.ReplyError)) {
		t.Errorf("of nothing: %v", err)
	}
	if got := retrieve(t, c, "a file", 0); len(got) != len(content) { // no range is left over
		t.Errorf("%d bytes", len(got))
	}
	if _, err := c.Hash(ctx, "a file", "SHA-3", 0, -1); !errors.Is(err, ftpclient.ErrNotSupported) {
		t.Errorf("unknown algorithm: %v", err)
	}
	if _, err := c.Hash(ctx, "a file", "", 6, 5); err == nil {
		t.Error("a range that is none")
	}
}

func TestHashElsewhere(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("ab", 32)
	for _, test := range []struct {
		why         string
		features    string
		algorithm   string
		first, last int64
		script      func(s *session)
		want        string
		err         error
	}{
		{"X command", " XSHA256", "", 0, -1, func(s *session) { s.hear("XSHA256 a f", "250 "+strings.ToUpper(sum)) }, sum, nil},
		{"a part, the name in quotes", " XSHA256", "", 2, 3, func(s *session) { s.hear("XSHA256 \"a f\" 2 4", "250 "+sum+" a f") }, sum, nil},
		{"HASH without RANG: the X command for a part", " HASH SHA-256*;\r\n XSHA256", "", 2, 3,
			func(s *session) { s.hear("XSHA256 \"a f\" 2 4", "250 "+sum) }, sum, nil},
		{"a CRC without its zeros", " XCRC", "crc32", 0, -1, func(s *session) { s.hear("XCRC a f", "250 ABC") }, "00000abc", nil},
		{"no digest in the reply", " XSHA256", "", 0, -1, func(s *session) { s.hear("XSHA256 a f", "250 fine") }, "", ftpclient.ErrProtocol},
		{"HASH of another range than was asked for", " HASH SHA-256*;\r\n RANG STREAM", "", 2, 3, func(s *session) {
			s.hear("OPTS HASH SHA-256", "200 SHA-256")
			s.hear("RANG 2 3", "350 fine")
			s.hear("HASH a f", "213 SHA-256 0-99 "+sum+" a f")
		}, "", ftpclient.ErrProtocol},
		{"HASH that takes its time", " HASH SHA-256*;", "", 0, -1, func(s *session) {
			s.hear("OPTS HASH SHA-256", "200 SHA-256")
			s.hear("HASH a f", "213-working\r\n still working\r\n213 SHA-256 0-99 "+sum+" a f")
		}, sum, nil},
		{"nothing offered", " SIZE", "", 0, -1, func(s *session) {}, "", ftpclient.ErrNotSupported},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				s.login(test.features)
				s.hear("TYPE I", "200 bytes")
				test.script(s)
				s.hear("QUIT", "221 bye")
			})
			h, err := dial(t, f.addr, f.options()).Hash(t.Context(), "a f", test.algorithm, test.first, test.last)
			if fmt.Sprintf("%x", h.Sum) != test.want || !errors.Is(err, test.err) {
				t.Errorf("got %+v, %v", h, err)
			}
		})
	}
}
