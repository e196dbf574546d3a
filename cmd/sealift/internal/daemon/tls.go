package daemon

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/tlsprofile"
)

// security is what one configuration says about TLS, loaded.
type security struct {
	config  *tls.Config
	source  *certs.Source
	revoked *certs.Revoked
	own     *certs.Own // nil where a certificate is configured
}

// certsDir is where the server's own CA and certificate are.
func certsDir(c config.Config) string { return filepath.Join(c.DataDir, "certs") }

// ensureOwn makes the CA and the certificate of the first start, or renews
// the certificate.
func ensureOwn(c config.Config) (certs.Own, error) {
	names, ips, err := certs.LocalNames()
	if err != nil {
		return certs.Own{}, err
	}
	moreNames, moreIPs := hosts(c)
	return certs.Ensure(certsDir(c), append(names, moreNames...), append(ips, moreIPs...), time.Now())
}

// loadSecurity loads the certificate, who may issue client certificates, and
// which of these were taken back.
func loadSecurity(c config.Config, log *slog.Logger) (*security, error) {
	s := &security{}
	pair := certs.Pair{CertFile: c.TLS.Certificate, KeyFile: c.TLS.Key}
	if pair.CertFile == "" {
		own, err := ensureOwn(c)
		if err != nil {
			return nil, err
		}
		if own.Change != "" {
			log.Info(own.Change, "file", own.CertFile, "fingerprint", certs.Fingerprint(own.Leaf))
		}
		s.own = &own
		pair = certs.Pair{CertFile: own.CertFile, KeyFile: own.KeyFile}
	}
	var err error
	if s.config, err = tlsprofile.New(c.TLSOptions()); err != nil {
		return nil, err
	}
	if s.source, err = certs.NewSource(certs.SourceOptions{StrictSNI: c.TLS.StrictSNI, Log: log}, pair); err != nil {
		return nil, err
	}
	s.config.GetCertificate = s.source.GetCertificate
	return s, s.loadClients(c, log)
}

// loadClients sets who may issue client certificates: tls.client_ca, or else
// the server's own CA. Without either nobody may; the system's CAs never may.
func (s *security) loadClients(c config.Config, log *slog.Logger) error {
	s.config.ClientCAs = x509.NewCertPool()
	file := c.TLS.ClientCA
	if file == "" {
		file = filepath.Join(certsDir(c), "ca.pem")
	}
	pool, err := certs.LoadPool(file)
	switch {
	case err == nil:
		s.config.ClientCAs = pool.CertPool
	case c.TLS.ClientCA != "" || !errors.Is(err, fs.ErrNotExist):
		return err
	case c.Policy.ClientCertificate != ftpserver.CertificateOff:
		return fault.New(fault.Failed, "set tls.client_ca", "policy.client_certificate asks for certificates, but nobody is named who may issue them")
	}
	if c.TLS.ClientCRL == "" {
		return nil
	}
	if s.revoked, err = certs.OpenRevoked(c.TLS.ClientCRL, pool, log); err != nil {
		return err
	}
	s.config.VerifyConnection = func(cs tls.ConnectionState) error { return s.revoked.Check(cs.PeerCertificates...) }
	return nil
}

// isRevoked is for the sessions that run.
func (s *security) isRevoked(cert *x509.Certificate) bool { return s.revoked.Check(cert) != nil }

// watch follows the files until ctx is done.
func (s *security) watch(ctx context.Context) {
	go s.source.Watch(ctx, certs.PollInterval)
	if s.revoked != nil {
		go s.revoked.Watch(ctx, certs.PollInterval)
	}
}
