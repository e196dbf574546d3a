package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"maps"
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
type Pair struct {
	CertFile, KeyFile string
	// Renewed: a program renews it when a third of its life is left, so people
	// are warned of its end only from then on.
	Renewed bool
}

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
	options SourceOptions
	loaded  atomic.Pointer[inService]

	loading sync.Mutex // held while files are looked at
	files   *watched

	mu      sync.Mutex
	warned  []Expiry        // for each certificate, as of the last warning
	unknown map[string]bool // SNI names that the log has
	failure error           // why the files as they are now cannot be loaded
}

// inService are certificates, and the files that they are from.
type inService struct {
	pairs []Pair
	certs []*tls.Certificate
}

// NewSource loads all pairs; the first one is the default. Like Load it
// refuses what is weak, and says in the log what Remarks finds.
func NewSource(o SourceOptions, pairs ...Pair) (*Source, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Source{options: o, unknown: map[string]bool{}}
	if err := s.take(pairs); err != nil {
		return nil, err
	}
	return s, nil
}

// Use serves other pairs from now on, to everybody who holds this Source. On
// an error the former ones stay.
func (s *Source) Use(pairs ...Pair) error {
	s.loading.Lock()
	defer s.loading.Unlock()
	if err := s.take(pairs); err != nil {
		return err
	}
	s.tell()
	return nil
}

func (s *Source) take(pairs []Pair) error {
	if len(pairs) == 0 {
		return errors.New("certs: a Source needs a certificate")
	}
	var names []string
	for _, p := range pairs {
		names = append(names, p.CertFile, p.KeyFile)
	}
	files := watch(names...)
	if err := s.load(slices.Clone(pairs)); err != nil {
		return err
	}
	s.files = files
	return nil
}

// Reload loads all files again. On an error the certificates stay as they
// were, all of them.
func (s *Source) Reload() error {
	s.loading.Lock()
	defer s.loading.Unlock()
	s.files.look()
	return s.reload()
}

func (s *Source) reload() error {
	err := s.load(s.loaded.Load().pairs)
	s.mu.Lock()
	s.failure = err
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.tell()
	return nil
}

// tell logs what is served now.
func (s *Source) tell() {
	s.options.Log.Info("certificate reloaded", "file", s.loaded.Load().pairs[0].CertFile, "fingerprint", Fingerprint(s.Leaf()))
}

// Failure is why the files as they are now are not in service; nil if they
// are.
func (s *Source) Failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

func (s *Source) load(pairs []Pair) error {
	fresh := &inService{pairs: pairs}
	for _, p := range pairs {
		cert, err := Load(p.CertFile, p.KeyFile)
		if err != nil {
			return err
		}
		fresh.certs = append(fresh.certs, cert)
	}
	s.loaded.Store(fresh)
	s.remark(fresh)
	return nil
}

// remark logs what is wrong with certificates that have just been loaded.
func (s *Source) remark(fresh *inService) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = nil
	s.warned = make([]Expiry, len(fresh.certs))
	for i, cert := range fresh.certs {
		s.warned[i] = fresh.pairs[i].expiry(cert.Leaf, s.options.Now())
		for _, remark := range remarks(cert.Leaf, s.warned[i], s.options.Now()) {
			s.options.Log.Warn(remark, "file", fresh.pairs[i].CertFile)
		}
	}
}

// Watch reloads when a file has changed, and warns when a certificate has 30
// days, 7 days and 1 day left and when it has ended. It looks every interval
// and returns when ctx is done.
func (s *Source) Watch(ctx context.Context, interval time.Duration) {
	every(ctx, interval, func() {
		s.follow()
		s.warnOfExpiry()
	})
}

// follow reloads if a file has changed.
func (s *Source) follow() {
	s.loading.Lock()
	defer s.loading.Unlock()
	if !s.files.look() {
		return
	}
	if err := s.reload(); err != nil {
		s.options.Log.Error("certificate not reloaded, the former one stays", "error", err.Error())
	}
}

func (s *Source) warnOfExpiry() {
	s.loading.Lock()
	defer s.loading.Unlock()
	now := s.loaded.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, cert := range now.certs {
		if e := now.pairs[i].expiry(cert.Leaf, s.options.Now()); e > s.warned[i] {
			s.warned[i] = e
			s.options.Log.Warn("the certificate "+e.sentence(cert.Leaf), "file", now.pairs[i].CertFile)
		}
	}
}

// GetCertificate is for tls.Config. A client that names no host, or names an
// address, which SNI does not allow and lftp sends (RFC 6066 §3), gets the
// default certificate; for other names see StrictSNI.
func (s *Source) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	all := s.loaded.Load().certs
	name := strings.TrimSuffix(hello.ServerName, ".")
	if name == "" || isAddress(name) {
		return suitable(hello, all, all[0]), nil
	}
	if found := covering(all, name); len(found) > 0 {
		return suitable(hello, found, found[0]), nil
	}
	if s.options.StrictSNI {
		return nil, nil // with no Certificates in the tls.Config: alert 112
	}
	s.tellUnknown(name)
	return all[0], nil
}

// suitable is the first certificate for the same names as wanted that the
// client can check the signatures of: a second one with an RSA key is for
// clients that know no ECDSA.
func suitable(hello *tls.ClientHelloInfo, all []*tls.Certificate, wanted *tls.Certificate) *tls.Certificate {
	if len(hello.SignatureSchemes) == 0 || hello.SupportsCertificate(wanted) == nil {
		return wanted
	}
	for _, cert := range all {
		if slices.Equal(cert.Leaf.DNSNames, wanted.Leaf.DNSNames) && hello.SupportsCertificate(cert) == nil {
			return cert
		}
	}
	return wanted
}

// Covers tells whether a certificate has the name of a host in it.
func (s *Source) Covers(name string) bool {
	return len(covering(s.loaded.Load().certs, strings.TrimSuffix(name, "."))) > 0
}

// Unknown are the names, sorted, that clients asked for and no certificate
// has; the first 100. They are strangers' words.
func (s *Source) Unknown() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.unknown)), s.Covers)
}

// Leaf is the default certificate as it is served now.
func (s *Source) Leaf() *x509.Certificate { return s.loaded.Load().certs[0].Leaf }

// Leaves are all certificates as they are served now, the default first.
func (s *Source) Leaves() (all []*x509.Certificate) {
	for _, cert := range s.loaded.Load().certs {
		all = append(all, cert.Leaf)
	}
	return all
}

// Expiry is that of the certificate which is nearest to its end.
func (s *Source) Expiry() Expiry {
	nearest, now := Fresh, s.loaded.Load()
	for i, cert := range now.certs {
		nearest = max(nearest, now.pairs[i].expiry(cert.Leaf, s.options.Now()))
	}
	return nearest
}

// Remarks are what is wrong with what is served, each a line, and that the
// files as they are now cannot be loaded.
func (s *Source) Remarks() (lines []string) {
	now := s.loaded.Load()
	for i, cert := range now.certs {
		for _, remark := range remarks(cert.Leaf, now.pairs[i].expiry(cert.Leaf, s.options.Now()), s.options.Now()) {
			if i > 0 {
				remark = now.pairs[i].CertFile + ": " + remark
			}
			lines = append(lines, remark)
		}
	}
	if err := s.Failure(); err != nil {
		lines = append(lines, "the certificate files cannot be loaded, what was served before still is: "+err.Error())
	}
	return lines
}

// covering are the certificates with the name of a host in them.
func covering(all []*tls.Certificate, name string) (found []*tls.Certificate) {
	for _, cert := range all {
		if cert.Leaf.VerifyHostname(name) == nil {
			found = append(found, cert)
		}
	}
	return found
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
