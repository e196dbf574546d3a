package tlsprofile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/rc4"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// recordSize is what a full record of TLS carries, in bytes (RFC 8446 §5.1).
const recordSize = 16 << 10

// Speed is how fast this machine protects full records with the suite's
// cipher and MAC, on one core, in MiB/s. It works for about the time d. The
// handshake is not in it.
func (s Suite) Speed(d time.Duration) (float64, error) {
	protect, err := protection(s)
	if err != nil {
		return 0, err
	}
	record := make([]byte, recordSize, recordSize+64)
	protect(record) // the first one fills caches
	begin := time.Now()
	records := 0
	for time.Since(begin) < d || records == 0 {
		for range 8 {
			protect(record)
		}
		records += 8
	}
	mib := float64(records) * recordSize / (1 << 20)
	return mib / time.Since(begin).Seconds(), nil
}

// protection is the work for one record.
func protection(s Suite) (func(record []byte), error) {
	switch s.Cipher {
	case "AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305":
		return aeadProtection(s)
	case "AES-128-CBC", "AES-256-CBC", "3DES-CBC", "RC4":
		return macThenEncrypt(s)
	}
	return nil, fmt.Errorf("tlsprofile: the cipher of %s is not known", s.Name)
}

func aeadProtection(s Suite) (func([]byte), error) {
	a, err := aeadOf(s)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, a.NonceSize())
	header := make([]byte, 5)
	return func(record []byte) { a.Seal(record[:0], nonce, record, header) }, nil
}

func aeadOf(s Suite) (cipher.AEAD, error) {
	key := make([]byte, s.Bits/8)
	if s.Cipher == "ChaCha20-Poly1305" {
		return chacha20poly1305.New(key)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func macThenEncrypt(s Suite) (func([]byte), error) {
	encrypt, err := encryption(s)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(macOf(s), make([]byte, 32))
	sum := make([]byte, 0, 64)
	return func(record []byte) {
		mac.Reset()
		mac.Write(record)
		sum = mac.Sum(sum[:0])
		encrypt(record)
	}, nil
}

func macOf(s Suite) func() hash.Hash {
	if s.MAC == "SHA-256" {
		return sha256.New
	}
	return sha1.New
}

func encryption(s Suite) (func([]byte), error) {
	var block cipher.Block
	var err error
	switch s.Cipher {
	case "RC4":
		c, err := rc4.NewCipher(make([]byte, 16))
		if err != nil {
			return nil, err
		}
		return func(record []byte) { c.XORKeyStream(record, record) }, nil
	case "3DES-CBC":
		block, err = des.NewTripleDESCipher(make([]byte, 24))
	default:
		block, err = aes.NewCipher(make([]byte, s.Bits/8))
	}
	if err != nil {
		return nil, err
	}
	c := cipher.NewCBCEncrypter(block, make([]byte, block.BlockSize()))
	return func(record []byte) { c.CryptBlocks(record, record) }, nil
}
