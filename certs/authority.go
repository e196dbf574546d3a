package certs

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"time"
)

// Lifetimes. A server certificate of more than 398 days is refused by some
// clients; Ensure renews ours, so it can be as short as that.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 397 * 24 * time.Hour
	// backdated is how far the clock of a client may lag behind.
	backdated = time.Hour
)

// An Authority is a private CA. It signs end certificates and no other CA.
type Authority struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// NewAuthority makes a CA of ten years. The name is what people see in their
// list of trusted CAs.
func NewAuthority(name string, now time.Time) (*Authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	return newAuthority(key, name, now)
}

func newAuthority(key crypto.Signer, name string, now time.Time) (*Authority, error) {
	cert, err := sign(&x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"Sealift"}, CommonName: name},
		NotBefore:             now.Add(-backdated),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}, nil, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &Authority{cert, key}, nil
}

// LoadAuthority reads a CA's certificate and key.
func LoadAuthority(certFile, keyFile string) (*Authority, error) {
	pair, err := loadPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	if !pair.Leaf.IsCA {
		return nil, &FileError{File: certFile, Problem: "is not the certificate of a CA"}
	}
	return &Authority{pair.Leaf, pair.PrivateKey.(crypto.Signer)}, nil
}

// IssueServer signs a server certificate for public, valid for all names and
// addresses. It ends after 397 days, or with the CA. Names stand in the SAN
// alone (RFC 6125, RFC 9525): there is no common name.
func (a *Authority) IssueServer(public crypto.PublicKey, names []string, ips []net.IP, now time.Time) (*x509.Certificate, error) {
	if err := a.alive(now); err != nil {
		return nil, err
	}
	template := Names{DNS: names, IPs: ips}.template(x509.ExtKeyUsageServerAuth, public, now, a.until(now.Add(serverLife)))
	template.Subject = pkix.Name{Organization: []string{"Sealift"}}
	return sign(template, a.Certificate, public, a.Key)
}

// sign makes a certificate of template; without a parent it signs itself.
// crypto/x509 chooses a random serial number, the key identifiers and SHA-256.
func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
