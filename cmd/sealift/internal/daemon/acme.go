package daemon

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/mholt/acmez/v3"

	"github.com/sealift/sealift/acme"
	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
)

// fetching is the certificate of a public CA, as one configuration wants it.
type fetching struct {
	settings config.ACME
	keeper   *acme.Keeper
	stop     context.CancelFunc
	over     chan struct{} // closed when it has stopped
}

// acmeDir is where the Keeper has its files.
func acmeDir(c config.Config) string { return filepath.Join(certsDir(c), "acme") }

// wantsACME tells whether a certificate of a CA would be shown if there is
// none that people have put there.
func wantsACME(c config.Config) bool { return len(c.ACME.Hosts) > 0 && c.TLS.Certificate == "" }

// responder is what answers the CA at a port; nil where it does not come to
// one. That of before goes on if it is the same. A port that cannot be opened
// is tried again at each order: the server is there all the same.
func responder(ctx context.Context, c config.Config, former *acme.Responder, log *slog.Logger) *acme.Responder {
	kind, address := acme.Challenge(c.ACME.Challenge), c.ACME.Address()
	if !wantsACME(c) || kind == acme.DNS01 {
		return nil
	}
	r := former
	if !former.Is(kind, address) {
		r = acme.NewResponder(kind, address)
	}
	if err := r.Open(ctx); err != nil {
		log.Error(err.Error(), "hint", hintOf(err))
	}
	return r
}

func hintOf(err error) string {
	var e *acme.Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}

// newFetching is nil where no certificate of a CA is wanted. It begins with
// start.
func (d *daemon) newFetching(c config.Config, r *acme.Responder, origin control.Origin, log *slog.Logger) (*fetching, error) {
	if !wantsACME(c) {
		return nil, nil
	}
	if origin == control.Installed {
		log.Warn("acme.hosts: without effect while a certificate is installed", "hint", "sealift cert install --remove")
		return nil, nil
	}
	o := acme.Options{
		Dir: acmeDir(c), Hosts: c.ACME.Hosts, Directory: c.ACME.Directory, AcceptTerms: c.ACME.AcceptTerms, Email: c.ACME.Email,
		Challenge: acme.Challenge(c.ACME.Challenge), Solver: solver(c, r), EABKeyID: c.ACME.EABKeyID,
		UserAgent: "sealift/" + d.options.Version, Log: log, Obtained: d.adopt,
	}
	if err := readSecrets(c, &o); err != nil {
		return nil, err
	}
	k, err := acme.New(o)
	if err != nil {
		return nil, &fault.Error{Code: fault.Failed, Problem: "acme", Err: err}
	}
	if origin == control.Own {
		log.Info("the server's own certificate serves until the CA has given one", "hosts", c.ACME.Hosts)
	}
	return &fetching{settings: c.ACME, keeper: k, over: make(chan struct{})}, nil
}

func solver(c config.Config, r *acme.Responder) acmez.Solver {
	if r != nil {
		return r
	}
	return acme.Hook(c.ACME.DNSCommand)
}

// readSecrets reads the files that are named for the CA.
func readSecrets(c config.Config, o *acme.Options) error {
	if c.ACME.CA != "" {
		pool, err := certs.LoadPool(c.ACME.CA)
		if err != nil {
			return err
		}
		o.Roots = pool.CertPool
	}
	if c.ACME.EABKeyFile != "" {
		key, err := os.ReadFile(c.ACME.EABKeyFile)
		if err != nil {
			return &fault.Error{Code: fault.Failed, Problem: "acme.eab_key_file cannot be read", Err: err}
		}
		o.EABKey = strings.TrimSpace(string(key))
	}
	return nil
}

// start fetches until ctx is done or stop is called, once the one before has
// ended.
func (f *fetching) start(ctx context.Context, before *fetching) {
	if f == nil {
		return
	}
	ctx, f.stop = context.WithCancel(ctx)
	go func() {
		defer close(f.over)
		if before != nil {
			<-before.over
		}
		f.keeper.Run(ctx)
	}()
}

// tryAtOnce is for the operator who has mended something.
func (f *fetching) tryAtOnce() {
	if f != nil {
		f.keeper.Try()
	}
}

// end stops it, and waits until it has.
func (f *fetching) end() {
	if f != nil {
		f.stop()
		<-f.over
	}
}

// fetch puts the fetching of next into force. One that is asked for the same
// as before goes on, and tries at once what has failed.
func (d *daemon) fetch(former, next *running) {
	before := former.fetching
	switch {
	case before == nil:
		next.fetching.start(d.ctx, nil)
	case next.fetching != nil && reflect.DeepEqual(before.settings, next.fetching.settings):
		next.fetching = before
		before.tryAtOnce()
	default:
		before.stop()
		next.fetching.start(d.ctx, before)
		next.fetching.tryAtOnce()
	}
	if former.responder != next.responder {
		if err := former.responder.Close(); err != nil {
			next.log.Error("the former port for ACME", "error", err.Error())
		}
	}
}

// adopt puts a certificate that has come from the CA in service. Sessions go
// on with the one that they have.
func (d *daemon) adopt() {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	r := d.now.Load()
	pair, ok := acme.Pair(acmeDir(r.config))
	if !ok || !wantsACME(r.config) || r.security.origin == control.Installed {
		return
	}
	if err := r.security.source.Use(append([]certs.Pair{pair}, more(r.config)...)...); err != nil {
		r.log.Error("the certificate of the CA cannot be put in service", "error", err.Error())
		return
	}
	next, security := *r, *r.security
	security.origin, security.own = control.Fetched, nil
	next.security = &security
	d.now.Store(&next)
	next.tellNames()
}

// acmeStatus is how the fetching stands; nil where there is none.
func (r *running) acmeStatus() *control.ACME {
	if r.fetching == nil {
		return nil
	}
	st := r.fetching.keeper.Status()
	shown := &control.ACME{Hosts: st.Hosts, Ordering: st.Ordering, Next: st.Next.UTC(), Failures: st.Failures}
	if st.Failure != nil {
		shown.Problem, shown.Hint = st.Failure.Error(), st.Failure.Hint
	}
	return shown
}

// fetchingRemarks are what people should know of it, each a line; wrong is
// whether clients do not get what they should.
func (r *running) fetchingRemarks() (lines []string, wrong bool) {
	st := r.acmeStatus()
	if st == nil {
		return nil, false
	}
	if r.security.origin != control.Fetched {
		lines = append(lines, "the server's own certificate serves until the CA has given one for "+strings.Join(st.Hosts, ", "))
	}
	if st.Problem != "" {
		lines = append(lines, "no certificate from the CA: "+st.Problem)
	}
	return lines, st.Problem != "" && r.security.origin != control.Fetched
}

// more are the pairs of tls.more.
func more(c config.Config) (pairs []certs.Pair) {
	for _, p := range c.TLS.More {
		pairs = append(pairs, certs.Pair{CertFile: p.Certificate, KeyFile: p.Key})
	}
	return slices.Clip(pairs)
}
