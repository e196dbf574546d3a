package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// PollInterval is how often Watch should look at files.
const PollInterval = 5 * time.Second

// A Pair names the files of a certificate: its chain, leaf first, and its
// key, both PEM. They may be one file.
type Pair struct{ CertFile, KeyFile string }

// SourceOptions say how a Source serves. The zero value is usable.
type SourceOptions struct {
	// StrictSNI ends the handshake with alert 112 where the client asks for
	// a name that no certificate has. Else it gets the default certificate,
	// and a line in the log: people reach servers by aliases.
	StrictSNI bool
	// Log gets reloads, failures to reload, and warnings before the end of a
	// certificate. nil: no log.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// A Source holds certificates for TLS handshakes and follows their files. It
// is safe for concurrent use.
type Source struct {
	pairs   []Pair
	options SourceOptions
	files   *watched
	loaded  atomic.Pointer[[]*tls.Certificate]

	mu      sync.Mutex
	warned  []Expiry        // for each certificate, as of the last warning
	unknown map[string]bool // SNI names that the log has
}

// NewSource loads all pairs; the first one is the default. Like Load it
// refuses what is weak, and says in the log what Remarks finds.
func NewSource(o SourceOptions, pairs ...Pair) (*Source, error) {
	if len(pairs) == 0 {
		return nil, errors.New("certs: a Source needs a certificate")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Source{pairs: slices.Clone(pairs), options: o, unknown: map[string]bool{}}
	var names []string
	for _, p := range pairs {
		names = append(names, p.CertFile, p.KeyFile)
	}
	s.files = watch(names...)
	if err := s.load(); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload loads all files again. On an error the certificates stay as they
// were, all of them.
func (s *Source) Reload() error {
	s.files.look()
	if err := s.load(); err != nil {
		return err
	}
	s.options.Log.Info("certificate reloaded", "file", s.pairs[0].CertFile, "fingerprint", Fingerprint(s.Leaf()))
	return nil
}

func (s *Source) load() error {
	var fresh []*tls.Certificate
	for _, p := range s.pairs {
		cert, err := Load(p.CertFile, p.KeyFile)
		if err != nil {
			return err
		}
		fresh = append(fresh, cert)
	}
	s.loaded.Store(&fresh)
	s.remark(fresh)
	return nil
}

// remark logs what is wrong with certificates that have just been loaded.
func (s *Source) remark(fresh []*tls.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warned = make([]Expiry, len(fresh))
	for i, cert := range fresh {
		s.warned[i] = ExpiryOf(cert.Leaf, s.options.Now())
		for _, remark := range Remarks(cert.Leaf, s.options.Now()) {
			s.options.Log.Warn(remark, "file", s.pairs[i].CertFile)
		}
	}
}

// Watch reloads when a file has changed, and warns when a certificate has 30
// days, 7 days and 1 day left and when it has ended. It looks every interval
// and returns when ctx is done.
func (s *Source) Watch(ctx context.Context, interval time.Duration) {
	every(ctx, interval, func() {
		if s.files.look() {
			s.reloadAndTell()
		}
		s.warnOfExpiry()
	})
}

func (s *Source) reloadAndTell() {
	if err := s.Reload(); err != nil {
		s.options.Log.Error("certificate not reloaded, the former one stays", "error", err.Error())
	}
}

func (s *Source) warnOfExpiry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, cert := range *s.loaded.Load() {
		if e := ExpiryOf(cert.Leaf, s.options.Now()); e > s.warned[i] {
			s.warned[i] = e
			s.options.Log.Warn("the certificate "+e.sentence(cert.Leaf), "file", s.pairs[i].CertFile)
		}
	}
}

// GetCertificate is for tls.Config. A client that names no host, or names an
// address, which SNI does not allow and lftp sends (RFC 6066 §3), gets the
// default certificate; for other names see StrictSNI.
func (s *Source) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	all := *s.loaded.Load()
	name := strings.TrimSuffix(hello.ServerName, ".")
	if name == "" || isAddress(name) {
		return all[0], nil
	}
	if cert := covering(all, name); cert != nil {
		return cert, nil
	}
	if s.options.StrictSNI {
		return nil, nil // with no Certificates in the tls.Config: alert 112
	}
	s.tellUnknown(name)
	return all[0], nil
}

// Covers tells whether a certificate has the name of a host in it.
func (s *Source) Covers(name string) bool {
	return covering(*s.loaded.Load(), strings.TrimSuffix(name, ".")) != nil
}

// Leaf is the default certificate as it is served now.
func (s *Source) Leaf() *x509.Certificate { return (*s.loaded.Load())[0].Leaf }

// Expiry is that of the certificate which is nearest to its end.
func (s *Source) Expiry() Expiry {
	nearest := Fresh
	for _, cert := range *s.loaded.Load() {
		nearest = max(nearest, ExpiryOf(cert.Leaf, s.options.Now()))
	}
	return nearest
}

func covering(all []*tls.Certificate, name string) *tls.Certificate {
	i := slices.IndexFunc(all, func(c *tls.Certificate) bool { return c.Leaf.VerifyHostname(name) == nil })
	if i < 0 {
		return nil
	}
	return all[i]
}

// isAddress tells whether an SNI name is an IP literal, in brackets or not.
func isAddress(name string) bool {
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil
}

// maxUnknown is how many unknown names are told of: strangers choose them.
const maxUnknown = 100

// tellUnknown logs a name once.
func (s *Source) tellUnknown(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unknown[name] || len(s.unknown) >= maxUnknown {
		return
	}
	s.unknown[name] = true
	s.options.Log.Warn("a client asked for a host name that the certificate does not have; it got the default certificate",
		"name", name, "hint", "put the name into the certificate, or set tls.strict_sni to refuse such clients")
}
