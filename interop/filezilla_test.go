package interop

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// filezilla says what FileZilla 3.63 says, in its order: it has no command
// line to drive. It offers two names in ALPN and resumes the TLS session on
// each data connection.
type filezilla struct {
	t       *testing.T
	g       target
	tls     *tls.Config
	control *textproto.Conn
}

func dialFilezilla(t *testing.T, g target) *filezilla {
	t.Helper()
	pem, err := os.ReadFile(g.ca())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	version := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[g.link.tls]
	z := &filezilla{t: t, g: g, tls: &tls.Config{
		RootCAs: roots, ServerName: g.host, MinVersion: version, MaxVersion: version,
		NextProtos:         []string{"ftp", "x-filezilla-ftp"},
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}}
	conn, err := net.Dial("tcp", net.JoinHostPort(g.host, g.port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if !g.implicit {
		z.control = textproto.NewConn(conn)
		z.expect(220)
		z.say(234, "AUTH TLS")
	}
	z.control = textproto.NewConn(z.secure(conn))
	if g.implicit {
		z.expect(220)
	}
	return z
}

func (z *filezilla) secure(conn net.Conn) *tls.Conn {
	z.t.Helper()
	secure := tls.Client(conn, z.tls)
	if err := secure.Handshake(); err != nil {
		z.t.Fatal(err)
	}
	if alpn := secure.ConnectionState().NegotiatedProtocol; alpn != "ftp" {
		z.t.Errorf("the server chose %q in ALPN, want ftp", alpn)
	}
	return secure
}

func (z *filezilla) expect(code int) string {
	z.t.Helper()
	_, text, err := z.control.ReadResponse(code)
	if err != nil {
		z.t.Fatal(err)
	}
	return text
}

func (z *filezilla) say(code int, format string, args ...any) string {
	z.t.Helper()
	if err := z.control.PrintfLine(format, args...); err != nil {
		z.t.Fatal(err)
	}
	return z.expect(code)
}

// login is what FileZilla says each time that it connects.
func (z *filezilla) login() {
	z.say(331, "USER %s", z.g.account.name)
	z.say(230, "PASS %s", z.g.password)
	shows(z.t, z.say(215, "SYST"), "UNIX")
	shows(z.t, z.say(211, "FEAT"), "UTF8", "CLNT", "MLST", "MFMT", "REST STREAM", "PBSZ", "PROT", "EPSV")
	z.say(200, "CLNT FileZilla")
	z.say(200, "OPTS UTF8 ON")
	z.say(200, "PBSZ 0")
	z.say(200, "PROT P")
	z.say(200, "OPTS MLST type;size;modify;perm;unix.mode;")
}

var endOfPASV = regexp.MustCompile(`(\d+),(\d+)\)`)

// passive opens the next data connection the way FileZilla does: PASV on
// IPv4, EPSV on IPv6, and only the port of the answer counts.
func (z *filezilla) passive() net.Conn {
	z.t.Helper()
	var port int
	if z.g.ipv6 {
		fmt.Sscanf(epsvPort.FindStringSubmatch(z.say(229, "EPSV"))[1], "%d", &port)
	} else {
		digits := endOfPASV.FindStringSubmatch(z.say(227, "PASV"))
		high, _ := strconv.Atoi(digits[1])
		low, _ := strconv.Atoi(digits[2])
		port = high<<8 | low
	}
	return z.dialData(net.JoinHostPort(z.g.host, strconv.Itoa(port)))
}

func (z *filezilla) dialData(address string) net.Conn {
	z.t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		z.t.Fatal(err)
	}
	z.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		z.t.Fatal(err)
	}
	return conn
}

// active listens for the server's connection.
func (z *filezilla) active() func() net.Conn {
	z.t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(z.g.host, "0"))
	if err != nil {
		z.t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if z.g.ipv6 {
		z.say(200, "EPRT |2|%s|%d|", z.g.host, port)
	} else {
		z.say(200, "PORT %s,%d,%d", strings.ReplaceAll(z.g.host, ".", ","), port>>8, port&0xff)
	}
	return func() net.Conn {
		defer l.Close()
		conn, err := l.Accept()
		if err != nil {
			z.t.Fatal(err)
		}
		return conn
	}
}

// transfer runs one transfer command and its data connection.
func (z *filezilla) transfer(use func(*tls.Conn) error, format string, args ...any) {
	z.t.Helper()
	z.say(200, "TYPE I")
	var open func() net.Conn
	if z.g.link.active {
		open = z.active()
	} else {
		conn := z.passive()
		open = func() net.Conn { return conn }
	}
	z.say(150, format, args...)
	data := z.secure(open())
	if !data.ConnectionState().DidResume {
		z.t.Errorf(format+": the data connection does not resume the session", args...)
	}
	if err := errors.Join(use(data), data.Close()); err != nil {
		z.t.Fatalf(format+": %v", append(args, err)...)
	}
	z.expect(226)
}

func (z *filezilla) receive(format string, args ...any) string {
	z.t.Helper()
	var got bytes.Buffer
	z.transfer(func(data *tls.Conn) error {
		_, err := io.Copy(&got, data)
		return err
	}, format, args...)
	return got.String()
}

func (z *filezilla) send(content []byte, format string, args ...any) {
	z.t.Helper()
	z.transfer(func(data *tls.Conn) error {
		_, err := data.Write(content)
		return err
	}, format, args...)
}

func TestFilezilla(t *testing.T) {
	t.Parallel()
	overLinks(t, standard, every, testFilezilla)
}

func TestFilezillaWhereBindingIsRequired(t *testing.T) {
	t.Parallel()
	overLinks(t, demanding, every, testFilezilla)
}

func testFilezilla(t *testing.T, g target) {
	z := dialFilezilla(t, g)
	z.login()
	file := makeFile(t, filepath.Join(t.TempDir(), "sent.bin"), 1<<20)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	shows(t, z.say(257, "PWD"), `"/"`)
	if listing := z.receive("MLSD"); listing != "" {
		t.Errorf("an empty home lists %q", listing)
	}
	z.say(257, "MKD in")
	z.say(250, "CWD /in")
	shows(t, z.say(257, "PWD"), `"/in"`)
	z.send(content, "STOR a b.bin")
	z.say(213, "MFMT 20210304050607 a b.bin")
	same(t, file, filepath.Join(g.home, "in", "a b.bin"))
	shows(t, strings.ToLower(z.receive("MLSD")), "type=file;", "size=1048576;", "modify=20210304050607;", "; a b.bin\r\n")

	shows(t, z.say(213, "SIZE a b.bin"), "1048576")
	shows(t, z.say(213, "MDTM a b.bin"), "20210304050607")
	if got := z.receive("RETR a b.bin"); got != string(content) {
		t.Errorf("RETR brought %d other bytes", len(got))
	}
	z.say(350, "REST 500000")
	if got := z.receive("RETR a b.bin"); got != string(content[500_000:]) {
		t.Errorf("RETR after REST brought %d other bytes", len(got))
	}

	z.say(250, "CWD /")
	z.send(content[:400_000], "STOR rest.bin")
	z.say(350, "REST 400000")
	z.send(content[400_000:800_000], "STOR rest.bin")
	z.send(content[800_000:], "APPE rest.bin")
	sameBytes(t, file, filepath.Join(g.home, "rest.bin"))

	z.say(200, "SITE CHMOD 600 rest.bin")
	z.say(350, "RNFR rest.bin")
	z.say(250, "RNTO moved.bin")
	z.say(250, "DELE moved.bin")
	absent(t, filepath.Join(g.home, "rest.bin"))
	absent(t, filepath.Join(g.home, "moved.bin"))
	z.say(257, "MKD gone")
	z.say(250, "RMD gone")
	absent(t, filepath.Join(g.home, "gone"))
	z.say(200, "NOOP")
	z.say(221, "QUIT")
}
