package daemon

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/sealift/sealift/acme"
	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/config"
)

// choose says which certificate is served, and from where it is: the one in
// the configuration, one that was installed, one that a CA has given, or else
// the server's own, which is made if it is not there.
func (s *security) choose(c config.Config, log *slog.Logger) (certs.Pair, error) {
	if c.TLS.Certificate != "" {
		s.origin = control.Configured
		return certs.Pair{CertFile: c.TLS.Certificate, KeyFile: c.TLS.Key}, nil
	}
	if pair, ok := certs.Installed(certsDir(c)); ok {
		s.origin = control.Installed
		return pair, nil
	}
	if wantsACME(c) {
		if pair, ok := acme.Pair(acmeDir(c)); ok {
			s.origin = control.Fetched
			return pair, nil
		}
	}
	own, err := ensureOwn(c)
	if err != nil {
		return certs.Pair{}, err
	}
	if own.Change != "" {
		log.Info(own.Change, "file", own.CertFile, "fingerprint", certs.Fingerprint(own.Leaf))
	}
	s.origin, s.own = control.Own, &own
	return certs.Pair{CertFile: own.CertFile, KeyFile: own.KeyFile}, nil
}

// uncoveredNames are the names under which the configuration says that the
// server is reached, and which its certificate does not have, each a line.
func uncoveredNames(source *certs.Source, c config.Config) (lines []string) {
	names, _ := hosts(c)
	leaf := source.Leaf()
	for _, name := range names {
		if !source.Covers(name) {
			lines = append(lines, fmt.Sprintf("the certificate is not for %s, which the configuration names; clients that connect to it refuse; it is for: %s",
				name, strings.Join(certs.HostNames(leaf), ", ")))
		}
	}
	return lines
}

// namesToKnow are addresses of the configuration and names that clients asked
// for which the certificate does not have. Neither need be a fault: people may
// connect by a name that it has, and strangers ask for what they like.
func (r *running) namesToKnow() (lines []string) {
	leaf := r.security.source.Leaf()
	_, ips := hosts(r.config)
	for _, ip := range ips {
		if !ip.IsLoopback() && leaf.VerifyHostname(ip.String()) != nil {
			lines = append(lines, fmt.Sprintf("the certificate does not have the address %s; clients must connect by a name that it has: %s",
				ip, strings.Join(certs.HostNames(leaf), ", ")))
		}
	}
	if asked := r.security.source.Unknown(); len(asked) > 0 {
		lines = append(lines, "clients have asked for names that the certificate does not have: "+strings.Join(asked, ", "))
	}
	return lines
}

// tellNames puts all that into the log, once for each start and reload.
func (r *running) tellNames() {
	for _, line := range slices.Concat(uncoveredNames(r.security.source, r.config), r.namesToKnow()) {
		r.log.Warn(line, "hint", "have the certificate issued for that too, or tell people to use a name that it has")
	}
}

// CertificatesDir is where a server of that configuration has its own CA and
// certificate, and what was installed.
func CertificatesDir(c config.Config) string { return certsDir(c) }

// HostNames are the names under which the configuration says that the server
// is reached.
func HostNames(c config.Config) []string {
	names, _ := hosts(c)
	return names
}
