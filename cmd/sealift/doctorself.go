package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/probe"
)

// ownServer is the server of this machine.
type ownServer struct {
	location location
	roots    *x509.CertPool // nil: the system's
	self     probe.Self
}

// ownServer reads the configuration, and asks the running server where it
// listens.
func (p *place) ownServer(ctx context.Context) (*ownServer, error) {
	c, err := p.load()
	if err != nil {
		return nil, err
	}
	st, err := control.Dial(c.DataDir).Status(ctx)
	if err != nil {
		return nil, err
	}
	own := &ownServer{self: probe.Self{
		PublicAddress: c.Listen.PublicAddress,
		FirstPassive:  c.Listen.PassivePorts.First, LastPassive: c.Listen.PassivePorts.Last,
	}}
	for _, warning := range c.Warnings() {
		if strings.HasPrefix(warning, "INSECURE") {
			own.self.Insecure = append(own.self.Insecure, warning)
		} else {
			own.self.Warnings = append(own.self.Warnings, warning)
		}
	}
	if own.location, err = reachedAt(c, st); err != nil {
		return nil, err
	}
	own.roots, err = rootsWith(filepath.Join(c.DataDir, "certs", "ca.pem"))
	return own, err
}

// reachedAt is the first port of the server, at its public address.
func reachedAt(c config.Config, st control.Status) (location, error) {
	l, bound := location{security: ftpclient.Explicit}, st.Explicit
	if len(bound) == 0 {
		l.security, bound = ftpclient.Implicit, st.Implicit
	}
	if len(bound) == 0 {
		return l, fault.New(fault.NotConnected, "", "the server listens nowhere")
	}
	host, port, err := net.SplitHostPort(bound[0])
	if err != nil {
		return l, err
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	l.host, l.port = cmp.Or(c.Listen.PublicAddress, host), port
	return l, nil
}

// rootsWith are the system's roots and those in a PEM file; nil is the
// system's alone, where there is no such file.
func rootsWith(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM(pem)
	return roots, nil
}
