package certs

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
)

// Identity is a key and the certificate that says whose it is.
type Identity struct {
	Key  crypto.Signer     // nil if no file has one
	Leaf *x509.Certificate // nil if no file has a certificate
	// Chain is in the order of Arrange: Leaf, then those that issued it, and
	// at the end what has no part in that. Each certificate is there once.
	Chain []*x509.Certificate
}

// ReadIdentity reads the key and the certificates in all of the files
// together, in whatever form they are: PEM with any number of blocks, DER, or
// PKCS #12; keys in PKCS #8, PKCS #1 or SEC 1, in clear or encrypted (PKCS #8
// with PBES2, or the older form of PEM). It does not ask who may read the
// files, and not whether key and certificate belong together or are any good:
// see Inspect.
//
// The password is asked for only where something is encrypted, once for all
// files; nil means that there is none. Errors are *FileError; one of the
// password comes as its Err.
func ReadIdentity(files []string, password func() ([]byte, error)) (Identity, error) {
	r := &identityReader{ask: password}
	for _, file := range files {
		if err := r.read(file); err != nil {
			return Identity{}, err
		}
	}
	return r.identity(files)
}

// identityReader is what was found so far.
type identityReader struct {
	ask    func() ([]byte, error)
	secret []byte // the answer
	asked  bool

	file  string // that is read now
	keys  []crypto.Signer
	certs []*x509.Certificate
}

// read takes one file.
func (r *identityReader) read(file string) error {
	data, err := readFile(file)
	if err != nil {
		return err
	}
	r.file = file
	blocks, err := splitPEM(data)
	if err != nil {
		return &FileError{File: file, Problem: err.Error(), Hint: "get the file again, without an editor or a chat in between", Err: err}
	}
	if len(blocks) == 0 {
		return r.takeDER(data)
	}
	found := false
	for _, block := range blocks {
		took, err := r.takeBlock(block)
		if err != nil {
			return err
		}
		found = found || took
	}
	if !found {
		problem, hint := insteadOf(blocks[0])
		return &FileError{File: file, Problem: problem, Hint: hint}
	}
	return nil
}

// takeBlock tells whether the block was a key or a certificate. Parameters,
// requests and the like are passed over.
func (r *identityReader) takeBlock(block pemBlock) (bool, error) {
	switch kind := block.Type; {
	case kind == pemCertificate || kind == "X509 CERTIFICATE":
		return true, r.takeCertificates(block.Bytes, block.line)
	case kind == "ENCRYPTED PRIVATE KEY":
		return true, r.takeEncrypted(block.Bytes)
	case kind == "OPENSSH PRIVATE KEY":
		return false, r.wrong("the key is in the form of OpenSSH", "ssh-keygen -p -m PKCS8 -f FILE converts it; a key for TLS should be one of its own: sealift cert csr HOST", nil)
	case kind == pemPrivateKey || kind == "RSA PRIVATE KEY" || kind == "EC PRIVATE KEY":
		if block.Headers["DEK-Info"] != "" {
			return true, r.takeOldPEM(block.Block)
		}
		return true, r.takeKey(block.Bytes)
	case strings.HasSuffix(kind, pemPrivateKey):
		return false, r.wrong(fmt.Sprintf("%s in line %d is no key for TLS", kind, block.line), "make a new one: sealift cert csr HOST", nil)
	case kind == "PKCS7" || kind == "TRUSTED CERTIFICATE":
		problem, hint := insteadOf(block)
		return false, r.wrong(problem, hint, nil)
	}
	return false, nil
}

// takeDER takes a file that is no PEM.
func (r *identityReader) takeDER(data []byte) error {
	switch {
	case len(data) == 0:
		return r.wrong("is empty", "", nil)
	case isPKCS12(data):
		return r.takePKCS12(data)
	case isSignedData(data):
		return r.wrong("holds PKCS #7", "openssl pkcs7 -inform der -print_certs -in FILE -out NEW.pem takes the certificates out", nil)
	case isEncryptedPKCS8(data):
		return r.takeEncrypted(data)
	}
	if _, err := x509.ParseCertificates(data); err == nil {
		return r.takeCertificates(data, 0)
	}
	key, err := parseKey(r.file, data)
	if err != nil {
		hint := "PEM, DER and PKCS #12 are read"
		if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
			hint = "it is text in UTF-16; save it as ASCII or UTF-8"
		}
		return r.wrong("holds no certificate and no private key", hint, nil)
	}
	r.addKey(key)
	return nil
}

func (r *identityReader) takeCertificates(der []byte, line int) error {
	found, err := x509.ParseCertificates(der)
	if err != nil {
		return r.wrong(fmt.Sprintf("line %d: the certificate is damaged: %v", line, err), "get the file again", err)
	}
	for _, cert := range found {
		r.addCertificate(cert)
	}
	return nil
}

func (r *identityReader) takeKey(der []byte) error {
	key, err := parseKey(r.file, der)
	if err == nil {
		r.addKey(key)
	}
	return err
}

func (r *identityReader) addKey(key crypto.Signer) {
	if !slices.ContainsFunc(r.keys, func(k crypto.Signer) bool { return sameKey(k.Public(), key.Public()) }) {
		r.keys = append(r.keys, key)
	}
}

func (r *identityReader) addCertificate(cert *x509.Certificate) {
	if !slices.ContainsFunc(r.certs, cert.Equal) {
		r.certs = append(r.certs, cert)
	}
}

// identity puts together what was found.
func (r *identityReader) identity(files []string) (id Identity, err error) {
	if len(r.keys) > 0 {
		if id.Key, err = r.onlyKey(files); err != nil {
			return Identity{}, err
		}
	}
	if len(r.certs) == 0 {
		return id, nil
	}
	var public crypto.PublicKey
	if id.Key != nil {
		public = id.Key.Public()
	}
	chain, rest := Arrange(r.certs, public)
	id.Leaf, id.Chain = chain[0], slices.Concat(chain, rest)
	return id, nil
}

// onlyKey is the key, or of several the one that has a certificate.
func (r *identityReader) onlyKey(files []string) (crypto.Signer, error) {
	if len(r.keys) == 1 {
		return r.keys[0], nil
	}
	certified := slices.DeleteFunc(slices.Clone(r.keys), func(k crypto.Signer) bool {
		return !slices.ContainsFunc(r.certs, func(c *x509.Certificate) bool { return sameKey(k.Public(), c.PublicKey) })
	})
	if len(certified) == 1 {
		return certified[0], nil
	}
	return nil, &FileError{File: strings.Join(files, ", "), Problem: fmt.Sprintf("there are %d private keys, and %d of them have a certificate", len(r.keys), len(certified)),
		Hint: "name only the files of one certificate"}
}

// wrong is an error about the file that is read.
func (r *identityReader) wrong(problem, hint string, cause error) error {
	return &FileError{File: r.file, Problem: problem, Hint: hint, Err: cause}
}

// Object identifiers of PKCS #7 (RFC 2315 §14).
var oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

// isPKCS12 looks for the version, 3, that a PFX begins with (RFC 7292 §4). The
// length may be indefinite, which is BER.
func isPKCS12(data []byte) bool {
	return bytes.HasPrefix(data, []byte{0x30}) && bytes.Contains(data[:min(len(data), 8)], []byte{2, 1, 3, 0x30})
}

func isSignedData(der []byte) bool {
	var content struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"optional"`
	}
	_, err := asn1.Unmarshal(der, &content)
	return err == nil && content.Type.Equal(oidSignedData)
}
