package ftp

import (
	"io/fs"
	"math"
	"strings"
	"testing"
	"time"
)

var sampleNow = time.Date(2026, 11, 25, 7, 0, 0, 0, time.UTC)

func TestAppendListLine(t *testing.T) {
	at := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 10, 15, 59, 0, time.UTC)
	}
	recent := at(2026, 11, 22)
	for _, c := range []struct {
		why          string
		e            Entry
		owner, group string
		want         string
	}{
		{"the line of the design", Entry{Name: "name", Size: 2048, ModTime: recent}, "alice", "sealift",
			"-rw-r--r--   1 alice    sealift          2048 Nov 22 10:15 name"},
		{"a directory", Entry{Name: "pub", Dir: true, ModTime: recent}, "alice", "sealift",
			"drwxr-xr-x   1 alice    sealift             0 Nov 22 10:15 pub"},
		{"a mode that is known", Entry{Name: "x", Mode: 0o750, HasMode: true, ModTime: recent}, "a", "b",
			"-rwxr-x---   1 a        b                   0 Nov 22 10:15 x"},
		{"mode 0 is a mode", Entry{Name: "x", Dir: true, HasMode: true, ModTime: recent}, "a", "b",
			"d---------   1 a        b                   0 Nov 22 10:15 x"},
		{"special bits over x", Entry{Name: "x", Mode: 0o777 | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky, HasMode: true, ModTime: recent}, "a", "b",
			"-rwsrwsrwt   1 a        b                   0 Nov 22 10:15 x"},
		{"special bits over nothing", Entry{Name: "x", Mode: fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky, HasMode: true, ModTime: recent}, "a", "b",
			"---S--S--T   1 a        b                   0 Nov 22 10:15 x"},
		{"a day of one digit", Entry{Name: "x", ModTime: at(2026, 11, 2)}, "a", "b",
			"-rw-r--r--   1 a        b                   0 Nov  2 10:15 x"},
		{"long ago: the year", Entry{Name: "x", ModTime: at(2025, 1, 2)}, "a", "b",
			"-rw-r--r--   1 a        b                   0 Jan  2  2025 x"},
		{"in the future: the year", Entry{Name: "x", ModTime: at(2027, 12, 31)}, "a", "b",
			"-rw-r--r--   1 a        b                   0 Dec 31  2027 x"},
		{"no date", Entry{Name: "x"}, "a", "b",
			"-rw-r--r--   1 a        b                   0 Jan  1  1970 x"},
		{"the largest size shifts the rest", Entry{Name: "x", Size: math.MaxInt64, ModTime: recent}, "a", "b",
			"-rw-r--r--   1 a        b        9223372036854775807 Nov 22 10:15 x"},
		{"no size", Entry{Name: "x", Size: -1, ModTime: recent}, "a", "b",
			"-rw-r--r--   1 a        b                   0 Nov 22 10:15 x"},
		{"owners are not cut", Entry{Name: "x", ModTime: recent}, "administrator", "12345678",
			"-rw-r--r--   1 administrator 12345678            0 Nov 22 10:15 x"},
		{"every column is one word", Entry{Name: "x", ModTime: recent}, "a b\n", "",
			"-rw-r--r--   1 a_b_     -                   0 Nov 22 10:15 x"},
		{"spaces of a name stay", Entry{Name: " x y ", ModTime: recent}, "a", "b",
			"-rw-r--r--   1 a        b                   0 Nov 22 10:15  x y "},
		{"a name cannot end the line", Entry{Name: "x\r\ny\x00", ModTime: recent}, "a", "b",
			"-rw-r--r--   1 a        b                   0 Nov 22 10:15 x??y?"},
	} {
		if got := string(AppendListLine([]byte(">"), &c.e, c.owner, c.group, sampleNow)); got != ">"+c.want {
			t.Errorf("%s:\n%q, want\n%q", c.why, got, ">"+c.want)
		}
	}
}

func TestListDate(t *testing.T) {
	for _, c := range []struct {
		why  string
		ago  time.Duration
		want string
	}{
		{"now", 0, "Nov 25 07:00"},
		{"180 days", 180 * 24 * time.Hour, "May 29 07:00"},
		{"a bit more", 180*24*time.Hour + 1, "May 29  2026"},
		{"not yet", -1, "Nov 25  2026"},
	} {
		if got := string(appendListDate(nil, sampleNow.Add(-c.ago), sampleNow)); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

func TestListDateAgreesWithFormat(t *testing.T) {
	for day := range 400 {
		at := sampleNow.AddDate(0, 0, -day).Add(-time.Duration(day) * time.Minute).In(time.FixedZone("", 7200))
		layout := "Jan _2 15:04"
		if sampleNow.Sub(at) > recentPast {
			layout = "Jan _2  2006"
		}
		if got, want := string(appendListDate(nil, at, sampleNow)), at.UTC().Format(layout); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
}

func FuzzAppendListLine(f *testing.F) {
	f.Add("name", false, int64(2048), int64(1795342530), "alice", "sealift", uint32(0o644))
	f.Add(" a\r\nb", true, int64(-1), int64(-1<<60), "", "a b", uint32(0o7777))
	f.Fuzz(func(t *testing.T, name string, dir bool, size, modified int64, owner, group string, mode uint32) {
		e := Entry{Name: name, Dir: dir, Size: size, ModTime: time.Unix(modified, 0), Mode: fileMode(mode), HasMode: true}
		line := string(AppendListLine(nil, &e, owner, group, sampleNow))
		if strings.ContainsAny(line, "\x00\r\n") {
			t.Fatalf("line %q has an end inside", line)
		}
		if len(name) > len(line) {
			t.Fatalf("line %q has lost the name %q", line, name)
		}
		head, ok := strings.CutSuffix(line[:len(line)-len(name)], " ")
		if n := len(strings.FieldsFunc(head, isSpace)); !ok || n != 8 {
			t.Errorf("line %q has %d columns before the name", line, n)
		}
	})
}

func isSpace(r rune) bool { return r == ' ' }

func TestAppendListLineAllocations(t *testing.T) {
	e, buf := sampleFile(), make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() { buf = AppendListLine(buf[:0], &e, "alice", "sealift", sampleNow) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendListLine(b *testing.B) {
	e, buf := sampleFile(), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendListLine(buf[:0], &e, "alice", "sealift", sampleNow)
	}
}
