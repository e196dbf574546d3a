package knownhost

import (
	"crypto/x509"
	"strings"
	"time"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// Unknown: nobody vouches for a certificate, and nobody has accepted it yet.
type Unknown struct {
	Guard    Guard
	Leaf     *x509.Certificate
	Problems []string // at least one
}

// Error says why the certificate is not trusted.
func (u *Unknown) Error() string {
	return "the certificate of " + u.Guard.Address + " is not trusted: " + strings.Join(u.Problems, "; ")
}

// Refusal is the error where nobody can be asked. Its hint says how to accept
// the certificate, and what to do before.
func (u *Unknown) Refusal() error {
	return u.refusal("if this is the SHA-256 that the server printed at its start (sealift status shows it there), add --pin " + certs.Fingerprint(u.Leaf) +
		", or say yes to this command on a terminal")
}

func (u *Unknown) refusal(hint string) error {
	return fault.New(fault.NotTrusted, hint, "%s", u.Error())
}

// A Fact is a line of what a person has to know before accepting.
type Fact struct{ Name, Value string }

// Facts are what to show with the question.
func (u *Unknown) Facts() []Fact {
	facts := []Fact{
		{"SHA-256", certs.Fingerprint(u.Leaf)},
		{"names", namesOf(u.Leaf)},
		{"issuer", u.Leaf.Issuer.String()},
		{"valid", u.Leaf.NotBefore.UTC().Format(time.DateOnly) + " to " + u.Leaf.NotAfter.UTC().Format(time.DateOnly)},
	}
	for _, problem := range u.Problems {
		facts = append(facts, Fact{"problem", problem})
	}
	return facts
}

// Accept keeps the certificate: from now on it is trusted.
func (u *Unknown) Accept() error { return u.Guard.Known.Add(u.Guard.Address, u.Leaf) }
