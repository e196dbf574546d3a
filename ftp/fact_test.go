package ftp

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"
)

func TestParseFacts(t *testing.T) {
	for _, c := range []struct {
		why, list string
		want      Facts
	}{
		{"all of them", "Type;Size;Modify;Perm;Unique;UNIX.mode;", AllFacts},
		{"no case (3659 §7.5)", "tYPE;unix.MODE;", FactType | FactMode},
		{"any order, and twice", "Size;Type;Size;", FactType | FactSize},
		{"unknown ones are dropped (3659 §7.9)", "fish;Type;cakes;", FactType},
		{"the last semicolon may be missing", "Type;Size", FactType | FactSize},
		{"a part of a name is no name", "Typ;UNIX;mode;", 0},
		{"no list: names only", "", 0},
		{"semicolons alone", ";;", 0},
		{"stars belong to FEAT", "Type*;", 0},
	} {
		if got := ParseFacts(c.list); got != c.want {
			t.Errorf("%s: ParseFacts(%q) = %q, want %q", c.why, c.list, got, c.want)
		}
	}
}

func TestFactLists(t *testing.T) {
	for _, c := range []struct {
		why             string
		f               Facts
		string, feature string
	}{
		{"all", AllFacts, "Type;Size;Modify;Perm;Unique;UNIX.mode;", "Type*;Size*;Modify*;Perm*;Unique*;UNIX.mode*;"},
		{"none", 0, "", "Type;Size;Modify;Perm;Unique;UNIX.mode;"},
		{"some, in the fixed order", FactMode | FactSize, "Size;UNIX.mode;", "Type;Size*;Modify;Perm;Unique;UNIX.mode*;"},
	} {
		if c.f.String() != c.string || c.f.Feature() != c.feature {
			t.Errorf("%s: %q and %q, want %q and %q", c.why, c.f.String(), c.f.Feature(), c.string, c.feature)
		}
	}
}

var sampleTime = time.Date(2026, 11, 22, 10, 15, 30, 0, time.UTC)

// sampleFile knows every fact.
func sampleFile() Entry {
	return Entry{Name: "report.pdf", Size: 2048, ModTime: sampleTime, Perm: "adfrw", Unique: "k3f9", Mode: 0o644, HasMode: true}
}

func TestFactsAppend(t *testing.T) {
	with := func(change func(*Entry)) Entry {
		e := sampleFile()
		change(&e)
		return e
	}
	for _, c := range []struct {
		why  string
		f    Facts
		e    Entry
		want string
	}{
		{"a file", AllFacts, sampleFile(), "Type=file;Size=2048;Modify=20261122101530;Perm=adfrw;Unique=k3f9;UNIX.mode=0644; report.pdf"},
		{"a directory has no size", FactType | FactSize, Entry{Name: "pub", Dir: true, Size: 4096}, "Type=dir; pub"},
		{"an empty file has one", FactSize, Entry{Name: "a"}, "Size=0; a"},
		{"facts not asked for are not told (3659 §7.9)", FactPerm, sampleFile(), "Perm=adfrw; report.pdf"},
		{"no facts: the space alone", 0, sampleFile(), " report.pdf"},
		{"what is not known is not told", AllFacts, Entry{Name: "a", Size: -1}, "Type=file; a"},
		{"a time that has no form", FactModify, Entry{Name: "a", ModTime: time.Date(500, 1, 1, 0, 0, 0, 0, time.UTC)}, " a"},
		{"the time is UTC", FactModify, Entry{Name: "a", ModTime: sampleTime.In(time.FixedZone("", -3600))}, "Modify=20261122101530; a"},
		{"spaces of the name stay", FactType, Entry{Name: " a b "}, "Type=file;  a b "},
		{"a name of facts", FactType, Entry{Name: "Type=dir; x"}, "Type=file; Type=dir; x"},
		{"set-uid, set-gid, sticky", FactMode, with(func(e *Entry) { e.Mode = 0o755 | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky }), "UNIX.mode=7755; report.pdf"},
		{"the kind is no part of the mode", FactMode, with(func(e *Entry) { e.Mode = fs.ModeDir | 0o7 }), "UNIX.mode=0007; report.pdf"},
		{"mode 0 is a mode", FactMode, with(func(e *Entry) { e.Mode = 0 }), "UNIX.mode=0000; report.pdf"},
		{"a value cannot end the facts", FactUnique | FactPerm, with(func(e *Entry) { e.Unique, e.Perm = "a b", "r;Size=1" }), " report.pdf"},
		{"a name cannot end the line", FactType, Entry{Name: "a\r\nType=dir; b\x00"}, "Type=file; a??Type=dir; b?"},
		{"raw bytes stay", FactType, Entry{Name: "caf\xe9\xff"}, "Type=file; caf\xe9\xff"},
	} {
		if got := string(c.f.Append([]byte(">"), &c.e)); got != ">"+c.want {
			t.Errorf("%s: %q, want %q", c.why, got, ">"+c.want)
		}
	}
}

func TestParseEntry(t *testing.T) {
	for _, c := range []struct {
		why, line string
		want      Entry
	}{
		{"our own line", "Type=file;Size=2048;Modify=20261122101530;Perm=adfrw;Unique=k3f9;UNIX.mode=0644; report.pdf",
			Entry{Name: "report.pdf", Type: "file", Size: 2048, ModTime: sampleTime, Perm: "adfrw", Unique: "k3f9", Mode: 0o644, HasMode: true}},
		{"names of facts, types and rights have no case", "TYPE=File;size=1;PERM=RaW;unique=Ab; f",
			Entry{Name: "f", Type: "file", Size: 1, Perm: "raw", Unique: "Ab"}},
		{"a directory", "type=dir;sizd=4096; pub", Entry{Name: "pub", Type: "dir", Dir: true}},
		{"a directory's size means nothing", "type=dir;size=4096; pub", Entry{Name: "pub", Type: "dir", Dir: true}},
		{"the listed directory", "Type=cdir;Perm=el; /files", Entry{Name: "/files", Type: "cdir", Dir: true, Perm: "el"}},
		{"its parent", "Type=pdir; ..", Entry{Name: "..", Type: "pdir", Dir: true}},
		{"types of systems", "Type=OS.unix=slink;Size=3; l", Entry{Name: "l", Type: "os.unix=slink", Size: 3}},
		{"the target of a link with a blank", "Type=OS.unix=slink:/my docs;Size=3; l; m", Entry{Name: "l; m", Type: "os.unix=slink:/my docs", Size: 3}},
		{"unknown facts", "X.fish=cakes;Media-Type=text/plain;Size=3; f", Entry{Name: "f", Size: 3}},
		{"a size that is not told", "Type=file; f", Entry{Name: "f", Type: "file", Size: -1}},
		{"no facts", " /tmp", Entry{Name: "/tmp", Size: -1}},
		{"spaces of the name", "Size=1;  a b ", Entry{Name: " a b ", Size: 1}},
		{"a name of facts", "Size=1; Size=2; x", Entry{Name: "Size=2; x", Size: 1}},
		{"the last semicolon is missing", "Type=file;Size=1 f", Entry{Name: "f", Type: "file", Size: 1}},
		{"an empty value", "Perm=;Size=1; f", Entry{Name: "f", Size: 1}},
		{"values that cannot be read", "Size=-1;Modify=00000000000000;UNIX.mode=9; f", Entry{Name: "f", Size: -1}},
		{"a size past 63 bits", "Size=9223372036854775808; f", Entry{Name: "f", Size: -1}},
		{"a mode with the kind in it", "Size=1;UNIX.mode=0104755; f", Entry{Name: "f", Size: 1, Mode: 0o755 | fs.ModeSetuid, HasMode: true}},
		{"raw bytes", "Size=1; caf\xe9", Entry{Name: "caf\xe9", Size: 1}},
	} {
		got, err := ParseEntry(c.line)
		if got != c.want || err != nil {
			t.Errorf("%s: ParseEntry(%q) = %+v, %v; want %+v", c.why, c.line, got, err, c.want)
		}
	}
}

func TestParseEntryRefuses(t *testing.T) {
	for _, c := range []struct{ why, line string }{
		{"nothing", ""},
		{"no space", "Type=file;Size=1;"},
		{"no name", "Type=file;Size=1; "},
		{"a space alone", " "},
		{"a line of LIST", "-rw-r--r--   1 alice    sealift          2048 Nov 22 10:15 name"},
		{"a fact without a value", "Type;Size=1; f"},
		{"an empty fact", "Type=file;;Size=1; f"},
		{"a semicolon without a fact", "; f"},
		{"CR", "Type=file; f\r"},
		{"LF", "Type=file; f\nType=file; g"},
		{"NUL", "Type=file; f\x00"},
	} {
		if got, err := ParseEntry(c.line); !errors.Is(err, ErrEntry) || got != (Entry{}) {
			t.Errorf("%s: ParseEntry(%q) = %+v, %v; want ErrEntry", c.why, c.line, got, err)
		}
	}
}

func FuzzParseFacts(f *testing.F) {
	for _, list := range []string{"Type;Size;", "unix.MODE;x", "", ";;", "Type*;"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		facts := ParseFacts(list)
		if again := ParseFacts(facts.String()); again != facts {
			t.Errorf("%q gives %q, and that %q", list, facts, again)
		}
		if facts&^AllFacts != 0 {
			t.Errorf("%q gives %b", list, facts)
		}
	})
}

func FuzzParseEntry(f *testing.F) {
	for _, line := range []string{
		"Type=file;Size=2048;Modify=20261122101530;Perm=adfrw;Unique=k3f9;UNIX.mode=4644; report.pdf",
		"type=cdir;perm=EL; /files", " /tmp", "Type=OS.unix=slink:/my docs; l; m", "Size=-1;Modify=1; f", "X.a=b f",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		e, err := ParseEntry(line)
		if err != nil {
			return
		}
		again, err := ParseEntry(string(AllFacts.Append(nil, &e)))
		if err != nil {
			t.Fatalf("%q gives %+v, whose line is %v", line, e, err)
		}
		if want := told(e); again != want {
			t.Errorf("%q gives %+v, and that %+v, want %+v", line, e, again, want)
		}
	})
}

// told is what a line made of e tells.
func told(e Entry) Entry {
	e.Type = "file"
	if e.Dir {
		e.Type = "dir"
	}
	e.ModTime = e.ModTime.Truncate(time.Second)
	if !isToken(e.Perm) {
		e.Perm = ""
	}
	if !isToken(e.Unique) {
		e.Unique = ""
	}
	return e
}

func FuzzFactsAppend(f *testing.F) {
	f.Add(uint8(AllFacts), "report.pdf", false, int64(2048), int64(1795342530), "adfrw", "k3f9", uint32(0o644))
	f.Add(uint8(0), " a\r\n", true, int64(-1), int64(0), "r;w", "a b", uint32(0o7777))
	f.Fuzz(func(t *testing.T, facts uint8, name string, dir bool, size, modified int64, perm, unique string, mode uint32) {
		e := Entry{Name: name, Dir: dir, Size: size, ModTime: time.Unix(modified, 0).UTC(), Perm: perm, Unique: unique, Mode: fileMode(mode), HasMode: true}
		line := string(Facts(facts).Append(nil, &e))
		if strings.ContainsAny(line, "\x00\r\n") {
			t.Fatalf("line %q has an end inside", line)
		}
		got, err := ParseEntry(line)
		if name == "" {
			return
		}
		if err != nil || len(got.Name) != len(name) {
			t.Fatalf("%q reads as %+v, %v", line, got, err)
		}
		if !strings.ContainsAny(name, "\x00\r\n") && got.Name != name {
			t.Errorf("the name %q comes back as %q", name, got.Name)
		}
		if Facts(facts)&FactMode != 0 && got.Mode != e.Mode {
			t.Errorf("the mode %v comes back as %v", e.Mode, got.Mode)
		}
	})
}

func TestFactsAppendAllocations(t *testing.T) {
	e, buf := sampleFile(), make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() { buf = AllFacts.Append(buf[:0], &e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFactsAppend(b *testing.B) {
	e, buf := sampleFile(), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = AllFacts.Append(buf[:0], &e)
	}
}

var entrySink Entry

func BenchmarkParseEntry(b *testing.B) {
	e := sampleFile()
	line := string(AllFacts.Append(nil, &e))
	b.ReportAllocs()
	for b.Loop() {
		entrySink, _ = ParseEntry(line)
	}
}
