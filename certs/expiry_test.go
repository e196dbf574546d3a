package certs

import (
	"crypto/x509"
	"testing"
	"time"
)

func TestExpiryOfWhatIsRenewed(t *testing.T) {
	renewed := Pair{Renewed: true}
	for _, tt := range []struct {
		why        string
		life, left time.Duration
		want       Expiry
	}{
		{"a year's, long before", 365 * day, 31 * day, Fresh},
		{"a year's, 30 days before", 365 * day, 30 * day, Within30Days},
		{"a year's, 7 days before", 365 * day, 7 * day, Within7Days},
		{"a year's, a day before", 365 * day, day, Within1Day},
		{"a year's, afterwards", 365 * day, -1, Expired},
		{"90 days', when it is to be renewed", 90 * day, 30*day + 1, Fresh},
		{"90 days', when that is overdue", 90 * day, 29 * day, Within30Days},
		{"45 days', before it is to be renewed", 45 * day, 16 * day, Fresh},
		{"45 days', when that is overdue", 45 * day, 15 * day, Within30Days},
		{"6 days', new", 6 * day, 6 * day, Fresh},
		{"6 days', overdue", 6 * day, 2 * day, Within7Days},
		{"6 days', at last", 6 * day, day, Within1Day},
	} {
		cert := &x509.Certificate{NotBefore: start, NotAfter: start.Add(tt.life)}
		if got := renewed.expiry(cert, cert.NotAfter.Add(-tt.left)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.why, got, tt.want)
		}
	}
}
