package certs

import (
	"crypto/x509"
	"fmt"
	"time"
)

// maxLife is what the CA/Browser Forum allows, and some clients enforce.
const maxLife = 398 * day

// dates looks at when the certificates are valid.
func (x *examined) dates() (found []Finding) {
	for _, cert := range x.path {
		found = append(found, x.datesOf(cert)...)
	}
	if life := x.leaf.NotAfter.Sub(x.leaf.NotBefore); x.Purpose == ForServer && life > maxLife {
		found = append(found, Finding{Kind: KindLongLife, Level: Note, Subject: Title(x.leaf),
			Problem: fmt.Sprintf("%s is valid for %d days, more than 398", quoted(x.leaf), int(life/day)),
			Why:     "some clients refuse that of a public CA, and a stolen key is of use as long",
			Hint:    "have the next one issued for at most 398 days"})
	}
	return found
}

func (x *examined) datesOf(cert *x509.Certificate) []Finding {
	clock := fmt.Sprintf("; if today is not %s, set the clock", date(x.Now))
	f := Finding{Level: Failure, Subject: Title(cert), Why: "outside of its time nobody accepts it"}
	switch e := ExpiryOf(cert, x.Now); {
	case x.Now.Before(cert.NotBefore):
		f.Kind = KindNotYetValid
		f.Problem = quoted(cert) + " is not valid before " + moment(cert.NotBefore)
		f.Hint = "wait until then" + clock
		if cert.NotBefore.Sub(x.Now) <= day {
			f.Hint = fmt.Sprintf("that is only %s from now: compare the clock of this machine with that of the CA", cert.NotBefore.Sub(x.Now).Round(time.Second))
		}
	case e == Expired:
		f.Kind = KindExpired
		f.Problem = fmt.Sprintf("%s has ended on %s", quoted(cert), moment(cert.NotAfter))
		f.Hint = "have it renewed" + clock
	case e != Fresh:
		f.Kind, f.Level = KindEndsSoon, Warning
		f.Problem = quoted(cert) + " " + e.sentence(cert)
		f.Why = "from then on nobody accepts it"
		f.Hint = "have it renewed"
	default:
		return nil
	}
	return []Finding{f}
}

// moment is a time to the second, in UTC.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
