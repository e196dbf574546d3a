package ftpclient_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

func TestDial(t *testing.T) {
	t.Parallel()
	s := ftpservertest.Start(t, ftpservertest.Options{
		Config: ftpserver.Config{Policy: ftpserver.Policy{UnprotectedCommands: true, UnprotectedData: true}},
	})
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		why     string
		address string
		change  func(*ftpclient.Options)
		private bool // control
		data    bool // private data
	}{
		{"explicit TLS is what nobody has to ask for", s.Addr, func(*ftpclient.Options) {}, true, true},
		{"implicit TLS", s.ImplicitAddr, func(o *ftpclient.Options) { o.Security = ftpclient.Implicit }, true, true},
		{"clear text, if asked for", s.Addr, func(o *ftpclient.Options) { o.Security = ftpclient.Plaintext }, false, false},
		{"data in clear, if asked for", s.Addr, func(o *ftpclient.Options) { o.ClearData = true }, true, false},
		{"a name", "localhost:" + port, func(*ftpclient.Options) {}, true, true},
		{"PASV", s.Addr, func(o *ftpclient.Options) { o.Routes = []ftpclient.Route{ftpclient.Passive} }, true, true},
		{"PORT", s.Addr, func(o *ftpclient.Options) { o.Routes = []ftpclient.Route{ftpclient.Active} }, true, true},
		{"TLS 1.2", s.Addr, func(o *ftpclient.Options) { o.TLS.MaxVersion = tls.VersionTLS12 }, true, true},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			o := options(s)
			test.change(&o)
			c := dial(t, test.address, o)
			if c.Greeting().Code != 220 {
				t.Errorf("greeting: %v", c.Greeting())
			}
			name := strings.ReplaceAll(test.why, " ", "-")
			store(t, c, name, []byte("content"))
			if got := retrieve(t, c, name, 3); string(got) != "tent" {
				t.Errorf("got %q", got)
			}
			_, private := c.ConnectionState()
			_, data := c.DataState()
			if private != test.private || data != test.data {
				t.Errorf("control %v, data %v, want %v, %v", private, data, test.private, test.data)
			}
		})
	}
}

func TestDialIPv6(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here:", err)
	}
	s := ftpservertest.Start(t, ftpservertest.Options{})
	go s.Serve(l)
	for _, route := range []ftpclient.Route{ftpclient.ExtendedPassive, ftpclient.Active} {
		o := options(s)
		o.Routes = []ftpclient.Route{route}
		store(t, dial(t, l.Addr().String(), o), "f", []byte("content"))
	}
}

// sameKind compares the types of errors of this package.
func sameKind(got, want error) bool {
	switch want.(type) {
	case nil:
		return got == nil
	case *ftpclient.HostnameError:
		return errors.As(got, new(*ftpclient.HostnameError))
	case *ftpclient.CertificateError:
		return errors.As(got, new(*ftpclient.CertificateError))
	case *ftpclient.TLSError:
		return errors.As(got, new(*ftpclient.TLSError))
	case *ftpclient.ConnectError:
		return errors.As(got, new(*ftpclient.ConnectError))
	case *ftpclient.InterruptedError:
		return errors.As(got, new(*ftpclient.InterruptedError))
	case *ftpclient.ReplyError:
		return errors.As(got, new(*ftpclient.ReplyError))
	}
	return errors.Is(got, want)
}

func TestDialFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		script func(s *session)
		want   error
	}{
		{"refused AUTH never leads on in clear", func(s *session) {
			s.say("220 hi")
			s.hear("AUTH TLS", "534 by policy")
			s.silent()
		}, ftpclient.ErrTLSRefused},
		{"neither name of TLS is known", func(s *session) {
			s.say("220 hi")
			s.hear("AUTH TLS", "500 what?")
			s.hear("AUTH SSL", "500 what?")
			s.silent()
		}, ftpclient.ErrTLSRefused},
		{"a reply behind that to AUTH may be forged", func(s *session) {
			s.say("220 hi")
			s.hear("AUTH TLS", "234 ok\r\n230 in")
			s.silent()
		}, ftpclient.ErrPipelinedReply},
		{"one byte behind the reply to AUTH is enough", func(s *session) {
			s.say("220 hi")
			s.hear("AUTH TLS", "")
			s.conn.Write([]byte("234 ok\r\n\x16"))
			s.silent()
		}, ftpclient.ErrPipelinedReply},
		{"clear text where TLS should begin", func(s *session) {
			s.say("220 hi")
			s.hear("AUTH TLS", "234 ok")
			s.r.Peek(1)
			s.say("500 OOPS: no key")
		}, new(ftpclient.TLSError)},
		{"PROT P refused: no file would be private", func(s *session) {
			s.greet()
			s.hear("USER", "331 pw")
			s.hear("PASS", "230 in")
			s.hear("PBSZ", "200 fine")
			s.hear("PROT P", "534 not here")
			s.silent()
		}, ftpclient.ErrTLSRefused},
		{"wrong password", func(s *session) {
			s.greet()
			s.hear("USER", "331 pw")
			s.hear("PASS", "530 wrong")
			s.silent()
		}, fs.ErrPermission},
		{"an account is needed that is not there", func(s *session) {
			s.greet()
			s.hear("USER", "332 account")
			s.hear("ACCT", "530 wrong")
			s.silent()
		}, fs.ErrPermission},
		{"full", func(s *session) { s.say("421 full"); s.silent() }, new(ftpclient.ReplyError)},
		{"gone after the greeting", func(s *session) { s.say("220 hi") }, ftpclient.ErrLost},
		{"another protocol", func(s *session) { s.say("SSH-2.0-OpenSSH_9.2"); s.silent() }, ftpclient.ErrProtocol},
		{"a line without an end", func(s *session) { s.say(strings.Repeat("220 x", 2000)); s.silent() }, ftpclient.ErrProtocol},
		{"a reply without an end", func(s *session) {
			s.say("220-x" + strings.Repeat("\r\n y"+strings.Repeat("z", 1000), 100))
			s.silent()
		}, ftpclient.ErrProtocol},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, test.script)
			c, err := ftpclient.Dial(t.Context(), f.addr, f.options())
			if err == nil {
				c.Close()
			}
			if !sameKind(err, test.want) {
				t.Errorf("got %T %v, want %T %v", err, err, test.want, test.want)
			}
		})
	}
}

func TestDialTakesOddServers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		script func(s *session)
	}{
		{"a greeting that takes its time, then many lines", func(s *session) {
			s.say("120 soon\r\n220-Hello\r\n220-\r\n 220 not yet\r\n220 now")
			s.hear("AUTH TLS", "234 go on")
			s.startTLS()
			s.enter("")
		}},
		{"only the old name of TLS is known", func(s *session) {
			s.say("220 hi")
			s.hear("AUTH TLS", "504 what?")
			s.hear("AUTH SSL", "334 go on")
			s.startTLS()
			s.enter("")
		}},
		{"no password is asked for", func(s *session) {
			s.greet()
			s.hear("USER", "232 the certificate will do")
			s.hear("PBSZ", "200 fine")
			s.hear("PROT P", "200 fine")
			s.hear("FEAT", "211 nothing")
		}},
		{"an account is asked for", func(s *session) {
			s.greet()
			s.hear("USER", "331 pw")
			s.hear("PASS", "332 account")
			s.hear("ACCT books", "202 not needed, but fine")
			s.hear("PBSZ", "500 what?")
			s.hear("PROT P", "200 fine")
			s.hear("FEAT", "211 nothing")
		}},
		{"UTF8 is offered", func(s *session) {
			s.login(" CLNT\r\n UTF8")
			s.hear("CLNT Sealift", "500 no")
			s.hear("OPTS UTF8 ON", "504 no")
		}},
		{"bare line feeds, codes without text, Telnet", func(s *session) {
			s.say("220\n\xff\xfb\x01\xff\xf1")
			s.conn.(*net.TCPConn).CloseWrite()
		}},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				test.script(s)
				s.hear("QUIT", "221 bye")
			})
			o := f.options()
			o.Account = "books"
			if strings.HasPrefix(test.why, "bare") {
				o.Security, o.User = ftpclient.Plaintext, ""
			}
			dial(t, f.addr, o).Close()
		})
	}
}

// A server that says nothing more, at each step, is left when the context ends
// and when the time is up.
func TestDialDoesNotHang(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why    string
		script func(s *session)
	}{
		{"no greeting", func(s *session) {}},
		{"no answer to AUTH", func(s *session) { s.say("220 hi"); s.hear("AUTH", "") }},
		{"no handshake", func(s *session) { s.say("220 hi"); s.hear("AUTH", "234 ok") }},
		{"half a reply", func(s *session) { s.say("220-hi") }},
		{"no answer to USER", func(s *session) { s.greet(); s.hear("USER", "") }},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			stuck := make(chan struct{}, 2)
			f := startFake(t, func(s *session) {
				test.script(s)
				stuck <- struct{}{}
				for s.r.Discard(1 << 20); ; { // until the client goes
					if _, err := s.r.ReadByte(); err != nil {
						return
					}
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { <-stuck; cancel() }()
			if _, err := ftpclient.Dial(ctx, f.addr, f.options()); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
			o := f.options()
			o.Timeout = 200 * time.Millisecond
			if _, err := ftpclient.Dial(t.Context(), f.addr, o); !errors.Is(err, ftpclient.ErrTimeout) {
				t.Errorf("time is up: %v", err)
			}
		})
	}
}

func TestDialNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = ftpclient.Dial(t.Context(), l.Addr().String(), ftpclient.Options{})
	if !errors.Is(err, ftpclient.ErrRefused) || !sameKind(err, new(ftpclient.ConnectError)) {
		t.Errorf("refused: %v", err)
	}
	never := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err = ftpclient.Dial(t.Context(), "h", ftpclient.Options{DialContext: never, Timeout: time.Millisecond})
	if !errors.Is(err, ftpclient.ErrTimeout) || !sameKind(err, new(ftpclient.ConnectError)) {
		t.Errorf("timeout: %v", err)
	}
}

func TestDialRefusesOptions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why     string
		address string
		o       ftpclient.Options
	}{
		{"no host", "", ftpclient.Options{}},
		{"no host before the port", ":21", ftpclient.Options{}},
		{"a URL is no address", "ftp://host/", ftpclient.Options{}},
		{"a line end in the host", "ho\r\nst", ftpclient.Options{}},
		{"a pin that is none", "host", ftpclient.Options{Pins: []string{"sha256//xx"}}},
		{"a pin of another length", "host", ftpclient.Options{Pins: []string{"00ff"}}},
	} {
		test.o.DialContext = func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%s: a connection was made", test.why)
			return nil, errors.New("no")
		}
		if _, err := ftpclient.Dial(t.Context(), test.address, test.o); err == nil {
			t.Errorf("%s: no error", test.why)
		}
	}
}

func TestDialAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		address  string
		security ftpclient.Security
		want     string
	}{
		{"host", ftpclient.Explicit, "host:21"},
		{"host", ftpclient.Implicit, "host:990"},
		{"host:2121", ftpclient.Implicit, "host:2121"},
		{"192.0.2.1", ftpclient.Plaintext, "192.0.2.1:21"},
		{"2001:db8::1", ftpclient.Explicit, "[2001:db8::1]:21"},
		{"[2001:db8::1]", ftpclient.Explicit, "[2001:db8::1]:21"},
		{"[2001:db8::1]:2121", ftpclient.Explicit, "[2001:db8::1]:2121"},
		{"fe80::1%eth0", ftpclient.Explicit, "[fe80::1%eth0]:21"},
	} {
		got := ""
		o := ftpclient.Options{Security: test.security, DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			got = address
			return nil, errors.New("no")
		}}
		if _, err := ftpclient.Dial(t.Context(), test.address, o); err == nil || got != test.want {
			t.Errorf("%s: got %s, %v, want %s", test.address, got, err, test.want)
		}
	}
}
