package certs

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"
)

// ErrPassword is the cause where a password is not the right one.
var ErrPassword = errors.New("certs: the password is not the right one")

// takePlain is what to do with a form that is not read.
const takePlain = "openssl pkey -in FILE -out NEW takes the password off; keep NEW at mode 0600"

// password is that of whatever is encrypted.
func (r *identityReader) password() ([]byte, error) {
	if r.ask == nil {
		return nil, r.wrong("is encrypted, and there is no password", takePlain, nil)
	}
	if !r.asked {
		secret, err := r.ask()
		if err != nil {
			return nil, r.wrong("is encrypted, and its password cannot be had: "+err.Error(), "", err)
		}
		r.secret, r.asked = secret, true
	}
	return r.secret, nil
}

func (r *identityReader) wrongPassword() error {
	return r.wrong("the password is not the right one, or the file is damaged", "try again; capital letters and spaces count", ErrPassword)
}

// takeEncrypted takes an EncryptedPrivateKeyInfo (RFC 5958 §3).
func (r *identityReader) takeEncrypted(der []byte) error {
	password, err := r.password()
	if err != nil {
		return err
	}
	key, err := decryptPKCS8(der, password)
	switch {
	case errors.Is(err, ErrPassword):
		return r.wrongPassword()
	case err != nil:
		return r.wrong("the key is encrypted in a way that is not read here: "+err.Error(), takePlain, err)
	}
	return r.takeSigner(key)
}

// decryptPKCS8 guards a decoder that trusts the lengths in its input.
func decryptPKCS8(der, password []byte) (key any, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			key, err = nil, fmt.Errorf("damaged: %v", fault)
		}
	}()
	if len(password) == 0 {
		return nil, ErrPassword // the decoder would take the key for one in clear
	}
	key, err = pkcs8.ParsePKCS8PrivateKey(der, password)
	if err != nil && err.Error() == "pkcs8: incorrect password" {
		return nil, ErrPassword
	}
	return key, err
}

// takeOldPEM takes a key that is encrypted as RFC 1423 has it: what openssl
// wrote by default before version 1.0, and writes with -traditional.
func (r *identityReader) takeOldPEM(block *pem.Block) error {
	password, err := r.password()
	if err != nil {
		return err
	}
	//lint:ignore SA1019 Its flaw, no authentication, matters to those who let strangers try passwords; here an operator reads a file of his own.
	der, err := x509.DecryptPEMBlock(block, password)
	if errors.Is(err, x509.IncorrectPasswordError) {
		return r.wrongPassword()
	}
	if err != nil {
		return r.wrong("the key is encrypted in a way that is not read here: "+err.Error(), takePlain, err)
	}
	// One wrong password in 256 seems right until now.
	if r.takeKey(der) != nil {
		return r.wrongPassword()
	}
	return nil
}

// takePKCS12 takes a PKCS #12 file (RFC 7292). Many have no password.
func (r *identityReader) takePKCS12(data []byte) error {
	key, leaf, more, err := pkcs12.DecodeChain(data, "")
	if isWrongPassword(err) {
		var password []byte
		if password, err = r.password(); err != nil {
			return err
		}
		key, leaf, more, err = pkcs12.DecodeChain(data, string(password))
	}
	switch {
	case isWrongPassword(err):
		return r.wrongPassword()
	case err != nil:
		return r.wrong("is PKCS #12 in a form that is not read here: "+err.Error(),
			"openssl pkcs12 -in FILE -nodes -out NEW.pem converts it; -legacy may be needed; keep NEW.pem at mode 0600", err)
	}
	for _, cert := range append([]*x509.Certificate{leaf}, more...) {
		r.addCertificate(cert)
	}
	return r.takeSigner(key)
}

func isWrongPassword(err error) bool {
	return errors.Is(err, pkcs12.ErrIncorrectPassword) || errors.Is(err, pkcs12.ErrDecryption)
}

func (r *identityReader) takeSigner(key any) error {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return r.wrong(fmt.Sprintf("a %T cannot sign", key), "make a new key: sealift cert csr HOST", nil)
	}
	r.addKey(signer)
	return nil
}

func isEncryptedPKCS8(der []byte) bool {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	rest, err := asn1.Unmarshal(der, &info)
	return err == nil && len(rest) == 0
}
