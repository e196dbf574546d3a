package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
)

// A KeyType is a kind of key that can be made. The zero value is P256.
type KeyType string

// The types of keys. P256 is what all clients of the last ten years take;
// RSA is for those before; Ed25519 is for clients with OpenSSL 1.1.1 or
// GnuTLS 3.6 and later, and for none on Windows.
const (
	P256    KeyType = "p256"
	P384    KeyType = "p384"
	Ed25519 KeyType = "ed25519"
	RSA2048 KeyType = "rsa2048"
	RSA3072 KeyType = "rsa3072"
	RSA4096 KeyType = "rsa4096"
)

// A keyMaker makes keys of one type.
type keyMaker struct {
	kind KeyType
	make func() (crypto.Signer, error)
}

var makeKey = []keyMaker{
	{P256, func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }},
	{P384, func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) }},
	{Ed25519, func() (crypto.Signer, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}},
	{RSA2048, func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }},
	{RSA3072, func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 3072) }},
	{RSA4096, func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 4096) }},
}

// KeyTypes are the words that ParseKeyType takes.
func KeyTypes() (words []string) {
	for _, k := range makeKey {
		words = append(words, string(k.kind))
	}
	return words
}

// ParseKeyType reads the word for a type; "" is P256.
func ParseKeyType(word string) (KeyType, error) {
	if word == "" {
		return P256, nil
	}
	if slices.Contains(KeyTypes(), word) {
		return KeyType(word), nil
	}
	return "", fmt.Errorf("%q is no kind of key; there are %s", word, strings.Join(KeyTypes(), ", "))
}

// NewKey makes a private key.
func NewKey(kind KeyType) (crypto.Signer, error) {
	kind, err := ParseKeyType(string(kind))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(makeKey, func(k keyMaker) bool { return k.kind == kind })
	return makeKey[i].make()
}

// newKey is a fresh ECDSA P-256 key.
func newKey() (crypto.Signer, error) { return NewKey(P256) }

// TypeOf is the type of a key; "" if it is none that NewKey makes.
func TypeOf(public crypto.PublicKey) KeyType {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return map[elliptic.Curve]KeyType{elliptic.P256(): P256, elliptic.P384(): P384}[key.Curve]
	case ed25519.PublicKey:
		return Ed25519
	case *rsa.PublicKey:
		return map[int]KeyType{2048: RSA2048, 3072: RSA3072, 4096: RSA4096}[key.N.BitLen()]
	}
	return ""
}

// usageOf is what the key of a server does: it signs handshakes; one of RSA
// also decrypts, in TLS 1.2 without ECDHE, which the profile legacy has.
func usageOf(public crypto.PublicKey) x509.KeyUsage {
	if _, isRSA := public.(*rsa.PublicKey); isRSA {
		return x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	}
	return x509.KeyUsageDigitalSignature
}
