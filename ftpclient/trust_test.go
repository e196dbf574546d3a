package ftpclient_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/sealift/sealift/ftpclient"
)

func TestTrust(t *testing.T) {
	t.Parallel()
	here := certificate{names: []string{"127.0.0.1"}}
	untrusted, wrongName := new(ftpclient.CertificateError), new(ftpclient.HostnameError)
	for _, test := range []struct {
		why    string
		has    certificate
		change func(f *fake, o *ftpclient.Options)
		want   error
	}{
		{"a certificate for the address", here, nil, nil},
		{"a certificate for the name of the TLS configuration", certificate{names: []string{"ftp.example"}},
			func(_ *fake, o *ftpclient.Options) { o.TLS.ServerName = "ftp.example" }, nil},
		{"another name", certificate{names: []string{"ftp.example"}}, nil, wrongName},
		{"a name as CN alone counts for nothing", certificate{subject: "127.0.0.1"}, nil, wrongName},
		{"a certificate that is over", certificate{names: here.names, expired: true}, nil, untrusted},
		{"an authority that nobody knows", here, nobodyKnows, untrusted},
		{"the key is pinned: neither chain nor name count", here, func(f *fake, o *ftpclient.Options) {
			nobodyKnows(f, o)
			o.TLS.ServerName = "ftp.example"
			key := sha256.Sum256(f.pair.Leaf.RawSubjectPublicKeyInfo)
			o.Pins = []string{strings.Repeat("00", 32), "sha256//" + base64.StdEncoding.EncodeToString(key[:])}
		}, nil},
		{"the certificate is pinned, with colons", here, func(f *fake, o *ftpclient.Options) {
			nobodyKnows(f, o)
			whole := sha256.Sum256(f.pair.Leaf.Raw)
			o.Pins = []string{colons(hex.EncodeToString(whole[:]))}
		}, nil},
		{"no pin matches, though the chain is fine", here, func(_ *fake, o *ftpclient.Options) {
			o.Pins = []string{strings.Repeat("00", 32)}
		}, untrusted},
		{"the caller decides, yes", here, func(f *fake, o *ftpclient.Options) {
			nobodyKnows(f, o)
			o.Verify = func(tls.ConnectionState) error { return nil }
		}, nil},
		{"the caller decides, no", here, func(_ *fake, o *ftpclient.Options) {
			o.Verify = func(tls.ConnectionState) error { return errors.New("never seen") }
		}, untrusted},
		{"a check of the TLS configuration comes on top of Verify", here, func(_ *fake, o *ftpclient.Options) {
			o.Verify = func(tls.ConnectionState) error { return nil }
			o.TLS.VerifyConnection = func(tls.ConnectionState) error { return errors.New("no") }
		}, untrusted},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.pair = f.ca.issue(t, test.has)
			f.serve(func(s *session) { s.greet(); s.hear("QUIT", "221 bye") })
			o := f.options()
			o.User = ""
			if test.change != nil {
				test.change(f, &o)
			}
			c, err := ftpclient.Dial(t.Context(), f.addr, o)
			if err == nil {
				c.Close()
			}
			if !sameKind(err, test.want) {
				t.Errorf("got %T %v, want %T", err, err, test.want)
			}
		})
	}
}

func nobodyKnows(f *fake, o *ftpclient.Options) { o.TLS.RootCAs = newAuthority(f.t).pool() }

func colons(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strings.ToUpper(s[i : i+2]))
	}
	return b.String()
}
