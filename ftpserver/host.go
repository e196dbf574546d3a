package ftpserver

import (
	"context"
	"crypto/tls"
	"net/netip"
	"strings"

	"github.com/sealift/sealift/ftp"
)

// hostName chooses one of the server's names (RFC 7151 §3). It must be that
// of SNI, if the client sent one (§4), and one that a certificate stands for.
func (s *session) hostName(_ context.Context, arg string) (ftp.Reply, error) {
	host := strings.ToLower(strings.TrimSuffix(arg, "."))
	switch literal, isLiteral := literalHost(host); {
	case isLiteral && literal != s.local.Addr():
		return unknownHost, nil
	case isLiteral:
	case strings.ContainsAny(host, ":/ []") || !validName(host):
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "HOST needs a name or a bracketed address, without a port"}, nil
	case s.tls != nil && s.tls.ConnectionState().ServerName != "":
		if !strings.EqualFold(host, s.tls.ConnectionState().ServerName) {
			return unknownHost, nil
		}
	case !s.knows(host):
		return unknownHost, nil
	}
	s.host, s.user = host, ""
	s.state = s.state.loggedOut()
	return ftp.Reply{Code: ftp.CodeReady, Text: "Sealift ready"}, nil
}

var unknownHost = ftp.Reply{Code: ftp.CodeBadParameter, Text: "That is none of this server's names"}

// literalHost reads an address: IPv4, or IPv6 in brackets (RFC 7151 §3).
func literalHost(host string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inner, "]") {
		a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return a.Unmap(), err == nil && a.Zone() == ""
	}
	a, err := netip.ParseAddr(host)
	return a, err == nil && a.Is4()
}

// knows reports whether a certificate is there for the name. Without TLS
// there is one host, by any name.
func (s *session) knows(host string) bool {
	c := s.cfg.TLS
	if c == nil {
		return true
	}
	for i := range c.Certificates {
		if covers(&c.Certificates[i], host) {
			return true
		}
	}
	if c.GetCertificate == nil {
		return false
	}
	found, err := c.GetCertificate(&tls.ClientHelloInfo{ServerName: host, SupportedVersions: []uint16{tls.VersionTLS13}})
	return err == nil && found != nil && covers(found, host)
}

func covers(c *tls.Certificate, host string) bool {
	return c.Leaf != nil && c.Leaf.VerifyHostname(host) == nil
}
