package certs

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
)

// LoadLists reads a file of revocation lists, several in PEM or one in DER.
// Whose they are is not checked: Inspect does.
func LoadLists(file string) ([]*x509.RevocationList, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	lists, err := parseCRLs(data)
	if err != nil {
		return nil, &FileError{File: file, Problem: "is not a list of revoked certificates: " + err.Error(),
			Hint: `it holds "-----BEGIN X509 CRL-----", or is a CRL in DER`, Err: err}
	}
	return lists, nil
}

// revoked looks the certificates up in those lists that their issuer signed.
func (x *examined) revoked() (found []Finding) {
	if len(x.Lists) == 0 {
		return nil
	}
	covered := false
	for _, list := range x.Lists {
		if !x.believes(list) {
			found = append(found, Finding{Kind: KindUselessCRL, Level: Warning,
				Problem: "the revocation list of " + list.Issuer.String() + " is of no CA of this chain, or its signature is wrong",
				Why:     "only the CA that issued a certificate can take it back", Hint: "get the list of " + x.leaf.Issuer.String()})
			continue
		}
		covered = covered || bytes.Equal(list.RawIssuer, x.leaf.RawIssuer)
		found = append(found, x.age(list)...)
		for _, cert := range x.path {
			found = append(found, x.lookUp(cert, list)...)
		}
	}
	if !covered {
		found = append(found, Finding{Kind: KindUselessCRL, Level: Warning, Subject: Title(x.leaf),
			Problem: "no list says whether " + quoted(x.leaf) + " has been revoked",
			Why:     "a certificate whose key was stolen is valid until its end, unless the list is asked",
			Hint:    "get the list of " + x.leaf.Issuer.String()})
	}
	return found
}

// believes: a CA that is known here has signed the list.
func (x *examined) believes(list *x509.RevocationList) bool {
	return slices.ContainsFunc(slices.Concat(x.path, x.rest, x.Roots.Certificates, x.Intermediates), func(ca *x509.Certificate) bool {
		return bytes.Equal(ca.RawSubject, list.RawIssuer) && list.CheckSignatureFrom(ca) == nil
	})
}

func (x *examined) age(list *x509.RevocationList) []Finding {
	if list.NextUpdate.IsZero() || !list.NextUpdate.Before(x.Now) {
		return nil
	}
	return []Finding{{Kind: KindUselessCRL, Level: Warning,
		Problem: "the revocation list of " + list.Issuer.String() + " is out of date: the next was due on " + date(list.NextUpdate),
		Why:     "what was revoked since then is not on it", Hint: "get the present one"}}
}

func (x *examined) lookUp(cert *x509.Certificate, list *x509.RevocationList) []Finding {
	for _, e := range list.RevokedCertificateEntries {
		if bytes.Equal(list.RawIssuer, cert.RawIssuer) && e.SerialNumber.Cmp(cert.SerialNumber) == 0 {
			return []Finding{{Kind: KindRevoked, Level: Failure, Subject: Title(cert),
				Problem: quoted(cert) + " was revoked by its CA on " + date(e.RevocationTime) + reasonCode(e.ReasonCode),
				Why:     "the CA stands for it no more; its key may be in other hands",
				Hint:    "make a new key and have a new certificate issued"}}
		}
	}
	return nil
}

// reasonCode is that of RFC 5280 §5.3.1 in words.
func reasonCode(code int) string {
	words := map[int]string{
		1: "the key was compromised", 2: "the CA was compromised", 3: "the affiliation changed", 4: "it was superseded",
		5: "operation ceased", 6: "it is on hold", 9: "the privilege was withdrawn", 10: "the attribute authority was compromised",
	}
	if word, known := words[code]; known {
		return fmt.Sprintf(" (%s)", word)
	}
	return ""
}

// PoolOf is a Pool of certificates that are trusted whatever they are, a
// self-signed one of a server among them.
func PoolOf(all ...*x509.Certificate) Pool {
	pool := x509.NewCertPool()
	for _, cert := range all {
		pool.AddCert(cert)
	}
	return Pool{pool, all}
}
