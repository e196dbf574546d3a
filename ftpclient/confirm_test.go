package ftpclient_test

import (
	"io"
	"strings"
	"testing"

	"github.com/sealift/sealift/ftpclient"
)

// An appended file is looked at before and after.
func TestAppendIsConfirmed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		before, after string
		want          error
	}{
		{"213 5", "213 9", nil},
		{"213 5", "213 8", ftpclient.ErrIncomplete},
		{"550 none", "213 4", nil},
		{"550 none", "213 3", ftpclient.ErrIncomplete},
		{"502 no", "502 no", nil},
	} {
		t.Run(test.before+", "+test.after, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				s.login("")
				s.hear("TYPE I", "200 bytes")
				s.hear("SIZE f", test.before)
				s.passive()
				s.hear("APPE f", "150 go on")
				conn := s.private()
				io.Copy(io.Discard, conn)
				conn.Close()
				s.say("226 stored")
				s.hear("SIZE f", test.after)
				s.hear("QUIT", "221 bye")
			})
			n, err := dial(t, f.addr, f.options()).Append(t.Context(), "f", strings.NewReader("more"))
			if n != 4 || !sameKind(err, test.want) {
				t.Errorf("%d bytes, %v; want %v", n, err, test.want)
			}
		})
	}
}

func TestSkipSizeCheck(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("STOR f")
		io.Copy(io.Discard, conn)
		conn.Close()
		s.say("226 stored")
		s.hear("QUIT", "221 bye")
	})
	o := f.options()
	o.SkipSizeCheck = true
	store(t, dial(t, f.addr, o), "f", []byte("content"))
}
