package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/sealift/sealift/ftp"
)

// Security is how the control connection becomes protected.
type Security int

// Explicit starts in clear and sends AUTH TLS; Implicit starts with TLS.
const (
	Explicit Security = iota
	Implicit
)

// Options say which server is examined, and how.
type Options struct {
	Host     string // name or address
	Port     uint16 // 0: 21, or 990 where Security is Implicit
	Security Security

	// User logs in; "" runs only the probes that need no login.
	User, Password string
	// TLS holds RootCAs and Certificates; nil: the roots of the system. All
	// else in it is chosen by the probes.
	TLS *tls.Config
	// Verify, if set, decides instead of chain and host name whether the
	// server is trusted, that is, whether it gets the password.
	Verify func(tls.ConnectionState) error
	// Insecure sends the password to a server that is not trusted. What is
	// wrong with its certificate is found all the same.
	Insecure bool

	// Dir is where the directory for tests is made; "" is where a login begins.
	Dir        string
	ReadOnly   bool     // write nothing to the server
	Slow       bool     // also wait for time limits, up to MaxIdle
	Only, Skip []string // IDs of probes
	Self       *Self    // the server is ours: its configuration

	// Timeout bounds every wait for an answer; 0 is 5 s.
	Timeout time.Duration
	// MaxIdle is how long Slow waits; 0 is 2 minutes.
	MaxIdle time.Duration
	// DialContext, if set, connects in place of net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Each, if set, is called with every finding as soon as it is there.
	Each func(Finding)
}

const (
	defaultTimeout = 5 * time.Second
	defaultMaxIdle = 2 * time.Minute
)

// Patient is the server that is examined, and what is known of it.
type Patient struct {
	o         Options
	addresses []address
	lookupErr error
	addr      netip.AddrPort // the address that is examined: the first that answered
	greeting  ftp.Reply
	software  Software
	version   string
	evidence  string // what it was recognised by

	feat    features // as told to the login if there is one
	authErr error    // why there is no TLS
	state   tls.ConnectionState

	session  *control // logged in; nil: none is open
	loginErr error    // why there is no login
	firstErr error    // why the first try to log in failed, if a second did not
	clear    *clearly // what probeClear has found
	unbound  *unbound // what came of a data connection that resumed nothing

	dir     string // of our own on the server; "" until it is made
	dirErr  error
	made    []item
	content []byte // of the test file
}

// address is one of the server's.
type address struct {
	netip.AddrPort
	greeting ftp.Reply
	took     time.Duration
	err      error
}

func newPatient(o Options) *Patient {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxIdle == 0 {
		o.MaxIdle = defaultMaxIdle
	}
	if o.Port == 0 {
		o.Port = 21
		if o.Security == Implicit {
			o.Port = 990
		}
	}
	return &Patient{o: o}
}

func (p *Patient) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if p.o.DialContext != nil {
		return p.o.DialContext(ctx, network, address)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// tls is a configuration that takes whatever the server offers, for a new
// control connection and its data connections: they share its sessions. Who
// needs to trust the server asks trust.
func (p *Patient) tls() *tls.Config {
	cfg := &tls.Config{
		InsecureSkipVerify: true, // examined by probes; see trust
		MinVersion:         tls.VersionTLS10,
		CipherSuites:       everySuite(),
		ServerName:         p.o.Host,
		ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}
	if p.o.TLS != nil {
		cfg.Certificates = p.o.TLS.Certificates
		cfg.GetClientCertificate = p.o.TLS.GetClientCertificate
	}
	return cfg
}

func everySuite() (ids []uint16) {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}

// untrustedError: the server is not known to be the one that is meant, so it
// gets no password.
type untrustedError struct{ err error }

func (e *untrustedError) Error() string {
	return "the password is not sent, because the certificate is not trusted: " + e.err.Error()
}
func (e *untrustedError) Unwrap() error { return e.err }

// trust says whether the server on the other end may have the password.
func (p *Patient) trust(s tls.ConnectionState) error {
	if p.o.Verify != nil {
		return p.o.Verify(s)
	}
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server has no certificate")
	}
	o := x509.VerifyOptions{DNSName: p.o.Host, Roots: p.roots(), Intermediates: x509.NewCertPool()}
	for _, c := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(o)
	return err
}

func (p *Patient) roots() *x509.CertPool {
	if p.o.TLS == nil {
		return nil
	}
	return p.o.TLS.RootCAs
}

// connect opens a control connection and takes the greeting: in clear, or in
// TLS on an implicit port.
func (p *Patient) connect(ctx context.Context) (*control, error) {
	c, r, err := p.greet(ctx, p.addr, p.tls())
	if err != nil {
		return nil, err
	}
	if r.Code >= 400 {
		c.quit()
		return nil, r
	}
	return c, nil
}

// greet connects to one address.
func (p *Patient) greet(ctx context.Context, to netip.AddrPort, cfg *tls.Config) (*control, ftp.Reply, error) {
	c, err := p.reach(ctx, to)
	if err != nil {
		return nil, ftp.Reply{}, err
	}
	if p.o.Security == Implicit {
		if err := c.secure(ctx, cfg); err != nil {
			c.raw.Close()
			return nil, ftp.Reply{}, err
		}
	}
	// A name server that is slow to answer delays the greeting.
	r, err := c.readWithin(ctx, 3*p.o.Timeout)
	if err == nil && r.Code/100 == 1 { // RFC 959 §5.4: 120, ready in n minutes
		r, err = c.read(ctx)
	}
	if err != nil {
		c.raw.Close()
		return nil, ftp.Reply{}, err
	}
	return c, r, nil
}

func (p *Patient) reach(ctx context.Context, to netip.AddrPort) (*control, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	raw, err := p.dial(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	return newControl(raw, p.o.Timeout), nil
}

// secured opens a control connection and starts TLS with cfg; nil is tls().
func (p *Patient) secured(ctx context.Context, cfg *tls.Config) (*control, error) {
	if cfg == nil {
		cfg = p.tls()
	}
	c, r, err := p.greet(ctx, p.addr, cfg)
	switch {
	case err != nil:
		return nil, err
	case r.Code >= 400:
		c.quit()
		return nil, r
	case p.o.Security == Implicit:
		return c, nil
	}
	if err := c.auth(ctx, cfg); err != nil {
		c.quit()
		return nil, err
	}
	return c, nil
}

// login opens a session of its own, with protected data and TYPE I.
func (p *Patient) login(ctx context.Context) (*control, error) {
	c, err := p.enter(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.prepare(ctx, c); err != nil {
		c.quit()
		return nil, err
	}
	return c, nil
}

// enter opens a session of its own, and says nothing of data.
func (p *Patient) enter(ctx context.Context) (*control, error) {
	c, err := p.secured(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := p.identify(ctx, c); err != nil {
		c.quit()
		return nil, err
	}
	return c, nil
}

// identify sends name and password, if the server may have them.
func (p *Patient) identify(ctx context.Context, c *control) error {
	if err := p.trust(c.state()); err != nil && !p.o.Insecure {
		return &untrustedError{err}
	}
	r, err := c.must(ctx, "USER "+p.o.User)
	if err == nil && r.Code == ftp.CodeNeedPassword {
		r, err = c.pass(ctx, p.o.Password)
	}
	if err == nil && !r.Positive() {
		err = r
	}
	return err
}

// pass waits longer than other commands do: the digest of a password may be
// made slow on purpose, and a busy server queues them.
func (c *control) pass(ctx context.Context, password string) (ftp.Reply, error) {
	if err := c.send(ctx, "PASS "+password); err != nil {
		return ftp.Reply{}, err
	}
	r, err := c.readWithin(ctx, 3*c.wait)
	if err == nil && r.Code >= 400 {
		err = r
	}
	return r, err
}

func (p *Patient) prepare(ctx context.Context, c *control) error {
	for _, line := range []string{"PBSZ 0", "PROT P", "TYPE I"} {
		if _, err := c.must(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

// in is the session that the probes share, opened where none is usable.
func (p *Patient) in(ctx context.Context) (*control, error) {
	if p.session != nil && p.session.healthy() {
		if r, err := p.session.ask(ctx, "PROT P"); err == nil && r.Positive() {
			return p.session, nil
		}
	}
	p.leave()
	c, err := p.login(ctx)
	p.session = c
	return c, err
}

// leave ends the shared session.
func (p *Patient) leave() {
	if p.session != nil {
		p.session.quit()
		p.session = nil
	}
}
