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
	"slices"
)

// A File is what is to be written.
type File struct {
	Name   string
	Data   []byte
	Secret bool // for the owner alone: mode 0600, else 0644
}

func (f File) mode() fs.FileMode {
	if f.Secret {
		return 0o600
	}
	return 0o644
}

// KeyFile is a private key in PKCS #8.
func KeyFile(name string, key crypto.Signer) (File, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return File{Name: name, Data: pem.EncodeToMemory(&pem.Block{Type: pemPrivateKey, Bytes: der}), Secret: true}, err
}

// ChainFile are certificates, the leaf first.
func ChainFile(name string, chain ...*x509.Certificate) File {
	var blocks [][]byte
	for _, cert := range chain {
		blocks = append(blocks, pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: cert.Raw}))
	}
	return File{Name: name, Data: slices.Concat(blocks...)}
}

// RequestFile is a request as NewRequest makes it.
func RequestFile(name string, der []byte) File {
	return File{Name: name, Data: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})}
}

// Save writes the files, each in one step. Without force it writes none of
// them if one is there already; the *FileError, which wraps fs.ErrExist, says
// which. Directories are made, for the owner alone. Where root writes into a
// directory of somebody else, the file becomes that user's.
func Save(force bool, files ...File) error {
	if err := CheckFree(force, files...); err != nil {
		return err
	}
	for _, f := range files {
		if err := makeOwnedDir(filepath.Dir(f.Name)); err != nil {
			return &FileError{File: filepath.Dir(f.Name), Problem: "cannot be made: " + err.Error(), Err: err}
		}
		if err := f.save(force); err != nil {
			return err
		}
	}
	return nil
}

// CheckFree is the error that Save would be because of files that are there.
func CheckFree(force bool, files ...File) error {
	for _, f := range files {
		if _, err := os.Lstat(f.Name); err == nil && !force {
			return isThere(f.Name)
		}
	}
	return nil
}

func isThere(name string) error {
	return &FileError{File: name, Problem: "is there already", Err: fs.ErrExist,
		Hint: "--force replaces it; a key that is replaced is lost, and so are the certificates made with it"}
}

func (f File) save(force bool) error {
	place := os.Rename
	if !force {
		place = placeNew
	}
	err := writeTo(f.Name, f.Data, f.mode(), place)
	switch {
	case errors.Is(err, fs.ErrExist):
		return isThere(f.Name)
	case err != nil:
		return &FileError{File: f.Name, Problem: fmt.Sprintf("cannot be written: %v", err), Err: err}
	}
	return nil
}

// placeNew gives a file its name unless another has it.
func placeNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	// This file system has no links; what came since CheckFree is seen here.
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

// encodeCRL is a list of revoked certificates in PEM.
func encodeCRL(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: pemCRL, Bytes: der}) }
