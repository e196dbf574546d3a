package ftpserver

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/internal/stream"
	"github.com/sealift/sealift/storage"
)

// What the policy costs each command.
func BenchmarkRefuse(b *testing.B) {
	st := with(userTLS, private)
	for _, bench := range []struct {
		why string
		cmd ftp.Command
	}{
		{"passes", ftp.Command{Verb: "RETR", Arg: "f"}},
		{"refused", ftp.Command{Verb: "PORT", Arg: ""}},
	} {
		b.Run(bench.why, func(b *testing.B) {
			b.ReportAllocs()
			c := commands[bench.cmd.Verb]
			for b.Loop() {
				Policy{}.refuse(st, c, bench.cmd)
			}
		})
	}
}

// A command from its line to its reply, with nothing but a pipe between.
func BenchmarkNOOP(b *testing.B) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	srv := New(grants{}, Config{Policy: openPolicy})
	pass, _ := srv.door.enter(loopback, &srv.config.Load().Limits)
	s := newSession(srv, srv.config.Load(), ours, pass, false)
	defer s.close()
	line := []byte("NOOP\r\n")
	go func() {
		for {
			if _, err := theirs.Write(line); err != nil {
				return
			}
		}
	}()
	go io.Copy(io.Discard, theirs)
	b.ReportAllocs()
	for b.Loop() {
		s.step()
	}
	if s.over {
		b.Fatal("the session ended")
	}
}

// sink is a connection that takes all at once.
type sink struct{ net.Conn }

func (sink) Write(p []byte) (int, error)      { return len(p), nil }
func (sink) SetDeadline(time.Time) error      { return nil }
func (sink) SetWriteDeadline(time.Time) error { return nil }
func (sink) Close() error                     { return nil }

// Joining the records of a chunk costs one copy.
func BenchmarkWireJoin(b *testing.B) {
	w := newWire(sink{}, &Limits{StallTimeout: time.Minute})
	w.JoinWrites()
	defer w.Release()
	payload := make([]byte, stream.RecordPayload)
	b.SetBytes(chunk)
	b.ReportAllocs()
	for b.Loop() {
		for range chunk / stream.RecordPayload {
			w.Write(payload)
		}
		w.Flush()
	}
}

// A chunk of a download under TLS, without a network.
func BenchmarkPrivateChunk(b *testing.B) {
	ours, theirs := net.Pipe()
	go io.Copy(io.Discard, tls.Client(theirs, &tls.Config{InsecureSkipVerify: true}))
	w := newWire(ours, &Limits{StallTimeout: time.Minute})
	conn := tls.Server(w, serverTLS())
	if err := conn.Handshake(); err != nil {
		b.Fatal(err)
	}
	w.Conn.Conn = sink{}
	c := &privateConn{wire: w, tls: conn}
	payload := make([]byte, chunk)
	b.SetBytes(chunk)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(payload); err != nil {
			b.Fatal(err)
		}
	}
	ours.Close()
}

func BenchmarkListingLine(b *testing.B) {
	s := &session{srv: New(nil, Config{}), user: "alice", grant: Grant{Perm: PermAll}, facts: ftp.AllFacts}
	info := storage.Info{
		Name: "annual report, final (2).pdf", Size: 123_456_789, ModTime: time.Now().Add(-time.Hour), Mode: 0o644, ID: [2]uint64{1, 2},
	}
	for _, bench := range []struct {
		why  string
		line func([]byte, *storage.Info) []byte
	}{{"LIST", s.listLine()}, {"MLSD", s.factLine("/")}} {
		b.Run(bench.why, func(b *testing.B) {
			var line []byte
			b.ReportAllocs()
			for b.Loop() {
				line = bench.line(line[:0], &info)
			}
		})
	}
}

func BenchmarkToNetwork(b *testing.B) {
	text := bytes.Repeat([]byte("A line of text as it stands in files.\n"), 1<<20/38)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	buffer := make([]byte, chunk)
	for b.Loop() {
		io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{newToNetwork(bytes.NewReader(text))}, buffer)
	}
}
