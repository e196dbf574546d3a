package ftpclient_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

// sizes are around records, chunks and read-ahead.
var sizes = []int{0, 1, 1000, 16 << 10, 48<<10 - 1, 48 << 10, 48<<10 + 1, 300_000, 1<<20 + 7}

// Both ways, all sizes, on a server that refuses what does not resume.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	s := ftpservertest.Start(t, ftpservertest.Options{
		Config: ftpserver.Config{Policy: ftpserver.Policy{Binding: ftpserver.BindRequire}},
	})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			o := options(s)
			o.TLS.MinVersion, o.TLS.MaxVersion = version, version
			c := dial(t, s.Addr, o)
			for _, size := range sizes {
				content := random(size)
				name := tls.VersionName(version)
				store(t, c, name, content)
				resumed(t, c)
				if got := retrieve(t, c, name, 0); !bytes.Equal(got, content) {
					t.Fatalf("%d bytes came back as %d", size, len(got))
				}
				resumed(t, c)
				var into bytes.Buffer
				r, err := c.Retrieve(t.Context(), name, int64(size/2))
				if err != nil {
					t.Fatal(err)
				}
				if n, err := r.(io.WriterTo).WriteTo(&into); err != nil || n != int64(size-size/2) || !bytes.Equal(into.Bytes(), content[size/2:]) {
					t.Fatalf("%d bytes from the middle: %d, %v", size, n, err)
				}
				r.Close()
			}
		})
	}
}

func resumed(t *testing.T, c *ftpclient.Conn) {
	t.Helper()
	if state, ok := c.DataState(); !ok || !state.DidResume {
		t.Fatalf("private %v, resumed %v", ok, state.DidResume)
	}
}

// Tickets run out on no server, whatever it does with them.
func TestManyTransfersResume(t *testing.T) {
	t.Parallel()
	_, c := connect(t)
	for range 40 {
		store(t, c, "f", []byte("x"))
		resumed(t, c)
	}
}

// What a download may end like, and what is then to be known.
func TestDownloadEnds(t *testing.T) {
	t.Parallel()
	content := random(100_000)
	for _, test := range []struct {
		why    string
		end    func(s *session, conn *tls.Conn)
		want   error // nil: whole
		usable bool
	}{
		{"as it should", func(s *session, conn *tls.Conn) { send(conn, content); s.say("226 done") }, nil, true},
		{"226 before the data", func(s *session, conn *tls.Conn) { s.say("226 done"); send(conn, content) }, nil, true},
		{"TCP ends without close_notify", func(s *session, conn *tls.Conn) {
			conn.Write(content)
			conn.NetConn().(*net.TCPConn).CloseWrite()
			s.say("226 done")
		}, ftpclient.ErrTruncated, true},
		{"TCP ends within a record", func(s *session, conn *tls.Conn) {
			conn.Write(content)
			conn.NetConn().Write([]byte{23, 3, 3, 0x10, 0, 1, 2, 3})
			conn.NetConn().(*net.TCPConn).CloseWrite()
			s.say("226 done")
		}, ftpclient.ErrTruncated, true},
		{"reset", func(s *session, conn *tls.Conn) {
			conn.Write(content)
			reset(conn)
			s.say("426 cut")
		}, new(ftpclient.InterruptedError), true},
		{"the server says that it failed, with a clean end", func(s *session, conn *tls.Conn) {
			send(conn, content[:5000])
			s.say("451 read error")
		}, new(ftpclient.InterruptedError), true},
		{"the server says that it failed, and does not end", func(s *session, conn *tls.Conn) {
			conn.Write(content[:5000])
			s.say("551 read error")
			io.Copy(io.Discard, conn)
		}, new(ftpclient.ReplyError), true},
		{"the control connection ends in the middle", func(s *session, conn *tls.Conn) {
			conn.Write(content[:5000])
			s.raw.Close()
			io.Copy(io.Discard, conn)
		}, ftpclient.ErrLost, false},
		{"421 in the middle", func(s *session, conn *tls.Conn) {
			conn.Write(content[:5000])
			s.say("421 going down")
			io.Copy(io.Discard, conn)
		}, new(ftpclient.ReplyError), false},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, func(s *session) {
				s.login("")
				conn := s.begin("RETR f")
				defer conn.Close()
				test.end(s, conn)
				s.hear("PWD", "257 \"/\"")
				s.hear("QUIT", "221 bye")
			})
			c := dial(t, f.addr, f.options())
			got, err := read(t.Context(), c, "f", 0)
			if !sameKind(err, test.want) {
				t.Errorf("got %T %v, want %T", err, err, test.want)
			}
			if test.want == nil && !bytes.Equal(got, content) {
				t.Errorf("%d bytes of %d", len(got), len(content))
			}
			if cut, ok := errors.AsType[*ftpclient.InterruptedError](err); ok && cut.At != int64(len(got)) {
				t.Errorf("At is %d, %d bytes came", cut.At, len(got))
			}
			if test.usable {
				usable(t, c)
			} else if c.Err() == nil {
				t.Error("taken for usable")
			}
		})
	}
}

func TestAcceptMissingCloseNotify(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("RETR f")
		conn.Write([]byte("content"))
		conn.NetConn().Close()
		s.say("226 done")
		s.hear("QUIT", "221 bye")
	})
	o := f.options()
	o.AcceptMissingCloseNotify = true
	if got := retrieve(t, dial(t, f.addr, o), "f", 0); string(got) != "content" {
		t.Errorf("got %q", got)
	}
}

func TestDownloadStalls(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("RETR f")
		defer conn.Close()
		conn.Write([]byte("some"))
		io.Copy(io.Discard, conn) // until the client has enough
		s.say("426 cut")
		s.hear("PWD", "257 \"/\"")
		s.hear("QUIT", "221 bye")
	})
	o := f.options()
	o.StallTimeout = 300 * time.Millisecond
	c := dial(t, f.addr, o)
	_, err := read(t.Context(), c, "f", 0)
	cut, ok := errors.AsType[*ftpclient.InterruptedError](err)
	if !ok || cut.At != 4 || !errors.Is(err, ftpclient.ErrTimeout) {
		t.Errorf("got %v", err)
	}
	usable(t, c)
}

// A download that nobody wants any more, by Close or by its context.
func TestDownloadIsAborted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why     string
		replies string // to ABOR
		mark    string // to the NOOP that asks for more
		usable  bool
	}{
		{"426 and 226", "426 cut\r\n226 aborted", "", true},
		{"226 and 226: it was done by then", "226 done\r\n226 nothing to abort", "", true},
		{"ABOR is not known", "226 done\r\n500 what?", "", true},
		{"one reply is left out", "226 aborted", "200 fine", true},
		{"one reply is late", "426 cut", "226 aborted\r\n200 fine", true},
		{"no answer to anything", "", "", false},
	} {
		for _, how := range []string{"Close", "cancel"} {
			t.Run(test.why+", "+how, func(t *testing.T) {
				t.Parallel()
				f := startFake(t, func(s *session) {
					s.login("")
					conn := s.begin("RETR f")
					defer conn.Close()
					conn.Write([]byte("some"))
					s.hear("ABOR", test.replies)
					if test.mark != "" || !test.usable {
						s.hear("NOOP", test.mark)
					}
					if !test.usable {
						s.silent()
						return
					}
					s.hear("PWD", "257 \"/\"")
					s.hear("QUIT", "221 bye")
				})
				o := f.options()
				o.Timeout = 2 * time.Second
				c := dial(t, f.addr, o)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r, err := c.Retrieve(ctx, "f", 0)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(r, make([]byte, 4)); err != nil {
					t.Fatal(err)
				}
				if how == "cancel" {
					cancel()
					if _, err := r.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
						t.Errorf("Read: %v", err)
					}
				}
				if err := r.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				if _, err := r.Read(make([]byte, 1)); err == nil || err == io.EOF {
					t.Errorf("Read after Close: %v", err)
				}
				if test.usable {
					usable(t, c)
				} else if c.Err() == nil {
					t.Error("taken for usable")
				}
			})
		}
	}
}

// Close may come from elsewhere while a Read waits.
func TestCloseWhileReading(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("RETR f")
		defer conn.Close()
		conn.Write([]byte("some"))
		s.hear("ABOR", "426 cut\r\n226 aborted")
		s.hear("PWD", "257 \"/\"")
		s.hear("QUIT", "221 bye")
	})
	c := dial(t, f.addr, f.options())
	r, err := c.Retrieve(t.Context(), "f", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), "NOOP", ""); !errors.Is(err, ftpclient.ErrBusy) {
		t.Errorf("a command in a download: %v", err)
	}
	read := make(chan error)
	go func() {
		_, err := io.Copy(io.Discard, struct{ io.Reader }{r})
		read <- err
	}()
	r.Close()
	if err := <-read; err == nil {
		t.Error("the reader took it for the end of the file")
	}
	usable(t, c)
}

// Close of the connection ends what runs.
func TestCloseInDownload(t *testing.T) {
	t.Parallel()
	f := startFake(t, func(s *session) {
		s.login("")
		conn := s.begin("RETR f")
		defer conn.Close()
		conn.Write([]byte("some"))
		s.silent()
	})
	c := dial(t, f.addr, f.options())
	r, err := c.Retrieve(t.Context(), "f", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) || !sameKind(err, new(ftpclient.InterruptedError)) {
		t.Errorf("got %v", err)
	}
}
