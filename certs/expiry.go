package certs

import (
	"crypto/x509"
	"time"
)

// Expiry is how near the end of a certificate is. It only grows.
type Expiry int

// The steps at which people are warned.
const (
	Fresh Expiry = iota
	Within30Days
	Within7Days
	Within1Day
	Expired
)

const day = 24 * time.Hour

// ExpiryOf is the step that cert has reached at now.
func ExpiryOf(cert *x509.Certificate, now time.Time) Expiry {
	switch left := cert.NotAfter.Sub(now); {
	case left < 0:
		return Expired
	case left <= day:
		return Within1Day
	case left <= 7*day:
		return Within7Days
	case left <= 30*day:
		return Within30Days
	}
	return Fresh
}

// expiry is ExpiryOf; but one that is renewed without people is fresh until a
// third of its life is left: some live for a few days.
func (p Pair) expiry(cert *x509.Certificate, now time.Time) Expiry {
	if p.Renewed && cert.NotAfter.Sub(now) > cert.NotAfter.Sub(cert.NotBefore)/3 {
		return Fresh
	}
	return ExpiryOf(cert, now)
}

func (e Expiry) sentence(cert *x509.Certificate) string {
	end := date(cert.NotAfter)
	switch e {
	case Within30Days:
		return "ends in less than 30 days, on " + end
	case Within7Days:
		return "ends in less than 7 days, on " + end
	case Within1Day:
		return "ends in less than 1 day, on " + end
	case Expired:
		return "has ended on " + end
	}
	return "is valid until " + end
}
