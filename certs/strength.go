package certs

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
)

// maxRSABits is the most that crypto/tls and others take: checking a longer
// key's signatures is work that a stranger could ask for.
const maxRSABits = 8192

// KeyKind names the public key of a certificate: "ECDSA P-256", "RSA 2048".
func KeyKind(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	if cert.PublicKeyAlgorithm == x509.DSA {
		return "DSA"
	}
	return "of an unknown kind"
}

// KeyStrength is that of the public key in bits of a symmetric key
// (NIST SP 800-57 part 1, table 2); 0 for a kind that is not known.
func KeyStrength(cert *x509.Certificate) int {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return modulusStrength(key.N.BitLen())
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize / 2
	case ed25519.PublicKey:
		return 128
	}
	return 0
}

func modulusStrength(bits int) int {
	for _, step := range []struct{ bits, strength int }{{15360, 256}, {7680, 192}, {3072, 128}, {2048, 112}, {1024, 80}} {
		if bits >= step.bits {
			return step.strength
		}
	}
	return 40
}

// weakness says why a key is too weak; "" if it is not.
func weakness(cert *x509.Certificate) string {
	if cert.PublicKeyAlgorithm == x509.DSA {
		return "a DSA key, which TLS has given up"
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < minRSABits {
		return fmt.Sprintf("an RSA key of %d bits; %d are the least", key.N.BitLen(), minRSABits)
	}
	return ""
}

// rarity says why few programs take a key; "" if most do.
func rarity(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits > maxRSABits {
			return fmt.Sprintf("an RSA key of %d bits; many programs stop at %d", bits, maxRSABits)
		}
	case *ecdsa.PublicKey:
		if name := key.Curve.Params().Name; name == "P-224" || name == "P-521" {
			return "a key on the curve " + name + ", which many programs do not know"
		}
	case ed25519.PublicKey:
		return "an Ed25519 key, which Windows and many older programs do not know"
	case nil:
		return "a kind of key that is not known here"
	}
	return ""
}
