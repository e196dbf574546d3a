package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"

	"github.com/sealift/sealift/tlsprofile"
)

// A Handshake connects to one server, makes a TLS handshake with what c says
// of versions and suites, and hangs up.
type Handshake func(ctx context.Context, c *tls.Config) (tls.ConnectionState, error)

// Agreement is what a server does with versions and cipher suites.
type Agreement struct {
	// Agreed is what a handshake with everything that is secure ends with; if
	// there is no such thing, with everything.
	Version, Suite uint16
	Curve          tls.CurveID
	// Offered are the suites that the server took when it was offered nothing
	// else. Of those of TLS 1.3, which cannot be offered alone, only the one
	// that it chooses is known.
	Offered []uint16
	// Versions that the server takes, the oldest first.
	Versions []uint16
}

// ErrNothingAgreed: no version and suite that this program knows is taken.
var ErrNothingAgreed = errors.New("probe: the server agrees to no TLS version and cipher suite")

// AgreementWith finds out by a handshake for each version and each suite.
// Only the first error counts that is none of TLS's own; a refused handshake
// is an answer.
func AgreementWith(ctx context.Context, shake Handshake) (Agreement, error) {
	var a Agreement
	if err := a.agree(ctx, shake); err != nil {
		return a, err
	}
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		state, err := shake(ctx, &tls.Config{MinVersion: v, MaxVersion: v, CipherSuites: suitesFor(v)})
		if ctx.Err() != nil {
			return a, ctx.Err()
		}
		if err != nil {
			continue
		}
		a.Versions = append(a.Versions, v)
		a.take(state.CipherSuite)
	}
	return a, a.tryEach(ctx, shake)
}

// agree finds what the best handshake ends with.
func (a *Agreement) agree(ctx context.Context, shake Handshake) error {
	c, err := tlsprofile.New(tlsprofile.Options{})
	if err != nil {
		return err
	}
	state, err := shake(ctx, c)
	if err != nil && ctx.Err() == nil {
		state, err = shake(ctx, &tls.Config{MinVersion: tls.VersionTLS10, CipherSuites: suitesFor(tls.VersionTLS12)})
	}
	if err != nil {
		return errors.Join(ErrNothingAgreed, err)
	}
	a.Version, a.Suite, a.Curve = state.Version, state.CipherSuite, state.CurveID
	return nil
}

// tryEach offers the suites of TLS 1.2 and older one at a time, in the newest
// of these versions that the server takes.
func (a *Agreement) tryEach(ctx context.Context, shake Handshake) error {
	for _, v := range slices.Backward(a.Versions) {
		if v == tls.VersionTLS13 {
			continue
		}
		for _, id := range suitesFor(v) {
			if _, err := shake(ctx, &tls.Config{MinVersion: v, MaxVersion: v, CipherSuites: []uint16{id}}); err == nil {
				a.take(id)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	}
	return nil
}

func (a *Agreement) take(id uint16) {
	if !slices.Contains(a.Offered, id) {
		a.Offered = append(a.Offered, id)
	}
}

// suitesFor are all suites of a version that can be offered alone.
func suitesFor(v uint16) []uint16 {
	var ids []uint16
	for _, s := range tlsprofile.Suites() {
		if v < tls.VersionTLS13 && slices.Contains(s.Versions, tlsprofile.VersionName(v)) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}
