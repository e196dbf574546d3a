package acme

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

const (
	firstPause   = 5 * time.Minute
	longestPause = 12 * time.Hour
	limitedPause = time.Hour // after too many requests

	// How often a CA is asked when it wants a certificate renewed (RFC 9773
	// §4.3.2).
	askOften  = time.Minute
	askSeldom = 24 * time.Hour
	askUsual  = 6 * time.Hour
)

// renewal is when a certificate is to be renewed: when a third of its life is
// left, or up to a twentieth of its life earlier, so that not all servers
// come at once; each certificate has its own moment, which a restart does not
// change. What the CA advises comes first (RFC 9773), but not so late that
// less than a tenth is left.
func renewal(leaf *x509.Certificate, advised time.Time) time.Time {
	life := lifeOf(leaf)
	if !advised.IsZero() {
		if latest := leaf.NotAfter.Add(-life / 10); advised.After(latest) {
			return latest
		}
		return advised
	}
	sum := sha256.Sum256(leaf.Raw)
	earlier := time.Duration(float64(life/20) * float64(binary.BigEndian.Uint32(sum[:])) / (1 << 32))
	return leaf.NotAfter.Add(-life/3 - earlier)
}

func lifeOf(leaf *x509.Certificate) time.Duration { return leaf.NotAfter.Sub(leaf.NotBefore) }

// pause is how long to wait after so many failures in a row: twice as long
// each time, and a tenth more or less. Let's Encrypt takes five failures an
// hour for one name.
func pause(failures int, why *Error) time.Duration {
	p := longestPause
	if shift := failures - 1; shift < 10 {
		p = min(firstPause<<max(0, shift), longestPause)
	}
	var problem acme.Problem
	if errors.As(why.Err, &problem) && problem.Type == acme.ProblemTypeRateLimited {
		p = max(p, limitedPause)
	}
	return p + time.Duration((rand.Float64()-0.5)*0.2*float64(p))
}

// advice is when the CA wants the certificate renewed.
type advice struct {
	info acme.RenewalInfo
	at   time.Time // zero: it has not said
	next time.Time // when to ask again
}

// ask asks the CA when to renew, if it is time for that.
func (k *Keeper) ask(ctx context.Context) {
	k.mu.Lock()
	leaf, due := k.leaf, k.suits() && !k.o.Now().Before(k.advice.next)
	k.mu.Unlock()
	if !due {
		return
	}
	info, err := k.client(nil).GetRenewalInfo(ctx, leaf)
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.o.Now()
	switch {
	case errors.Is(err, acme.ErrUnsupported):
		k.advice = advice{next: now.Add(askSeldom)}
		return
	case err != nil:
		k.advice.next = now.Add(askUsual)
		k.o.Log.Debug("the CA does not say when to renew", "error", err.Error())
		return
	}
	k.take(info, now)
}

// take takes the CA's advice. Within one window the moment stays.
func (k *Keeper) take(info acme.RenewalInfo, now time.Time) {
	if !k.advice.info.SameWindow(info) {
		k.advice.at = info.SelectedTime
		if info.SuggestedWindow.End.Before(renewal(k.leaf, time.Time{})) {
			k.o.Log.Warn("the CA wants the certificate renewed early", "by", info.SuggestedWindow.End.UTC().Format(time.RFC3339), "reason", info.ExplanationURL)
		}
	}
	wait := askUsual
	if info.RetryAfter != nil {
		wait = min(max(time.Until(*info.RetryAfter), askOften), askSeldom)
	}
	k.advice.info, k.advice.next = info, now.Add(wait)
}
