package ftpclient_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

// The first route that works is kept.
func TestRoutes(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("TYPE I", "200 bytes")
		s.hear("EPSV", "502 no")
		for range 2 {
			s.listen()
			// T10: an address in the reply counts for nothing.
			s.hear("PASV", fmt.Sprintf("227 (192,0,2,1,%d,%d)", s.port()>>8, s.port()&255))
			s.hear("RETR f", "150 here")
			send(s.private(), []byte("x"))
			s.say("226 done")
		}
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	for range 2 {
		if got := retrieve(t, c, "f", 0); string(got) != "x" {
			t.Errorf("got %q", got)
		}
	}
}

// A port that nobody reaches, as behind a firewall, is no reason to give up.
func TestRouteThatLeadsNowhere(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("TYPE I", "200 bytes")
		s.listen()
		s.data.Close()
		s.hear("EPSV", fmt.Sprintf("229 (|||%d|)", s.port()))
		s.listen()
		s.hear("PASV", fmt.Sprintf("227 (192,0,2,1,%d,%d)", s.port()>>8, s.port()&255))
		s.hear("RETR f", "150 here")
		send(s.private(), []byte("x"))
		s.say("226 done")
		s.hear("QUIT", "221 bye")
	})
	if got := retrieve(t, dial(t, f.addr, f.options()), "f", 0); string(got) != "x" {
		t.Errorf("got %q", got)
	}
}

func TestNoRoute(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("TYPE I", "200 bytes")
		s.hear("EPSV", "229 (nonsense)")
		s.hear("PASV", "425 no port free")
		s.hear("PWD", "257 \"/\"")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	_, err := c.Retrieve(t.Context(), "f", 0)
	if !errors.Is(err, ftpclient.ErrProtocol) || !sameKind(err, new(ftpclient.ReplyError)) {
		t.Errorf("got %v", err)
	}
	usable(t, c)
}

// Through a proxy the machine is named as the caller named it: the address of
// the connection is the proxy's.
func TestRouteThroughProxy(t *testing.T) {
	t.Parallel()
	s := ftpservertest.Start(t, ftpservertest.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var asked []string
	o := options(s)
	o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		asked = append(asked, address)
		mu.Unlock()
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		return proxied{conn}, err
	}
	store(t, dial(t, net.JoinHostPort("ftp.inside.example", port), o), "f", []byte("x"))
	for _, address := range asked {
		if !strings.HasPrefix(address, "ftp.inside.example:") {
			t.Errorf("the proxy was asked for %s", address)
		}
	}
	if len(asked) != 2 {
		t.Errorf("%d connections", len(asked))
	}
}

// proxied is a connection that comes from a proxy.
type proxied struct{ net.Conn }

func (proxied) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 1080} }

func TestActive(t *testing.T) {
	t.Parallel()
	s := ftpservertest.Start(t, ftpservertest.Options{})
	for _, test := range []struct {
		why    string
		change func(*ftpclient.Options)
	}{
		{"at the own address", func(*ftpclient.Options) {}},
		{"at a port that was chosen", func(o *ftpclient.Options) { o.ActiveAddress = netip.AddrPortFrom(netip.Addr{}, freePort(t)) }},
		{"at an address that was chosen", func(o *ftpclient.Options) {
			o.ActiveAddress = netip.MustParseAddrPort("127.0.0.1:0")
		}},
	} {
		o := options(s)
		o.Routes = []ftpclient.Route{ftpclient.Active}
		test.change(&o)
		c := dial(t, s.Addr, o)
		for range 3 {
			store(t, c, "f", []byte("content"))
			if got := retrieve(t, c, "f", 0); string(got) != "content" {
				t.Errorf("%s: got %q", test.why, got)
			}
		}
	}
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// Active mode that the server refuses, or cannot make work, leads to the next
// route.
func TestActiveThenPassive(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		refuse func(s *session)
	}{
		{"PORT is refused", func(s *session) { s.hear("PORT", "502 switched off") }},
		{"the server cannot connect", func(s *session) {
			s.hear("PORT", "200 fine")
			s.hear("RETR f", "425 no way to you")
		}},
		{"the server does not connect", func(s *session) {
			s.hear("PORT", "200 fine")
			s.hear("RETR f", "150 soon")
			s.hear("ABOR", "426 cut\r\n226 aborted")
		}},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				s.login("")
				s.hear("TYPE I", "200 bytes")
				test.refuse(s)
				s.passive()
				s.hear("RETR f", "150 here")
				send(s.private(), []byte("x"))
				s.say("226 done")
				s.hear("QUIT", "221 bye")
			})
			o := f.options()
			o.Timeout = time.Second
			o.Routes = []ftpclient.Route{ftpclient.Active, ftpclient.ExtendedPassive}
			if got := retrieve(t, dial(t, f.addr, o), "f", 0); string(got) != "x" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// In active mode nobody but the server gets a connection.
func TestActiveIsForTheServerAlone(t *testing.T) {
	t.Parallel()
	stranger := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("TYPE I", "200 bytes")
		var h [4]int
		var p1, p2 int
		line := s.line()
		if _, err := fmt.Sscanf(line, "PORT %d,%d,%d,%d,%d,%d", &h[0], &h[1], &h[2], &h[3], &p1, &p2); err != nil {
			s.t.Errorf("%q: %v", line, err)
		}
		s.say("200 fine")
		s.hear("RETR f", "150 here")
		address := fmt.Sprintf("127.0.0.1:%d", p1<<8|p2)
		if conn, err := stranger.Dial("tcp", address); err == nil {
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			if n, err := conn.Read(make([]byte, 1)); err == nil {
				s.t.Errorf("the stranger got %d bytes", n)
			}
			conn.Close()
		}
		conn, err := net.Dial("tcp", address)
		if err != nil {
			s.t.Error(err)
			return
		}
		private := tls.Server(conn, s.config)
		if err := private.Handshake(); err != nil {
			s.t.Error(err)
		}
		send(private, []byte("x"))
		s.say("226 done")
		s.hear("QUIT", "221 bye")
	})
	o := f.options()
	o.Routes = []ftpclient.Route{ftpclient.Active}
	if got := retrieve(t, dial(t, f.addr, o), "f", 0); string(got) != "x" {
		t.Errorf("got %q", got)
	}
}

// A transfer that is cancelled while its data connection is made leaves
// nothing behind.
func TestCancelledBeforeData(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("TYPE I", "200 bytes")
		s.passive()
		s.hear("RETR f", "150 soon")
		conn := s.accept() // and no handshake
		defer conn.Close()
		cancel()
		s.hear("ABOR", "426 cut\r\n226 aborted")
		s.hear("PWD", "257 \"/\"")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	if _, err := c.Retrieve(ctx, "f", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	usable(t, c)
}

// Some servers begin the handshake after 150, some before, some answer late.
func TestHandshakeBesideTheReply(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("TYPE I", "200 bytes")
		s.passive()
		s.hear("RETR f", "")
		conn := s.private()
		s.say("150 now")
		send(conn, []byte("x"))
		s.say("226 done")
		s.hear("QUIT", "221 bye")
	})
	if got := retrieve(t, dial(t, f.addr, f.options()), "f", 0); string(got) != "x" {
		t.Errorf("got %q", got)
	}
}

func TestClearDataWhereItIsRefused(t *testing.T) {
	t.Parallel()
	s := ftpservertest.Start(t, ftpservertest.Options{Config: ftpserver.Config{}})
	o := options(s)
	o.ClearData = true
	if _, err := ftpclient.Dial(t.Context(), s.Addr, o); !sameKind(err, new(ftpclient.ReplyError)) {
		t.Errorf("got %v", err)
	}
}
