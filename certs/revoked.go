package certs

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"
)

// A Pool is the CAs that may issue client certificates.
type Pool struct {
	*x509.CertPool
	Certificates []*x509.Certificate
}

// LoadPool reads a PEM file of CA certificates.
func LoadPool(file string) (Pool, error) {
	found, err := readCertificates(file)
	if err != nil {
		return Pool{}, err
	}
	pool := x509.NewCertPool()
	for i, cert := range found {
		if cert.BasicConstraintsValid && !cert.IsCA {
			return Pool{}, &FileError{File: file, Problem: fmt.Sprintf("certificate %d, %s, is not that of a CA", i+1, cert.Subject),
				Hint: "client_ca takes the CA that issued the client certificates, not those themselves"}
		}
		pool.AddCert(cert)
	}
	return Pool{pool, found}, nil
}

// ErrRevoked is what Check answers for a certificate on the list.
var ErrRevoked = errors.New("certs: the certificate has been revoked")

// Revoked is a certificate revocation list (RFC 5280 §5) that follows its
// file. A nil *Revoked is an empty list. It is safe for concurrent use.
//
// A list past its next update is still used, with a warning in the log:
// otherwise a CA that is late locks everybody out.
type Revoked struct {
	file     string
	optional bool // no file is an empty list
	issuers  Pool
	log      *slog.Logger
	files    *watched
	list     atomic.Pointer[map[revokedID]bool]
	loads    atomic.Int64
}

// revokedID is how a list names a certificate: serial numbers are unique
// for one issuer only.
type revokedID struct{ issuer, serial string }

func idOf(cert *x509.Certificate) revokedID {
	return revokedID{string(cert.RawIssuer), cert.SerialNumber.String()}
}

// OpenRevoked reads a file of CRLs, several in PEM or one in DER. Each must
// be signed by one of the issuers. A nil log means none.
func OpenRevoked(file string, issuers Pool, log *slog.Logger) (*Revoked, error) {
	return openRevoked(&Revoked{file: file, issuers: issuers, log: log})
}

// OpenOwnRevoked is OpenRevoked for the list of the CA in dir, which there may
// not be yet: then it is empty until there is one. A list that goes away again
// stays in force.
func OpenOwnRevoked(dir string, issuers Pool, log *slog.Logger) (*Revoked, error) {
	return openRevoked(&Revoked{file: CRLFile(dir), optional: true, issuers: issuers, log: log})
}

func openRevoked(r *Revoked) (*Revoked, error) {
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.files = watch(r.file)
	if err := r.load(); err != nil {
		return nil, err
	}
	return r, nil
}

// Loads is how often a list was put into force; it grows when another one is.
func (r *Revoked) Loads() int64 { return r.loads.Load() }

// Check is ErrRevoked if one of the certificates is on the list. It is meant
// for tls.Config.VerifyConnection, which runs on resumption too.
func (r *Revoked) Check(chain ...*x509.Certificate) error {
	if r == nil {
		return nil
	}
	list := *r.list.Load()
	for _, cert := range chain {
		if list[idOf(cert)] {
			return ErrRevoked
		}
	}
	return nil
}

// Reload reads the file again. On an error the former list stays.
func (r *Revoked) Reload() error {
	changed := r.files.look()
	err := r.load()
	if err == nil && changed {
		r.log.Info("list of revoked certificates reloaded", "file", r.file, "certificates", len(*r.list.Load()))
	}
	return err
}

// Watch reloads when the file has changed; see Source.Watch.
func (r *Revoked) Watch(ctx context.Context, interval time.Duration) {
	every(ctx, interval, func() {
		if !r.files.changed() {
			return
		}
		if err := r.Reload(); err != nil {
			r.log.Error("list of revoked certificates not reloaded, the former one stays", "error", err.Error())
		}
	})
}

func (r *Revoked) load() error {
	data, err := readFile(r.file)
	switch {
	case err == nil:
	case r.optional && errors.Is(err, fs.ErrNotExist) && r.isEmpty():
		r.list.CompareAndSwap(nil, &map[revokedID]bool{})
		return nil
	default:
		return err
	}
	lists, err := parseCRLs(data)
	if err != nil {
		return &FileError{File: r.file, Problem: "is not a list of revoked certificates: " + err.Error(), Err: err}
	}
	found := map[revokedID]bool{}
	for _, list := range lists {
		if err := r.checkSignature(list); err != nil {
			return err
		}
		if !list.NextUpdate.IsZero() && list.NextUpdate.Before(time.Now()) {
			r.log.Warn("the list of revoked certificates is out of date; it is used all the same", "file", r.file, "next_update", date(list.NextUpdate))
		}
		for _, entry := range list.RevokedCertificateEntries {
			found[revokedID{string(list.RawIssuer), entry.SerialNumber.String()}] = true
		}
	}
	r.put(found)
	return nil
}

func (r *Revoked) isEmpty() bool {
	list := r.list.Load()
	return list == nil || len(*list) == 0
}

func (r *Revoked) put(list map[revokedID]bool) {
	r.list.Store(&list)
	r.loads.Add(1)
}

func (r *Revoked) checkSignature(list *x509.RevocationList) error {
	for _, issuer := range r.issuers.Certificates {
		if string(issuer.RawSubject) == string(list.RawIssuer) && list.CheckSignatureFrom(issuer) == nil {
			return nil
		}
	}
	return &FileError{File: r.file, Problem: fmt.Sprintf("the list of %s is not signed by a CA of the client certificates", list.Issuer),
		Hint: "client_crl must come from a CA in client_ca"}
}

func parseCRLs(data []byte) ([]*x509.RevocationList, error) {
	block, rest := pem.Decode(data)
	if block == nil {
		list, err := x509.ParseRevocationList(data)
		return []*x509.RevocationList{list}, err
	}
	var lists []*x509.RevocationList
	for ; block != nil; block, rest = pem.Decode(rest) {
		if block.Type != pemCRL {
			continue
		}
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	if len(lists) == 0 {
		return nil, errors.New("no X509 CRL in it")
	}
	return lists, nil
}
