package certs

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// trust asks whether the chain leads to a root. Where a signature or key is
// too weak to prove anything, that is told elsewhere, and it is not asked.
func (x *examined) trust() []Finding {
	if x.isBroken() {
		return nil
	}
	var found []Finding
	err := x.verify(x.Now, x.Intermediates)
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		if !slices.ContainsFunc(x.path, invalid.Cert.Equal) {
			found = x.datesOf(invalid.Cert)
		}
		err = x.verifyOnce()
	}
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil:
		return append(found, x.helped()...)
	case errors.As(err, &unknown):
		return append(found, x.stranger())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return found
	}
	return append(found, Finding{Kind: KindInvalid, Level: Failure, Problem: "the chain is not valid: " + reasonOf(err),
		Why: "programs that check it refuse it", Hint: hintFor(err)})
}

// verify is crypto/x509's judgement for one moment, names left aside.
func (x *examined) verify(at time.Time, more []*x509.Certificate) error {
	between := x509.NewCertPool()
	for _, cert := range slices.Concat(x.Chain, more) {
		between.AddCert(cert)
	}
	usage := x509.ExtKeyUsageAny
	if x.Purpose.serves(x.leaf) {
		usage = purposes[x.Purpose].usage
	}
	_, err := x.leaf.Verify(x509.VerifyOptions{
		Roots: x.Roots.CertPool, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage},
	})
	return err
}

// verifyOnce looks for a moment at which the chain was, or will be, valid:
// that its dates are wrong does not make its issuer a stranger.
func (x *examined) verifyOnce() (err error) {
	for _, cert := range x.path {
		for _, at := range []time.Time{cert.NotAfter, cert.NotBefore} {
			if err = x.verify(at, x.Intermediates); !isExpired(err) {
				return err
			}
		}
	}
	return err
}

func isExpired(err error) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(err, &invalid) && invalid.Reason == x509.Expired
}

// helped: the chain holds only together with Intermediates.
func (x *examined) helped() []Finding {
	var unknown x509.UnknownAuthorityError
	if len(x.Intermediates) == 0 || !errors.As(x.verify(x.Now, nil), &unknown) {
		return nil
	}
	f := x.missing()
	f.Level = Warning
	f.Problem += "; it was taken from elsewhere"
	return []Finding{f}
}

// stranger says why no root is found.
func (x *examined) stranger() Finding {
	last := x.path[len(x.path)-1]
	issuer := last.Issuer.String()
	f := Finding{Kind: KindUnknownIssuer, Level: Failure, Subject: Title(last),
		Why: "anybody can set up a CA of any name; only those that one trusts prove something"}
	switch {
	case len(x.path) == 1 && isSelfSigned(last):
		f.Kind = KindSelfSigned
		f.Problem = quoted(last) + " is self-signed, and not among what is trusted here"
		f.Why = "no CA vouches for it"
		f.Hint = "compare its fingerprint on another way with that of the server, then trust the certificate itself with --ca FILE; or have one issued by a CA"
	case isSelfSigned(last):
		f.Problem = "the chain ends in the CA " + quoted(last) + ", which is not trusted here"
		f.Hint = "if it is your CA: --ca FILE with its certificate, which others must be told to trust, too"
	case x.namesake(last) != nil:
		f.Problem = quoted(last) + " names " + issuer + " as its issuer, but the CA of that name here has another key"
		f.Why = "a name proves nothing; the signature does, and it does not fit"
		f.Hint = "the CA was made anew, or this is a forgery: get the certificate of the CA that issued it"
	case len(last.IssuingCertificateURL) > 0:
		return x.missing()
	default:
		f.Problem = quoted(last) + " was issued by " + issuer + ", which is not trusted here"
		f.Hint = "if that is your CA: --ca FILE with its certificate; if it is an intermediate of another CA, its certificate is missing from the chain: append it to the file"
	}
	if x.PrivateCA {
		f.Level = Note
		f.Hint = "clients must be told to trust the CA, as those of this server's own CA are"
	}
	return f
}

// namesake is a CA that has the issuer's name and did not issue cert.
func (x *examined) namesake(cert *x509.Certificate) *x509.Certificate {
	for _, c := range slices.Concat(x.rest, x.Roots.Certificates, x.Intermediates) {
		if !c.Equal(cert) && c.IsCA && bytes.Equal(c.RawSubject, cert.RawIssuer) && !isIssuer(c, cert) {
			return c
		}
	}
	return nil
}

// missing: the certificate that has to come next is not there. Where the CA
// offers it is told, not fetched: whoever makes the certificate chooses the
// address.
func (x *examined) missing() Finding {
	last := x.path[len(x.path)-1]
	f := Finding{Kind: KindMissingIntermediate, Level: Failure, Subject: Title(last),
		Problem: "the chain lacks the certificate of " + last.Issuer.String() + ", which issued " + quoted(last),
		Why:     "most FTP clients do not fetch it, and find no way to a CA that they trust",
		Hint:    "append it to the chain file"}
	if len(last.IssuingCertificateURL) > 0 {
		f.Hint += "; the CA offers it at " + last.IssuingCertificateURL[0]
	}
	return f
}

var reasons = map[x509.InvalidReason]string{
	x509.NotAuthorizedToSign:           "a certificate in it was issued by one that may not issue any",
	x509.TooManyIntermediates:          "a CA in it allows fewer CAs below itself than there are (pathlen)",
	x509.CANotAuthorizedForThisName:    "a CA in it may not issue certificates for such names (name constraints)",
	x509.UnconstrainedName:             "a CA in it may not issue certificates for such names (name constraints)",
	x509.CANotAuthorizedForExtKeyUsage: "a CA in it may not issue certificates for this purpose (extended key usage)",
	x509.IncompatibleUsage:             "a CA in it may not issue certificates for this purpose (extended key usage)",
	x509.TooManyConstraints:            "it has more names and name constraints than anybody checks",
	x509.NameMismatch:                  "the names of issuer and subject do not fit",
}

func reasonOf(err error) string {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && reasons[invalid.Reason] != "" {
		return reasons[invalid.Reason]
	}
	var unhandled x509.UnhandledCriticalExtension
	if errors.As(err, &unhandled) {
		return "it has a critical extension that is not known here"
	}
	return err.Error()
}

func hintFor(err error) string {
	var none x509.SystemRootsError
	if errors.As(err, &none) {
		return "this system has no list of trusted CAs: install ca-certificates, or name the CA with --ca FILE"
	}
	return "have it issued again, and show this to the CA"
}
