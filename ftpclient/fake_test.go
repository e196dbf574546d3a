package ftpclient_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// fake is a server that does what a test says, right or wrong.
type fake struct {
	t    testing.TB
	l    net.Listener
	addr string
	ca   *authority
	pair tls.Certificate // of the control connection
	work sync.WaitGroup
}

// startFake plays script for each connection. Whatever goes wrong in a script
// fails the test, except that the client may go away at any time.
func startFake(t testing.TB, script func(s *session)) *fake {
	t.Helper()
	f := newFake(t)
	f.serve(script)
	return f
}

func newFake(t testing.TB) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, l: l, addr: l.Addr().String(), ca: newAuthority(t)}
	f.pair = f.ca.issue(t, certificate{names: []string{"localhost", "127.0.0.1"}})
	return f
}

func (f *fake) serve(script func(s *session)) {
	f.work.Go(func() {
		for {
			conn, err := f.l.Accept()
			if err != nil {
				return
			}
			f.work.Go(func() { f.play(conn, script) })
		}
	})
	f.t.Cleanup(func() {
		f.l.Close()
		f.work.Wait()
	})
}

func (f *fake) play(conn net.Conn, script func(*session)) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	s := &session{fake: f, conn: conn, raw: conn, r: bufio.NewReader(conn)}
	defer s.gone()
	script(s)
}

// options are those of a client that trusts the fake, with little patience.
func (f *fake) options() ftpclient.Options {
	return ftpclient.Options{
		TLS: &tls.Config{RootCAs: f.ca.pool()}, User: "user", Password: "password",
		Timeout: 10 * time.Second, StallTimeout: 10 * time.Second,
	}
}

// session is one control connection, seen from the server.
type session struct {
	*fake
	conn   net.Conn // raw, or TLS
	raw    net.Conn
	r      *bufio.Reader
	config *tls.Config
	data   net.Listener
	idle   bool // the client may send ABOR, since the end crosses it
}

// left is what ends a script when the client went away.
type left struct{ error }

// gone ends the script. What has arrived is read, so that the end of the
// connection does not become a reset that takes the last reply with it.
func (s *session) gone() {
	if s.data != nil {
		s.data.Close()
	}
	if r := recover(); r != nil {
		if _, ok := r.(left); !ok {
			panic(r)
		}
		return
	}
	if tcp, ok := s.raw.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
		tcp.SetDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, tcp)
	}
}

// say sends lines as they are; the last CR LF is added.
func (s *session) say(lines string) {
	if _, err := io.WriteString(s.conn, lines+"\r\n"); err != nil {
		panic(left{err})
	}
}

// line is the next command.
func (s *session) line() string {
	line, err := s.r.ReadString('\n')
	if err != nil {
		panic(left{err})
	}
	return strings.TrimSuffix(line, "\r\n")
}

// hear wants a command that begins with want, and answers it.
func (s *session) hear(want, reply string) {
	got := s.line()
	if s.idle && got == "ABOR" {
		s.say("225 nothing runs")
		got = s.line()
	}
	if s.idle = false; !strings.HasPrefix(got, want) {
		s.t.Errorf("the client says %q, want %q", got, want)
		panic(left{errors.New("out of step")})
	}
	if reply != "" {
		s.say(reply)
	}
}

// silent wants the client to go away without another word.
func (s *session) silent() {
	if line, err := s.r.ReadString('\n'); err == nil {
		s.t.Errorf("the client says %q, where it should have gone", line)
	}
}

func (s *session) startTLS() {
	s.config = &tls.Config{Certificates: []tls.Certificate{s.pair}}
	conn := tls.Server(s.raw, s.config)
	if err := conn.Handshake(); err != nil {
		panic(left{err})
	}
	s.conn, s.r = conn, bufio.NewReader(conn)
}

// greet goes as far as the handshake.
func (s *session) greet() {
	s.say("220 fake")
	s.hear("AUTH TLS", "234 go on")
	s.startTLS()
}

// login goes as far as the client does by itself. features are lines between
// those of FEAT; "": FEAT is not known.
func (s *session) login(features string) {
	s.greet()
	s.enter(features)
}

func (s *session) enter(features string) {
	s.hear("USER user", "331 password")
	s.hear("PASS password", "230 in")
	s.hear("PBSZ 0", "200 fine")
	s.hear("PROT P", "200 fine")
	if features == "" {
		s.hear("FEAT", "502 no")
		return
	}
	s.hear("FEAT", "211-These:\r\n"+features+"\r\n211 End")
}

// passive answers EPSV; the transfer command comes next.
func (s *session) passive() {
	s.listen()
	s.hear("EPSV", fmt.Sprintf("229 here (|||%d|)", s.port()))
}

func (s *session) listen() {
	if s.data != nil {
		s.data.Close()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Error(err)
		panic(left{err})
	}
	s.data = l
}

func (s *session) port() int { return s.data.Addr().(*net.TCPAddr).Port }

// accept takes the data connection. What is not read when the test ends does
// not matter.
func (s *session) accept() *net.TCPConn {
	s.data.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	conn, err := s.data.Accept()
	if err != nil {
		panic(left{err})
	}
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn.(*net.TCPConn)
}

// private is accept and the handshake.
func (s *session) private() *tls.Conn {
	conn := tls.Server(s.accept(), s.config)
	if err := conn.Handshake(); err != nil {
		conn.Close()
		panic(left{err})
	}
	return conn
}

// begin is a transfer up to its data connection.
func (s *session) begin(command string) *tls.Conn {
	s.hear("TYPE I", "200 bytes")
	s.passive()
	s.hear(command, "150 here it comes")
	return s.private()
}

// send sends content and ends as it should be.
func send(conn *tls.Conn, content []byte) {
	conn.Write(content)
	conn.CloseWrite()
	io.Copy(io.Discard, conn)
	conn.Close()
}

// reset closes a connection in a way that the other end sees as a failure.
func reset(conn *tls.Conn) {
	tcp := conn.NetConn().(*net.TCPConn)
	tcp.SetLinger(0)
	tcp.Close()
}

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

type certificate struct {
	names   []string // IP addresses too
	subject string
	expired bool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{}
	pair := a.issue(t, certificate{subject: "authority"})
	a.cert, a.key = pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// issue makes a certificate; that of an authority if there is none yet.
func (a *authority) issue(t testing.TB, c certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: c.subject},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if c.expired {
		template.NotAfter = time.Now().Add(-time.Hour)
	}
	for _, name := range c.names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		template.IsCA, template.BasicConstraintsValid = true, true
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
