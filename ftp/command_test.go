package ftp

import (
	"errors"
	"strings"
	"testing"
)

func TestParseCommand(t *testing.T) {
	for _, c := range []struct {
		why, line string
		want      Command
		err       error
	}{
		{"a verb alone", "NOOP", Command{"NOOP", ""}, nil},
		{"a verb has no case (959 §5.3)", "rEtR File", Command{"RETR", "File"}, nil},
		{"only the first space parts (3659 §2.2)", "RETR  a b ", Command{"RETR", " a b "}, nil},
		{"a space that ends the line is no argument", "PWD ", Command{"PWD", ""}, nil},
		{"spaces before the verb are dropped", "  PWD", Command{"PWD", ""}, nil},
		{"what a Telnet signal left behind is dropped (959 §4.1.3)", "\xff\xf4\xff\xf2ABOR", Command{"ABOR", ""}, nil},
		{"bytes of the argument stay", "RETR \xff\xf4\xe9", Command{"RETR", "\xff\xf4\xe9"}, nil},
		{"a tab is not a space", "RETR\ta", Command{"RETR\tA", ""}, nil},
		{"only ASCII letters change case", "é", Command{"é", ""}, nil},
		{"a byte below 236 belongs to the verb", "\xebX", Command{"\xebX", ""}, nil},
		{"nothing is no command", "", Command{}, ErrEmptyLine},
		{"blanks are no command", "   ", Command{}, ErrEmptyLine},
		{"signals alone are no command", "\xff\xf2", Command{}, ErrEmptyLine},
		{"NUL is refused", "RETR a\x00b", Command{}, ErrControlByte},
		{"CR inside is refused", "RETR a\rb", Command{}, ErrControlByte},
		{"LF inside is refused", "RETR a\nDELE b", Command{}, ErrControlByte},
	} {
		got, err := ParseCommand(c.line)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: ParseCommand(%q) = %q, %v; want %q, %v", c.why, c.line, got, err, c.want, c.err)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		why  string
		cmd  Command
		want string
		err  error
	}{
		{"no argument, no space", Command{"PWD", ""}, "PWD", nil},
		{"spaces of a name stay", Command{"RETR", " a "}, "RETR  a ", nil},
		{"a name with LF is no second command", Command{"RETR", "a\nDELE b"}, "", ErrControlByte},
		{"a name with CR is no line end", Command{"RETR", "a\r"}, "", ErrControlByte},
		{"NUL never goes out", Command{"RETR", "\x00"}, "", ErrControlByte},
		{"a verb with LF is refused too", Command{"PWD\nQUIT", ""}, "", ErrControlByte},
		{"an argument alone would become the verb", Command{"", "QUIT"}, "", ErrVerb},
		{"a space in the verb would make an argument", Command{"DELE f", ""}, "", ErrVerb},
		{"the peer would drop it as a Telnet signal", Command{"\xf4A", ""}, "", ErrVerb},
	} {
		got, err := c.cmd.Line()
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q.Line() = %q, %v; want %q, %v", c.why, c.cmd, got, err, c.want, c.err)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	for _, line := range []string{"NOOP", "retr  a b ", "\xff\xf4ABOR", "", "RETR a\rb", "x\xff y", "é é"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		cmd, err := ParseCommand(line)
		if err != nil {
			return
		}
		again, err := cmd.Line()
		if err != nil {
			t.Fatalf("%q parses to %q, which has no line: %v", line, cmd, err)
		}
		if got, err := ParseCommand(again); got != cmd || err != nil {
			t.Errorf("%q parses to %q, its line %q to %q, %v", line, cmd, again, got, err)
		}
	})
}

func FuzzCommandLine(f *testing.F) {
	f.Add("RETR", " a ")
	f.Add("", "QUIT")
	f.Add("user", "x\r\nDELE y")
	f.Add("\xf4A", "")
	f.Fuzz(func(t *testing.T, verb, arg string) {
		line, err := Command{verb, arg}.Line()
		if err != nil {
			return
		}
		want := Command{upper(verb), arg}
		if got, err := ParseCommand(line); got != want || err != nil {
			t.Errorf("line %q parses to %q, %v; want %q", line, got, err, want)
		}
	})
}

func TestParseCommandAllocations(t *testing.T) {
	for _, c := range []struct {
		why, line string
		want      float64
	}{
		{"an upper-case verb is a part of the line", "RETR some/file", 0},
		{"another verb is copied once", "retr some/file", 1},
		{"however long it is", strings.Repeat("verb", 100), 1},
	} {
		got := testing.AllocsPerRun(100, func() { commandSink, _ = ParseCommand(c.line) })
		if got != c.want {
			t.Errorf("%s: %v allocations, want %v", c.why, got, c.want)
		}
	}
}

var commandSink Command

func BenchmarkParseCommand(b *testing.B) {
	for _, c := range []struct{ name, line string }{
		{"upper", "RETR pub/linux/readme.txt"},
		{"lower", "retr pub/linux/readme.txt"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				commandSink, _ = ParseCommand(c.line)
			}
		})
	}
}
