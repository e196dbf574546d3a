package knownhost

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// A Pin names the one certificate, or the one key, that a server may have: a
// fingerprint in the form of certs.Fingerprint, or a pin in that of certs.Pin.
type Pin string

const keyPrefix = "sha256//"

// ParsePin reads the SHA-256 of a certificate in hex, with colons or without,
// or that of its key as curl has it: sha256//BASE64.
func ParsePin(s string) (Pin, error) {
	if encoded, isKey := strings.CutPrefix(s, keyPrefix); isKey {
		sum, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(sum) != 32 {
			return "", badPin(s)
		}
		return Pin(s), nil
	}
	sum, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	if err != nil || len(sum) != 32 {
		return "", badPin(s)
	}
	var pairs []string
	for _, b := range sum {
		pairs = append(pairs, strings.ToUpper(hex.EncodeToString([]byte{b})))
	}
	return Pin(strings.Join(pairs, ":")), nil
}

func badPin(s string) error {
	return fault.New(fault.Usage, "a pin is the SHA-256 of the certificate in hex, as the server prints it, or sha256//BASE64 of its key, as curl takes it",
		"--pin: %q is no SHA-256", s)
}

func (p Pin) matches(cert *x509.Certificate) bool {
	return string(p) == certs.Fingerprint(cert) || string(p) == certs.Pin(cert)
}
