package ftpclient_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"github.com/sealift/sealift/ftpclient"
)

func TestDownloadIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why   string
		reply func(s *session)
		want  string
	}{
		{"before the data connection is looked at", func(s *session) { s.hear("RETR f", "550 no such file") }, "550"},
		{"after 150, without a data connection", func(s *session) { s.hear("RETR f", "150 soon\r\n425 nobody came") }, "425"},
		{"because the session was not resumed", func(s *session) {
			s.hear("RETR f", "150 soon")
			s.accept().Close()
			s.say("522 session reuse required")
		}, "522"},
		{"after REST", func(s *session) { s.hear("RETR f", "554 too far") }, "554"},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			offset := int64(0)
			f := startFake(t, func(s *session) {
				s.login("")
				s.hear("TYPE I", "200 bytes")
				s.passive()
				if test.want == "554" {
					s.hear("REST 10", "350 fine")
				}
				test.reply(s)
				s.hear("PWD", "257 \"/\"")
				if test.want == "554" { // the offset may still stand
					s.passive()
					s.hear("REST 0", "350 fine")
					s.hear("RETR f", "550 no such file")
				}
				s.hear("QUIT", "221 bye")
			})
			if test.want == "554" {
				offset = 10
			}
			c := dial(t, f.addr, f.options())
			_, err := c.Retrieve(t.Context(), "f", offset)
			if _, ok := errors.AsType[*ftpclient.ReplyError](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
			usable(t, c)
			if offset > 0 {
				if _, err := c.Retrieve(t.Context(), "f", 0); err == nil {
					t.Error("no error")
				}
			}
		})
	}
}

// T8: the data connection shows the certificate that was verified, or resumes
// the session.
func TestOtherCertificateOnData(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("TYPE I", "200 bytes")
		s.passive()
		s.hear("RETR f", "150 soon")
		other := s.ca.issue(s.t, certificate{names: []string{"127.0.0.1"}}) // valid, and another one
		conn := tls.Server(s.accept(), &tls.Config{Certificates: []tls.Certificate{other}})
		conn.Handshake()
		conn.Write([]byte("forged"))
		conn.Close()
		s.say("426 cut")
		s.hear("PWD", "257 \"/\"")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	_, err := read(t.Context(), c, "f", 0)
	if bad, ok := errors.AsType[*ftpclient.CertificateError](err); !ok || !bad.Data || len(bad.Chain) == 0 {
		t.Errorf("got %v", err)
	}
	usable(t, c)
}

// A server may do without 150, and without data, for nothing.
func TestNothingToSend(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("TYPE I", "200 bytes")
		s.passive()
		s.hear("RETR f", "226 done")
		send(s.private(), nil)
		s.hear("QUIT", "221 bye")
	})
	if got := retrieve(t, dial(t, f.addr, f.options()), "f", 0); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}
