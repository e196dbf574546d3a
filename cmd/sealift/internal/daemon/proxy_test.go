package daemon

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// lines takes the lines of a log.
type lines chan string

func (l lines) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// proxyPort is a listener that trusts the networks given.
func proxyPort(t *testing.T, log io.Writer, from ...netip.Prefix) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(log, nil))
	p := behindProxies(l, func() []netip.Prefix { return from }, func() *slog.Logger { return logger })
	t.Cleanup(func() { p.Close() })
	return p
}

func dialProxy(t *testing.T, l net.Listener, first []byte) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(first); err != nil {
		t.Fatal(err)
	}
	return conn
}

func header(t *testing.T, version byte) []byte {
	t.Helper()
	h := proxyproto.HeaderProxyFromAddrs(version, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 40000}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 21})
	b, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

func TestProxyHeader(t *testing.T) {
	l := proxyPort(t, io.Discard, loopback)
	dialProxy(t, l, nil) // holds nobody up
	peer := dialProxy(t, l, append(header(t, 2), "USER a\r\n"...))
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if conn.RemoteAddr().String() != "192.0.2.7:40000" {
		t.Errorf("the client is %v", conn.RemoteAddr())
	}
	r := bufio.NewReader(conn)
	if line, err := r.ReadString('\n'); line != "USER a\r\n" {
		t.Errorf("behind the header comes %q, %v", line, err)
	}
	if _, err := peer.Write([]byte("NOOP\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := r.ReadString('\n'); line != "NOOP\r\n" {
		t.Errorf("then %q, %v", line, err)
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(peer); len(rest) > 0 || err != nil {
		t.Errorf("the end is %q, %v", rest, err)
	}
}

func TestProxyHeaderRefused(t *testing.T) {
	for _, tt := range []struct {
		why   string
		from  netip.Prefix
		first []byte
		says  string
	}{
		{"from elsewhere", netip.MustParsePrefix("10.0.0.0/8"), header(t, 2), "not from a network"},
		{"of version 1, which others can write into a line", loopback, header(t, 1), "version 2"},
		{"none", loopback, []byte("USER alice and more than a header has\r\n"), "version 2"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			log := make(lines, 1)
			l := proxyPort(t, log, tt.from)
			conn := dialProxy(t, l, tt.first)
			// A reset, too, is an end.
			if n, _ := conn.Read(make([]byte, 1)); n > 0 {
				t.Error("the connection was answered")
			}
			l.Close()
			if _, err := l.Accept(); err == nil {
				t.Error("it was accepted")
			}
			if line := <-log; !strings.Contains(line, tt.says) {
				t.Errorf("the log has %q", line)
			}
		})
	}
}

func TestWithoutProxies(t *testing.T) {
	l := proxyPort(t, io.Discard)
	peer := dialProxy(t, l, nil)
	conn, err := l.Accept()
	if err != nil || conn.RemoteAddr().String() != peer.LocalAddr().String() {
		t.Fatal(conn, err)
	}
	conn.Close()
	l.Close()
	if _, err := l.Accept(); err == nil {
		t.Error("Accept goes on after Close")
	}
}

func TestPublicAddress(t *testing.T) {
	outside, here := netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("127.0.0.1")
	for _, tt := range []struct {
		why, name string
		client    netip.Addr
		want      netip.Addr
	}{
		{"nothing is set", "", outside, netip.Addr{}},
		{"it is told to clients", "203.0.113.5", outside, netip.MustParseAddr("203.0.113.5")},
		{"but not to programs on this machine", "203.0.113.5", here, netip.Addr{}},
		{"a name that was not looked up yet", "ftp.example", outside, netip.Addr{}},
	} {
		if got := newPublic(tt.name).answer(tt.client); got != tt.want {
			t.Errorf("%s: %v", tt.why, got)
		}
	}
	p := newPublic("localhost")
	p.lookUp(t.Context(), slog.New(slog.DiscardHandler))
	if got := p.answer(outside); got != here {
		t.Errorf("localhost is %v", got)
	}
}
