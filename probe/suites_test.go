package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/tlsprofile"
)

func TestAgreementWith(t *testing.T) {
	strong := []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}
	for _, c := range []struct {
		why      string
		server   tlsprofile.Options
		version  uint16
		versions []uint16
		offered  []uint16
	}{
		{"only what the version brings", tlsprofile.Options{Profile: tlsprofile.Modern},
			tls.VersionTLS13, []uint16{tls.VersionTLS13}, strong[:1]},
		{"suites for the kind of key alone", tlsprofile.Options{Profile: tlsprofile.Intermediate},
			tls.VersionTLS13, []uint16{tls.VersionTLS12, tls.VersionTLS13}, strong},
		{"what is weak is found", tlsprofile.Options{Profile: tlsprofile.Legacy},
			tls.VersionTLS13, []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13},
			append(slices.Clone(strong), tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA)},
		{"a server that is all of the past", tlsprofile.Options{Profile: tlsprofile.Legacy, MaxVersion: "1.0"},
			tls.VersionTLS10, []uint16{tls.VersionTLS10},
			[]uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}},
	} {
		a, err := AgreementWith(t.Context(), handshakeWith(t, c.server))
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		slices.Sort(a.Offered)
		want := slices.Sorted(slices.Values(c.offered))
		if a.Version != c.version || !slices.Equal(a.Versions, c.versions) || !slices.Equal(a.Offered, want) {
			t.Errorf("%s: %+v, want offered %v", c.why, a, want)
		}
	}
}

func TestAgreementWithNobody(t *testing.T) {
	down := errors.New("nobody there")
	_, err := AgreementWith(t.Context(), func(context.Context, *tls.Config) (tls.ConnectionState, error) {
		return tls.ConnectionState{}, down
	})
	if !errors.Is(err, ErrNothingAgreed) || !errors.Is(err, down) {
		t.Errorf("%v, want %v and the reason", err, ErrNothingAgreed)
	}
}

// handshakeWith makes handshakes with a server of those options.
func handshakeWith(t *testing.T, o tlsprofile.Options) Handshake {
	t.Helper()
	config, err := tlsprofile.New(o)
	if err != nil {
		t.Fatal(err)
	}
	own, err := certs.Ensure(t.TempDir(), []string{"localhost"}, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := certs.Load(own.CertFile, own.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{*cert}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				tls.Server(c, config).Handshake()
			}()
		}
	}()
	return func(ctx context.Context, c *tls.Config) (tls.ConnectionState, error) {
		c = c.Clone()
		c.InsecureSkipVerify = true
		d := tls.Dialer{Config: c}
		conn, err := d.DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			return tls.ConnectionState{}, err
		}
		defer conn.Close()
		return conn.(*tls.Conn).ConnectionState(), nil
	}
}
