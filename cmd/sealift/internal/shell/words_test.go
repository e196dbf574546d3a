package shell

import (
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftp"
)

func TestSplit(t *testing.T) {
	w := func(text string) word { return word{text: text} }
	for _, tt := range []struct {
		why, line string
		want      [][]word
	}{
		{"nothing", "", nil},
		{"blanks", " \t ", nil},
		{"words", "  get a\tb ", [][]word{{w("get"), w("a"), w("b")}}},
		{"commands", "cd a;;ls; ", [][]word{{w("cd"), w("a")}, {w("ls")}}},
		{"single quotes keep all", `cat 'a "b" \ ;#'`, [][]word{{w("cat"), w(`a "b" \ ;#`)}}},
		{"double quotes know two escapes", `cat "a \" \\ \n 'x'"`, [][]word{{w("cat"), w(`a " \ \n 'x'`)}}},
		{"a backslash", `cat a\ b\;\'`, [][]word{{w("cat"), w("a b;'")}}},
		{"pieces are one word", `cat a'b c'"d"\ e`, [][]word{{w("cat"), w("ab cd e")}}},
		{"an empty word", `cat ''`, [][]word{{w("cat"), w("")}}},
		{"a comment", "ls a#b # c; d", [][]word{{w("ls"), w("a#b")}}},
		{"a comment alone", "# ls", nil},
		{"a pattern", "rm *.a", [][]word{{w("rm"), {"*.a", "*.a"}}}},
		{"no pattern", `rm '*.a' \*`, [][]word{{w("rm"), w("*.a"), w("*")}}},
		{"half a pattern", `rm '[a]*'*\?`, [][]word{{w("rm"), {"[a]**?", `\[a]\**\?`}}}},
		{"other scripts", "cat ż ó", [][]word{{w("cat"), w("ż"), w("ó")}}},
	} {
		got, err := split(tt.line)
		if err != nil || !slices.EqualFunc(got, tt.want, slices.Equal) {
			t.Errorf("%s: %q, %v; want %q", tt.why, got, err, tt.want)
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	for line, want := range map[string]string{
		`ls 'a`: "the quote ' has no end", `ls "a\"`: `the quote " has no end`, `ls a\`: "behind the backslash",
	} {
		if _, err := split(line); err == nil || !strings.Contains(err.Error(), want) || fault.CodeOf(err) != fault.Usage {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

// Every name that is quoted is the same name again, and its pattern fits it
// alone.
func FuzzQuote(f *testing.F) {
	for _, name := range []string{"a", "a b", `it's "x" \`, "*?[]", "#a", "-r", "!x", "a;b", "ż ó", "\t"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" {
			return
		}
		commands, err := split("x " + quote(name))
		if err != nil || len(commands) != 1 || len(commands[0]) != 2 || commands[0][1] != (word{text: name}) {
			t.Fatalf("%q became %q, %v", name, commands, err)
		}
		if w := commands[0][1]; !ftp.Match(w.escaped(), name) {
			t.Errorf("%q does not fit %q", name, w.escaped())
		}
	})
}
