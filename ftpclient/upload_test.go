package ftpclient_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// What an upload may meet, and what is then to be known.
func TestUploadEnds(t *testing.T) {
	t.Parallel()
	content := random(100_000)
	whole := func(s *session, conn *tls.Conn) {
		got, err := io.ReadAll(conn)
		if err != nil || !bytes.Equal(got, content) {
			s.t.Errorf("%d bytes came, %v", len(got), err)
		}
	}
	for _, test := range []struct {
		why    string
		end    func(s *session, conn *tls.Conn)
		want   error // nil: stored
		usable bool
	}{
		{"as it should", func(s *session, conn *tls.Conn) {
			whole(s, conn)
			conn.Close()
			s.say("226 stored")
			s.hear("SIZE f", "213 100000")
		}, nil, true},
		{"the server answers and leaves the connection open", func(s *session, conn *tls.Conn) {
			whole(s, conn)
			s.say("250 stored")
			s.hear("SIZE f", "213 100000")
		}, nil, true},
		{"the server shows nothing of what it has", func(s *session, conn *tls.Conn) {
			whole(s, conn)
			conn.Close()
			s.say("226 stored")
			s.hear("SIZE f", "550 not for you")
		}, nil, true},
		{"the server took less for the whole", func(s *session, conn *tls.Conn) {
			whole(s, conn)
			conn.Close()
			s.say("226 stored")
			s.hear("SIZE f", "213 99999")
		}, ftpclient.ErrIncomplete, true},
		{"the file is longer than what was sent", func(s *session, conn *tls.Conn) {
			whole(s, conn)
			conn.Close()
			s.say("226 stored")
			s.hear("SIZE f", "213 100001")
		}, ftpclient.ErrIncomplete, true},
		{"the connection is lost before it is certain", func(s *session, conn *tls.Conn) {
			whole(s, conn)
			conn.Close()
			s.say("226 stored")
			s.hear("SIZE f", "")
			s.raw.Close()
		}, new(ftpclient.InterruptedError), false},
		{"the server does not want it", func(s *session, conn *tls.Conn) {
			io.ReadFull(conn, make([]byte, 1000))
			s.say("552 full")
		}, new(ftpclient.ReplyError), true},
		{"the server cuts it, then says why", func(s *session, conn *tls.Conn) {
			io.ReadFull(conn, make([]byte, 1000))
			reset(conn)
			s.say("552 full")
		}, new(ftpclient.ReplyError), true},
		{"it could not be stored", func(s *session, conn *tls.Conn) { whole(s, conn); conn.Close(); s.say("451 disk") },
			new(ftpclient.InterruptedError), true},
		{"no answer", func(s *session, conn *tls.Conn) { whole(s, conn); conn.Close(); s.raw.Close() }, ftpclient.ErrLost, false},
		{"the session was not resumed", func(s *session, conn *tls.Conn) { conn.Close(); s.say("522 resume it") },
			ftpclient.ErrNotResumed, true},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				s.login("")
				conn := s.begin("STOR f")
				defer conn.Close()
				test.end(s, conn)
				s.hear("PWD", "257 \"/\"")
				s.hear("QUIT", "221 bye")
			})
			o := f.options()
			if test.want == ftpclient.ErrNotResumed {
				o.TLS.SessionTicketsDisabled = true
			}
			c := dial(t, f.addr, o)
			source := io.Reader(bytes.NewReader(content))
			if sameKind(new(ftpclient.ReplyError), test.want) { // more than sockets hold
				source = io.LimitReader(endless{}, 1<<30)
			}
			_, err := c.Store(t.Context(), "f", 0, source)
			if !sameKind(err, test.want) {
				t.Errorf("got %T %v, want %T", err, err, test.want)
			}
			if test.usable {
				usable(t, c)
			} else if c.Err() == nil {
				t.Error("taken for usable")
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// The end that no reset can cut: close_notify, half-close, and no close before
// the server's end was read. A server that reads slowly, with a ticket unread
// on the client's side, gets all of it.
func TestUploadIsDrained(t *testing.T) {
	t.Parallel()
	content := random(300_000)
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("STOR f")
		defer conn.Close()
		conn.Write([]byte("nobody reads this")) // as good as a ticket
		got, err := io.ReadAll(iotest.OneByteReader(conn))
		if err != nil || !bytes.Equal(got, content) {
			s.t.Errorf("%d bytes of %d, %v", len(got), len(content), err)
		}
		tcp := conn.NetConn().(*net.TCPConn)
		if n, err := tcp.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			s.t.Errorf("after close_notify: %d, %v, want a half-close", n, err)
		}
		if _, err := conn.Write([]byte("still there?")); err != nil {
			s.t.Errorf("the client did not wait: %v", err)
		}
		conn.Close()
		s.say("226 stored")
		s.hear("SIZE f", "213 300000")
		s.hear("QUIT", "221 bye")
	})
	store(t, dial(t, f.addr, f.options()), "f", content)
}

func TestUploadIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("STOR f")
		defer conn.Close()
		io.ReadFull(conn, make([]byte, 1000))
		cancel()
		s.hear("ABOR", "426 cut\r\n226 aborted")
		if _, err := io.Copy(io.Discard, conn); err == nil {
			s.t.Error("the upload ends like a whole file")
		}
		s.hear("PWD", "257 \"/\"")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	_, err := c.Store(ctx, "f", 0, io.LimitReader(endless{}, 1<<30))
	if !errors.Is(err, context.Canceled) || !sameKind(err, new(ftpclient.InterruptedError)) {
		t.Errorf("got %v", err)
	}
	usable(t, c)
}

// A source that breaks must not make half a file look whole.
func TestUploadSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("STOR f")
		defer conn.Close()
		s.hear("ABOR", "426 cut\r\n226 aborted")
		if _, err := io.Copy(io.Discard, conn); err == nil {
			s.t.Error("the upload ends like a whole file")
		}
		s.hear("PWD", "257 \"/\"")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	n, err := c.Store(t.Context(), "f", 0, io.MultiReader(strings.NewReader("some"), iotest.ErrReader(broken)))
	cut, ok := errors.AsType[*ftpclient.InterruptedError](err)
	if n != 4 || !ok || cut.At != 4 || !errors.Is(err, broken) {
		t.Errorf("got %d, %v", n, err)
	}
	usable(t, c)
}

func TestUploadStalls(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("STOR f")
		defer conn.Close()
		if line := s.line(); line != "PWD" { // nothing is read until the client gives up
			s.t.Errorf("the client says %q", line)
		}
	})
	o := f.options()
	o.StallTimeout, o.Timeout = 300*time.Millisecond, 500*time.Millisecond
	c := dial(t, f.addr, o)
	_, err := c.Store(t.Context(), "f", 0, io.LimitReader(endless{}, 1<<30))
	if !errors.Is(err, ftpclient.ErrTimeout) || c.Err() == nil {
		t.Errorf("got %v, then Err %v", err, c.Err())
	}
}

func TestOffsets(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	ctx := t.Context()
	store(t, c, "f", []byte("0123456789"))
	if _, err := c.Store(ctx, "f", 10, strings.NewReader("AB")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Append(ctx, "f", strings.NewReader("CD")); err != nil {
		t.Fatal(err)
	}
	if got := retrieve(t, c, "f", 8); string(got) != "89ABCD" {
		t.Errorf("got %q", got)
	}
	if _, err := c.Store(ctx, "f", 100, strings.NewReader("x")); !sameKind(err, new(ftpclient.ReplyError)) {
		t.Errorf("beyond the end: %v", err)
	}
	if _, err := c.Retrieve(ctx, "f", -1); err == nil {
		t.Error("a negative offset")
	}
	usable(t, c)
}

// Without REST an upload goes on with APPE, if it goes on at the end.
func TestOffsetWithoutREST(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		s.hear("TYPE I", "200 bytes")
		s.passive()
		s.hear("REST 5", "502 no")
		s.hear("SIZE f", "213 5")
		s.passive()
		s.hear("APPE f", "150 go on")
		conn := s.private()
		io.Copy(io.Discard, conn)
		conn.Close()
		s.say("226 stored")
		s.hear("SIZE f", "213 9")
		s.passive()
		s.hear("REST 5", "502 no")
		s.hear("SIZE f", "213 6")
		s.hear("PWD", "257 \"/\"")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	if n, err := c.Store(t.Context(), "f", 5, strings.NewReader("more")); err != nil || n != 4 {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := c.Store(t.Context(), "f", 5, strings.NewReader("more")); !errors.Is(err, ftpclient.ErrNotSupported) {
		t.Errorf("not at the end: %v", err)
	}
	usable(t, c)
}

// Who gives slowly is sent at once, who can seek in whole chunks.
func TestSlowSourceIsSentAtOnce(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("STOR f")
		defer conn.Close()
		io.ReadFull(conn, make([]byte, 5))
		close(arrived)
		io.Copy(io.Discard, conn)
		conn.Close()
		s.say("226 stored")
		s.hear("SIZE f", "213 5")
		s.hear("QUIT", "221 bye")
	})
	r, w := io.Pipe()
	go func() {
		io.WriteString(w, "first")
		<-arrived
		w.Close()
	}()
	if n, err := dial(t, f.addr, f.options()).Store(t.Context(), "f", 0, r); err != nil || n != 5 {
		t.Errorf("got %d, %v", n, err)
	}
}

// NOOP keeps the control connection alive, and its replies are told apart
// from the transfer's, whenever they come.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why   string
		noops int
		play  func(s *session, conn *tls.Conn)
	}{
		{"answered at once", 3, func(s *session, conn *tls.Conn) {
			for range 3 {
				s.hear("NOOP", "200 fine")
			}
			conn.Close()
			s.say("226 done")
		}},
		{"answered at the end, after 226", 3, func(s *session, conn *tls.Conn) {
			for range 3 {
				s.hear("NOOP", "")
			}
			conn.Close()
			s.say("226 done\r\n200 fine\r\n200 fine\r\n200 fine")
		}},
		{"answered before 226", 2, func(s *session, conn *tls.Conn) {
			s.hear("NOOP", "")
			s.hear("NOOP", "")
			conn.Close()
			s.say("200 fine\r\n200 fine\r\n226 done")
		}},
		{"not known in a transfer: it is not asked again", 1, func(s *session, conn *tls.Conn) {
			s.hear("NOOP", "500 not now")
			s.raw.SetReadDeadline(time.Now().Add(400 * time.Millisecond))
			crossed := 0 // some may have been on their way
			for ; crossed < 10; crossed++ {
				if _, err := s.r.ReadString('\n'); err != nil {
					break
				}
				s.say("500 not now")
			}
			if crossed == 10 {
				s.t.Error("the client goes on with NOOP")
			}
			s.raw.SetReadDeadline(time.Now().Add(10 * time.Second))
			conn.Close()
			s.say("226 done")
		}},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				s.login("")
				conn := s.begin("RETR f")
				defer conn.Close()
				test.play(s, conn)
				for { // one more may be on its way
					line := s.line()
					if line == "PWD" {
						break
					}
					s.say("200 fine")
				}
				s.say("257 \"/\"")
				s.hear("QUIT", "221 bye")
			})
			o := f.options()
			o.KeepAlive = 20 * time.Millisecond
			var seen tape
			o.Trace = seen.add
			c := dial(t, f.addr, o)
			if _, err := read(t.Context(), c, "f", 0); err != nil {
				t.Fatal(err)
			}
			usable(t, c)
			if got := strings.Count(seen.verbs(), "NOOP"); got < test.noops {
				t.Errorf("%d NOOPs, want %d or more", got, test.noops)
			}
		})
	}
}
