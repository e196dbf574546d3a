package acme

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode"

	"github.com/mholt/acmez/v3/acme"

	"github.com/sealift/sealift/certs"
)

// explain makes of any failure one line that says what, and one that says
// what to do.
func explain(err error, c Challenge) *Error {
	var ours *Error
	var problem acme.Problem
	var file *certs.FileError
	var unreached *url.Error
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &file):
		return &Error{Problem: file.Error(), Hint: file.Hint, Err: err}
	case errors.As(err, &problem):
		return explainProblem(problem, c)
	case errors.As(err, &unreached):
		return explainUnreached(unreached)
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Problem: "the CA did not come to an end in " + orderTime.String(), Err: err}
	}
	return &Error{Problem: oneLine(err.Error()), Err: err}
}

// explainProblem repeats what the CA says (RFC 8555 §6.7).
func explainProblem(p acme.Problem, c Challenge) *Error {
	e := &Error{Err: p, Hint: hintFor(p.Type, c)}
	if authz, ok := p.Resource.(acme.Authorization); ok {
		e.Host = authz.IdentifierValue()
	}
	said := []string{p.Detail}
	for _, sub := range p.Subproblems {
		said = append(said, sub.Identifier.Value+": "+sub.Detail)
	}
	kind := strings.TrimPrefix(p.Type, acme.ProblemTypeNamespace)
	e.Problem = oneLine(fmt.Sprintf("the CA says: %s (%s)", strings.Join(said, "; "), kind))
	return e
}

// hintFor is what helps where a challenge has failed.
func hintFor(kind string, c Challenge) string {
	switch kind {
	case acme.ProblemTypeRateLimited:
		return "the CA wants a pause; until then, nothing can be done here"
	case acme.ProblemTypeCAA:
		return "a CAA record in DNS forbids this CA to give certificates for that name"
	case acme.ProblemTypeRejectedIdentifier, acme.ProblemTypeUnsupportedIdentifier:
		return "this CA gives no certificate for that name"
	case acme.ProblemTypeInvalidContact, acme.ProblemTypeUnsupportedContact:
		return "set acme.email to an address that the CA takes"
	case acme.ProblemTypeConnection, acme.ProblemTypeDNS, acme.ProblemTypeUnauthorized, acme.ProblemTypeTLS, acme.ProblemTypeIncorrectResponse:
		return challengeHints[c]
	}
	return ""
}

var challengeHints = map[Challenge]string{
	HTTP01:    "in DNS the name must have this machine's address, and port 80 there must lead to acme.listen",
	TLSALPN01: "in DNS the name must have this machine's address, and port 443 there must lead to acme.listen, not through a proxy that ends TLS",
	DNS01:     "acme.dns_command must not end before the TXT record can be seen by everybody",
}

// explainUnreached is for a CA that no connection was made to.
func explainUnreached(err *url.Error) *Error {
	e := &Error{Problem: oneLine(fmt.Sprintf("%s cannot be reached: %v", err.URL, err.Err)), Err: err}
	var unknown x509.UnknownAuthorityError
	var dns *net.DNSError
	switch {
	case errors.As(err, &unknown):
		e.Hint = "set acme.ca to a PEM file of who has signed that server's certificate"
	case errors.As(err, &dns):
		e.Hint = "check acme.directory, and that this machine can ask DNS"
	default:
		e.Hint = "check acme.directory, and that this machine may connect to it over HTTPS"
	}
	return e
}

// oneLine is a text of somebody else without what a terminal obeys.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
