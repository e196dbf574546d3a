package certs

import (
	"crypto"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Own is the server's own CA and certificate, as they stand on disk.
type Own struct {
	CAFile, CAKeyFile string // ca.pem, ca.key
	CertFile, KeyFile string // server.pem (leaf, then CA), server.key
	CA, Leaf          *x509.Certificate
	// Change says what was made now, and why; "" when all was there.
	Change string
}

// maxKept is how many former names, and as many addresses, a renewed
// certificate goes on covering.
const maxKept = 64

// maxHost keeps the CA's common name within 64 characters (RFC 5280,
// appendix A.1).
const maxHost = 50

// Ensure makes in dir what is not there: a private CA, and a certificate that
// it signs for all names and addresses. What is there is kept, so the second
// start has the same certificate and people can pin it.
//
// The certificate alone is renewed, with its key, in three cases: less than
// 30 days are left; it is not of this key and CA; a name or an IPv4 address
// is new, or all IPv6 addresses are (one new one is no reason: temporary
// addresses change daily). Whoever trusts the CA, or has pinned the key, does
// not notice. Names and addresses that are gone stay in it, so that a laptop
// between two networks settles on one certificate.
//
// A long-lived server calls it daily; a Source on its files takes up the
// change. The CA's key may be kept elsewhere: then nothing can be renewed,
// which is an error only once the certificate has ended.
func Ensure(dir string, names []string, ips []net.IP, now time.Time) (Own, error) {
	o := Own{
		CAFile: filepath.Join(dir, "ca.pem"), CAKeyFile: filepath.Join(dir, "ca.key"),
		CertFile: filepath.Join(dir, "server.pem"), KeyFile: filepath.Join(dir, "server.key"),
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return o, &FileError{File: dir, Problem: "cannot be made: " + err.Error(), Err: err}
	}
	if err := o.ensureAuthority(names, now); err != nil {
		return o, err
	}
	key, err := ensureKey(o.KeyFile)
	if err != nil {
		return o, err
	}
	names, ips = withoutRepeats(names, ips)
	return o, o.ensureLeaf(key, names, ips, now)
}

// withoutRepeats has each name and each address once, in their order.
func withoutRepeats(names []string, ips []net.IP) (once []string, onceIPs []net.IP) {
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	for _, ip := range ips {
		if !containsIP(onceIPs, ip) {
			onceIPs = append(onceIPs, ip)
		}
	}
	return once, onceIPs
}

// ensureAuthority reads ca.pem, or makes it. A key without a certificate is
// what a crash between the two leaves; it is used.
func (o *Own) ensureAuthority(names []string, now time.Time) error {
	chain, err := readCertificates(o.CAFile)
	if err == nil {
		o.CA = chain[0]
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := ensureKey(o.CAKeyFile)
	if err != nil {
		return err
	}
	host := "this server"
	if len(names) > 0 {
		host = names[0]
	}
	if len(host) > maxHost {
		host = host[:maxHost]
	}
	a, err := newAuthority(key, "Sealift CA of "+host, now)
	if err != nil {
		return err
	}
	o.CA = a.Certificate
	return writeChain(o.CAFile, a.Certificate)
}

// ensureKey reads a key file, or makes it.
func ensureKey(file string) (crypto.Signer, error) {
	key, err := readKey(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = newKey(); err != nil {
		return nil, err
	}
	return key, writeKey(file, key)
}

func (o *Own) ensureLeaf(key crypto.Signer, names []string, ips []net.IP, now time.Time) error {
	chain, err := readCertificates(o.CertFile)
	switch {
	case err == nil:
		o.Leaf = chain[0]
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	why := o.renewal(key, names, ips, now)
	if why == "" {
		return nil
	}
	err = o.issue(key, names, ips, now)
	switch {
	case err == nil:
		o.Change = why
	case errors.Is(err, fs.ErrNotExist) && o.usable(key, now):
		o.Change = "server certificate kept, without the CA's key nothing can be renewed: " + why
		return nil
	}
	return err
}

// renewal says why the leaf must be made anew; "" if it must not.
func (o *Own) renewal(key crypto.Signer, names []string, ips []net.IP, now time.Time) string {
	switch leaf := o.Leaf; {
	case leaf == nil:
		return "server certificate made"
	case !belongsTo(key, leaf):
		return "server certificate renewed: it was of another key"
	case leaf.CheckSignatureFrom(o.CA) != nil:
		return "server certificate renewed: it was of another CA"
	case ExpiryOf(leaf, now) != Fresh && leaf.NotAfter.Before(o.CA.NotAfter):
		return "server certificate renewed: it " + ExpiryOf(leaf, now).sentence(leaf)
	}
	if missing := uncovered(o.Leaf, names, ips); len(missing) > 0 {
		return "server certificate renewed: it did not cover " + strings.Join(missing, ", ")
	}
	return ""
}

// usable tells whether the leaf can be served as it is.
func (o *Own) usable(key crypto.Signer, now time.Time) bool {
	return o.Leaf != nil && belongsTo(key, o.Leaf) && ExpiryOf(o.Leaf, now) != Expired
}

func (o *Own) issue(key crypto.Signer, names []string, ips []net.IP, now time.Time) error {
	a, err := LoadAuthority(o.CAFile, o.CAKeyFile)
	if err != nil {
		return err
	}
	if ExpiryOf(a.Certificate, now) == Expired {
		return &FileError{File: o.CAFile, Problem: "the private CA has ended on " + date(a.Certificate.NotAfter),
			Hint: "check the clock; or move the folder away, and a new CA is made, which clients must be told to trust"}
	}
	if o.Leaf != nil {
		names, ips = withFormer(o.Leaf, names, ips)
	}
	leaf, err := a.IssueServer(key.Public(), names, ips, now)
	if err != nil {
		return err
	}
	o.Leaf = leaf
	return writeChain(o.CertFile, leaf, a.Certificate)
}

// uncovered are the names and addresses that make the leaf worth renewing.
func uncovered(leaf *x509.Certificate, names []string, ips []net.IP) []string {
	var missing, missing6 []string
	covered6 := false
	for _, name := range names {
		if !slices.Contains(leaf.DNSNames, name) {
			missing = append(missing, name)
		}
	}
	for _, ip := range ips {
		covered := containsIP(leaf.IPAddresses, ip)
		switch {
		case ip.To4() != nil && !covered:
			missing = append(missing, ip.String())
		case ip.To4() == nil && !covered:
			missing6 = append(missing6, ip.String())
		case ip.To4() == nil && !ip.IsLoopback():
			covered6 = true
		}
	}
	if covered6 {
		return missing
	}
	return append(missing, missing6...)
}

// withFormer adds to names and ips what the leaf covers already.
func withFormer(leaf *x509.Certificate, names []string, ips []net.IP) ([]string, []net.IP) {
	names, ips = slices.Clone(names), slices.Clone(ips)
	for i, name := range leaf.DNSNames {
		if i < maxKept && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for i, ip := range leaf.IPAddresses {
		if i < maxKept && !containsIP(ips, ip) {
			ips = append(ips, ip)
		}
	}
	return names, ips
}
