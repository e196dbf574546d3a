package certs

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// Arrange puts certificates into the order in which a server shows them
// (RFC 8446 §4.4.2): the leaf, then for each the one that issued it, as far as
// they are there. A root may be the last. What has no part in that is rest.
//
// The leaf is the one of the key. Without a key, nil, it is the first that is
// no CA, or else the first that issued none of the others.
func Arrange(all []*x509.Certificate, key crypto.PublicKey) (chain, rest []*x509.Certificate) {
	if len(all) == 0 {
		return nil, nil
	}
	chain = []*x509.Certificate{leafOf(all, key)}
	rest = without(all, chain[0])
	for last := chain[0]; !isSelfSigned(last); {
		next := issuerOf(last, rest)
		if next == nil {
			break
		}
		chain, rest, last = append(chain, next), without(rest, next), next
	}
	return chain, rest
}

func leafOf(all []*x509.Certificate, key crypto.PublicKey) *x509.Certificate {
	for _, of := range []func(*x509.Certificate) bool{
		func(c *x509.Certificate) bool { return key != nil && sameKey(key, c.PublicKey) },
		func(c *x509.Certificate) bool { return !c.IsCA },
		func(c *x509.Certificate) bool { return !issuedAny(c, all) },
	} {
		if i := slices.IndexFunc(all, of); i >= 0 {
			return all[i]
		}
	}
	return all[0]
}

func issuedAny(c *x509.Certificate, all []*x509.Certificate) bool {
	return slices.ContainsFunc(all, func(other *x509.Certificate) bool { return !other.Equal(c) && isIssuer(c, other) })
}

// without is all but the first that equals cert.
func without(all []*x509.Certificate, cert *x509.Certificate) []*x509.Certificate {
	i := slices.IndexFunc(all, cert.Equal)
	if i < 0 {
		return all
	}
	return slices.Delete(slices.Clone(all), i, i+1)
}

// issuerOf is nil if the issuer is not among all. A CA that has several
// certificates of one key is taken where it is self-signed: the way is shorter.
func issuerOf(cert *x509.Certificate, all []*x509.Certificate) *x509.Certificate {
	var found []*x509.Certificate
	for _, c := range all {
		if !c.Equal(cert) && isIssuer(c, cert) {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if i := slices.IndexFunc(found, isSelfSigned); i >= 0 {
		return found[i]
	}
	return found[0]
}

// isIssuer tells whether cert is of that issuer, by its name and by the
// signature. Where the signature or the key is too weak for crypto/x509, the
// identifiers of the keys decide: such a chain is not trusted anyway, but what
// is wrong with it is to be said.
func isIssuer(issuer, cert *x509.Certificate) bool {
	if !bytes.Equal(issuer.RawSubject, cert.RawIssuer) {
		return false
	}
	if isWeakSignature(cert.SignatureAlgorithm) || weakness(issuer) != "" {
		return len(issuer.SubjectKeyId) == 0 || len(cert.AuthorityKeyId) == 0 || bytes.Equal(issuer.SubjectKeyId, cert.AuthorityKeyId)
	}
	return cert.CheckSignatureFrom(issuer) == nil
}

// isSelfSigned tells whether cert has signed itself.
func isSelfSigned(cert *x509.Certificate) bool {
	if !bytes.Equal(cert.RawSubject, cert.RawIssuer) {
		return false
	}
	err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature)
	var insecure x509.InsecureAlgorithmError
	return err == nil || errors.As(err, &insecure) || weakness(cert) != ""
}

func sameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// Title is what people call a certificate: its common name, or the first name
// it is valid for, or all of its subject.
func Title(cert *x509.Certificate) string {
	title := cert.Subject.CommonName
	if title == "" && !cert.IsCA {
		title = cmp.Or(slices.Concat(cert.DNSNames, texts(cert.IPAddresses), cert.EmailAddresses, []string{""})...)
	}
	return cmp.Or(title, cert.Subject.String(), fmt.Sprintf("the certificate with the serial number %X", cert.SerialNumber))
}

func titles(all []*x509.Certificate) (list []string) {
	for _, cert := range all {
		list = append(list, Title(cert))
	}
	return list
}

// texts are values as they print.
func texts[T interface{ String() string }](values []T) (list []string) {
	for _, v := range values {
		list = append(list, v.String())
	}
	return list
}
