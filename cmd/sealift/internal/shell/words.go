package shell

import (
	"strings"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/transfer"
)

// A word is one of a command line.
type word struct {
	text string // what it stands for
	// pattern is text in the form of ftp.Match if one of * ? [ stands in it
	// without quotes, else "".
	pattern string
}

// escaped is the word for ftp.Match: as a pattern, or as a name.
func (w word) escaped() string {
	if w.pattern != "" {
		return w.pattern
	}
	return transfer.Exactly(w.text)
}

// A lexer takes a line to pieces. Blanks part words, ";" parts commands, "#"
// at the beginning of a word makes the rest a comment. '…' takes all as it
// is, "…" all but \" and \\, and a backslash outside of quotes the next
// character.
type lexer struct {
	commands [][]word
	words    []word

	text, pattern strings.Builder
	meta          bool
	inWord        bool
	start         int  // where the word began in the line
	quote         byte // that is open, 0 if none is
	escape        bool // the last byte was a backslash
}

// split makes commands of a line.
func split(line string) ([][]word, error) {
	l := lex(line)
	switch {
	case l.quote != 0:
		return nil, fault.New(fault.Usage, `a quote that is meant as such is written \`+string(l.quote), "the quote %c has no end", l.quote)
	case l.escape:
		return nil, fault.New(fault.Usage, `a backslash that is meant as such is written \\`, "there is nothing behind the backslash")
	}
	l.endCommand()
	return l.commands, nil
}

func lex(line string) *lexer {
	l := &lexer{}
	for i := range len(line) {
		c := line[i]
		switch {
		case l.escape:
			l.escaped(c)
		case l.quote != 0:
			l.quoted(c)
		case c == '#' && !l.inWord:
			l.endWord()
			return l
		default:
			l.bare(c, i)
		}
	}
	return l
}

func (l *lexer) begin(at int) {
	if !l.inWord {
		l.inWord, l.start = true, at
	}
}

// escaped takes the byte behind a backslash.
func (l *lexer) escaped(c byte) {
	l.escape = false
	if l.quote == '"' && c != '"' && c != '\\' {
		l.literal('\\')
	}
	l.literal(c)
}

func (l *lexer) quoted(c byte) {
	switch {
	case c == l.quote:
		l.quote = 0
	case c == '\\' && l.quote == '"':
		l.escape = true
	default:
		l.literal(c)
	}
}

func (l *lexer) bare(c byte, at int) {
	switch c {
	case ' ', '\t':
		l.endWord()
	case ';':
		l.endCommand()
	case '\'', '"':
		l.begin(at)
		l.quote = c
	case '\\':
		l.begin(at)
		l.escape = true
	default:
		l.begin(at)
		l.meta = l.meta || ftp.HasMeta(string(rune(c)))
		l.text.WriteByte(c)
		l.pattern.WriteByte(c)
	}
}

// literal is a byte that stands for itself.
func (l *lexer) literal(c byte) {
	l.text.WriteByte(c)
	l.pattern.WriteString(transfer.Exactly(string([]byte{c})))
}

func (l *lexer) endWord() {
	if !l.inWord {
		return
	}
	w := word{text: l.text.String()}
	if l.meta {
		w.pattern = l.pattern.String()
	}
	l.words = append(l.words, w)
	l.text.Reset()
	l.pattern.Reset()
	l.meta, l.inWord = false, false
}

func (l *lexer) endCommand() {
	l.endWord()
	if len(l.words) > 0 {
		l.commands = append(l.commands, l.words)
		l.words = nil
	}
}

// quote is a name as a word.
func quote(name string) string {
	var b strings.Builder
	for i := range len(name) {
		if strings.IndexByte(" \t;'\"\\*?[", name[i]) >= 0 || i == 0 && strings.IndexByte("#!-", name[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(name[i])
	}
	return b.String()
}
