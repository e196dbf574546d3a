package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// client is a session of a script, under TLS.
type client struct {
	*textproto.Conn
	tls  *tls.Config
	host string
	data net.Conn // of an upload that has begun
}

func (c *client) close() {
	c.Conn.Close()
	if c.data != nil {
		c.data.Close()
	}
}

// login opens a session on $ADDR: login SESSION USER PASSWORD [CODE]; without
// a password by certificate.
func (s *script) login(ts *testscript.TestScript, args []string) {
	c := s.open(ts, args[0])
	if len(args) == 2 {
		c.command(ts, 232, "USER "+args[1])
		return
	}
	c.command(ts, 331, "USER "+args[1])
	code := 230
	if len(args) > 3 {
		code = number3(ts, args[3])
	}
	c.command(ts, code, "PASS "+args[2])
	if code == 230 {
		c.command(ts, 200, "PBSZ 0")
		c.command(ts, 200, "PROT P")
		c.command(ts, 200, "TYPE I")
	}
}

// anonymous opens a session without USER: anonymous SESSION.
func (s *script) anonymous(ts *testscript.TestScript, args []string) { s.open(ts, args[0]) }

// showNone makes clients show no certificate from now on.
func (s *script) showNone(*testscript.TestScript, []string) { s.certificate = nil }

// open connects and secures the connection.
func (s *script) open(ts *testscript.TestScript, name string) *client {
	pem, err := os.ReadFile(filepath.Join(ts.Getenv("SEALIFT_DATA_DIR"), "certs", "ca.pem"))
	ts.Check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	host, _, err := net.SplitHostPort(ts.Getenv("ADDR"))
	ts.Check(err)
	c := &client{host: host, tls: &tls.Config{RootCAs: roots, ServerName: host, ClientSessionCache: tls.NewLRUClientSessionCache(8)}}
	conn, err := net.Dial("tcp", ts.Getenv("ADDR"))
	ts.Check(err)
	ts.Check(conn.SetDeadline(time.Now().Add(patience)))
	c.Conn = textproto.NewConn(conn)
	c.expect(ts, 220)
	c.command(ts, 234, "AUTH TLS")
	c.Conn = textproto.NewConn(tls.Client(conn, c.tls))
	s.clients[name] = c
	if s.certificate != nil {
		c.tls.Certificates = []tls.Certificate{*s.certificate}
	}
	return c
}

// refuse demands that the server ends the handshake with whoever shows the
// certificate: refuse [SESSION], where the TLS session of that one is resumed.
func (s *script) refuse(ts *testscript.TestScript, args []string) {
	config := &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"}
	if len(args) > 0 {
		config = s.clients[args[0]].tls.Clone()
	}
	if s.certificate != nil { // whatever CAs the server names
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return s.certificate, nil }
	}
	conn, err := net.Dial("tcp", ts.Getenv("ADDR"))
	ts.Check(err)
	defer conn.Close()
	ts.Check(conn.SetDeadline(time.Now().Add(patience)))
	c := &client{Conn: textproto.NewConn(conn)}
	c.expect(ts, 220)
	c.command(ts, 234, "AUTH TLS")
	secured := textproto.NewConn(tls.Client(conn, config))
	if err := secured.PrintfLine("NOOP"); err != nil {
		return
	}
	if code, text, err := secured.ReadResponse(0); err == nil {
		ts.Fatalf("the handshake went well; the reply is %d %s", code, text)
	}
}

func number3(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func (c *client) expect(ts *testscript.TestScript, code int) string {
	got, text, err := c.ReadResponse(0)
	if err != nil || got != code {
		ts.Fatalf("the reply is %d %s (%v), not %d", got, text, err, code)
	}
	return text
}

func (c *client) command(ts *testscript.TestScript, code int, line string) string {
	ts.Check(c.PrintfLine("%s", line))
	return c.expect(ts, code)
}

// say sends a command, in which \e is ESC, and checks the reply: say SESSION
// CODE COMMAND…
func (s *script) say(ts *testscript.TestScript, args []string) {
	text := s.clients[args[0]].command(ts, number3(ts, args[1]), strings.ReplaceAll(strings.Join(args[2:], " "), `\e`, "\x1b"))
	ts.Logf("%s", text)
}

// hear takes a reply that nobody asked for: hear SESSION CODE.
func (s *script) hear(ts *testscript.TestScript, args []string) {
	s.clients[args[0]].expect(ts, number3(ts, args[1]))
}

// begin starts an upload and sends a half: begin SESSION PATH.
func (s *script) begin(ts *testscript.TestScript, args []string) {
	c := s.clients[args[0]]
	var port int
	_, err := fmt.Sscanf(c.command(ts, 229, "EPSV")[len("Entering Extended Passive Mode "):], "(|||%d|)", &port)
	ts.Check(err)
	raw, err := net.Dial("tcp", net.JoinHostPort(c.host, strconv.Itoa(port)))
	ts.Check(err)
	ts.Check(c.PrintfLine("STOR %s", args[1]))
	data := tls.Client(raw, c.tls)
	c.data = data
	_, err = data.Write(make([]byte, 1000))
	ts.Check(err)
	c.expect(ts, 150)
}

// finish sends the other half: finish SESSION CODE.
func (s *script) finish(ts *testscript.TestScript, args []string) {
	c := s.clients[args[0]]
	_, err := c.data.Write(make([]byte, 1000))
	ts.Check(err)
	ts.Check(c.data.Close())
	c.expect(ts, number3(ts, args[1]))
}
