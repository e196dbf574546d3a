package interop

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"sync"
	"testing"
	"time"
)

// dataDoor is an address where each connection becomes a data connection of
// an upload: what a passive port is, to scanners that come again and again.
func dataDoor(t *testing.T, s *server) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{server: s, account: s.account(t)}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				if err := d.pass(conn); err != nil {
					t.Errorf("a data connection: %v", err)
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
		d.close()
	})
	return l.Addr().String()
}

// door passes connections on to data ports of sessions that it keeps.
type door struct {
	server  *server
	account account

	mu   sync.Mutex
	idle []*control
}

// control is a session that is logged in, with private data connections.
type control struct {
	*textproto.Conn
	conn net.Conn
}

// uploadTime is how long a scanner may hold one connection.
const uploadTime = time.Minute

// pass begins an upload and joins conn with its data port, until one of them
// ends. The upload is aborted then.
func (d *door) pass(conn net.Conn) error {
	defer conn.Close()
	s, err := d.session()
	if err != nil {
		return err
	}
	s.conn.SetDeadline(time.Now().Add(uploadTime))
	data, err := s.upload()
	if err != nil {
		s.Close()
		return err
	}
	join(conn, data)
	if err := s.abort(); err != nil {
		s.Close()
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, s)
	return nil
}

func (d *door) session() (*control, error) {
	d.mu.Lock()
	if n := len(d.idle); n > 0 {
		s := d.idle[n-1]
		d.idle = d.idle[:n-1]
		d.mu.Unlock()
		return s, nil
	}
	d.mu.Unlock()
	return d.login()
}

func (d *door) close() {
	for _, s := range d.idle {
		s.Close()
	}
}

func (d *door) login() (*control, error) {
	conn, err := net.Dial("tcp", d.server.ready.Explicit[0])
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(uploadTime))
	s := &control{textproto.NewConn(conn), conn}
	_, _, err = s.ReadResponse(220)
	err = errors.Join(err, s.say(234, "AUTH TLS"))
	s.Conn = textproto.NewConn(tls.Client(conn, &tls.Config{InsecureSkipVerify: true}))
	for _, step := range []struct {
		code int
		line string
	}{
		{331, "USER " + d.account.name}, {230, "PASS " + d.account.password}, {200, "PBSZ 0"}, {200, "PROT P"},
	} {
		if err == nil {
			err = s.say(step.code, step.line)
		}
	}
	return s, err
}

func (s *control) say(code int, line string) error {
	_, err := s.ask(code, line)
	return err
}

func (s *control) ask(code int, line string) (string, error) {
	if err := s.PrintfLine("%s", line); err != nil {
		return "", err
	}
	_, text, err := s.ReadResponse(code)
	return text, err
}

// upload begins one, and connects to its data port.
func (s *control) upload() (net.Conn, error) {
	text, err := s.ask(229, "EPSV")
	if err != nil {
		return nil, err
	}
	port := epsvPort.FindStringSubmatch(text)
	if port == nil {
		return nil, fmt.Errorf("no port in %s", text)
	}
	host, _, err := net.SplitHostPort(s.conn.RemoteAddr().String())
	if err != nil {
		return nil, err
	}
	if err := s.say(150, "STOR scanned"); err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port[1])
	if err != nil {
		return nil, err
	}
	return net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(number)))
}

// abort ends the upload, if it has not ended by itself; either way, replies
// come until that to NOOP.
func (s *control) abort() error {
	if err := s.PrintfLine("ABOR\r\nNOOP"); err != nil {
		return err
	}
	for {
		code, _, err := s.ReadResponse(0)
		if err != nil || code == 200 {
			return err
		}
	}
}

// join carries bytes both ways until both have ended, and closes both.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			// Each end is seen as the other has made it.
			_, _ = io.Copy(way[0], way[1])
			if half, ok := way[0].(*net.TCPConn); ok {
				half.CloseWrite()
			}
		})
	}
	both.Wait()
	a.Close()
	b.Close()
}
