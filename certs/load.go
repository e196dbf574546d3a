package certs

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// minRSABits is the least that counts as strong (RFC 9325 §4.5).
const minRSABits = 2048

// Load reads a certificate with its chain, leaf first, and its key, both PEM.
//
// It refuses a key that others may read, that is another certificate's, or
// that is weaker than RSA 2048; and certificates signed with SHA-1 or MD5
// (RFC 9325 §4.5). Dates and names are not looked at: see Remarks. Errors are
// *FileError.
func Load(certFile, keyFile string) (*tls.Certificate, error) {
	pair, err := loadPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	if pair.Leaf.IsCA && pair.Leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 && pair.Leaf.KeyUsage != 0 {
		return nil, &FileError{File: certFile, Problem: "begins with the certificate of a CA",
			Hint: "the server's own certificate comes first, then those of the CAs that signed it"}
	}
	return pair, nil
}

func loadPair(certFile, keyFile string) (*tls.Certificate, error) {
	chain, err := readCertificates(certFile)
	if err != nil {
		return nil, err
	}
	if err := checkStrength(certFile, chain); err != nil {
		return nil, err
	}
	key, err := readKey(keyFile)
	if err != nil {
		return nil, err
	}
	if !belongsTo(key, chain[0]) {
		return nil, &FileError{File: keyFile, Problem: "the private key is not that of the certificate in " + certFile,
			Hint: "the chain must begin with the server's own certificate; a certificate that was renewed with a new key needs that key"}
	}
	pair := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, cert := range chain {
		pair.Certificate = append(pair.Certificate, cert.Raw)
	}
	return pair, nil
}

func belongsTo(key crypto.Signer, cert *x509.Certificate) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(cert.PublicKey)
}

// checkStrength looks at each certificate but at no root's signature, which
// nobody verifies.
func checkStrength(file string, chain []*x509.Certificate) error {
	for i, cert := range chain {
		if weak := weakness(cert); weak != "" {
			return &FileError{File: file, Problem: fmt.Sprintf("certificate %d has %s", i+1, weak),
				Hint: "make a new key: ECDSA P-256, or RSA of 2048 bits or more"}
		}
		isRoot := i > 0 && string(cert.RawIssuer) == string(cert.RawSubject)
		if !isRoot && isWeakSignature(cert.SignatureAlgorithm) {
			return &FileError{File: file, Problem: fmt.Sprintf("certificate %d is signed with %s", i+1, cert.SignatureAlgorithm),
				Hint: "have it issued again with SHA-256"}
		}
	}
	return nil
}

func isWeakSignature(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// Remarks are what is wrong with a certificate that may be served all the
// same: its dates, and names that clients will not accept. Each is a line.
func Remarks(leaf *x509.Certificate, now time.Time) []string {
	return remarks(leaf, ExpiryOf(leaf, now), now)
}

func remarks(leaf *x509.Certificate, e Expiry, now time.Time) []string {
	var found []string
	if now.Before(leaf.NotBefore) {
		found = append(found, "the certificate is not valid before "+date(leaf.NotBefore)+"; check the clock")
	}
	if e != Fresh {
		found = append(found, "the certificate "+e.sentence(leaf))
	}
	if len(leaf.DNSNames)+len(leaf.IPAddresses) == 0 {
		found = append(found, "the certificate names no host in its subjectAltName; clients will not accept it")
	}
	return found
}

// date is a day as all people read it, in UTC.
func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }
