package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftpclient"
)

// target is what cert show and cert check look at: a file, or a server.
type target struct {
	file     string // "" for a server
	address  string // host:port, or a host alone
	security ftpclient.Security
}

// String is what the target was called.
func (t target) String() string {
	if t.file != "" {
		return t.file
	}
	return t.address
}

// parseTarget takes FILE, HOST:PORT and URLs. What is a file is a file.
func parseTarget(word string, implicit bool) (target, error) {
	t := target{address: word}
	if implicit {
		t.security = ftpclient.Implicit
	}
	if strings.Contains(word, "://") {
		return t.fromURL(word)
	}
	if _, err := os.Stat(word); err == nil && !implicit {
		return target{file: word}, nil
	}
	_, port, err := net.SplitHostPort(word)
	switch {
	case err == nil && port == "990":
		t.security = ftpclient.Implicit
	case err == nil || implicit || isAddress(word):
	default:
		return t, fault.New(fault.NotFound, "a server is written as HOST:PORT, or as ftpes://HOST", "%s: no such file", word)
	}
	return t, nil
}

func (t target) fromURL(word string) (target, error) {
	const hint = "write ftpes://HOST for explicit TLS, ftps://HOST for implicit"
	u, err := url.Parse(word)
	if err != nil || u.Host == "" {
		return t, fault.New(fault.Usage, hint, "%q is no URL of a server", word)
	}
	t.address = u.Host
	switch u.Scheme {
	case "ftps":
		t.security = ftpclient.Implicit
	case "ftpes":
	case "ftp":
		return t, fault.New(fault.Usage, hint, "ftp:// is without TLS: there is no certificate")
	default:
		return t, fault.New(fault.Usage, hint, "%q is no URL of a server", word)
	}
	return t, nil
}

func isAddress(word string) bool {
	_, err := netip.ParseAddr(strings.Trim(word, "[]"))
	return err == nil
}

// host is the name or address of the server; "" for a file.
func (t target) host() string {
	if t.file != "" {
		return ""
	}
	host, _, err := net.SplitHostPort(t.address)
	if err != nil {
		host = t.address
	}
	return strings.Trim(host, "[]")
}

// shown is the chain of a target.
type shown struct {
	chain    []*x509.Certificate
	findings []certs.Finding // about the file
	state    tls.ConnectionState
}

// read gets the chain from the file, or from the server, which is asked under
// name; "" means its host.
func (t target) read(ctx context.Context, name string) (s shown, err error) {
	if t.file != "" {
		s.chain, s.findings, err = certs.ReadChain(t.file)
		return s, err
	}
	o := ftpclient.Options{
		Security: t.security,
		TLS:      &tls.Config{ServerName: name, MinVersion: tls.VersionTLS10},
		Verify: func(cs tls.ConnectionState) error {
			s.state, s.chain = cs, cs.PeerCertificates
			return nil
		},
	}
	conn, err := ftpclient.Dial(ctx, t.address, o)
	if err == nil {
		err = conn.Close()
	}
	if len(s.chain) > 0 {
		return s, nil // that the server wants more afterwards is another matter
	}
	return s, t.unreached(err)
}

// unreached says why there is no certificate.
func (t target) unreached(err error) error {
	problem := "no certificate from " + t.address
	var connect *ftpclient.ConnectError
	var handshake *ftpclient.TLSError
	switch {
	case errors.As(err, &connect):
		return fault.Connecting(err)
	case errors.Is(err, ftpclient.ErrTLSRefused):
		return &fault.Error{Code: fault.NotTrusted, Problem: problem, Err: err, Hint: "the server speaks FTP without TLS; try its other port with --implicit"}
	case errors.As(err, &handshake) && t.security == ftpclient.Implicit:
		return &fault.Error{Code: fault.NotTrusted, Problem: problem, Err: err, Hint: "if the port is for explicit TLS, leave out --implicit, or write ftpes://"}
	case errors.As(err, &handshake):
		return &fault.Error{Code: fault.NotTrusted, Problem: problem, Err: err}
	}
	return &fault.Error{Code: fault.NotConnected, Problem: problem, Err: err, Hint: "if the port is for implicit TLS, add --implicit"}
}
