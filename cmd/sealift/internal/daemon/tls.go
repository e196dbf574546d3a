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
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/tlsprofile"
)

// security is what one configuration says about TLS, loaded.
type security struct {
	config  *tls.Config
	source  *certs.Source
	revoked []*certs.Revoked
	origin  control.Origin
	own     *certs.Own // nil unless the certificate is the server's own
}

// certsDir is where the server's own CA and certificate are.
func certsDir(c config.Config) string { return filepath.Join(c.DataDir, "certs") }

// ensureOwn makes the CA and the certificate of the first start, or renews
// the certificate.
func ensureOwn(c config.Config) (certs.Own, error) {
	names, ips, err := OwnNames(c)
	if err != nil {
		return certs.Own{}, err
	}
	return certs.Ensure(certsDir(c), names, ips, time.Now())
}

// loadSecurity loads the certificate, who may issue client certificates, and
// which of these were taken back.
func loadSecurity(c config.Config, log *slog.Logger) (*security, error) {
	s := &security{}
	pair, err := s.choose(c, log)
	if err != nil {
		return nil, err
	}
	if s.config, err = tlsprofile.New(c.TLSOptions()); err != nil {
		return nil, err
	}
	if s.source, err = certs.NewSource(certs.SourceOptions{StrictSNI: c.TLS.StrictSNI, Log: log}, append([]certs.Pair{pair}, more(c)...)...); err != nil {
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
	return s.loadRevoked(c, pool, log)
}

// watch follows the files until ctx is done.
func (s *security) watch(ctx context.Context) {
	go s.source.Watch(ctx, certs.PollInterval)
	for _, list := range s.revoked {
		go list.Watch(ctx, certs.PollInterval)
	}
}
