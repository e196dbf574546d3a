package ftpserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"time"
)

// alpnFTP is the one protocol that is spoken here (IANA: "ftp"). A client
// that offers others alone is refused with alert 120; one that offers none is
// accepted.
const alpnFTP = "ftp"

// controlTLS is the configuration of the control connection's handshake. Any
// ticket of this server is resumed here.
func (s *session) controlTLS() *tls.Config {
	c := s.baseTLS()
	switch s.policy.ClientCertificate {
	case CertificateOff:
		c.ClientAuth = tls.NoClientCert
	default:
		c.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if get := c.GetCertificate; get != nil {
		c.GetCertificate = func(hello *tls.ClientHelloInfo) (served *tls.Certificate, err error) {
			s.served, err = get(hello)
			return s.served, err
		}
	}
	c.WrapSession = func(cs tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
		return s.srv.tickets.seal(s.ticketID, cs, ss)
	}
	c.UnwrapSession = func(identity []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		ss, _ := s.srv.tickets.open(identity, cs)
		return ss, nil
	}
	return c
}

// dataTLS makes the configuration of this session's next data connections:
// that of the control connection, with the same certificate (RFC 4217
// §15.1.1) even if another has been put in service since. Only tickets that
// are bound to this session are resumed, and a new one is held back on w (see
// wire); who comes without a bound ticket gets none either: a thief would come
// back with it. A certificate is asked for only where the control connection
// has one: else a session that carries it would not resume.
func (s *session) dataTLS() func(w *wire) *tls.Config {
	base, tickets, id := s.baseTLS(), s.srv.tickets, s.ticketID
	base.DynamicRecordSizingDisabled = true
	if s.served != nil {
		base.GetCertificate, base.Certificates = nil, []tls.Certificate{*s.served}
	}
	base.ClientAuth = tls.NoClientCert
	if s.certificate() != nil {
		base.ClientAuth = tls.VerifyClientCertIfGiven
	}
	base.UnwrapSession = func(identity []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		ss, ticket := tickets.open(identity, cs)
		if ss == nil || !tickets.bound(ticket, id) {
			return nil, nil
		}
		return ss, nil
	}
	return func(w *wire) *tls.Config {
		c := base.Clone()
		c.WrapSession = func(cs tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
			w.holdNext = cs.Version >= tls.VersionTLS13
			if !cs.DidResume {
				return tickets.seal(sessionID{}, cs, ss)
			}
			return tickets.seal(id, cs, ss)
		}
		if c.CurvePreferences == nil {
			c.GetConfigForClient = quickIfResumed(c)
		}
		return c
	}
}

// preSharedKey is the extension by which a client of TLS 1.3 asks to resume
// (RFC 8446 §4.2.11).
const preSharedKey = 41

// quickCurves leave the hybrids with ML-KEM out, which cost as much as all the
// rest of a resumed handshake.
var quickCurves = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

// quickIfResumed is for the GetConfigForClient of a data connection. A client
// that resumes brings the secret of the control connection's key exchange with
// it, hybrid or not (RFC 8446 §7.1), so that the exchange of the data
// connection can be a quick one.
func quickIfResumed(c *tls.Config) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if !slices.Contains(hello.Extensions, preSharedKey) {
			return nil, nil
		}
		quick := c.Clone()
		quick.GetConfigForClient, quick.CurvePreferences = nil, quickCurves
		return quick, nil
	}
}

// baseTLS is the operator's configuration with what FTPS adds. The name that
// HOST gave stands in where the client sends none.
func (s *session) baseTLS() *tls.Config {
	c := s.cfg.TLS.Clone()
	c.NextProtos = []string{alpnFTP}
	c.GetConfigForClient = nil // tickets and binding would not be ours
	if get, host := c.GetCertificate, s.host; get != nil && host != "" {
		c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName == "" {
				named := *hello
				named.ServerName = host
				hello = &named
			}
			return get(hello)
		}
	}
	return c
}

// hasCertificate reports whether a handshake could succeed.
func (s *session) hasCertificate() bool {
	c := s.cfg.TLS
	if len(c.Certificates) > 0 {
		return true
	}
	if c.GetCertificate == nil {
		return false
	}
	found, err := c.GetCertificate(&tls.ClientHelloInfo{ServerName: s.host, SupportedVersions: []uint16{tls.VersionTLS13}})
	return err == nil && found != nil
}

// certificate is what the client proved to have, nil if nothing.
func (s *session) certificate() *x509.Certificate {
	return s.peer
}

// secure runs the handshake on the control connection.
func (s *session) secure() error {
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Limits.HandshakeTimeout)
	defer cancel()
	s.tcp.startTLS()
	if err := s.tcp.SetDeadline(time.Time{}); err != nil {
		return err
	}
	conn := tls.Server(s.tcp, s.controlTLS())
	if err := conn.HandshakeContext(ctx); err != nil {
		s.srv.event(s, "handshake failed", "error", err.Error())
		return err
	}
	s.tls, s.conn = conn, conn
	s.lines.reset(conn, conn)
	cs := conn.ConnectionState()
	if cs.ServerName != "" {
		s.host = cs.ServerName
	}
	if len(cs.PeerCertificates) > 0 {
		s.peer = cs.PeerCertificates[0]
	}
	s.publishTLS()
	return nil
}

// errTLSBehindEnd: the client went on in TLS after CCC or REIN.
var errTLSBehindEnd = errors.New("ftpserver: a command in TLS behind the end of TLS")

// backToClear ends TLS on the control connection: our close_notify, then the
// client's (RFC 4217 §5, §12.3). What was said in TLS behind the command is
// not taken over into the clear.
func (s *session) backToClear() error {
	if s.lines.buffered() {
		return errTLSBehindEnd
	}
	if err := s.tls.CloseWrite(); err != nil {
		return err
	}
	deadline := time.Now().Add(s.cfg.Limits.DrainTimeout)
	if err := errors.Join(s.tcp.SetReadDeadline(deadline), s.tcp.SetWriteDeadline(time.Time{})); err != nil {
		return err
	}
	switch n, err := s.tls.Read(make([]byte, 1)); {
	case n > 0:
		return errTLSBehindEnd
	case err != io.EOF || s.tcp.ended:
		return net.ErrClosed
	}
	s.tcp.endTLS()
	s.tls, s.conn = nil, s.tcp
	s.lines.reset(s.tcp, s.tcp)
	s.publishTLS()
	return nil
}
