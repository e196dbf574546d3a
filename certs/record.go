package certs

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// recordName is the record of an authority, beside its certificate: a line of
// JSON for each certificate that it has issued, and for each that it has taken
// back. Lines are only added.
const recordName = "issued.jsonl"

// Issued is what the record says of a certificate.
type Issued struct {
	Serial      string    `json:"serial"` // as Serial has it
	Issuer      string    `json:"issuer"` // key identifier of the CA, in hex
	Purpose     Purpose   `json:"purpose,omitempty"`
	Name        string    `json:"name,omitempty"` // as Title has it
	Account     string    `json:"account,omitempty"`
	Fingerprint string    `json:"fingerprint,omitempty"`
	Made        time.Time `json:"made,omitzero"`
	NotAfter    time.Time `json:"not_after,omitzero"`
	Revoked     time.Time `json:"revoked,omitzero"`
}

// issuedBy is the entry of a certificate.
func issuedBy(a *x509.Certificate, cert *x509.Certificate) Issued {
	i := Issued{
		Serial: Serial(cert), Issuer: keyID(a), Purpose: ForServer, Name: Title(cert),
		Fingerprint: Fingerprint(cert), NotAfter: cert.NotAfter.UTC(),
	}
	if slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageClientAuth) {
		i.Purpose = ForClient
	}
	return i
}

// IsOf tells whether that CA has issued it.
func (i Issued) IsOf(ca *x509.Certificate) bool { return i.Issuer == keyID(ca) }

func keyID(ca *x509.Certificate) string { return hex.EncodeToString(ca.SubjectKeyId) }

// ParseSerial reads a serial number in hex, with or without colons, as
// openssl and browsers show it.
func ParseSerial(text string) (*big.Int, error) {
	digits := strings.NewReplacer(":", "", " ", "").Replace(strings.TrimPrefix(strings.ToLower(text), "0x"))
	raw, err := hex.DecodeString(strings.Repeat("0", len(digits)%2) + digits)
	if err != nil || digits == "" {
		return nil, fmt.Errorf("%q is no serial number: it has hexadecimal digits, and colons if you like", text)
	}
	return new(big.Int).SetBytes(raw), nil
}

// serialOf is a number as Serial has it.
func serialOf(n *big.Int) string { return Serial(&x509.Certificate{SerialNumber: n}) }

// A record is the open file, which no other process has at the same time.
type record struct {
	file *os.File
	all  []Issued // in the order of the file; a certificate is there once
}

// openRecord waits for whoever has the record. The caller closes it.
func openRecord(dir string) (*record, error) {
	name := filepath.Join(dir, recordName)
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &FileError{File: name, Problem: "the record of certificates cannot be opened: " + err.Error(), Err: err,
			Hint: "run this as the user that the server runs as, or as root"}
	}
	r := &record{file: f}
	if err := errors.Join(leaveToOwner(f), lockFile(f), r.read()); err != nil {
		return nil, errors.Join(&FileError{File: name, Problem: err.Error(), Err: err}, f.Close())
	}
	return r, nil
}

func (r *record) close() error { return r.file.Close() }

func (r *record) read() error {
	data, err := io.ReadAll(r.file)
	if err != nil {
		return err
	}
	r.all, err = parseRecord(data)
	return err
}

// parseRecord leaves out a last line without an end: that is what a crash
// leaves of one. A certificate that was issued and taken back is one entry.
func parseRecord(data []byte) (all []Issued, err error) {
	for n := 1; len(data) > 0; n++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		data = rest
		if len(bytes.TrimSpace(line)) == 0 || !whole {
			continue
		}
		var entry Issued
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, fmt.Errorf("line %d is damaged: %w", n, err)
		}
		all = merge(all, entry)
	}
	return all, nil
}

// merge adds what a line says of a certificate.
func merge(all []Issued, entry Issued) []Issued {
	i := slices.IndexFunc(all, func(e Issued) bool { return e.Serial == entry.Serial && e.Issuer == entry.Issuer })
	if i < 0 {
		return append(all, entry)
	}
	e := &all[i]
	e.Purpose, e.Name, e.Account = cmp.Or(e.Purpose, entry.Purpose), cmp.Or(e.Name, entry.Name), cmp.Or(e.Account, entry.Account)
	e.Fingerprint = cmp.Or(e.Fingerprint, entry.Fingerprint)
	for _, t := range []struct{ old, more *time.Time }{{&e.Made, &entry.Made}, {&e.NotAfter, &entry.NotAfter}, {&e.Revoked, &entry.Revoked}} {
		if t.old.IsZero() {
			*t.old = *t.more
		}
	}
	return all
}

// add writes a line, and returns once it is on disk. What a crash has left of
// a line before it is ended first, so that it spoils one line only.
func (r *record) add(entry Issued) error {
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	if err := r.mend(); err != nil {
		return err
	}
	if _, err := r.file.Write(append(line, '\n')); err != nil {
		return err
	}
	r.all = merge(r.all, entry)
	return r.file.Sync()
}

// mend cuts off a last line without an end.
func (r *record) mend() error {
	data, err := os.ReadFile(r.file.Name())
	if err != nil {
		return err
	}
	if end := bytes.LastIndexByte(data, '\n') + 1; end < len(data) {
		return r.file.Truncate(int64(end))
	}
	return nil
}

// ReadIssued is the record in dir, in the order in which certificates were
// issued; nil if there is none.
func ReadIssued(dir string) ([]Issued, error) {
	name := filepath.Join(dir, recordName)
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		var all []Issued
		if all, err = parseRecord(data); err == nil {
			return all, nil
		}
	}
	return nil, &FileError{File: name, Problem: err.Error(), Err: err, Hint: "it holds a JSON object in each line; what is damaged can be taken out"}
}
