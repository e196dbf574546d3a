package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/ftpserver"
)

// loadRevoked opens the lists of client certificates that were taken back:
// that of tls.client_crl, and that of the server's own CA where this one
// counts, be it alone or one of tls.client_ca.
func (s *security) loadRevoked(c config.Config, pool certs.Pool, log *slog.Logger) error {
	if c.TLS.ClientCRL != "" {
		list, err := certs.OpenRevoked(c.TLS.ClientCRL, pool, log)
		if err != nil {
			return err
		}
		s.revoked = append(s.revoked, list)
	}
	renewCRL(c, log)
	if own := certs.CRLFile(certsDir(c)); own != c.TLS.ClientCRL && countsOwn(c, pool) {
		list, err := certs.OpenOwnRevoked(certsDir(c), pool, log)
		if err != nil {
			return err
		}
		s.revoked = append(s.revoked, list)
	}
	return nil
}

// verify is for handshakes of all sessions, also of those that began under a
// former configuration, and for resumed ones. A certificate is refused if
// there is no way from it to a CA without one that was revoked.
func (d *daemon) verify(cs tls.ConnectionState) (err error) {
	for _, chain := range cs.VerifiedChains {
		if err = d.now.Load().security.checkRevoked(chain...); err == nil {
			return nil
		}
	}
	return err
}

// countsOwn tells whether the server's own CA may issue client certificates.
func countsOwn(c config.Config, pool certs.Pool) bool {
	own, err := certs.LoadPool(certs.CAFile(certsDir(c)))
	return err == nil && slices.ContainsFunc(pool.Certificates, own.Certificates[0].Equal)
}

// renewCRL keeps the list of the own CA in date. Without a new one the old one
// goes on to count.
func renewCRL(c config.Config, log *slog.Logger) {
	changed, err := certs.RenewCRL(certsDir(c), time.Now())
	switch {
	case err != nil:
		log.Error("the list of revoked certificates could not be renewed", "error", err.Error())
	case changed:
		log.Info("list of revoked certificates renewed", "file", certs.CRLFile(certsDir(c)))
	}
}

func (s *security) checkRevoked(chain ...*x509.Certificate) error {
	for _, list := range s.revoked {
		if err := list.Check(chain...); err != nil {
			return err
		}
	}
	return nil
}

// isRevoked is for the sessions that run.
func (s *security) isRevoked(cert *x509.Certificate) bool { return s.checkRevoked(cert) != nil }

// kickRevoked reads the lists again and ends the sessions whose certificate is
// on one.
func (d *daemon) kickRevoked() {
	r := d.now.Load()
	for _, list := range r.security.revoked {
		if err := list.Reload(); err != nil {
			r.log.Error("list of revoked certificates not reloaded, the former one stays", "error", err.Error())
		}
	}
	d.endRevoked()
}

// loads grows when a list of revoked certificates is another one.
func (s *security) loads() (n int64) {
	for _, list := range s.revoked {
		n += list.Loads()
	}
	return n
}

// endRevoked ends the sessions whose certificate is on a list.
func (d *daemon) endRevoked() {
	r := d.now.Load()
	if len(r.security.revoked) == 0 {
		return
	}
	kicked := d.server.Kick("Your certificate has been revoked", func(i ftpserver.SessionInfo) bool {
		return i.TLS.Peer != nil && r.security.isRevoked(i.TLS.Peer)
	})
	if kicked > 0 {
		r.log.Info("sessions ended: their certificate has been revoked", "sessions", kicked)
	}
}

// OwnNames are the names and addresses that the server's own certificate has
// by itself: the machine's, and those of the configuration.
func OwnNames(c config.Config) (names []string, ips []net.IP, err error) {
	names, ips, err = certs.LocalNames()
	moreNames, moreIPs := hosts(c)
	return append(names, moreNames...), append(ips, moreIPs...), err
}
