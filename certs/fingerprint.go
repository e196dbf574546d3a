package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
)

// Fingerprint is the SHA-256 of the whole certificate in upper-case hex with
// colons, as FileZilla and openssl x509 -fingerprint -sha256 show it. It
// changes when the certificate is renewed.
func Fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// Pin is the SHA-256 of the certificate's public key as curl takes it for
// --pinnedpubkey: "sha256//" and base64. It stays when a certificate is
// renewed with its key.
func Pin(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return "sha256//" + base64.StdEncoding.EncodeToString(sum[:])
}
