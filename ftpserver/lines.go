package ftpserver

import (
	"bytes"
	"errors"
	"io"
)

const (
	maxLine           = 4096     // bytes; a longer line is 500
	maxFlood          = 64 << 10 // bytes without a line end; more is 421
	maxTelnetAnswers  = 64       // a session
	maxSubnegotiation = 4096     // bytes between IAC SB and IAC SE
	lineBuffer        = 512      // bytes that an idle session keeps
)

// Errors of a lineReader, beside those of what it reads from.
var (
	// errLineTooLong: the line was skipped, the next one can be read.
	errLineTooLong = errors.New("ftpserver: line is too long")
	// errFlood: bytes that are no commands; the connection is closed.
	errFlood = errors.New("ftpserver: no line end in 64 KiB, or endless Telnet options")
)

// lineReader splits a control connection into lines. Telnet's sequences are
// taken out (RFC 959 §4, RFC 1123 §4.1.2.12); where an answer is due it goes
// to answer. A read that fails with a time-out may be repeated: what has come
// so far is kept.
type lineReader struct {
	src    io.Reader
	answer io.Writer

	buf      []byte // filtered, not yet handed out
	seen     int    // bytes of buf that hold no LF
	skipped  int    // bytes of a line that is too long
	telnet   telnet
	answered int
	broken   error // what comes once buf is used up
}

// next is the next line, without its end: LF, or CR LF.
func (l *lineReader) next() (string, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.seen:], '\n'); i >= 0 {
			return l.take(l.seen + i)
		}
		l.seen = len(l.buf)
		if err := l.skipLong(); err != nil {
			return "", err
		}
		if err := l.fill(); err != nil {
			return "", err
		}
	}
}

// take hands out the line that ends before the LF at end.
func (l *lineReader) take(end int) (string, error) {
	if l.skipped+end > maxFlood {
		return "", errFlood
	}
	text := bytes.TrimSuffix(l.buf[:end], []byte("\r"))
	long := l.skipped > 0 || len(text) > maxLine
	line := string(text)
	l.buf = l.buf[:copy(l.buf, l.buf[end+1:])]
	l.seen, l.skipped = 0, 0
	if len(l.buf) == 0 && cap(l.buf) > lineBuffer {
		l.buf = nil
	}
	if long {
		return "", errLineTooLong
	}
	return line, nil
}

// skipLong drops the bytes of a line that is too long already.
func (l *lineReader) skipLong() error {
	if l.skipped+len(l.buf) > maxFlood {
		return errFlood
	}
	if len(l.buf) > maxLine+1 {
		l.skipped += len(l.buf)
		l.buf, l.seen = l.buf[:0], 0
	}
	return nil
}

func (l *lineReader) fill() error {
	if l.broken != nil {
		return l.broken
	}
	if l.buf == nil {
		l.buf = make([]byte, 0, lineBuffer)
	}
	if cap(l.buf)-len(l.buf) < lineBuffer/2 {
		l.buf = append(make([]byte, 0, 2*cap(l.buf)), l.buf...)
	}
	n, err := l.src.Read(l.buf[len(l.buf):cap(l.buf)])
	var kept int
	kept, l.broken = l.filter(l.buf[len(l.buf) : len(l.buf)+n])
	l.buf = l.buf[:len(l.buf)+kept]
	if n > 0 {
		return nil
	}
	return err
}

// filter takes Telnet out of b, in place.
func (l *lineReader) filter(b []byte) (kept int, err error) {
	if l.telnet.idle() && bytes.IndexByte(b, iac) < 0 {
		return len(b), nil
	}
	for _, c := range b {
		data, keep, reply := l.telnet.step(c)
		if keep {
			b[kept] = data
			kept++
		}
		if reply != nil {
			l.answered++
			if _, err := l.answer.Write(reply); err != nil {
				return kept, err
			}
		}
		if l.answered > maxTelnetAnswers || l.telnet.sub > maxSubnegotiation {
			return kept, errFlood
		}
	}
	return kept, nil
}

// buffered reports whether bytes have come that were not handed out.
func (l *lineReader) buffered() bool { return len(l.buf) > 0 || !l.telnet.idle() }

// reset forgets what has come, and reads from another source.
func (l *lineReader) reset(src io.Reader, answer io.Writer) {
	*l = lineReader{src: src, answer: answer, buf: l.buf[:0], answered: l.answered}
}
