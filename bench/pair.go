package main

import (
	"crypto/x509"
	"net"
	"path/filepath"
	"time"

	"github.com/sealift/sealift/certs"
)

// A pair names the files of the certificate that all servers have.
type pair struct{ cert, key string }

// makePair makes an ECDSA P-256 certificate, and a pool that trusts it.
func makePair(dir string) (pair, *x509.CertPool, error) {
	own, err := certs.Ensure(filepath.Join(dir, "certs"), []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}, time.Now())
	if err != nil {
		return pair{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(own.CA)
	return pair{cert: own.CertFile, key: own.KeyFile}, roots, nil
}
