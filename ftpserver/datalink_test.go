package ftpserver_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"crypto/tls"

	"github.com/sealift/sealift/ftp"
)

// dataLink is the client's end of a data connection.
type dataLink struct {
	tcp *stream
	tls *tls.Conn // nil in clear
	in  *bufio.Reader

	opened bool // D open is done with it
}

func (d *dataLink) conn() net.Conn {
	if d.tls != nil {
		return d.tls
	}
	return d.tcp
}

// listen opens the port that PORT or EPRT tells, and gives the argument.
func (c *client) listen(extended bool) (string, error) {
	if c.active != nil {
		c.active.Close()
	}
	host, _, _ := net.SplitHostPort(c.tcp.LocalAddr().String())
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	c.active, c.address = l, ""
	return portArgument(l.Addr(), extended), nil
}

// closedPort is an address at which nobody listens.
func (c *client) closedPort(extended bool) (string, error) {
	arg, err := c.listen(extended)
	if err == nil {
		c.active.Close()
	}
	return arg, err
}

func portArgument(a net.Addr, extended bool) string {
	addr := a.(*net.TCPAddr).AddrPort()
	switch {
	case !extended:
		return ftp.FormatHostPort(addr)
	case addr.Addr().Is4():
		return fmt.Sprintf("|1|%v|%d|", addr.Addr(), addr.Port())
	}
	return fmt.Sprintf("|2|%v|%d|", addr.Addr(), addr.Port())
}

func (c *client) dropData() {
	if c.data != nil {
		c.data.tcp.Close()
		c.data = nil
	}
}

// dialData makes the TCP connection: to the passive port, or from the server
// to ours.
func (c *client) dialData(from string) error {
	c.dropData()
	var conn net.Conn
	var err error
	switch {
	case c.address != "":
		dialer := net.Dialer{Timeout: patience}
		if from != "" {
			dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
		}
		conn, err = dialer.Dial("tcp", c.address)
	case c.active != nil:
		c.active.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
		conn, err = c.active.Accept()
	default:
		err = errors.New("no data address is known: EPSV, PASV, PORT {port} or EPRT {eprt} comes first")
	}
	if err != nil {
		return err
	}
	c.data = &dataLink{tcp: newStream(conn)}
	c.data.in = bufio.NewReader(c.data.tcp)
	return nil
}

// openData makes the connection, if dial has not, and runs the handshake that
// the level asks for.
func (c *client) openData(o options) error {
	if c.data == nil || c.data.opened {
		if err := c.dialData(o["from"]); err != nil {
			return err
		}
	}
	c.data.opened = true
	if o.has("clear") || !c.private && !o.has("private") {
		return nil
	}
	var tickets tls.ClientSessionCache = readOnly{c.tickets}
	if o.has("fresh") {
		tickets = readOnly{&ticketBox{}}
	}
	c.data.tcp.records = true
	t, err := o.shake(c.data.tcp, tickets)
	if err != nil || t == nil {
		c.dropData()
		return err
	}
	c.data.tls, c.data.in = t, bufio.NewReader(t)
	if resumed := t.ConnectionState().DidResume; resumed == o.has("fresh") {
		return fmt.Errorf("the data connection resumed a session: %v", resumed)
	}
	return nil
}

// refused demands that nobody listens, or that the connection is closed
// before a byte comes.
func (c *client) refused(from string) error {
	if err := c.dialData(from); err != nil {
		return nil
	}
	defer c.dropData()
	c.data.tcp.SetReadDeadline(time.Now().Add(patience))
	n, err := c.data.tcp.Conn.Read(make([]byte, 1))
	if isTimeout(err) || n > 0 {
		return fmt.Errorf("%d bytes, %v, want a closed connection", n, err)
	}
	return nil
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

var errNoData = errors.New("no data connection is open: D open comes first")

// dataStep runs a directive on the open data connection.
func (c *client) dataStep(word string) error {
	if c.data == nil {
		return errNoData
	}
	d := c.data
	d.tcp.SetDeadline(time.Now().Add(patience))
	switch word {
	case "close":
		return errors.Join(d.closeNotify(), d.tcp.CloseWrite(), d.drain(), d.tcp.Close())
	case "notify":
		return d.closeNotify()
	case "cut":
		return d.tcp.CloseWrite()
	case "reset":
		d.tcp.Conn.(*net.TCPConn).SetLinger(0)
		return d.tcp.Close()
	case "eof":
		return errors.Join(d.eof(), d.closeNotify(), d.tcp.Close())
	case "rest":
		_, err := io.Copy(io.Discard, d.in)
		return errors.Join(err, d.eof(), d.closeNotify(), d.tcp.Close())
	case "lost":
		return errors.Join(d.lost(), d.tcp.Close())
	}
	return fmt.Errorf("D %s: no such directive", word)
}

// closeNotify ends our half of TLS.
func (d *dataLink) closeNotify() error {
	if d.tls == nil {
		return nil
	}
	err := d.tls.CloseWrite()
	d.tcp.SetWriteDeadline(time.Now().Add(patience))
	return err
}

// drain reads to the end of the TCP stream, as a polite client does.
func (d *dataLink) drain() error {
	rest, err := io.ReadAll(d.in)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes came back on an upload", len(rest))
	}
	return err
}

// eof demands the end of the file here, in TLS with close_notify.
func (d *dataLink) eof() error {
	rest, err := io.ReadAll(d.in)
	switch {
	case err != nil:
		return fmt.Errorf("want the end of the file: %w", err)
	case len(rest) > 0:
		return fmt.Errorf("want the end of the file, got %q", short(string(rest)))
	case d.tls != nil && d.tcp.ended:
		return errors.New("the file ended without close_notify")
	}
	return nil
}

// lost demands that the connection ends, without an end in order.
func (d *dataLink) lost() error {
	_, err := io.Copy(io.Discard, d.in)
	switch {
	case isTimeout(err):
		return errors.New("the data connection is still open")
	case d.tls != nil && err == nil && !d.tcp.ended:
		return errors.New("close_notify came: the client would take the file for whole")
	}
	return nil
}

// sendData sends bytes.
func (c *client) sendData(text string) error {
	if c.data == nil {
		return errNoData
	}
	c.data.tcp.SetWriteDeadline(time.Now().Add(patience))
	_, err := io.WriteString(c.data.conn(), text)
	return err
}

// readData demands exactly these bytes.
func (c *client) readData(want string) error {
	if c.data == nil {
		return errNoData
	}
	c.data.tcp.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.data.in, got)
	if string(got[:n]) != want {
		return fmt.Errorf("got %q, %v; want %q", short(string(got[:n])), err, short(want))
	}
	return nil
}

// readDataLine is the next line, without its CR LF.
func (c *client) readDataLine() (string, error) {
	if c.data == nil {
		return "", errNoData
	}
	c.data.tcp.SetReadDeadline(time.Now().Add(patience))
	line, err := c.data.in.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("no line: %w (after %q)", err, line)
	}
	text, ended := strings.CutSuffix(line, "\r\n")
	if !ended {
		return "", fmt.Errorf("a line without CR LF: %q", line)
	}
	return text, nil
}

func short(s string) string {
	if len(s) > 200 {
		return s[:100] + "…" + s[len(s)-100:]
	}
	return s
}
