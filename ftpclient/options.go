package ftpclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
)

// Security is how the control connection is protected.
type Security int

const (
	Explicit  Security = iota // AUTH TLS on the usual port (RFC 4217)
	Implicit                  // TLS from the first byte on
	Plaintext                 // none: passwords and files can be read by everybody in between
)

// Route is how a data connection is made.
type Route int

const (
	ExtendedPassive Route = iota // EPSV (RFC 2428)
	Passive                      // PASV
	Active                       // PORT, or EPRT where the control connection is IPv6
)

// Options say how to connect. The zero value connects with explicit TLS,
// checks the certificate against the roots of the system, and does not log in.
type Options struct {
	Security Security
	// TLS is cloned. nil means the system's roots and TLS 1.2 or newer.
	// ServerName "" is the host of the address. ClientSessionCache is replaced
	// by one for each control connection, and NextProtos nil is "ftp".
	TLS *tls.Config
	// Verify decides on the certificate in place of chain and host name (trust
	// on first use). nil means the normal check. It runs on every handshake of
	// a control connection.
	Verify func(tls.ConnectionState) error
	// Pins are "sha256//BASE64" of a public key, as curl has it, or the
	// SHA-256 of a certificate in hex, with or without colons. If there are
	// any, one must match, and then stands in place of chain and host name.
	Pins []string
	// User, Password, Account log in. With User "" no USER is sent: the client
	// certificate says it all, or Login comes later.
	User, Password, Account string
	// ClearData leaves data connections unprotected (PROT C).
	ClearData bool
	// Routes are tried in order, and the first that works is kept. nil means
	// ExtendedPassive, then Passive.
	Routes []Route
	// ActiveAddress is where servers connect to in Active. The zero value is
	// the control connection's own address, and any port.
	ActiveAddress netip.AddrPort
	// DialContext makes TCP connections, through a proxy for instance. nil
	// means a net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout is for a connection, a handshake and a reply; 30 s.
	Timeout time.Duration
	// StallTimeout ends a transfer that moves no byte; 60 s. After the last
	// byte of an upload the server has twice as long to say that it has it.
	StallTimeout time.Duration
	// KeepAlive is how often NOOP is sent during a transfer, so that nothing
	// in between takes the control connection for dead; 30 s. Negative: never.
	KeepAlive time.Duration
	// AcceptMissingCloseNotify takes downloads that end without close_notify
	// for whole, for servers that never send it. What was cut then looks whole.
	AcceptMissingCloseNotify bool
	// SkipSizeCheck leaves out the SIZE by which Store and Append find out
	// whether the server has what it says that it has, for callers who prove
	// their uploads themselves.
	SkipSizeCheck bool
	// Trace is told each line of the control connection, with secrets masked,
	// one after the other. It must not call the Conn.
	Trace func(Line)
}

// A Line is one line of the control connection, without its end.
type Line struct {
	Sent bool
	Text string // of the server's: raw, it may hold control characters
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.StallTimeout = cmp.Or(o.StallTimeout, time.Minute)
	o.KeepAlive = cmp.Or(o.KeepAlive, 30*time.Second)
	if len(o.Routes) == 0 {
		o.Routes = []Route{ExtendedPassive, Passive}
	}
	if o.DialContext == nil {
		o.DialContext = new(net.Dialer).DialContext
	}
	return o
}

const (
	explicitPort = "21"
	implicitPort = "990"
)

// splitAddress takes host, host:port, an IPv6 address with or without
// brackets, and [host]:port.
func splitAddress(address string, security Security) (host, port string, err error) {
	port = explicitPort
	if security == Implicit {
		port = implicitPort
	}
	switch addr, err := netip.ParseAddr(strings.Trim(address, "[]")); {
	case err == nil:
		return addr.String(), port, nil
	case !strings.Contains(address, ":"):
		host = address
	default:
		if host, port, err = net.SplitHostPort(address); err != nil {
			return "", "", fmt.Errorf("ftpclient: address: %w", err)
		}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil || host == "" || strings.ContainsAny(host, "\x00\r\n /@") {
		return "", "", fmt.Errorf("ftpclient: address: no host and port in %q", address)
	}
	return host, port, nil
}

// checkArgument refuses what would end a line or is empty: a bare DELE removes
// the current folder of some servers.
func checkArgument(arg string) error {
	if arg == "" {
		return fmt.Errorf("%w: empty", ErrName)
	}
	_, err := ftp.Command{Verb: "X", Arg: arg}.Line()
	return err
}
