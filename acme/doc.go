// Package acme fetches a certificate from a CA that speaks ACME (RFC 8555),
// such as Let's Encrypt, and keeps it in date.
//
// A Keeper orders the certificate, renews it long before its end, and waits
// longer after each failure. A Responder answers the CA on a port of its own
// (http-01, tls-alpn-01); a Hook has a command set TXT records (dns-01).
//
// What is fetched stands in a directory where certs.Installed finds it.
package acme

import "fmt"

// A Challenge is how a CA makes sure that a host name is ours.
type Challenge string

// The challenges that can be answered: over HTTP on port 80 (RFC 8555 §8.3),
// over TLS on port 443 (RFC 8737), in DNS (RFC 8555 §8.4).
const (
	HTTP01    Challenge = "http-01"
	TLSALPN01 Challenge = "tls-alpn-01"
	DNS01     Challenge = "dns-01"
)

// An Error says why there is no certificate, and what to do about it.
type Error struct {
	Host    string // whose challenge failed; "" if it is about all
	Problem string // one line; words of the CA are quoted in it as they came
	Hint    string // "" if there is nothing to say
	Err     error  // the cause, nil if the Problem is all there is
}

func (e *Error) Error() string {
	if e.Host == "" {
		return e.Problem
	}
	return e.Host + ": " + e.Problem
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

func errorf(hint, problem string, args ...any) *Error {
	return &Error{Problem: fmt.Sprintf(problem, args...), Hint: hint}
}
