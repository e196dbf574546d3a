package ftp

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"
)

var listNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestParseListLine(t *testing.T) {
	const minute, second = time.Minute, time.Second
	for _, c := range []struct {
		why, line, name, kind string
		size                  int64
		when                  string
		precision             time.Duration
	}{
		{"vsftpd", "-rw-r--r--    1 1000     1000         2048 Nov 22 10:15 a b", "a b", "file", 2048, "2025-11-22 10:15:00", minute},
		{"a directory has no size", "drwxr-xr-x    2 0        0            4096 Feb 28  2024 dir", "dir", "dir", 0, "2024-02-28 00:00:00", day},
		{"ProFTPD, an ACL mark", "-rw-rw-r--+  1 ftp      ftp            12 Mar  1 11:00 x", "x", "file", 12, "2026-03-01 11:00:00", minute},
		{"tomorrow is a server that is ahead of us", "-rw-r--r-- 1 a b 1 Mar  2 11:00 x", "x", "file", 1, "2026-03-02 11:00:00", minute},
		{"the day after is last year", "-rw-r--r-- 1 a b 1 Mar  3 11:00 x", "x", "file", 1, "2025-03-03 11:00:00", minute},
		{"29 February is of a leap year", "-rw-r--r-- 1 a b 1 Feb 29 11:00 x", "x", "file", 1, "2024-02-29 11:00:00", minute},
		{"no group, as -g or old servers", "-rw-r--r-- 1 alice 77 Jan  2 03:04 x", "x", "file", 77, "2026-01-02 03:04:00", minute},
		{"no link count and no owner", "-rw-r--r-- 77 Jan  2 03:04 x", "x", "file", 77, "2026-01-02 03:04:00", minute},
		{"owners with blanks", "-rw-r--r-- 1 Domain Users 77 Jan  2 03:04 x", "x", "file", 77, "2026-01-02 03:04:00", minute},
		{"day before month", "-rw-r--r-- 1 a b 77 2 Jan 2020 x", "x", "file", 77, "2020-01-02 00:00:00", day},
		{"long-iso", "-rw-r--r-- 1 a b 77 2020-01-02 03:04 x", "x", "file", 77, "2020-01-02 03:04:00", minute},
		{"full-iso", "-rw-r--r-- 1 a b 77 2020-01-02 03:04:05.000000000 +0100 x", "x", "file", 77, "2020-01-02 02:04:05", second},
		{"a name that looks like a date", "-rw-r--r-- 1 a b 77 Jan  2 03:04 5 Jan  2 03:04 y", "5 Jan  2 03:04 y", "file", 77, "2026-01-02 03:04:00", minute},
		{"a user whose name is a month", "-rw-r--r-- 1 jan 12 77 Jan  2 03:04 x", "x", "file", 77, "2026-01-02 03:04:00", minute},
		{"blanks at both ends of the name", "-rw-r--r-- 1 a b 77 Jan  2 03:04  x ", " x ", "file", 77, "2026-01-02 03:04:00", minute},
		{"a link", "lrwxrwxrwx 1 a b 7 Jan  2 03:04 l -> to/x y", "l", "os.unix=slink", -1, "2026-01-02 03:04:00", minute},
		{"a device", "brw-rw---- 1 root disk 8,   0 Jan  2 03:04 sda", "sda", "os.unix=blk", -1, "2026-01-02 03:04:00", minute},
		{"NetWare", "d [R----F--] supervisor            512       Jan 16 18:53    login", "login", "dir", 0, "2026-01-16 18:53:00", minute},
		{"classic Mac OS", "-------r--         326  1391972  1392298 Nov 22  1995 MegaPhone.sit", "MegaPhone.sit", "file", 1392298, "1995-11-22 00:00:00", day},
		{"IIS, a file", "11-22-25  10:15AM                 2048 a b.txt", "a b.txt", "file", 2048, "2025-11-22 10:15:00", minute},
		{"IIS, noon", "11-22-25  12:15PM                 2048 x", "x", "file", 2048, "2025-11-22 12:15:00", minute},
		{"IIS, a directory", "11-22-2025  11:15PM       <DIR>          sub dir", "sub dir", "dir", 0, "2025-11-22 23:15:00", minute},
		{"DOS with 24 hours", "11-22-25  23:15       <DIR>          x", "x", "dir", 0, "2025-11-22 23:15:00", minute},
		{"a junction", `11-22-25  11:15PM    <JUNCTION>     j [C:\x]`, "j", "os.unix=slink", -1, "2025-11-22 23:15:00", minute},
		{"EPLF, its author's example", "+i8388621.48594,m825718503,r,s280,\tdjb.html", "djb.html", "file", 280, "1996-03-01 22:15:03", second},
		{"EPLF, a directory", "+i8388621.50690,m824255907,/,\t514", "514", "dir", 0, "1996-02-13 23:58:27", second},
		{"VMS", "CORE.DMP;1      8/15   13-AUG-1996 10:12:03  [ALICE]  (RWED,RWED,RE,)", "CORE.DMP", "file", -1, "1996-08-13 10:12:03", minute},
		{"VMS, a directory", "SUB.DIR;1  1  1-JAN-2001 00:00 [A] (RWE)", "SUB", "dir", 0, "2001-01-01 00:00:00", minute},
		{"z/OS, a library", "WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  MY.LIB", "MY.LIB", "dir", 0, "2004-03-04 00:00:00", day},
		{"z/OS, a data set", "WPTA01 3290   2004/03/04  1    3  FB      80  3125  PS  MY.SEQ", "MY.SEQ", "file", -1, "2004-03-04 00:00:00", day},
		{"z/OS, a member", "AMFPREP   01.05 1996/08/02 1997/06/19 15:23    12    10     0 ALICE", "AMFPREP", "file", -1, "1997-06-19 15:23:00", minute},
	} {
		l, ok, err := ParseListLine(c.line, listNow)
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", c.why, ok, err)
			continue
		}
		if l.Name != c.name || l.Type != c.kind || l.Size != c.size || !l.ModTime.Equal(at(c.when)) || l.Precision != c.precision || l.Dir != (c.kind == "dir") {
			t.Errorf("%s: %q is %+v", c.why, c.line, l)
		}
	}
}

func TestParseListLineDetails(t *testing.T) {
	link, _, _ := ParseListLine("lrwxrwxrwx 1 a b 7 Jan  2 03:04 l -> to/x y", listNow)
	if link.Target != "to/x y" {
		t.Errorf("target %q", link.Target)
	}
	for _, c := range []struct {
		letters string
		want    fs.FileMode
	}{
		{"rwxr-x--x", 0o751},
		{"rwsr-Sr-t", 0o745 | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky},
		{"---------", 0},
		{"rw-r--r-T", 0o644 | fs.ModeSticky},
	} {
		l, _, err := ParseListLine("-"+c.letters+" 1 a b 7 Jan  2 03:04 x", listNow)
		if err != nil || !l.HasMode || l.Mode != c.want {
			t.Errorf("%s is %v, %v; want %v", c.letters, l.Mode, err, c.want)
		}
	}
}

func TestParseListLineSkips(t *testing.T) {
	for _, line := range []string{
		"", "total 12", "total 0",
		"drwxr-xr-x 2 a b 4096 Jan  2 03:04 .",
		"drwxr-xr-x 2 a b 4096 Jan  2 03:04 ..",
		"Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname",
		" Name     VV.MM   Created       Changed      Size  Init   Mod   Id",
		"Directory DISK$USER:[ALICE]",
	} {
		if l, ok, err := ParseListLine(line, listNow); ok || err != nil {
			t.Errorf("%q: %+v, %v, %v", line, l, ok, err)
		}
	}
}

func TestParseListLineRefuses(t *testing.T) {
	for _, c := range []struct{ why, line string }{
		{"a name alone, as from NLST", "file.txt"},
		{"an error message", "ls: cannot access x: No such file or directory"},
		{"no name", "-rw-r--r-- 1 a b 77 Jan  2 03:04"},
		{"no name behind the blank", "-rw-r--r-- 1 a b 77 Jan  2 03:04 "},
		{"a month that is none", "-rw-r--r-- 1 a b 77 Foo  2 03:04 x"},
		{"a day that April never has", "-rw-r--r-- 1 a b 77 Apr 31 03:04 x"},
		{"an hour that is none", "-rw-r--r-- 1 a b 77 Jan  2 25:04 x"},
		{"a NUL", "-rw-r--r-- 1 a b 77 Jan  2 03:04 x\x00y"},
		{"a size beyond all files", "-rw-r--r-- 1 a b 99999999999999999999 Jan  2 03:04 x"},
	} {
		if l, ok, err := ParseListLine(c.line, listNow); !errors.Is(err, ErrListLine) {
			t.Errorf("%s: %+v, %v, %v", c.why, l, ok, err)
		}
	}
}

// FuzzParseListLine: what AppendListLine writes is read back, whatever the
// name; other lines are read or refused.
func FuzzParseListLine(f *testing.F) {
	for _, s := range []string{"-rw-r--r-- 1 a b 77 Jan  2 03:04 x", "11-22-25  10:15AM  <DIR>  x", "+m1,r,s2,\tx",
		"A.DIR;1 1 1-JAN-2001 00:00 [A]", "a b", " x", "x -> y", "W 3 2004/03/04 1 3 FB 80 3 PO M", "total 3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if l, ok, err := ParseListLine(s, listNow); ok && (err != nil || l.Name == "" || l.Size < -1) {
			t.Errorf("%q: %+v, %v", s, l, err)
		}
		if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "\x00\r\n") {
			return
		}
		e := Entry{Name: s, Size: 1234567, ModTime: at("2026-02-01 10:11:00"), Mode: 0o640, HasMode: true}
		l, ok, err := ParseListLine(string(AppendListLine(nil, &e, "o wner", "", listNow)), listNow)
		if err != nil || !ok || l.Name != s || l.Size != e.Size || !l.ModTime.Equal(e.ModTime) || l.Mode != e.Mode {
			t.Errorf("%q comes back as %+v, %v, %v", s, l, ok, err)
		}
	})
}
