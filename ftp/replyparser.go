package ftp

import (
	"errors"
	"strings"
)

// MaxReply is how long the text of a reply may be, in bytes, that a
// ReplyParser accepts: enough for a long HELP or STAT.
const MaxReply = 64 << 10

// ErrReply: what came is no reply of FTP, or one that is longer than MaxReply.
var ErrReply = errors.New("ftp: malformed reply")

// A ReplyParser puts a reply together from its lines (RFC 959 §4.2). The zero
// value is ready for the first line of a reply.
type ReplyParser struct {
	code   string
	number Code
	text   strings.Builder
	open   bool // a first line has been read
}

// Line takes the next line, without its CR LF, and reports whether it was the
// last one of its reply. A line that does not belong there, and a reply that
// grows over MaxReply, are ErrReply: nothing sensible can follow, the
// connection must be given up.
//
// Real servers do more than the RFC says, and it is taken: a bare code without
// text, inner lines with or without a blank, and inner lines that repeat
// "code-", which is taken off.
func (p *ReplyParser) Line(line string) (done bool, err error) {
	if p.text.Len()+len(line) > MaxReply {
		return false, ErrReply
	}
	if !p.open {
		return p.first(line)
	}
	code, rest, sep := cutCode(line)
	inner := strings.TrimPrefix(line, " ")
	if code == p.code {
		inner = rest
	}
	p.text.WriteByte('\n')
	p.text.WriteString(inner)
	return code == p.code && sep != '-', nil
}

func (p *ReplyParser) first(line string) (done bool, err error) {
	code, rest, sep := cutCode(line)
	if code == "" {
		return false, ErrReply
	}
	p.code, p.open = code, true
	p.number = Code(code[0]-'0')*100 + Code(code[1]-'0')*10 + Code(code[2]-'0')
	p.text.WriteString(rest)
	return sep != '-', nil
}

// Reply is the reply that has been read, in the form that the type documents.
// The parser is then ready for the next one.
func (p *ReplyParser) Reply() Reply {
	r := Reply{Code: p.number, Text: p.text.String()}
	*p = ReplyParser{}
	return r
}

// cutCode parts a line into its code, the byte behind it (a blank where the
// line ends there) and the rest. No code at its beginning: "".
func cutCode(line string) (code, rest string, sep byte) {
	if len(line) < 3 || line[0] < '1' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return "", "", 0
	}
	if len(line) == 3 {
		return line, "", ' '
	}
	if sep = line[3]; sep != ' ' && sep != '-' {
		return "", "", 0
	}
	return line[:3], line[4:], sep
}
