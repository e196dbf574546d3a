package certs

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"
)

// NewSelfSigned makes a server certificate that nobody but itself vouches for:
// clients trust it by its fingerprint, or as if it were a CA, which it is not.
// The names stand in the subjectAltName alone; there must be a host.
func NewSelfSigned(key crypto.Signer, n Names, life time.Duration, now time.Time) (*x509.Certificate, error) {
	if len(n.DNS)+len(n.IPs) == 0 {
		return nil, errNoHost
	}
	template := n.template(x509.ExtKeyUsageServerAuth, key.Public(), now, now.Add(life))
	template.Subject = pkix.Name{Organization: []string{"Sealift"}}
	return sign(template, nil, key.Public(), key)
}

var errNoHost = errors.New("certs: a server certificate needs a host name or an address")

// NewRequest makes a request for a server certificate in DER (PKCS #10,
// RFC 2986). The common name is for CAs that insist on one; "" leaves the
// subject empty, and the names are in the subjectAltName only.
func NewRequest(key crypto.Signer, n Names, commonName string) ([]byte, error) {
	template := &x509.CertificateRequest{DNSNames: n.DNS, IPAddresses: n.IPs, EmailAddresses: n.Emails, URIs: n.URIs}
	if commonName != "" {
		if err := checkCommonName(commonName); err != nil {
			return nil, err
		}
		template.Subject.CommonName = commonName
	}
	if len(n.DNS)+len(n.IPs) == 0 {
		return nil, errNoHost
	}
	return x509.CreateCertificateRequest(rand.Reader, template, key)
}

// IssueClient signs a client certificate for public. The name is its common
// name; emails and URIs of n are further names that an account can be mapped
// by. Hosts are not looked at. It ends after life, or with the CA.
func (a *Authority) IssueClient(public crypto.PublicKey, name string, n Names, life time.Duration, now time.Time) (*x509.Certificate, error) {
	if err := errors.Join(checkCommonName(name), a.alive(now)); err != nil {
		return nil, err
	}
	n = Names{Emails: n.Emails, URIs: n.URIs}
	template := n.template(x509.ExtKeyUsageClientAuth, public, now, a.until(now.Add(life)))
	template.Subject = pkix.Name{CommonName: name}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	return sign(template, a.Certificate, public, a.Key)
}

// alive is an error once the CA has ended.
func (a *Authority) alive(now time.Time) error {
	if ExpiryOf(a.Certificate, now) != Expired {
		return nil
	}
	return fmt.Errorf("certs: the CA %s has ended on %s", Title(a.Certificate), date(a.Certificate.NotAfter))
}

// until is end, or the end of the CA if that is earlier.
func (a *Authority) until(end time.Time) time.Time {
	if a.Certificate.NotAfter.Before(end) {
		return a.Certificate.NotAfter
	}
	return end
}

// template is an end certificate for these names.
func (n Names) template(usage x509.ExtKeyUsage, public crypto.PublicKey, now, end time.Time) *x509.Certificate {
	return &x509.Certificate{
		NotBefore:             now.Add(-backdated),
		NotAfter:              end,
		KeyUsage:              usageOf(public),
		ExtKeyUsage:           []x509.ExtKeyUsage{usage},
		BasicConstraintsValid: true,
		DNSNames:              n.DNS,
		IPAddresses:           n.IPs,
		EmailAddresses:        n.Emails,
		URIs:                  n.URIs,
	}
}
