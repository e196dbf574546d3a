package ftpservertest_test

import (
	"crypto/tls"
	"net"
	"net/textproto"
	"testing"

	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

// A test of one's own FTP client needs no more than this.
func Example() {
	test := func(t *testing.T) {
		server := ftpservertest.Start(t, ftpservertest.Options{User: "alice", Password: "secret"})
		// Point the client under test at server.Addr, with server.ClientTLS().
		_ = server.Addr
	}
	_ = test
}

func TestStart(t *testing.T) {
	t.Parallel()
	server := ftpservertest.Start(t, ftpservertest.Options{User: "alice", Password: "secret"})
	for _, test := range []struct {
		why string
		c   *textproto.Conn
	}{
		{"explicit FTPS", explicit(t, server)},
		{"implicit FTPS", implicit(t, server)},
	} {
		t.Run(test.why, func(t *testing.T) {
			for _, step := range []struct {
				line string
				code int
			}{{"USER alice", 331}, {"PASS wrong", 530}, {"USER alice", 331}, {"PASS secret", 230}, {"PWD", 257}, {"QUIT", 221}} {
				if err := test.c.PrintfLine("%s", step.line); err != nil {
					t.Fatal(err)
				}
				if _, _, err := test.c.ReadResponse(step.code); err != nil {
					t.Fatalf("%s: %v", step.line, err)
				}
			}
		})
	}
}

func explicit(t *testing.T, s *ftpservertest.Server) *textproto.Conn {
	t.Helper()
	conn := dial(t, s.Addr)
	clear := textproto.NewConn(conn)
	if _, _, err := clear.ReadResponse(220); err != nil {
		t.Fatal(err)
	}
	if err := clear.PrintfLine("AUTH TLS"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := clear.ReadResponse(234); err != nil {
		t.Fatal(err)
	}
	return textproto.NewConn(tls.Client(conn, s.ClientTLS()))
}

func implicit(t *testing.T, s *ftpservertest.Server) *textproto.Conn {
	t.Helper()
	c := textproto.NewConn(tls.Client(dial(t, s.ImplicitAddr), s.ClientTLS()))
	if _, _, err := c.ReadResponse(220); err != nil {
		t.Fatal(err)
	}
	return c
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
