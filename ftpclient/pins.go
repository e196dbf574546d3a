package ftpclient

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// A pin is a SHA-256: of the public key, or of the whole certificate.
type pin struct {
	key bool
	sum []byte
}

type pins []pin

const keyPin = "sha256//"

func parsePins(texts []string) (pins, error) {
	var all pins
	for _, text := range texts {
		p, err := parsePin(text)
		if err != nil || len(p.sum) != sha256.Size {
			return nil, fmt.Errorf("ftpclient: %q is no pin: neither sha256//BASE64 of a key nor the SHA-256 of a certificate in hex", text)
		}
		all = append(all, p)
	}
	return all, nil
}

func parsePin(text string) (p pin, err error) {
	encoded, isKey := strings.CutPrefix(text, keyPin)
	if isKey {
		p.key = true
		p.sum, err = base64.StdEncoding.DecodeString(encoded)
		return p, err
	}
	p.sum, err = hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	return p, err
}

// verify trusts the server's own certificate if a pin matches it.
func (all pins) verify(cs tls.ConnectionState) error {
	leaf := cs.PeerCertificates[0]
	whole, key := sha256.Sum256(leaf.Raw), sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	for _, p := range all {
		if p.key && bytes.Equal(p.sum, key[:]) || !p.key && bytes.Equal(p.sum, whole[:]) {
			return nil
		}
	}
	return fmt.Errorf("no pin matches it; its key is %s%s, its SHA-256 %x",
		keyPin, base64.StdEncoding.EncodeToString(key[:]), whole)
}
