package certs

import (
	"crypto"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Names of files in the directory of the server's certificates. The key
// stands in the same file as its chain, so that both change in one step: a
// server that reads while they change gets the old pair or the new one.
const (
	installedName = "installed.pem"
	formerName    = "installed.former.pem"
)

// InstalledFile is where Install puts a chain and its key.
func InstalledFile(dir string) string { return filepath.Join(dir, installedName) }

// Installed is the pair that was installed in dir; ok tells whether there is
// one.
func Installed(dir string) (p Pair, ok bool) {
	file := InstalledFile(dir)
	_, err := os.Stat(file)
	return Pair{CertFile: file, KeyFile: file}, !errors.Is(err, fs.ErrNotExist)
}

// Install puts a chain, leaf first, and its key into dir, where the server
// looks for them. It refuses what Load would refuse; all else is for Inspect.
// On an error what was installed before still is; else it is kept under
// another name in dir. undo takes the installation back.
func Install(dir string, chain []*x509.Certificate, key crypto.Signer) (undo func() error, err error) {
	if err := makeOwnedDir(dir); err != nil {
		return nil, err
	}
	keyFile, err := KeyFile("", key)
	if err != nil {
		return nil, err
	}
	data := slices.Concat(ChainFile("", chain...).Data, keyFile.Data)
	return replaceInstalled(dir, func(file string) error { return writeTo(file, data, 0o600, renameLoadable) })
}

// makeOwnedDir makes a directory that is not there; it is the owner's of the
// one above.
func makeOwnedDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(leaveToOwner(f), f.Close())
}

// renameLoadable puts a file in its place if a server can load it.
func renameLoadable(from, to string) error {
	if _, err := Load(from, from); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// ErrNotInstalled is what Uninstall answers where nothing is installed.
var ErrNotInstalled = errors.New("certs: no certificate is installed")

// Uninstall takes the installed pair out of dir, and keeps it under another
// name. undo puts it back.
func Uninstall(dir string) (undo func() error, err error) {
	if _, ok := Installed(dir); !ok {
		return nil, ErrNotInstalled
	}
	return replaceInstalled(dir, os.Remove)
}

// replaceInstalled keeps what is installed, and then does the step.
func replaceInstalled(dir string, step func(file string) error) (undo func() error, err error) {
	file := InstalledFile(dir)
	former, err := os.ReadFile(file)
	had := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	undo = func() error {
		if !had {
			return os.Remove(file)
		}
		return writeFile(file, former, 0o600)
	}
	if err := step(file); err != nil {
		return nil, err
	}
	if had {
		if err := writeFile(FormerInstalled(dir), former, 0o600); err != nil {
			return nil, errors.Join(err, undo())
		}
	}
	return undo, nil
}

// FormerInstalled is where the pair is kept that an Install or Uninstall has
// taken out of service.
func FormerInstalled(dir string) string { return filepath.Join(dir, formerName) }

// JudgeInstall is Inspect for a pair that a server is to show: whoever
// trusts the CA is the clients' affair. cannot is whether Install would refuse
// it whatever people want.
func JudgeInstall(chain []*x509.Certificate, key crypto.Signer, names []string, now time.Time) (r Report, cannot bool) {
	r = Inspect(Inspection{Chain: chain, Key: key.Public(), Names: names, PrivateCA: true, Now: now})
	for _, kind := range []Kind{KindWrongKey, KindWeakKey, KindWeakSignature, KindCAAsLeaf} {
		for _, f := range r.Failures() {
			cannot = cannot || f.Kind == kind
		}
	}
	return r, cannot
}
