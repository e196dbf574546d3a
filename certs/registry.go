package certs

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Names of a CA's files in a directory of certificates.
const (
	caName    = "ca.pem"
	caKeyName = "ca.key"
	crlName   = "ca.crl"
)

// CRLFile is where the revocation list of the CA in dir is.
func CRLFile(dir string) string { return filepath.Join(dir, crlName) }

// CAFile is where the certificate of the CA in dir is.
func CAFile(dir string) string { return filepath.Join(dir, caName) }

// crlLife is how long a list counts. It is renewed when half of it is over; a
// server that is off for two weeks has one that is not out of date.
const crlLife = 30 * day

// ErrNotIssued is the cause where a certificate is of another CA, or a serial
// number is not in the record.
var ErrNotIssued = errors.New("certs: not issued by this CA")

// MakeAuthority makes a CA in dir: ca.pem, ca.key, and an empty list of
// revoked certificates. With force it replaces one that is there; else that
// is an error that wraps fs.ErrExist.
func MakeAuthority(dir, name string, kind KeyType, force bool, now time.Time) (*Authority, error) {
	if err := checkCommonName(name); err != nil {
		return nil, err
	}
	key, err := NewKey(kind)
	if err != nil {
		return nil, err
	}
	a, err := newAuthority(key, name, now)
	if err != nil {
		return nil, err
	}
	secret, err := KeyFile(filepath.Join(dir, caKeyName), key)
	if err != nil {
		return nil, err
	}
	public := ChainFile(CAFile(dir), a.Certificate)
	if err := CheckFree(force, secret, public); err != nil {
		return nil, err
	}
	if force {
		// A crash from here on leaves a key without a certificate, which
		// Ensure makes a CA of, and not a pair that does not fit.
		if err := os.Remove(public.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if err := Save(force, secret, public); err != nil {
		return nil, err
	}
	_, err = RenewCRL(dir, now)
	return a, err
}

// A Registry is the CA in a directory, with its record of what it has issued
// and its list of what it has taken back. Several processes may use one
// directory at the same time.
type Registry struct {
	*Authority
	dir string
}

// OpenRegistry loads the CA in dir, which must have its key there.
func OpenRegistry(dir string) (*Registry, error) {
	a, err := LoadAuthority(CAFile(dir), filepath.Join(dir, caKeyName))
	if err != nil {
		return nil, err
	}
	return &Registry{a, dir}, nil
}

// Record notes that the CA has issued cert, for an account if one is named.
// It is to be called before the certificate is given away: what is not in the
// record can be revoked with the certificate at hand only.
func (r *Registry) Record(cert *x509.Certificate, account string, now time.Time) error {
	if cert.CheckSignatureFrom(r.Certificate) != nil {
		return ErrNotIssued
	}
	entry := issuedBy(r.Certificate, cert)
	entry.Account, entry.Made = account, now.UTC().Truncate(time.Second)
	return r.write(func(rec *record) error { return rec.add(entry) })
}

// write holds the record while do works on it.
func (r *Registry) write(do func(*record) error) error {
	rec, err := openRecord(r.dir)
	if err != nil {
		return err
	}
	return errors.Join(do(rec), rec.close())
}

// Revoke takes back the certificate of that number: it is in the record and
// on the list when Revoke returns. A number that is not in the record is
// ErrNotIssued. One that was taken back before keeps its first date.
func (r *Registry) Revoke(serial *big.Int, now time.Time) (Issued, error) {
	return r.revoke(Issued{Serial: serialOf(serial), Issuer: keyID(r.Certificate)}, false, now)
}

// RevokeCertificate takes back a certificate of this CA, also one that the
// record does not have; one of another CA is ErrNotIssued.
func (r *Registry) RevokeCertificate(cert *x509.Certificate, now time.Time) (Issued, error) {
	if cert.CheckSignatureFrom(r.Certificate) != nil {
		return Issued{}, ErrNotIssued
	}
	return r.revoke(issuedBy(r.Certificate, cert), true, now)
}

func (r *Registry) revoke(entry Issued, unknown bool, now time.Time) (done Issued, err error) {
	same := func(e Issued) bool { return e.Serial == entry.Serial && e.Issuer == entry.Issuer }
	return done, r.write(func(rec *record) error {
		i := slices.IndexFunc(rec.all, same)
		switch {
		case i < 0 && !unknown:
			return ErrNotIssued
		case i < 0 || rec.all[i].Revoked.IsZero():
			entry.Revoked = now.UTC().Truncate(time.Second)
			if err := rec.add(entry); err != nil {
				return err
			}
		}
		done = rec.all[slices.IndexFunc(rec.all, same)]
		return r.publish(rec, now)
	})
}

// publish writes a new list.
func (r *Registry) publish(rec *record, now time.Time) error {
	former, err := r.list()
	if err != nil {
		return err
	}
	list := &x509.RevocationList{
		Number: big.NewInt(now.Unix()), ThisUpdate: now.Add(-backdated), NextUpdate: now.Add(crlLife),
		RevokedCertificateEntries: r.entries(rec, former),
	}
	if former != nil && former.Number != nil && former.Number.Cmp(list.Number) >= 0 {
		list.Number.Add(former.Number, big.NewInt(1))
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, r.Certificate, r.Key)
	if err != nil {
		return &FileError{File: CAFile(r.dir), Problem: "this CA cannot sign a list of revoked certificates: " + err.Error(), Err: err,
			Hint: "it needs cRLSign in its keyUsage, and a subjectKeyIdentifier"}
	}
	return Save(true, File{Name: CRLFile(r.dir), Data: encodeCRL(der)})
}

// entries are all that the record has as revoked, and what else was on the
// former list.
func (r *Registry) entries(rec *record, former *x509.RevocationList) (list []x509.RevocationListEntry) {
	if former != nil {
		list = slices.Clone(former.RevokedCertificateEntries)
	}
	for _, e := range rec.all {
		serial, err := ParseSerial(e.Serial)
		if err != nil || e.Revoked.IsZero() || e.Issuer != keyID(r.Certificate) || lists(list, serial) {
			continue
		}
		list = append(list, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: e.Revoked})
	}
	return list
}

func lists(list []x509.RevocationListEntry, serial *big.Int) bool {
	return slices.ContainsFunc(list, func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(serial) == 0 })
}

// list is the present list; nil if there is none, or it is of a former CA.
func (r *Registry) list() (*x509.RevocationList, error) {
	file := CRLFile(r.dir)
	all, err := LoadLists(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case len(all) != 1:
		return nil, &FileError{File: file, Problem: "holds more than one list", Hint: "move it away; it is made anew from " + recordName}
	case all[0].CheckSignatureFrom(r.Certificate) != nil:
		return nil, nil
	}
	return all[0], nil
}

// RenewCRL keeps the list of the CA in dir in date: it makes the list if there
// is none, if half of its time is over, or if a certificate is missing that
// the record has as revoked. Where there is no CA, or its key is kept
// elsewhere, it does nothing. A server calls it at its start and daily.
func RenewCRL(dir string, now time.Time) (changed bool, err error) {
	for _, name := range []string{caName, caKeyName} {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	r, err := OpenRegistry(dir)
	if err != nil {
		return false, err
	}
	err = r.write(func(rec *record) error {
		present, err := r.list()
		if err != nil || r.isGood(present, rec, now) {
			return err
		}
		changed = true
		return r.publish(rec, now)
	})
	return changed && err == nil, err
}

func (r *Registry) isGood(present *x509.RevocationList, rec *record, now time.Time) bool {
	return present != nil && present.NextUpdate.Sub(now) >= crlLife/2 &&
		len(r.entries(rec, present)) == len(present.RevokedCertificateEntries)
}
