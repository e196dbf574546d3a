package ftpclient

import (
	"bufio"
	"bytes"
	"fmt"
	"net"

	"github.com/sealift/sealift/ftp"
)

// maxLine is how long a line of a reply may be, in bytes.
const maxLine = 4 << 10

// lineReader reads replies. It counts the lines, so that who waits for a long
// reply can see that it is coming.
type lineReader struct {
	conn   net.Conn
	r      *bufio.Reader
	parser ftp.ReplyParser
	line   func(string) // is told each line
}

func newLineReader(conn net.Conn, line func(string)) *lineReader {
	return &lineReader{conn: conn, r: bufio.NewReaderSize(conn, maxLine), line: line}
}

// reset goes on with conn; what was read ahead is forgotten.
func (l *lineReader) reset(conn net.Conn) {
	l.conn = conn
	l.r.Reset(conn)
	l.parser = ftp.ReplyParser{}
}

// reply reads the next reply.
func (l *lineReader) reply() (ftp.Reply, error) {
	for {
		line, err := l.r.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return ftp.Reply{}, fmt.Errorf("%w: a line of more than %d bytes", ErrProtocol, maxLine)
		}
		if err != nil {
			return ftp.Reply{}, err
		}
		text := string(withoutTelnet(bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))))
		l.line(text)
		done, err := l.parser.Line(text)
		if err != nil {
			return ftp.Reply{}, fmt.Errorf("%w: %w: %.60q", ErrProtocol, err, text)
		}
		if done {
			return l.parser.Reply(), nil
		}
	}
}

// Telnet's command byte, the lowest command, and the options' negotiation.
const (
	telnetIAC  = 255
	telnetLow  = 236
	telnetWill = 251
)

// withoutTelnet takes Telnet out of a line, in place: IAC IAC is byte 255,
// commands go (RFC 959 §5.3, RFC 1123 §4.1.2.12). A byte 255 that starts no
// command is taken for one that a server forgot to double.
func withoutTelnet(line []byte) []byte {
	at := bytes.IndexByte(line, telnetIAC)
	if at < 0 {
		return line
	}
	kept := line[:at]
	for i := at; i < len(line); i++ {
		if line[i] != telnetIAC || i+1 == len(line) || line[i+1] < telnetLow {
			kept = append(kept, line[i])
			continue
		}
		i++
		switch command := line[i]; {
		case command == telnetIAC:
			kept = append(kept, telnetIAC)
		case command >= telnetWill:
			i++
		}
	}
	return kept
}

// commandLine is a command as it goes over the wire: byte 255 is doubled, and
// PASS keeps its blank even where the password is empty.
func commandLine(verb, arg string) ([]byte, error) {
	line, err := ftp.Command{Verb: verb, Arg: arg}.Line()
	if err != nil {
		return nil, err
	}
	if verb == "PASS" && arg == "" {
		line += " "
	}
	b := bytes.ReplaceAll([]byte(line), []byte{telnetIAC}, []byte{telnetIAC, telnetIAC})
	return append(b, '\r', '\n'), nil
}

// masked is a command as it may be shown.
func masked(verb, arg string) string {
	switch {
	case arg == "":
		return verb
	case verb == "PASS" || verb == "ACCT":
		return verb + " ***"
	}
	return verb + " " + arg
}
