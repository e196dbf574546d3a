package ftpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/ftp"
)

// A Conn is a connection to a server. It does one thing at a time: what comes
// in the middle of a transfer is ErrBusy. Close, Err, ConnectionState and
// DataState may be called from any goroutine at any time, the other methods
// from one after the other.
//
// A context that ends while a reply is awaited ends the Conn, since the reply
// would be taken for the next command's; in a transfer it aborts that alone,
// if the server goes along. Err tells.
type Conn struct {
	o    Options
	host string // as the caller named it
	port string

	raw      net.Conn // TCP
	conn     net.Conn // raw, or TLS over it
	tls      *tls.Conn
	config   *tls.Config // of the control connection
	sessions sessions    // for data connections
	lines    *lineReader
	greeting ftp.Reply

	replies chan ftp.Reply // closed when the connection has ended
	over    chan struct{}  // closed by fail
	heard   atomic.Int64   // when the last line came, Unix nanoseconds
	busy    atomic.Bool
	closing atomic.Bool
	writing sync.Mutex
	tracing sync.Mutex
	mu      sync.Mutex // guards err
	err     error

	// What follows is used by whoever has begun the Conn.

	features  Features
	protected bool // PROT was sent
	routes    []Route
	routed    bool   // routes[0] has worked
	mode      string // TYPE, "" if not known
	restart   bool   // an offset may still stand
	factsSet  bool   // OPTS MLST was sent
	noMLSD    bool
	hash      string // what OPTS HASH chose
	timeVerb  int    // how SetModTime works here, plus one
	home      string // where the login led
	moved     bool   // the current folder is another one

	dataMu    sync.Mutex
	dataState tls.ConnectionState
	hasData   bool
}

// Dial connects to address, which is a host or host:port (port 21, or 990
// with Implicit), protects the connection, and logs in if o says who. Errors
// are ConnectError, TLSError, CertificateError, HostnameError, ReplyError, or
// wrap one of the variables of this package; a refused login is a ReplyError
// of the command USER, PASS or ACCT. On error nothing stays open.
func Dial(ctx context.Context, address string, o Options) (*Conn, error) {
	o = o.withDefaults()
	host, port, err := splitAddress(address, o.Security)
	if err != nil {
		return nil, err
	}
	c := &Conn{
		o: o, host: host, port: port, routes: slices.Clone(o.Routes),
		replies: make(chan ftp.Reply), over: make(chan struct{}),
	}
	if c.config, err = controlConfig(o, host); err != nil {
		return nil, err
	}
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	if err := c.open(ctx); err != nil {
		c.fail(err)
		return nil, err
	}
	return c, nil
}

func (c *Conn) connect(ctx context.Context) error {
	address := net.JoinHostPort(c.host, c.port)
	timed, cancel := c.timed(ctx)
	defer cancel()
	conn, err := c.o.DialContext(timed, "tcp", address)
	if err != nil {
		return connectError(address, ended(timed, err))
	}
	c.raw, c.conn = conn, conn
	c.lines = newLineReader(conn, c.heardLine)
	return nil
}

// timed is ctx with an end of our own, which is ErrTimeout.
func (c *Conn) timed(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, c.o.Timeout, ErrTimeout)
}

// ended is why ctx ended, if it has, and else err.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (c *Conn) heardLine(text string) {
	c.heard.Store(time.Now().UnixNano())
	c.trace(Line{Text: text})
}

// open does all that comes before the first command of the caller.
func (c *Conn) open(ctx context.Context) error {
	if err := c.secure(ctx); err != nil {
		return err
	}
	go c.read()
	if c.o.User != "" {
		return c.Login(ctx, c.o.User, c.o.Password, c.o.Account)
	}
	return nil
}

// secure reads the greeting and starts TLS, in the order that Security says.
// All of it is read here and not by the goroutine, since not a byte may be
// read too far.
func (c *Conn) secure(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	err := c.secureNow(ctx)
	if err == nil && stop() {
		return c.raw.SetDeadline(time.Time{})
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (c *Conn) secureNow(ctx context.Context) error {
	if c.o.Security == Implicit {
		if err := c.handshake(ctx); err != nil {
			return err
		}
	}
	if err := c.greet(ctx); err != nil {
		return err
	}
	if c.o.Security != Explicit {
		return nil
	}
	if err := c.authTLS(ctx); err != nil {
		return err
	}
	return c.handshake(ctx)
}

// greet waits for 220; 120 says that it takes a while (RFC 959 §5.4).
func (c *Conn) greet(ctx context.Context) error {
	for {
		r, err := c.readNow(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("no greeting: %w", err)
		case r.Code/100 == 2:
			c.greeting = r
			return nil
		case r.Code/100 != 1:
			return &ReplyError{Reply: r}
		}
	}
}

// authTLS asks for TLS; AUTH SSL is its name on servers that are older than
// RFC 4217. There is no way on in clear text.
func (c *Conn) authTLS(ctx context.Context) error {
	var refusals []error
	for _, mechanism := range []string{"TLS", "SSL"} {
		line, err := commandLine("AUTH", mechanism)
		if err != nil {
			return err
		}
		if err := c.send("AUTH "+mechanism, line); err != nil {
			return err
		}
		r, err := c.readNow(ctx)
		if err != nil {
			return err
		}
		if r.Code == ftp.CodeAuth || r.Code == 334 { // 334: before RFC 4217
			return nil
		}
		refusals = append(refusals, &ReplyError{Command: "AUTH " + mechanism, Reply: r})
		if !unknownCommand(r.Code) {
			break
		}
	}
	return fmt.Errorf("%w: %w", ErrTLSRefused, errors.Join(refusals...))
}

// unknownCommand reports whether a reply says that the server does not know
// the command or its argument.
func unknownCommand(code ftp.Code) bool {
	switch code {
	case ftp.CodeUnknown, ftp.CodeBadArgument, ftp.CodeRefused, ftp.CodeBadParameter:
		return true
	}
	return false
}

// readNow reads a reply without the goroutine.
func (c *Conn) readNow(ctx context.Context) (ftp.Reply, error) {
	if err := ctx.Err(); err != nil {
		return ftp.Reply{}, context.Cause(ctx)
	}
	if err := c.raw.SetReadDeadline(time.Now().Add(c.o.Timeout)); err != nil {
		return ftp.Reply{}, lost(err)
	}
	if err := ctx.Err(); err != nil { // the deadline that it set was taken back
		return ftp.Reply{}, context.Cause(ctx)
	}
	r, err := c.lines.reply()
	if err != nil && !errors.Is(err, ErrProtocol) {
		err = lost(timedOut(err))
	}
	return r, err
}

// handshake makes the control connection a TLS connection.
func (c *Conn) handshake(ctx context.Context) error {
	if c.lines.r.Buffered() > 0 {
		return ErrPipelinedReply
	}
	timed, cancel := c.timed(ctx)
	defer cancel()
	if err := c.raw.SetDeadline(time.Time{}); err != nil {
		return lost(err)
	}
	config := c.config.Clone()
	config.ClientSessionCache = &controlCache{sessions: &c.sessions}
	conn := tls.Client(c.raw, config)
	if err := conn.HandshakeContext(timed); err != nil {
		return handshakeError(timed, err, false, config.ServerName)
	}
	c.tls, c.conn = conn, conn
	c.lines.reset(conn)
	return nil
}

// Greeting is the server's first reply.
func (c *Conn) Greeting() ftp.Reply { return c.greeting }

// Features are what the server says that it can do, after the login; before,
// the zero Features.
func (c *Conn) Features() Features { return c.features }

// ConnectionState is the TLS of the control connection; ok is false if there
// is none.
func (c *Conn) ConnectionState() (state tls.ConnectionState, ok bool) {
	if c.tls == nil {
		return tls.ConnectionState{}, false
	}
	return c.tls.ConnectionState(), true
}

// DataState is the TLS of the last data connection; ok is false if there was
// none yet, or it was in clear.
func (c *Conn) DataState() (state tls.ConnectionState, ok bool) {
	c.dataMu.Lock()
	defer c.dataMu.Unlock()
	return c.dataState, c.hasData
}

// farewell is how long Close waits for the server.
const farewell = 2 * time.Second

// Close says goodbye to the server, waits a moment for its answer, and closes
// the connection. A transfer that runs is cut off. The error is always nil:
// there is nothing that a caller could do about one.
func (c *Conn) Close() error {
	if c.begin() == nil {
		c.closing.Store(true)
		ctx, cancel := context.WithTimeout(context.Background(), min(farewell, c.o.Timeout))
		defer cancel()
		defer c.end()
		if _, err := c.exchange(ctx, "QUIT", ""); err == nil && c.tls != nil {
			c.tls.CloseWrite()
		}
	}
	c.fail(net.ErrClosed)
	return nil
}
