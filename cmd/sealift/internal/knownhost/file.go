// Package knownhost decides whether a server's certificate is to be trusted,
// and remembers the ones that a person has accepted: trust on first use.
package knownhost

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// A File holds the accepted certificates, a line for each server:
//
//	host:port FINGERPRINT PIN
//
// with the fingerprint of the certificate (certs.Fingerprint) and the pin of
// its key (certs.Pin). Empty lines, and those that begin with #, are kept.
// The string is the file's name; it is there once something was accepted.
type File string

// DefaultFile is sealift/known_hosts in $XDG_CONFIG_HOME, else in ~/.config.
func DefaultFile(getenv func(string) string) (File, error) {
	dir := getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		home := getenv("HOME")
		if home == "" {
			var err error
			if home, err = os.UserHomeDir(); err != nil {
				return "", fault.New(fault.Failed, "set XDG_CONFIG_HOME", "there is no place for known_hosts: %v", err)
			}
		}
		dir = filepath.Join(home, ".config")
	}
	return File(filepath.Join(dir, "sealift", "known_hosts")), nil
}

// An entry is one line.
type entry struct {
	address, fingerprint string
	pin                  string
	line                 int // from 1
}

// is tells whether the certificate is the accepted one, or a renewal of it
// with the same key.
func (e entry) is(cert *x509.Certificate) bool {
	return e.fingerprint == certs.Fingerprint(cert) || e.pin == certs.Pin(cert)
}

// find is the entry of host:port, nil if there is none.
func (f File) find(address string) (*entry, error) {
	data, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return f.search(data, address)
}

func (f File) search(data []byte, address string) (*entry, error) {
	number := 0
	for line := range bytes.Lines(data) {
		number++
		words := strings.Fields(string(line))
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 3 {
			return nil, fault.New(fault.NotTrusted, "remove the line, and accept the server's certificate anew", "%s:%d is not HOST:PORT FINGERPRINT PIN", f, number)
		}
		if words[0] == address {
			return &entry{words[0], words[1], words[2], number}, nil
		}
	}
	return nil, nil
}

// Add keeps a certificate that a person has accepted for host:port. Another
// process may have done so at the same time; if it accepted another
// certificate, that is an error.
func (f File) Add(address string, cert *x509.Certificate) (err error) {
	if err := os.MkdirAll(filepath.Dir(string(f)), 0o700); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(string(f) + ".lock").Lock()
	if err != nil {
		return err
	}
	defer unlock()
	data, err := os.ReadFile(string(f))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known, err := f.search(data, address)
	switch {
	case err != nil:
		return err
	case known != nil && known.is(cert):
		return nil
	case known != nil:
		return changed(f, *known, cert)
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(data, '\n')
	}
	return f.write(fmt.Appendf(data, "%s %s %s\n", address, certs.Fingerprint(cert), certs.Pin(cert)))
}

// write replaces the file as a whole: a crash leaves the old or the new one.
func (f File) write(data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(string(f)), ".known_hosts-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), string(f))
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
