package certs

import (
	"crypto/x509"
	"errors"

	"software.sslmate.com/src/go-pkcs12"
)

// EncodePKCS12 puts the identity into a PKCS #12 file (RFC 7292), which is
// what programs with windows import. It is encrypted with AES-256 and SHA-256
// (PBES2), as OpenSSL 1.1.1, Java 12 and Windows Server 2019 and their
// successors read it; with legacy set, with 3DES and SHA-1, which those before
// read, too. Neither holds for longer than the password does: it should be a
// generated one.
func (id Identity) EncodePKCS12(password string, legacy bool) ([]byte, error) {
	switch {
	case id.Key == nil || id.Leaf == nil:
		return nil, errors.New("certs: PKCS #12 needs a key and a certificate")
	case password == "":
		return nil, errors.New("certs: PKCS #12 needs a password; many programs import none without")
	}
	encoder := pkcs12.Modern2023
	if legacy {
		encoder = pkcs12.LegacyDES
	}
	more := make([]*x509.Certificate, 0, len(id.Chain))
	for _, cert := range id.Chain {
		if !cert.Equal(id.Leaf) {
			more = append(more, cert)
		}
	}
	return encoder.Encode(id.Key, id.Leaf, more, password)
}
