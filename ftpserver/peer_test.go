package ftpserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
)

// patience is how long a peer waits for what must come.
const patience = 20 * time.Second

// openPolicy demands nothing.
var openPolicy = Policy{UnprotectedCommands: true, UnprotectedData: true}

// grants is a Backend of accounts without passwords.
type grants map[string]Grant

func (g grants) Login(_ context.Context, c Credentials) (Grant, error) {
	grant, known := g[c.User]
	if !known || !c.HasPassword {
		return Grant{}, ErrRefused
	}
	return grant, nil
}

// startServer serves on loopback until the test ends.
func startServer(t testing.TB, b Backend, c Config) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := New(b, c)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			t.Error(err)
		}
		if n := srv.Panics(); n != 0 {
			t.Errorf("%d panics", n)
		}
	})
	return l.Addr().String()
}

// peer is a client that says what it is told to, byte for byte.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// dialPeer connects and reads the greeting.
func dialPeer(t testing.TB, addr string) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &peer{t: t, conn: conn, in: bufio.NewReader(conn)}
	p.await(220)
	return p
}

// loginPeer connects and logs in, in TYPE I.
func loginPeer(t testing.TB, addr, user string) *peer {
	t.Helper()
	p := dialPeer(t, addr)
	p.want(331, "USER "+user)
	p.want(230, "PASS x")
	p.want(200, "TYPE I")
	return p
}

// read is the next reply.
func (p *peer) read() ftp.Reply {
	p.t.Helper()
	p.conn.SetReadDeadline(time.Now().Add(patience))
	var lines []string
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			p.t.Fatalf("no reply: %v", err)
		}
		line, isLine := strings.CutSuffix(line, "\r\n")
		if !isLine {
			p.t.Fatalf("a reply line without CR LF: %q", line)
		}
		last := len(line) > 3 && line[3] == ' ' && line[0] != ' '
		if !last {
			lines = append(lines, strings.TrimPrefix(line, " "))
			continue
		}
		code, err := strconv.Atoi(line[:3])
		if err != nil {
			p.t.Fatalf("no reply: %q", line)
		}
		return ftp.Reply{Code: ftp.Code(code), Text: strings.Join(append(lines, line[4:]), "\n")}
	}
}

// send sends one line.
func (p *peer) send(line string) {
	p.t.Helper()
	p.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(p.conn, line+"\r\n"); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
}

func (p *peer) do(line string) ftp.Reply {
	p.t.Helper()
	p.send(line)
	return p.read()
}

// await demands the code of the next reply.
func (p *peer) await(code ftp.Code) string {
	p.t.Helper()
	r := p.read()
	if r.Code != code {
		p.t.Fatalf("got %v, want %d", r, code)
	}
	return r.Text
}

// want sends a line and demands the code of the reply.
func (p *peer) want(code ftp.Code, line string) string {
	p.t.Helper()
	r := p.do(line)
	if r.Code != code {
		p.t.Fatalf("%s: got %v, want %d", line, r, code)
	}
	return r.Text
}

// passive asks for a port.
func (p *peer) passive() string {
	p.t.Helper()
	port, err := ftp.ParseExtendedPassive(p.want(229, "EPSV"))
	if err != nil {
		p.t.Fatal(err)
	}
	host, _, _ := net.SplitHostPort(p.conn.RemoteAddr().String())
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// transfer sends a command behind EPSV. After a 150 it sends content, if
// there is some, or receives. The reply is the last one.
func (p *peer) transfer(line string, content []byte) (ftp.Reply, []byte) {
	p.t.Helper()
	data, first := p.begin(line)
	if first.Code != ftp.CodeOpening {
		return first, nil
	}
	var got []byte
	var err error
	if isUpload(line) {
		_, err = data.Write(content)
	} else {
		got, err = io.ReadAll(data)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	data.Close()
	return p.read(), got
}

// begin starts a transfer: the connection stands if the reply is 150.
func (p *peer) begin(line string) (net.Conn, ftp.Reply) {
	p.t.Helper()
	addr := p.passive()
	r := p.do(line)
	if r.Code != ftp.CodeOpening {
		return nil, r
	}
	data, err := net.Dial("tcp", addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { data.Close() })
	data.SetDeadline(time.Now().Add(patience))
	return data, r
}

func isUpload(line string) bool {
	verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
	return verb == "STOR" || verb == "APPE" || verb == "STOU"
}

// isTransfer reports whether the command needs a data connection.
func isTransfer(line string) bool {
	verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
	c := commands[verb]
	return c != nil && c.needs.has(opensData)
}

// run carries a command out, with a data connection where it needs one.
func (p *peer) run(line string) ftp.Reply {
	p.t.Helper()
	if isTransfer(line) {
		r, _ := p.transfer(line, []byte("uploaded"))
		return r
	}
	return p.do(line)
}

// fill puts files, and directories where the name ends with a slash, into a
// tree.
func fill(t testing.TB, files storage.FS, tree map[string]string) {
	t.Helper()
	ctx := context.Background()
	for name, content := range tree {
		p := storage.Path("/" + strings.TrimSuffix(name, "/"))
		for dir := p.Dir(); dir != storage.Root; dir = dir.Dir() {
			makeAll(t, files, dir)
		}
		if strings.HasSuffix(name, "/") {
			makeAll(t, files, p)
			continue
		}
		w, err := files.Create(ctx, p, storage.Mode{Allow: storage.AllowAll})
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err == nil {
			err = w.Commit()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func makeAll(t testing.TB, files storage.FS, p storage.Path) {
	t.Helper()
	ctx := context.Background()
	if info, err := files.Stat(ctx, p); p == storage.Root || err == nil && info.Type == storage.Dir {
		return
	}
	makeAll(t, files, p.Dir())
	if err := files.Mkdir(ctx, p); err != nil {
		t.Fatal(err)
	}
}

// content is what a tree holds: the text of files, their modes and times, and
// "dir" for directories.
func content(t testing.TB, files storage.FS) map[storage.Path]string {
	t.Helper()
	all := map[storage.Path]string{}
	var walk func(dir storage.Path)
	walk = func(dir storage.Path) {
		for info, err := range files.List(context.Background(), dir) {
			if err != nil {
				t.Fatal(err)
			}
			p := dir.Join(info.Name)
			switch {
			case info.Type == storage.Dir:
				all[p] = "dir"
				walk(p)
			case info.Unfinished:
				all[p] = fmt.Sprintf("unfinished, %d bytes", info.Size)
			default:
				all[p] = fmt.Sprintf("%v %v %s", info.Mode, info.ModTime.UTC(), readAll(t, files, p))
			}
		}
	}
	walk(storage.Root)
	return all
}

func readAll(t testing.TB, files storage.FS, p storage.Path) []byte {
	t.Helper()
	f, err := files.Open(context.Background(), p, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// treeOf is a new tree in memory with these files.
func treeOf(t testing.TB, owner string, tree map[string]string) *mem.FS {
	t.Helper()
	files := mem.New(mem.Options{Owner: owner})
	fill(t, files, tree)
	return files
}
