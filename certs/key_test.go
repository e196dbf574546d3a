package certs

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"testing"
)

func TestNewKey(t *testing.T) {
	for _, tt := range []struct {
		why  string
		kind KeyType
		want string // as KeyKind has it
	}{
		{"the default is what all clients take", "", "ECDSA P-256"},
		{"ECDSA P-256", P256, "ECDSA P-256"},
		{"ECDSA P-384", P384, "ECDSA P-384"},
		{"Ed25519", Ed25519, "Ed25519"},
		{"RSA 2048 is the least", RSA2048, "RSA 2048"},
		{"RSA 3072", RSA3072, "RSA 3072"},
		{"RSA 4096", RSA4096, "RSA 4096"},
	} {
		key, err := NewKey(tt.kind)
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		if got := KeyKind(&x509.Certificate{PublicKey: key.Public()}); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.why, got, tt.want)
		}
		if kind, err := ParseKeyType(string(tt.kind)); err != nil || TypeOf(key.Public()) != kind {
			t.Errorf("%s: TypeOf is %q, want %q (%v)", tt.why, TypeOf(key.Public()), kind, err)
		}
	}
}

func TestKeyTypesThatThereAreNot(t *testing.T) {
	for _, tt := range []struct{ why, word string }{
		{"RSA of 1024 bits is weak (RFC 9325 §4.5)", "rsa1024"},
		{"RSA without its length", "rsa"},
		{"DSA was given up", "dsa"},
		{"words are in lower case", "P256"},
	} {
		if _, err := NewKey(KeyType(tt.word)); err == nil {
			t.Errorf("%s: %s was made", tt.why, tt.word)
		}
	}
	if kind := TypeOf(ed25519.PublicKey(nil)); kind != Ed25519 {
		t.Errorf("TypeOf an Ed25519 key is %q", kind)
	}
	if kind := TypeOf(&rsa.PublicKey{N: newWeakModulus()}); kind != "" {
		t.Errorf("TypeOf a key of another length is %q", kind)
	}
}
