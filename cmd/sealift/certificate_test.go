package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sealift/sealift/certs"
)

// issue makes a client certificate of the CA in $SEALIFT_DATA_DIR, which
// clients show from now on: issue NAME [E-MAIL|URI]… $FINGERPRINT is its own.
func (s *script) issue(ts *testscript.TestScript, args []string) {
	ca := authority(ts)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: args[0]},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, name := range args[1:] {
		if uri, err := url.Parse(name); err == nil && uri.Scheme != "" {
			template.URIs = append(template.URIs, uri)
		} else {
			template.EmailAddresses = append(template.EmailAddresses, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Certificate, key.Public(), ca.Key)
	ts.Check(err)
	leaf, err := x509.ParseCertificate(der)
	ts.Check(err)
	s.certificate = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	ts.Setenv("FINGERPRINT", certs.Fingerprint(leaf))
}

// revoke writes a list that takes the certificate back: revoke FILE.
func (s *script) revoke(ts *testscript.TestScript, args []string) {
	ca := authority(ts)
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}
	if s.certificate != nil {
		list.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: s.certificate.Leaf.SerialNumber, RevocationTime: time.Now()}}
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, ca.Certificate, ca.Key)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}), 0o600))
}

// present makes clients show the certificate in a file from now on: present
// CERT KEY.
func (s *script) present(ts *testscript.TestScript, args []string) {
	pair, err := tls.LoadX509KeyPair(ts.MkAbs(args[0]), ts.MkAbs(args[1]))
	ts.Check(err)
	s.certificate = &pair
}

func authority(ts *testscript.TestScript) *certs.Authority {
	dir := filepath.Join(ts.Getenv("SEALIFT_DATA_DIR"), "certs")
	ca, err := certs.LoadAuthority(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key"))
	ts.Check(err)
	return ca
}
