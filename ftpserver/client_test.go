package ftpserver_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// patience is how long a client waits for what must come.
const patience = 20 * time.Second

// client is one control connection of a script, with the data connection that
// belongs to it. Its methods are the directives of the language.
type client struct {
	rig     *rig
	tcp     *stream
	tls     *tls.Conn // nil in clear
	in      *bufio.Reader
	greeted bool
	tickets *ticketBox

	private bool // the level that PROT or an implicit port has set
	prot    string
	address string       // of 227 or 229
	active  net.Listener // of {port} or {eprt}
	data    *dataLink
}

// dial connects.
func (r *rig) dial() (*client, error) {
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		return nil, err
	}
	c := &client{rig: r, tcp: newStream(conn), tickets: &ticketBox{}}
	c.in = bufio.NewReader(c.tcp)
	return c, nil
}

func (c *client) close() {
	c.tcp.Close()
	if c.active != nil {
		c.active.Close()
	}
	c.dropData()
}

func (c *client) conn() net.Conn {
	if c.tls != nil {
		return c.tls
	}
	return c.tcp
}

// send writes bytes as they are.
func (c *client) send(b string) error {
	c.tcp.SetWriteDeadline(time.Now().Add(patience))
	_, err := io.WriteString(c.conn(), b)
	return err
}

// say sends a line.
func (c *client) say(line string) error {
	verb, arg, _ := strings.Cut(line, " ")
	c.prot = ""
	if strings.EqualFold(verb, "PROT") {
		c.prot = strings.ToUpper(arg)
	}
	return c.send(line + "\r\n")
}

// readLine is the next line of a reply, without its CR LF.
func (c *client) readLine() (string, error) {
	c.tcp.SetReadDeadline(time.Now().Add(patience))
	line, err := c.in.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("no reply line: %w (after %q)", err, line)
	}
	text, ended := strings.CutSuffix(line, "\r\n")
	if !ended {
		return "", fmt.Errorf("a reply line without CR LF: %q", line)
	}
	c.note(text)
	return text, nil
}

// note looks for what the directives to come need to know.
func (c *client) note(line string) {
	code, _, _ := strings.Cut(line, " ")
	switch code {
	case "200":
		c.private = c.prot == "P" || c.private && c.prot != "C"
	case "227", "229":
		c.address = dataAddress(line, c.tcp.RemoteAddr())
	}
	c.prot = ""
}

var extendedPassive = regexp.MustCompile(`\(\|\|\|(\d+)\|\)`)
var hostPort = regexp.MustCompile(`\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)`)

// dataAddress is where a passive port waits: at the server that was reached,
// whatever address 227 tells.
func dataAddress(line string, server net.Addr) string {
	host, _, _ := net.SplitHostPort(server.String())
	if m := extendedPassive.FindStringSubmatch(line); m != nil {
		return net.JoinHostPort(host, m[1])
	}
	if m := hostPort.FindStringSubmatch(line); m != nil {
		high, _ := strconv.Atoi(m[5])
		low, _ := strconv.Atoi(m[6])
		return net.JoinHostPort(host, strconv.Itoa(high<<8|low))
	}
	return ""
}

// options are the words behind TLS and D open.
type options map[string]string

func parseOptions(words []string) options {
	o := options{}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		o[key] = value
	}
	return o
}

func (o options) has(key string) bool {
	_, found := o[key]
	return found
}

// config is a client's side of a handshake.
func (o options) config(tickets tls.ClientSessionCache) *tls.Config {
	c := &tls.Config{RootCAs: authority().pool, ServerName: "127.0.0.1", ClientSessionCache: tickets}
	if name := o["sni"]; name != "" {
		c.ServerName = name
		c.InsecureSkipVerify = o.has("unchecked")
	}
	if name := o["alpn"]; name != "" {
		c.NextProtos = strings.Split(name, ",")
	}
	if o["version"] == "1.2" {
		c.MaxVersion = tls.VersionTLS12
	}
	switch name := o["cert"]; name {
	case "":
	case "foreign":
		c.Certificates = []tls.Certificate{foreigner().issue("alice")}
	default:
		c.Certificates = []tls.Certificate{authority().issue(name)}
	}
	return c
}

// shake runs a handshake; where alert is given it must fail with it.
func (o options) shake(conn net.Conn, tickets tls.ClientSessionCache) (*tls.Conn, error) {
	t := tls.Client(conn, o.config(tickets))
	conn.SetDeadline(time.Now().Add(patience))
	err := t.Handshake()
	if !o.has("alert") {
		return t, errors.Join(err, o.checkServed(t))
	}
	if err == nil {
		_, err = t.Read(make([]byte, 1))
	}
	code, _ := strconv.Atoi(o["alert"])
	if want := tls.AlertError(code).Error(); err == nil || !strings.Contains(err.Error(), want) {
		return nil, fmt.Errorf("the handshake ended with %v, want alert %d (%s)", err, code, want)
	}
	return nil, nil
}

// checkServed compares the server's certificate with the one that is wanted.
func (o options) checkServed(t *tls.Conn) error {
	chain := t.ConnectionState().PeerCertificates
	if want := o["served"]; want != "" && (len(chain) == 0 || chain[0].Subject.CommonName != want) {
		return fmt.Errorf("the server has shown %d certificates, none of %s before others", len(chain), want)
	}
	return nil
}

// startTLS is the client's handshake on the control connection.
func (c *client) startTLS(o options) error {
	if c.in.Buffered() > 0 {
		return errors.New("bytes came before the handshake")
	}
	c.tcp.records = true
	t, err := o.shake(c.tcp, c.tickets)
	if err != nil || t == nil {
		return err
	}
	c.tls, c.private = t, c.rig.implicit
	c.in = bufio.NewReader(t)
	return nil
}

// endTLS sends close_notify, with clear bytes in the same segment, and waits
// for the server's.
func (c *client) endTLS(behind string) error {
	if c.tls == nil {
		return errors.New("there is no TLS to end")
	}
	c.tcp.hold = true
	if err := c.tls.CloseWrite(); err != nil {
		return err
	}
	c.tcp.SetWriteDeadline(time.Now().Add(patience))
	if err := c.tcp.release(behind); err != nil {
		return err
	}
	if err := c.closeNotify(); err != nil {
		return err
	}
	c.tls, c.tcp.records = nil, false
	c.in = bufio.NewReader(c.tcp)
	return nil
}

// closeNotify demands that the server ends TLS now, and does it in order.
func (c *client) closeNotify() error {
	c.tcp.SetReadDeadline(time.Now().Add(patience))
	line, err := c.in.ReadString('\n')
	switch {
	case err != io.EOF || line != "":
		return fmt.Errorf("got %q, %v, want the end of TLS", line, err)
	case c.tcp.ended:
		return errors.New("the connection ended without close_notify")
	}
	return nil
}

// ends demands that the server closes the connection: in TLS with
// close_notify, and never with a reset.
func (c *client) ends() error {
	if c.tls != nil {
		if err := c.closeNotify(); err != nil {
			return err
		}
		c.tls, c.tcp.records = nil, false
		c.in = bufio.NewReader(c.tcp)
	}
	c.tcp.SetReadDeadline(time.Now().Add(patience))
	if line, err := c.in.ReadString('\n'); err != io.EOF || line != "" {
		return fmt.Errorf("got %q, %v, want the end of the connection", line, err)
	}
	return c.tcp.Close()
}

// gone demands that the connection ends, however.
func (c *client) gone() error {
	c.tcp.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, c.in); isTimeout(err) {
		return errors.New("the connection is still open")
	}
	return c.tcp.Close()
}

// stream is a TCP connection. Under TLS it hands out one record at a time, so
// that clear bytes behind the server's close_notify are not lost in tls.Conn;
// and it tells whether the TCP stream ended.
type stream struct {
	net.Conn
	in      *bufio.Reader
	records bool
	left    int
	ended   bool
	hold    bool // writes wait for release
	held    []byte
}

func newStream(conn net.Conn) *stream { return &stream{Conn: conn, in: bufio.NewReader(conn)} }

func (s *stream) Read(p []byte) (int, error) {
	if s.records && s.left == 0 {
		header, err := s.in.Peek(5)
		if err != nil {
			s.ended = s.ended || err == io.EOF
			return 0, err
		}
		s.left = 5 + int(header[3])<<8 + int(header[4])
	}
	if s.records {
		p = p[:min(len(p), s.left)]
	}
	n, err := s.in.Read(p)
	if s.records {
		s.left -= n
	}
	s.ended = s.ended || err == io.EOF
	return n, err
}

func (s *stream) Write(p []byte) (int, error) {
	if s.hold {
		s.held = append(s.held, p...)
		return len(p), nil
	}
	return s.Conn.Write(p)
}

// release writes what was held, and more behind it, at once.
func (s *stream) release(more string) error {
	s.hold = false
	_, err := s.Conn.Write(append(s.held, more...))
	s.held = nil
	return err
}

// CloseWrite is TCP's half-close.
func (s *stream) CloseWrite() error { return s.Conn.(*net.TCPConn).CloseWrite() }
