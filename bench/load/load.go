// Package load makes work for an FTPS server and believes nothing: every
// reply must be the one that RFC 959 names, and every count of bytes and
// entries must be right.
//
// It is not the client library, whose own cost is measured apart: it does as
// little as can be done, so that the server is what is measured.
package load

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/ftp"
)

// patience is for anything that a server does.
const patience = 60 * time.Second

// Options say where to go and how.
type Options struct {
	Addr, User, Password string
	// TLS of the control connection and, resumed, of the data connections. It
	// is cloned.
	TLS *tls.Config
	// Clear sends data without TLS (PROT C).
	Clear bool
}

// A Session is one control connection, logged in. It does one thing at a time.
type Session struct {
	options Options
	conn    net.Conn
	tls     *tls.Config // of all its connections: they share a cache
	lines   *bufio.Reader
	started bool // PBSZ, PROT and TYPE are done
}

// Dial connects, secures the control connection, and logs in.
func Dial(o Options) (*Session, error) {
	conn, err := net.DialTimeout("tcp", o.Addr, patience)
	if err != nil {
		return nil, err
	}
	s := &Session{options: o, conn: conn, lines: bufio.NewReaderSize(conn, 512), tls: o.TLS.Clone()}
	s.tls.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	if err := s.login(); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *Session) login() error {
	if err := s.expect(220); err != nil {
		return err
	}
	if err := s.Do(234, "AUTH TLS"); err != nil {
		return err
	}
	secured := tls.Client(s.conn, s.tls)
	if err := secured.Handshake(); err != nil {
		return err
	}
	s.conn, s.lines = secured, bufio.NewReaderSize(secured, 512)
	if err := s.Do(331, "USER "+s.options.User); err != nil {
		return err
	}
	return s.Do(230, "PASS "+s.options.Password)
}

// Do sends a line and demands a reply.
func (s *Session) Do(want ftp.Code, line string) error {
	if _, err := s.ask(want, line); err != nil {
		return err
	}
	return nil
}

func (s *Session) ask(want ftp.Code, line string) (ftp.Reply, error) {
	if _, err := io.WriteString(s.conn, line+"\r\n"); err != nil {
		return ftp.Reply{}, err
	}
	r, err := s.reply()
	if err == nil && r.Code != want {
		err = fmt.Errorf("load: %s is answered %w, not %d", line, r, want)
	}
	return r, err
}

func (s *Session) expect(want ...ftp.Code) error {
	r, err := s.reply()
	if err != nil {
		return err
	}
	for _, code := range want {
		if r.Code == code {
			return nil
		}
	}
	return fmt.Errorf("load: %w where %d was due", r, want)
}

func (s *Session) reply() (ftp.Reply, error) {
	s.conn.SetReadDeadline(time.Now().Add(patience))
	var p ftp.ReplyParser
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return ftp.Reply{}, err
		}
		done, err := p.Line(strings.TrimRight(line, "\r\n"))
		if err != nil {
			return ftp.Reply{}, err
		}
		if done {
			return p.Reply(), nil
		}
	}
}

// start asks for what transfers need, once.
func (s *Session) start() error {
	if s.started {
		return nil
	}
	level := "P"
	if s.options.Clear {
		level = "C"
	}
	for _, line := range []string{"PBSZ 0", "PROT " + level, "TYPE I"} {
		if err := s.Do(200, line); err != nil {
			return err
		}
	}
	s.started = true
	return nil
}

// open begins a transfer and gives its data connection. The handshake goes
// on beside the wait for the 150: servers differ in what comes first.
func (s *Session) open(line string) (*data, error) {
	if err := s.start(); err != nil {
		return nil, err
	}
	r, err := s.ask(227, "PASV")
	if err != nil {
		return nil, err
	}
	to, err := ftp.ParsePassive(r.Text)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(s.options.Addr)
	if err != nil {
		return nil, err
	}
	raw, err := net.DialTimeout("tcp", net.JoinHostPort(host, fmt.Sprint(to.Port())), patience)
	if err != nil {
		return nil, err
	}
	raw.SetDeadline(time.Now().Add(10 * patience))
	d := &data{Conn: raw, tcp: raw.(*net.TCPConn)}
	if _, err := io.WriteString(s.conn, line+"\r\n"); err != nil {
		raw.Close()
		return nil, err
	}
	shaken := make(chan error, 1)
	if !s.options.Clear {
		config := s.tls.Clone()
		config.DynamicRecordSizingDisabled = true
		secured := tls.Client(raw, config)
		d.Conn = secured
		go func() { shaken <- secured.Handshake() }()
	} else {
		shaken <- nil
	}
	err = s.expect(150, 125)
	if err != nil {
		raw.Close()
	}
	if err := errors.Join(err, <-shaken); err != nil {
		raw.Close()
		return nil, fmt.Errorf("load: %s: %w", line, err)
	}
	return d, nil
}

// data is a data connection.
type data struct {
	net.Conn
	tcp *net.TCPConn
}

// finish ends an upload so that no reset cuts it.
func (d *data) finish() error {
	defer d.tcp.Close()
	if secured, ok := d.Conn.(*tls.Conn); ok {
		if err := secured.CloseWrite(); err != nil {
			return err
		}
	}
	if err := d.tcp.CloseWrite(); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, d.Conn)
	return err
}

// bufferSize is three records of TLS.
const bufferSize = 48 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// Retrieve downloads a file that must have so many bytes.
func (s *Session) Retrieve(name string, size int64) error {
	d, err := s.open("RETR " + name)
	if err != nil {
		return err
	}
	n, err := drain(d)
	if err == nil && n != size {
		err = fmt.Errorf("load: %s has %d bytes, not %d", name, n, size)
	}
	d.Close()
	return errors.Join(err, s.expect(226))
}

// drain counts what comes.
func drain(r io.Reader) (n int64, err error) {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	for {
		m, err := r.Read(buffer[:])
		n += int64(m)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// Store uploads size bytes.
func (s *Session) Store(name string, size int64) error {
	d, err := s.open("STOR " + name)
	if err != nil {
		return err
	}
	err = fill(d, size)
	return errors.Join(err, d.finish(), s.expect(226))
}

func fill(w io.Writer, size int64) error {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	for size > 0 {
		n, err := w.Write(buffer[:min(size, bufferSize)])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}

// List counts the lines of a listing: verb is MLSD, LIST or NLST.
func (s *Session) List(verb, dir string) (entries int, err error) {
	d, err := s.open(verb + " " + dir)
	if err != nil {
		return 0, err
	}
	lines := bufio.NewReaderSize(d, bufferSize)
	for {
		line, err := lines.ReadSlice('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			d.Close()
			return 0, err
		}
		if counts(verb, line) {
			entries++
		}
	}
	d.Close()
	return entries, s.expect(226)
}

// counts tells entries from "." and "..", and from the sum that LIST begins
// with.
func counts(verb string, line []byte) bool {
	text := strings.TrimRight(string(line), "\r\n")
	switch verb {
	case "MLSD":
		return !strings.Contains(text, "type=cdir;") && !strings.Contains(text, "type=pdir;") &&
			!strings.Contains(text, "Type=cdir;") && !strings.Contains(text, "Type=pdir;")
	case "LIST":
		return !strings.HasPrefix(text, "total ") && !strings.HasSuffix(text, " .") && !strings.HasSuffix(text, " ..")
	}
	name := text[strings.LastIndexByte(text, '/')+1:]
	return name != "." && name != ".."
}

// Noop is one round trip.
func (s *Session) Noop() error { return s.Do(200, "NOOP") }

// Close says goodbye and waits for the answer.
func (s *Session) Close() error {
	defer s.conn.Close()
	return s.Do(221, "QUIT")
}

// Drop hangs up.
func (s *Session) Drop() { s.conn.Close() }
