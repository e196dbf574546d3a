package certs

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Purpose is what a certificate is to prove.
type Purpose string

// The purposes.
const (
	ForServer Purpose = "server"
	ForClient Purpose = "client"
)

// An Inspection is a chain, and what it is to be judged by.
type Inspection struct {
	// Chain are the certificates as they are served, or stand in a file: the
	// leaf should be the first.
	Chain []*x509.Certificate
	// Key, if not nil, is the public half of the key that the leaf is to have.
	Key crypto.PublicKey
	// Roots are the CAs that are trusted; without any, those of the system.
	Roots Pool
	// Intermediates are CAs that are known besides Chain, but not trusted.
	Intermediates []*x509.Certificate
	// Lists are revocation lists; those of strangers are not believed.
	Lists []*x509.RevocationList
	// Purpose is ForServer if empty.
	Purpose Purpose
	// Names are the host names and addresses under which it is to be valid.
	Names []string
	// LegacyCN takes the common name for a host name where there is no
	// subjectAltName (RFC 6125 §6.4.4), with a warning.
	LegacyCN bool
	// PrivateCA makes a note of an issuer that is not trusted: a server
	// cannot know whom its clients trust.
	PrivateCA bool
	// Now is the time for which to judge; zero is the present.
	Now time.Time
}

// examined is an Inspection at work.
type examined struct {
	Inspection
	path []*x509.Certificate // Chain in the right order
	rest []*x509.Certificate
	leaf *x509.Certificate // path[0]
}

// Inspect judges a chain. It finds all that is wrong at once, not only the
// first thing. It reads no file, but the system's CAs where it needs them,
// and opens no connection. A chain without certificates is not trusted.
func Inspect(in Inspection) Report {
	if len(in.Chain) == 0 {
		return reportOf([]Finding{{Kind: KindInvalid, Level: Failure, Problem: "there is no certificate",
			Why: "without one nobody can tell whom they talk to", Hint: "name a file, or a server, that has one"}})
	}
	if in.Now.IsZero() {
		in.Now = time.Now()
	}
	if in.Purpose == "" {
		in.Purpose = ForServer
	}
	x := &examined{Inspection: in}
	x.path, x.rest = Arrange(in.Chain, in.Key)
	x.leaf = x.path[0]
	return reportOf(slices.Concat(
		x.keyPair(), x.leafIsCA(), x.names(), x.purpose(), x.dates(), x.strength(),
		x.revoked(), x.trust(), x.order(), x.surplus(),
	))
}

// keyPair compares the key.
func (x *examined) keyPair() []Finding {
	if x.Key == nil || sameKey(x.Key, x.leaf.PublicKey) {
		return nil
	}
	return []Finding{{Kind: KindWrongKey, Level: Failure, Subject: Title(x.leaf),
		Problem: "the private key is not that of the certificate " + quoted(x.leaf),
		Why:     "only whoever has the key of a certificate can show it",
		Hint:    "take the key with which the certificate was requested; one that was renewed with a new key needs that key"}}
}

// leafIsCA: a leaf that is a CA.
func (x *examined) leafIsCA() []Finding {
	if !x.leaf.IsCA {
		return nil
	}
	f := Finding{Kind: KindCAAsLeaf, Level: Failure, Subject: Title(x.leaf),
		Problem: quoted(x.leaf) + " is the certificate of a CA, not that of a " + string(x.Purpose),
		Why:     "it is made for signing other certificates; programs refuse it where one of a " + string(x.Purpose) + " is due",
		Hint:    "put the " + string(x.Purpose) + "'s own certificate first; if it is not there, ask the CA for it"}
	if isSelfSigned(x.leaf) && signsHandshakes(x.leaf) {
		f.Level = Warning
		f.Problem = "the self-signed certificate " + quoted(x.leaf) + " is marked as a CA"
		f.Why = "whoever trusts it lets its key issue certificates for any name"
		f.Hint = `have it made without that: openssl req -x509 -addext basicConstraints=critical,CA:FALSE, or sealift cert self-signed`
	}
	return []Finding{f}
}

// signsHandshakes: keyUsage, where there is one, allows what TLS needs.
func signsHandshakes(cert *x509.Certificate) bool {
	return cert.KeyUsage == 0 || cert.KeyUsage&x509.KeyUsageDigitalSignature != 0
}

var purposes = map[Purpose]struct {
	usage x509.ExtKeyUsage
	word  string
}{
	ForServer: {x509.ExtKeyUsageServerAuth, "serverAuth"},
	ForClient: {x509.ExtKeyUsageClientAuth, "clientAuth"},
}

// serves tells whether extendedKeyUsage, where there is one, allows it.
func (p Purpose) serves(cert *x509.Certificate) bool {
	if len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) == 0 {
		return true
	}
	return slices.Contains(cert.ExtKeyUsage, purposes[p].usage) || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// purpose looks at extendedKeyUsage and keyUsage (RFC 5280 §4.2.1.3, .12).
func (x *examined) purpose() (found []Finding) {
	if word := purposes[x.Purpose].word; !x.Purpose.serves(x.leaf) {
		found = append(found, Finding{Kind: KindWrongPurpose, Level: Failure, Subject: Title(x.leaf),
			Problem: quoted(x.leaf) + " is not for a " + string(x.Purpose) + ": its extended key usage is " + listed(Usages(x.leaf)) + ", without " + word,
			Why:     "the other side refuses a certificate that was issued for something else",
			Hint:    "have it issued with the extended key usage " + word})
	}
	if !signsHandshakes(x.leaf) && !x.leaf.IsCA {
		found = append(found, Finding{Kind: KindWrongUsage, Level: Failure, Subject: Title(x.leaf),
			Problem: quoted(x.leaf) + " may not sign: its key usage lacks digitalSignature",
			Why:     "every handshake of TLS 1.3, and every one with forward secrecy, is signed with the key",
			Hint:    "have it issued with the key usage digitalSignature"})
	}
	return found
}

// strength looks at keys, and at all signatures but a root's, which nobody
// verifies (RFC 9325 §4.5).
func (x *examined) strength() (found []Finding) {
	for i, cert := range x.path {
		if weak := weakness(cert); weak != "" {
			found = append(found, Finding{Kind: KindWeakKey, Level: Failure, Subject: Title(cert),
				Problem: quoted(cert) + " has " + weak,
				Why:     "such keys can be broken; programs refuse them (RFC 9325 §4.5)",
				Hint:    "make a new key, ECDSA P-256 or RSA of 2048 bits or more, and have a certificate issued for it"})
		}
		if rare := rarity(cert); rare != "" {
			found = append(found, Finding{Kind: KindRareKey, Level: Warning, Subject: Title(cert),
				Problem: quoted(cert) + " has " + rare,
				Why:     "they cannot connect",
				Hint:    "ECDSA P-256 and RSA of 2048 to 4096 bits work everywhere"})
		}
		if isWeakSignature(cert.SignatureAlgorithm) && (i == 0 || !isSelfSigned(cert)) {
			found = append(found, Finding{Kind: KindWeakSignature, Level: Failure, Subject: Title(cert),
				Problem: quoted(cert) + " is signed with " + cert.SignatureAlgorithm.String(),
				Why:     "such signatures can be forged; programs refuse them (RFC 9325 §4.5)",
				Hint:    "have it issued again with SHA-256"})
		}
	}
	return found
}

// isBroken tells whether a signature along the path proves nothing.
func (x *examined) isBroken() bool {
	return slices.ContainsFunc(x.strength(), func(f Finding) bool { return f.Level == Failure })
}

// order compares the path with what is served.
func (x *examined) order() []Finding {
	var served []*x509.Certificate
	for _, cert := range x.Chain {
		if slices.ContainsFunc(x.path, cert.Equal) && !slices.ContainsFunc(served, cert.Equal) {
			served = append(served, cert)
		}
	}
	if slices.EqualFunc(served, x.path, (*x509.Certificate).Equal) && x.Chain[0].Equal(x.leaf) {
		return nil
	}
	f := Finding{Kind: KindWrongOrder, Level: Warning,
		Problem: "the certificates of the chain are in the wrong order",
		Why:     "some programs find the way from each certificate to its issuer only if the one follows the other",
		Hint:    "the right order is: " + numbered(titles(x.path)) + "; sealift cert install puts it right"}
	if !x.Chain[0].Equal(x.leaf) {
		f.Level = Failure
		f.Problem = "the chain begins with " + quoted(x.Chain[0]) + ", the certificate itself, " + quoted(x.leaf) + ", comes later"
		f.Why = "the first one is taken for that of the " + string(x.Purpose)
	}
	return []Finding{f}
}

// surplus are certificates that do nothing.
func (x *examined) surplus() (found []Finding) {
	if len(x.rest) > 0 {
		found = append(found, Finding{Kind: KindSuperfluous, Level: Warning,
			Problem: "certificates that have no part in the chain: " + listed(titles(x.rest)),
			Why:     "they make every handshake longer, and some programs trip over them",
			Hint:    "take them out of the file; sealift cert install leaves them out"})
	}
	if last := x.path[len(x.path)-1]; len(x.path) > 1 && isSelfSigned(last) {
		found = append(found, Finding{Kind: KindRootIncluded, Level: Note, Subject: Title(last),
			Problem: "the root " + quoted(last) + " is part of the chain",
			Why:     "whoever trusts it has it already; it only makes every handshake longer",
			Hint:    "it may be left out"})
	}
	return found
}

// quoted is the title of a certificate in quotation marks.
func quoted(cert *x509.Certificate) string { return `"` + Title(cert) + `"` }

// maxListed is how many words of a certificate a sentence holds.
const maxListed = 12

// listed is a list within a sentence.
func listed(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	if more := len(words) - maxListed; more > 0 {
		return strings.Join(words[:maxListed], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(words, ", ")
}

// numbered is an order within a sentence.
func numbered(words []string) string {
	var b strings.Builder
	for i, word := range words {
		fmt.Fprintf(&b, "%s%d. %s", strings.Repeat(", ", min(i, 1)), i+1, word)
	}
	return b.String()
}
