package acme

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mholt/acmez/v3"

	"github.com/sealift/sealift/certs"
)

const (
	// lookInterval is how long a Keeper sleeps at most: clocks are set, and
	// laptops sleep.
	lookInterval = time.Hour
	// orderTime is how long one order may take, with the waits of its hook.
	orderTime = time.Hour
	// tryPause keeps Try from asking a CA all the time.
	tryPause = time.Minute
)

// Options say what a Keeper keeps. Dir, Hosts, Directory, Challenge and Solver
// are needed.
type Options struct {
	// Dir is where certificate, account key and state are, for their owner
	// alone. It is made if it is not there.
	Dir string
	// Hosts are the names in the certificate, in lower case.
	Hosts []string
	// Directory is the URL of the CA.
	Directory string
	// AcceptTerms agrees to the CA's terms of service, if it has some.
	AcceptTerms bool
	// Email is where the CA may write to; "" gives none.
	Email string
	// Roots are who may have signed the CA's HTTPS certificate; nil means
	// those of the system.
	Roots *x509.CertPool
	// EABKeyID and EABKey (base64url) bind the account to one that the CA's
	// customer has by other means (RFC 8555 §7.3.4). "": none.
	EABKeyID, EABKey string
	// Solver answers challenges of that kind: a Responder, or a Hook.
	Challenge Challenge
	Solver    acmez.Solver
	// UserAgent is what the CA is told; "" is "sealift".
	UserAgent string
	// Log is told of each certificate and each failure; nil: no log.
	Log *slog.Logger
	// Obtained is called, by Run, when another certificate stands in Dir; nil:
	// nobody is.
	Obtained func()
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// A Keeper fetches one certificate and keeps it in date. It is safe for
// concurrent use.
type Keeper struct {
	o    Options
	http *http.Client
	wake chan struct{}

	mu      sync.Mutex
	state   state
	leaf    *x509.Certificate // nil if there is none
	advice  advice
	ordered bool // an order is on its way
}

// Status is how a Keeper stands.
type Status struct {
	Hosts []string
	// Ends is the end of the certificate; zero if there is none yet.
	Ends time.Time
	// Next is when it will be renewed, or tried again.
	Next time.Time
	// Ordering tells whether the CA is being asked now.
	Ordering bool
	// Failure is why the last try went wrong; nil if it did not.
	Failure *Error
	// Failures is how many tries have gone wrong in a row.
	Failures int
}

// New is a Keeper of what is in o.Dir. It asks nobody before Run.
func New(o Options) (*Keeper, error) {
	if len(o.Hosts) == 0 || o.Directory == "" || o.Solver == nil {
		return nil, errors.New("acme: a Keeper needs hosts, a directory and a solver")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Obtained == nil {
		o.Obtained = func() {}
	}
	k := &Keeper{o: o, http: httpClient(o.Roots), wake: make(chan struct{}, 1), leaf: present(o.Dir)}
	return k, k.readState()
}

// Pair is the certificate in dir; ok tells whether there is one that can be
// served.
func Pair(dir string) (p certs.Pair, ok bool) {
	p, _ = certs.Installed(dir)
	p.Renewed = true
	return p, present(dir) != nil
}

// present is the certificate in dir; nil if there is none.
func present(dir string) *x509.Certificate {
	p, _ := certs.Installed(dir)
	cert, err := certs.Load(p.CertFile, p.KeyFile)
	if err != nil {
		return nil
	}
	return cert.Leaf
}

// Run fetches and renews until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	for ctx.Err() == nil {
		k.ask(ctx)
		wait := k.next().Sub(k.o.Now())
		if wait <= 0 {
			k.try(ctx)
			continue
		}
		select {
		case <-ctx.Done():
		case <-k.wake:
		case <-time.After(min(wait, lookInterval)):
		}
	}
}

// Try makes Run try again at once, if a failure has made it wait. A minute
// lies between two tries.
func (k *Keeper) Try() {
	k.mu.Lock()
	if soon := k.state.Tried.Add(tryPause); k.state.Retry.After(soon) {
		k.state.Retry = soon
	}
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Status is how it stands.
func (k *Keeper) Status() Status {
	next := k.next()
	k.mu.Lock()
	defer k.mu.Unlock()
	st := Status{Hosts: slices.Clone(k.o.Hosts), Next: next, Ordering: k.ordered, Failures: k.state.Failures, Failure: k.state.failure()}
	if k.leaf != nil {
		st.Ends = k.leaf.NotAfter
	}
	return st
}

// next is when the CA is to be asked for a certificate; it may be in the past.
func (k *Keeper) next() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	var due time.Time
	if k.suits() {
		due = renewal(k.leaf, k.advice.at)
	}
	if k.state.Retry.After(due) {
		return k.state.Retry
	}
	return due
}

// suits tells whether the certificate that is there is the one that is wanted:
// for all hosts, and of this CA. k.mu is held.
func (k *Keeper) suits() bool {
	return k.leaf != nil && k.state.From == k.o.Directory && len(uncovered(k.leaf, k.o.Hosts)) == 0
}

// uncovered are the hosts that a certificate is not for.
func uncovered(leaf *x509.Certificate, hosts []string) []string {
	return slices.DeleteFunc(slices.Clone(hosts), func(host string) bool {
		return slices.Contains(leaf.DNSNames, host) || leaf.VerifyHostname(host) == nil
	})
}

// try orders a certificate and notes how that went.
func (k *Keeper) try(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	k.setOrdered(true)
	leaf, err := k.obtain(limited)
	k.setOrdered(false)
	switch {
	case err == nil:
		k.succeeded(leaf)
		k.o.Obtained()
	case ctx.Err() == nil:
		k.failed(explain(err, k.o.Challenge))
	}
}

func (k *Keeper) setOrdered(is bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ordered = is
}

func (k *Keeper) succeeded(leaf *x509.Certificate) {
	k.mu.Lock()
	k.leaf, k.advice = leaf, advice{}
	now := k.o.Now().UTC()
	k.state = state{Asked: k.asked(), From: k.o.Directory, Tried: now, Retry: now.Add(min(lifeOf(leaf)/10, time.Hour))}
	err := k.writeState()
	k.mu.Unlock()
	k.o.Log.Info("certificate obtained", "hosts", k.o.Hosts, "ends", leaf.NotAfter.UTC().Format(time.RFC3339),
		"renewal", k.next().UTC().Format(time.RFC3339), "fingerprint", certs.Fingerprint(leaf))
	k.tellUnwritten(err)
}

func (k *Keeper) failed(why *Error) {
	k.mu.Lock()
	now := k.o.Now().UTC()
	k.state.Failures++
	k.state.Asked, k.state.Tried, k.state.Retry = k.asked(), now, now.Add(pause(k.state.Failures, why))
	k.state.Host, k.state.Problem, k.state.Hint = why.Host, why.Problem, why.Hint
	next, ends := k.state.Retry, k.leaf
	err := k.writeState()
	k.mu.Unlock()
	message := "no certificate obtained"
	if ends != nil {
		message = "no certificate obtained, the present one stays"
	}
	k.o.Log.Error(message, "hosts", k.o.Hosts, "error", why.Error(), "hint", why.Hint, "next_try", next.Format(time.RFC3339))
	k.tellUnwritten(err)
}

func (k *Keeper) tellUnwritten(err error) {
	if err != nil {
		k.o.Log.Error("the state of ACME could not be written", "error", err.Error())
	}
}
