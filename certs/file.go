package certs

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// PEM block types.
const (
	pemCertificate = "CERTIFICATE"
	pemPrivateKey  = "PRIVATE KEY"
	pemCRL         = "X509 CRL"
)

// readFile reads a file that must be there.
func readFile(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &FileError{File: name, Problem: "no such file", Err: err}
	case errors.Is(err, fs.ErrPermission):
		return nil, &FileError{File: name, Problem: "no right to read it",
			Hint: "the user that runs sealift must own the file or be allowed to read it", Err: err}
	case err != nil:
		return nil, &FileError{File: name, Problem: "cannot be read: " + err.Error(), Err: err}
	}
	return data, nil
}

// readCertificates reads all certificates of a PEM file; at least one.
func readCertificates(name string) ([]*x509.Certificate, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	chain, _, err := parseChain(name, data)
	return chain, err
}

// readKey reads the first private key of a PEM file that nobody else may
// read.
func readKey(name string) (crypto.Signer, error) {
	if err := checkSecret(name); err != nil {
		return nil, err
	}
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			return nil, &FileError{File: name, Problem: "the key is encrypted with a password",
				Hint: "openssl pkey -in FILE -out NEW takes the password off; keep NEW at mode 0600"}
		case block.Type == pemPrivateKey || block.Type == "RSA PRIVATE KEY" || block.Type == "EC PRIVATE KEY":
			return parseKey(name, block.Bytes)
		}
	}
	return nil, &FileError{File: name, Problem: "holds no private key in PEM form",
		Hint: `it must have a block that begins with "-----BEGIN PRIVATE KEY-----"`}
}

// parseKey takes PKCS #8, and the older forms of RSA and EC keys.
func parseKey(name string, der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if rsaKey, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			return rsaKey, nil
		}
		if ecKey, err := x509.ParseECPrivateKey(der); err == nil {
			return ecKey, nil
		}
		return nil, &FileError{File: name, Problem: "the private key is damaged", Err: err}
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, &FileError{File: name, Problem: fmt.Sprintf("a %T cannot sign", key)}
	}
	return signer, nil
}

// checkSecret refuses a key that everybody may read, or its group change. A
// group that reads is how Debian's ssl-cert and Kubernetes hand keys out.
// Windows has no such modes.
func checkSecret(name string) error {
	info, err := os.Stat(name)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o027 == 0 {
		return nil // a file that is not there is told of by readFile
	}
	return &FileError{File: name, Problem: fmt.Sprintf("the private key may be read by others (mode %04o)", info.Mode().Perm()),
		Hint: "chmod 600 " + name}
}

// writeKey writes key in PKCS #8, readable by its owner alone.
func writeKey(name string, key crypto.Signer) error {
	f, err := KeyFile(name, key)
	if err != nil {
		return err
	}
	return writeFile(name, f.Data, f.mode())
}

// writeChain writes certificates, the leaf first.
func writeChain(name string, chain ...*x509.Certificate) error {
	f := ChainFile(name, chain...)
	return writeFile(name, f.Data, f.mode())
}

// writeFile replaces the file name in one step: after a crash it holds the
// old content or the new one.
func writeFile(name string, data []byte, mode fs.FileMode) error {
	return writeTo(name, data, mode, os.Rename)
}

// writeTo writes a file under another name, which place then changes.
func writeTo(name string, data []byte, mode fs.FileMode, place func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), leaveToOwner(f), f.Sync(), f.Close())
	if err == nil {
		err = place(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
