package main

import (
	"context"
	"crypto/tls"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/probe"
)

// agreementWith asks the server of a URL, with many handshakes and no login.
// Whether its certificate is to be trusted is another question.
func agreementWith(ctx context.Context, rawURL string) (*probe.Agreement, error) {
	to, err := parseLocation(rawURL)
	if err != nil {
		return nil, err
	}
	if to.security == ftpclient.Plaintext {
		return nil, fault.New(fault.Usage, "ftpes://"+to.host+" speaks TLS", "--against: ftp:// has no cipher suites")
	}
	a, err := probe.AgreementWith(ctx, func(ctx context.Context, c *tls.Config) (tls.ConnectionState, error) {
		c.ServerName = to.host
		conn, err := ftpclient.Dial(ctx, to.address(), ftpclient.Options{
			Security: to.security, TLS: c, Verify: func(tls.ConnectionState) error { return nil },
		})
		if err != nil {
			return tls.ConnectionState{}, err
		}
		state, _ := conn.ConnectionState()
		return state, conn.Close()
	})
	if err != nil {
		return nil, fault.Connecting(err)
	}
	return &a, nil
}
