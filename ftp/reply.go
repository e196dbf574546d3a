package ftp

import (
	"fmt"
	"strconv"
	"strings"
)

// Code is a reply code (RFC 959 §4.2).
type Code int

// The reply codes that Sealift sends, by meaning.
const (
	CodeOpening           Code = 150 // the data connection is about to open
	CodeOK                Code = 200
	CodeSuperfluous       Code = 202 // not needed here
	CodeStatus            Code = 211
	CodeDirStatus         Code = 212
	CodeFileStatus        Code = 213
	CodeHelp              Code = 214
	CodeSystem            Code = 215
	CodeReady             Code = 220
	CodeGoodbye           Code = 221
	CodeDone              Code = 226 // the transfer is complete
	CodePassive           Code = 227
	CodeExtendedPassive   Code = 229
	CodeLoggedIn          Code = 230
	CodeCertLoggedIn      Code = 232 // RFC 2228: logged in, no password needed
	CodeAuth              Code = 234 // RFC 2228: start the TLS handshake
	CodeFileOK            Code = 250
	CodeDigest            Code = 251
	CodePath              Code = 257
	CodeNeedPassword      Code = 331
	CodePending           Code = 350
	CodeClosing           Code = 421
	CodeNoData            Code = 425 // the data connection could not be opened
	CodeCut               Code = 426 // the transfer was cut
	CodeNoCertificate     Code = 431
	CodeBusy              Code = 450
	CodeLocalError        Code = 451
	CodeNoSpace           Code = 452
	CodeUnknown           Code = 500
	CodeBadArgument       Code = 501
	CodeRefused           Code = 502 // known, and refused on purpose
	CodeBadSequence       Code = 503
	CodeBadParameter      Code = 504
	CodeDataUnprotected   Code = 521 // RFC 4217 §10.2
	CodeDataTLS           Code = 522 // RFC 4217 §10.2; RFC 2428: family not supported
	CodeNotLoggedIn       Code = 530
	CodePolicy            Code = 533 // RFC 2228: refused by policy
	CodeProtection        Code = 534 // RFC 2228: refused for security reasons
	CodeProtUnsupported   Code = 536 // RFC 2228: protection level not supported
	CodeUnavailable       Code = 550
	CodeWrongState        Code = 551
	CodeQuota             Code = 552
	CodeNameRefused       Code = 553
	CodeBadOffset         Code = 554 // RFC 1123 §4.1.3.4
	CodeBadOffsetType     Code = 555 // RFC 1123 §4.1.3.4
	CodeDigestUnavailable Code = 556
)

// A Reply is the answer to one command. As an error it is the reply that a
// handler chose, or that a server sent. The zero Reply means "none".
//
// Text may have several lines, parted by "\n": the first stands behind the
// code and a hyphen, the last behind the code and a space, those between
// begin with a space (RFC 959 §4.2, RFC 2389 §3.2).
type Reply struct {
	Code Code
	Text string
}

// Replyf makes a Reply with a formatted text.
func Replyf(code Code, format string, args ...any) Reply {
	return Reply{code, fmt.Sprintf(format, args...)}
}

func (r Reply) Error() string { return strconv.Itoa(int(r.Code)) + " " + r.Text }

// IsZero reports whether r is no reply at all.
func (r Reply) IsZero() bool { return r.Code == 0 }

// Positive reports whether r says that the command was carried out (2yz).
func (r Reply) Positive() bool { return r.Code/100 == 2 }

// Append appends the reply to b as it goes over the wire. A CR, or an LF
// that would break the form, cannot occur: inner lines always start with a
// space, and control characters become "?". Byte 255 is doubled (RFC 959
// takes Telnet's rules; RFC 3659 §2.2). A code outside 100 to 599 is a fault
// of the caller and goes out as CodeLocalError: every reply can be read.
func (r Reply) Append(b []byte) []byte {
	line, rest, more := strings.Cut(r.Text, "\n")
	if more {
		b = appendLine(append(r.Code.append(b), '-'), line)
	}
	for more {
		line, rest, more = strings.Cut(rest, "\n")
		if more {
			b = appendLine(append(b, ' '), line)
		}
	}
	return appendLine(append(r.Code.append(b), ' '), line)
}

func (c Code) append(b []byte) []byte {
	if c < 100 || c > 599 {
		c = CodeLocalError
	}
	return strconv.AppendInt(b, int64(c), 10)
}

func appendLine(b []byte, line string) []byte {
	clean := 0
	for i := range len(line) {
		c := line[i]
		if ' ' <= c && c != 0x7f && c != 0xff {
			continue
		}
		b = append(b, line[clean:i]...)
		clean = i + 1
		if c == 0xff {
			b = append(b, c, c)
		} else {
			b = append(b, '?')
		}
	}
	return append(append(b, line[clean:]...), '\r', '\n')
}
