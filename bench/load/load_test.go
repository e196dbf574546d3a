package load

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

func TestSession(t *testing.T) {
	for _, clear := range []bool{false, true} {
		t.Run(fmt.Sprintf("clear=%v", clear), func(t *testing.T) {
			s := dial(t, clear)
			for _, name := range []string{"up", "up"} {
				if err := s.Store(name, 100_000); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Store("nothing", 0); err != nil {
				t.Fatal(err)
			}
			if err := s.Retrieve("up", 100_000); err != nil {
				t.Fatal(err)
			}
			for _, verb := range []string{"MLSD", "LIST", "NLST"} {
				if n, err := s.List(verb, ""); n != 2 || err != nil {
					t.Errorf("%s: %d entries, %v; want 2", verb, n, err)
				}
			}
			if err := s.Noop(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSessionBelievesNothing: what is wrong is an error.
func TestSessionBelievesNothing(t *testing.T) {
	s := dial(t, false)
	if err := s.Store("there", 5); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why  string
		err  error
		part string
	}{
		{"a short file", s.Retrieve("there", 6), "has 5 bytes, not 6"},
		{"no file", s.Retrieve("missing", 6), "550"},
		{"another reply", s.Do(200, "PWD"), "257"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.part) {
			t.Errorf("%s: %v; want %q in it", c.why, c.err, c.part)
		}
	}
}

func dial(t *testing.T, clear bool) *Session {
	t.Helper()
	server := ftpservertest.Start(t, ftpservertest.Options{
		Config: ftpserver.Config{Policy: ftpserver.Policy{UnprotectedData: true}},
	})
	s, err := Dial(Options{Addr: server.Addr, User: server.User, Password: server.Password, TLS: server.ClientTLS(), Clear: clear})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Drop)
	return s
}
