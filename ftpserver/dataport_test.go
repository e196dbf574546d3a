package ftpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
)

// dialFrom connects from another address of this machine; it skips the test
// where there is none.
func dialFrom(t *testing.T, from, to string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))}
	conn, err := dialer.Dial("tcp", to)
	if err != nil {
		t.Skipf("this machine does not speak from %s: %v", from, err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// security.md §1, T4: a stranger's bytes are not stored, and the wait for the
// client goes on.
func TestStrangersStoreNothing(t *testing.T) {
	t.Parallel()
	files := treeOf(t, "alice", nil)
	p := loginPeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{Policy: openPolicy}), "alice")
	addr := p.passive()
	stranger := dialFrom(t, "127.0.0.2", addr)
	io.WriteString(stranger, "evil")
	p.want(150, "STOR f")
	if _, err := stranger.Read(make([]byte, 1)); err == nil {
		t.Error("the stranger was served")
	}
	data, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(data, "good")
	data.Close()
	p.await(226)
	if got := readAll(t, files, "/f"); string(got) != "good" {
		t.Errorf("stored %q", got)
	}
}

// protocol.md §5: when the range is full it is 425, and the session lives.
func TestPortRangeFull(t *testing.T) {
	t.Parallel()
	ports := freeRange(t, 4)
	files := treeOf(t, "alice", map[string]string{"f": "content"})
	addr := startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{Policy: openPolicy, PassivePorts: ports})
	var holders []*peer
	for range 4 {
		p := loginPeer(t, addr, "alice")
		p.want(229, "EPSV")
		holders = append(holders, p)
	}
	for range 6 {
		p := loginPeer(t, addr, "alice")
		p.want(425, "EPSV")
		p.want(425, "PASV")
		p.want(200, "NOOP")
	}
	holders[0].want(229, "EPSV") // its own port is free for it
	holders[1].want(226, "ABOR")
	late := loginPeer(t, addr, "alice")
	if r, got := late.transfer("RETR f", nil); r.Code != 226 || string(got) != "content" {
		t.Errorf("behind ABOR elsewhere: got %v, %q", r, got)
	}
}

// protocol.md §5: one port a session; it goes with the next PASV, with ABOR,
// and when nobody has used it in time.
func TestPassivePortsGo(t *testing.T) {
	t.Parallel()
	files := treeOf(t, "alice", nil)
	addr := startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{Policy: openPolicy, Limits: Limits{PassiveTimeout: 50 * time.Millisecond}})
	slow := startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{Policy: openPolicy})
	for _, test := range []struct {
		why  string
		addr string
		then func(p *peer)
	}{
		{"with the next EPSV", slow, func(p *peer) { p.want(229, "EPSV") }},
		{"with PASV", slow, func(p *peer) { p.want(227, "PASV") }},
		{"with PORT", slow, func(p *peer) { p.want(200, "PORT 127,0,0,1,200,0") }},
		{"with ABOR", slow, func(p *peer) { p.want(226, "ABOR") }},
		{"with a new USER", slow, func(p *peer) { p.want(220, "REIN") }},
		{"with QUIT", slow, func(p *peer) { p.want(221, "QUIT") }},
		{"in time", addr, func(*peer) {}},
	} {
		p := loginPeer(t, test.addr, "alice")
		port := p.passive()
		test.then(p)
		if err := refused(port); err != nil {
			t.Errorf("%s: %v", test.why, err)
		}
	}
}

// refused waits until nobody listens any more.
func refused(addr string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for ctx.Err() == nil {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return nil
		}
		conn.Close()
	}
	return errors.New("the port still listens")
}

// ways to a data connection; each gives what connects it.
var routeKinds = []string{"EPSV", "PASV", "EPRT", "PORT"}

// route sends the command, and returns what gives the connection.
func (p *tlsPeer) route(kind string) func() (net.Conn, error) {
	p.t.Helper()
	dial := func(addr string) func() (net.Conn, error) {
		return func() (net.Conn, error) { return net.Dial("tcp", addr) }
	}
	if kind == "EPSV" {
		return dial(p.passive())
	}
	if kind == "PASV" {
		addr, err := ftp.ParsePassive(p.want(227, "PASV"))
		if err != nil {
			p.t.Fatal(err)
		}
		return dial(addr.String())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { l.Close() })
	here := addrPort(l.Addr())
	if kind == "PORT" {
		p.want(200, "PORT "+ftp.FormatHostPort(here))
	} else {
		p.want(200, "EPRT "+ftp.FormatExtended(here))
	}
	l.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	return l.Accept
}

// security.md T12, §1: the level in force when the transfer begins is the one
// that is checked and used, whatever came before it and in whatever order.
func TestLevelCheckedIsTheLevelUsed(t *testing.T) {
	t.Parallel()
	for _, demanded := range []bool{false, true} {
		for _, kind := range routeKinds {
			t.Run(fmt.Sprintf("demanded %v, %s", demanded, kind), func(t *testing.T) {
				t.Parallel()
				files := treeOf(t, "alice", map[string]string{"f": strings.Repeat("plain text ", 100)})
				config := Config{TLS: serverTLS(), Policy: Policy{UnprotectedData: !demanded, Binding: BindOff}}
				addr := startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, config)
				for _, before := range []string{"C", "P"} {
					for _, after := range []string{"C", "P"} {
						for _, line := range []string{"RETR f", "LIST", "NLST", "MLSD", "STOR g", "APPE g", "STOU"} {
							tryLevels(t, addr, levelOrder{kind, before, after, line, demanded})
						}
					}
				}
			})
		}
	}
}

// levelOrder is one order of commands: a level, a way, a level, a transfer.
type levelOrder struct {
	kind, before, after, line string
	demanded                  bool // PROT C is refused, and changes nothing
}

func tryLevels(t *testing.T, addr string, o levelOrder) {
	t.Helper()
	p := securePeer(t, addr, "alice")
	defer p.conn.Close()
	p.do("PROT " + o.before)
	connect := p.route(o.kind)
	p.do("PROT " + o.after)
	private := o.after == "P" || o.demanded && o.before == "P"
	if o.demanded && !private {
		if r := p.do(o.line); r.Code != 521 {
			t.Errorf("%+v: got %v, want 521", o, r)
		}
		return
	}
	text := p.want(150, o.line)
	if said := strings.Contains(text, "unprotected"); said == private && !strings.HasPrefix(text, "FILE: ") {
		t.Errorf("%+v: 150 says %q", o, text)
	}
	conn, err := connect()
	if err != nil {
		t.Fatalf("%+v: %v", o, err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	if private {
		conn = tls.Client(conn, p.config)
	}
	if err := carry(conn, isUpload(o.line)); err != nil {
		t.Errorf("%+v: %v", o, err)
	}
	conn.Close()
	p.await(226)
}

// carry uploads something, or reads to the end.
func carry(conn net.Conn, upload bool) error {
	half := conn.(interface{ CloseWrite() error })
	if upload {
		if _, err := io.WriteString(conn, "text"); err != nil {
			return err
		}
		if err := half.CloseWrite(); err != nil {
			return err
		}
	}
	got, err := io.ReadAll(conn)
	switch {
	case err != nil:
		return err
	case !upload && len(got) == 0:
		return errors.New("nothing came")
	case upload && len(got) != 0:
		return fmt.Errorf("%q came", got)
	}
	return nil
}

// protocol.md §5: a peer that speaks no TLS where it is due is 522; nothing of
// the file goes out, nothing that came is stored.
func TestClearDataUnderPROTP(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"RETR f", "LIST", "STOR f", "STOU"} {
		files := treeOf(t, "alice", map[string]string{"f": "precious"})
		p := privatePeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{TLS: serverTLS()}), "alice")
		connect := p.route("EPRT") // one candidate: no wait for others
		p.want(150, line)
		conn, err := connect()
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		io.WriteString(conn, "this is not TLS")
		got, _ := io.ReadAll(conn)
		conn.Close()
		if bytes.Contains(got, []byte("precious")) || bytes.Contains(got, []byte("f\r\n")) {
			t.Errorf("%s: in clear came %q", line, got)
		}
		p.await(522)
		if now := content(t, files); len(now) != 1 || !strings.HasSuffix(now["/f"], "precious") {
			t.Errorf("%s: the tree holds %v", line, now)
		}
	}
}

// A candidate that fails does not end the wait: the client itself comes next.
func TestFailedCandidateIsNotTheLast(t *testing.T) {
	t.Parallel()
	files := treeOf(t, "alice", map[string]string{"f": "content"})
	p := privatePeer(t, startServer(t, grants{"alice": {Files: files, Perm: PermAll}}, Config{TLS: serverTLS()}), "alice")
	addr := p.passive()
	p.want(150, "RETR f")
	bad, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	bad.SetDeadline(time.Now().Add(patience))
	io.WriteString(bad, "this is not TLS")
	io.ReadAll(bad)
	good, err := tls.Dial("tcp", addr, p.config)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(good); err != nil || string(got) != "content" {
		t.Errorf("got %q, %v", got, err)
	}
	good.Close()
	p.await(226)
}
