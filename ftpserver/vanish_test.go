package ftpserver

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
)

// holding is what a server holds at a moment.
type holding struct{ goroutines, descriptors int }

// withoutGC keeps the collector from closing what was forgotten.
func withoutGC(t testing.TB) {
	t.Helper()
	before := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(before) })
}

func holdings(t testing.TB) holding {
	t.Helper()
	h := holding{goroutines: runtime.NumGoroutine()}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		h.descriptors = len(open)
	}
	return h
}

// released waits until the server holds no more than before, and has no
// session left.
func (r *running) released(t testing.TB, before holding) {
	t.Helper()
	until(t, "all is given back", func() bool {
		now := holdings(t)
		return len(r.Sessions()) == 0 && r.door.empty() && now.goroutines <= before.goroutines && now.descriptors <= before.descriptors
	})
}

// stages are the moments of a transfer at which a client may vanish; each
// leaves the data connection, nil if there is none.
var stages = []struct {
	why   string
	line  string
	reach func(p *tlsPeer, addr string) net.Conn
	whole bool // an upload that was said to be whole
}{
	{"before the data connection", "RETR much", func(*tlsPeer, string) net.Conn { return nil }, false},
	{"before that of an upload", "STOR f", func(*tlsPeer, string) net.Conn { return nil }, false},
	{"with a data connection that says nothing", "RETR much", func(p *tlsPeer, addr string) net.Conn { return p.plain(addr) }, false},
	{"in the handshake of the data connection", "STOR f", func(p *tlsPeer, addr string) net.Conn {
		conn := p.plain(addr)
		conn.Write([]byte{22, 3, 1, 2, 0, 1, 0, 1, 252})
		return conn
	}, false},
	{"in a download", "RETR much", func(p *tlsPeer, addr string) net.Conn {
		conn := p.private(addr)
		io.ReadFull(conn, make([]byte, 100_000))
		return conn
	}, false},
	{"in an upload", "STOR f", func(p *tlsPeer, addr string) net.Conn {
		conn := p.private(addr)
		conn.Write(megabytes[:100_000])
		return conn
	}, false},
	{"with a whole download that it does not close", "RETR little", func(p *tlsPeer, addr string) net.Conn {
		conn := p.private(addr)
		io.ReadAll(conn)
		return conn
	}, false},
	{"with a whole upload", "STOR f", func(p *tlsPeer, addr string) net.Conn {
		conn := p.private(addr)
		conn.Write(megabytes[:100_000])
		conn.CloseWrite()
		return conn
	}, true},
	{"in a listing", "MLSD", func(p *tlsPeer, addr string) net.Conn {
		conn := p.private(addr)
		io.ReadFull(conn, make([]byte, 1))
		return conn
	}, false},
}

func (p *tlsPeer) plain(addr string) *net.TCPConn {
	p.t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		p.t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

func (p *tlsPeer) private(addr string) *tls.Conn {
	p.t.Helper()
	conn, err := open(addr, p.config)
	if err != nil {
		p.t.Fatal(err)
	}
	return conn
}

// security.md E5, E6, §5: whoever vanishes, at whatever moment, leaves
// nothing behind.
func TestVanishedClientsLeaveNothing(t *testing.T) {
	withoutGC(t)
	quick := Limits{DrainTimeout: 200 * time.Millisecond}
	for _, how := range []struct {
		why string
		end func(c net.Conn)
	}{
		{"closed", func(c net.Conn) { c.Close() }},
		{"reset", func(c net.Conn) { c.(*net.TCPConn).SetLinger(0); c.Close() }},
	} {
		for _, version := range tlsVersions {
			r := run(t, Config{Limits: quick})
			fill(t, r.files, map[string]string{"much": string(megabytes), "little": "x"})
			warm := entered(t, r.addr, "alice", resuming(version))
			warm.fetch("little")
			warm.want(221, "QUIT")
			warm.conn.Close()
			until(t, "the first session is over", func() bool { return len(r.Sessions()) == 0 })
			for _, stage := range stages {
				t.Run(tls.VersionName(version)+"/"+how.why+" "+stage.why, func(t *testing.T) {
					before := holdings(t)
					for range 2 {
						p := entered(t, r.addr, "alice", resuming(version))
						addr := p.passive()
						p.want(150, stage.line)
						data := stage.reach(p, addr)
						how.end(p.conn.(*tls.Conn).NetConn())
						if inner, ok := data.(*tls.Conn); ok {
							data = inner.NetConn()
						}
						if data != nil {
							how.end(data)
						}
					}
					r.released(t, before)
				})
			}
			if n := r.Panics(); n != 0 {
				t.Errorf("%d panics", n)
			}
		}
	}
}

// The same before the login.
func TestVanishedStrangersLeaveNothing(t *testing.T) {
	r := run(t, Config{})
	dialPeer(t, r.addr).conn.Close()
	until(t, "the first session is over", func() bool { return len(r.Sessions()) == 0 })
	for _, stage := range []struct {
		why   string
		reach func(p *peer)
	}{
		{"behind the greeting", func(*peer) {}},
		{"in a line", func(p *peer) { io.WriteString(p.conn, "NOO") }},
		{"behind AUTH", func(p *peer) { p.want(234, "AUTH TLS") }},
		{"in the handshake", func(p *peer) {
			p.want(234, "AUTH TLS")
			p.conn.Write([]byte{22, 3, 1, 2, 0, 1, 0, 1, 252})
		}},
		{"in a flood", func(p *peer) { p.conn.Write(megabytes[:60_000]) }},
	} {
		t.Run(stage.why, func(t *testing.T) {
			before := holdings(t)
			p := dialPeer(t, r.addr)
			stage.reach(p)
			p.conn.Close()
			r.released(t, before)
		})
	}
}

// security.md P11: ABOR ends a transfer at once, at whatever moment: 426 and
// 226; with all bytes in, 226 twice.
func TestAbortAtEveryStage(t *testing.T) {
	withoutGC(t)
	r := run(t, Config{})
	fill(t, r.files, map[string]string{"much": string(megabytes), "little": "x"})
	p := entered(t, r.addr, "alice", resuming(tls.VersionTLS12))
	warm := p.begin("RETR little")
	io.ReadAll(warm)
	warm.Close()
	p.await(226)
	for _, stage := range stages {
		t.Run(stage.why, func(t *testing.T) {
			before := holdings(t)
			p.t = t
			addr := p.passive()
			p.want(150, stage.line)
			data := stage.reach(p, addr)
			began := time.Now()
			first := p.do("ABOR")
			if first.Code != 426 && first.Code != 226 {
				t.Errorf("the transfer ends with %v", first)
			}
			p.await(226)
			if took := time.Since(began); took > time.Second {
				t.Errorf("ABOR took %v", took)
			}
			if _, ok := r.stored("/f"); ok != (stage.whole && first.Code == ftp.CodeDone) {
				t.Errorf("behind %v something is stored: %v", first, ok)
			}
			if data != nil {
				data.Close()
			}
			until(t, "all is given back", func() bool {
				now := holdings(t)
				return now.goroutines <= before.goroutines && now.descriptors <= before.descriptors
			})
			p.do("DELE f")
			p.want(200, "NOOP")
		})
	}
}
