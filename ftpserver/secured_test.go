package ftpserver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
)

var tlsVersions = []uint16{tls.VersionTLS12, tls.VersionTLS13}

// resuming is the configuration of a client with a ticket cache of its own.
func resuming(version uint16) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, ServerName: "ftp.example", MaxVersion: version,
		ClientSessionCache: tls.NewLRUClientSessionCache(4),
	}
}

// fresh is the same without tickets.
func fresh(version uint16) *tls.Config {
	c := resuming(version)
	c.ClientSessionCache = nil
	return c
}

// secured connects and secures the connection.
func secured(t testing.TB, addr string, config *tls.Config) *tlsPeer {
	t.Helper()
	p := &tlsPeer{dialPeer(t, addr), config}
	p.want(234, "AUTH TLS")
	p.conn = tls.Client(p.conn, p.config)
	p.in = bufio.NewReader(p.conn)
	return p
}

// privately does what comes before private transfers, logged in.
func (p *tlsPeer) privately() {
	p.t.Helper()
	p.want(200, "PBSZ 0")
	p.want(200, "PROT P")
	p.want(200, "TYPE I")
}

// entered is a secured peer that is logged in, with private data connections.
func entered(t testing.TB, addr, user string, config *tls.Config) *tlsPeer {
	t.Helper()
	p := secured(t, addr, config)
	p.want(331, "USER "+user)
	p.want(230, "PASS x")
	p.privately()
	return p
}

// running is a server that the test can ask.
type running struct {
	*Server
	addr  string
	files *mem.FS // alice's
	log   *logged
}

// run serves alice and mallory, each with a tree of her own.
func run(t testing.TB, c Config) *running {
	t.Helper()
	r := &running{files: treeOf(t, "alice", nil), log: &logged{}}
	if c.TLS == nil {
		c.TLS = serverTLS()
	}
	c.Log = slog.New(r.log)
	r.serve(t, grants{"alice": {Files: r.files, Perm: PermAll}, "mallory": {Files: treeOf(t, "mallory", nil), Perm: PermAll}}, c)
	return r
}

func (r *running) serve(t testing.TB, b Backend, c Config) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.Server, r.addr = New(b, c), l.Addr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Serve(l)
	}()
	t.Cleanup(func() {
		r.Close()
		<-done
	})
}

// stored is what stands under a name of alice's tree; false if nothing does.
func (r *running) stored(name storage.Path) (string, bool) {
	f, err := r.files.Open(context.Background(), name, 0)
	if err != nil {
		return "", false
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	return string(b), err == nil
}

// logged counts the lines of a log by their message.
type logged struct {
	mu    sync.Mutex
	lines map[string][]slog.Record
}

func (l *logged) Enabled(context.Context, slog.Level) bool { return true }
func (l *logged) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logged) WithGroup(string) slog.Handler            { return l }
func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = map[string][]slog.Record{}
	}
	l.lines[r.Message] = append(l.lines[r.Message], r)
	return nil
}

// of are the values of a field in the lines with this message.
func (l *logged) of(message, field string) []any {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []any
	for _, r := range l.lines[message] {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == field {
				all = append(all, a.Value.Any())
			}
			return true
		})
	}
	return all
}

// open dials a data port and shakes hands.
func open(addr string, config *tls.Config) (*tls.Conn, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	data := tls.Client(conn, config)
	if err := data.Handshake(); err != nil {
		conn.Close()
		return nil, err
	}
	return data, nil
}

// fetch is a download with a data connection that looks for its end.
func (p *tlsPeer) fetch(name string) (content []byte, err error) {
	p.t.Helper()
	addr := p.passive()
	p.want(150, "RETR "+name)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	w := newWire(conn, &Limits{StallTimeout: patience})
	c := &privateConn{wire: w, tls: tls.Client(w, p.config)}
	content, err = io.ReadAll(c)
	if err == nil && w.Ended() {
		err = fmt.Errorf("the TCP stream ended before close_notify")
	}
	conn.Close()
	p.await(226)
	return content, err
}

// put is an upload that ends in order.
func (p *tlsPeer) put(name string, content []byte) error {
	p.t.Helper()
	data := p.begin("STOR " + name)
	if _, err := data.Write(content); err != nil {
		return err
	}
	finish(p.t, data)
	p.await(226)
	return nil
}

// miserly is a client's connection that reads no byte before it must: one
// record at a time, as OpenSSL does. What the server sends behind the
// handshake stays in the kernel.
type miserly struct {
	net.Conn
	left   int
	header []byte
}

func (m *miserly) Read(p []byte) (int, error) {
	if m.left == 0 {
		m.header = make([]byte, recordHeader)
		if _, err := io.ReadFull(m.Conn, m.header); err != nil {
			return 0, err
		}
		m.left = int(binary.BigEndian.Uint16(m.header[3:]))
	}
	if len(m.header) > 0 {
		n := copy(p, m.header)
		m.header = m.header[n:]
		return n, nil
	}
	n, err := m.Conn.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}

var megabytes = bytes.Repeat([]byte("0123456789abcdef"), 5<<20/16)

// counter counts, from several goroutines.
type counter struct{ atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.Add(int64(len(p)))
	return len(p), nil
}
