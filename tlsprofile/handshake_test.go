package tlsprofile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"
)

const (
	goDefaults = ""
	goOpen     = "tlsrsakex=1,tls3des=1,tls10server=1"
	goClosed   = "tlsrsakex=0,tls3des=0,tls10server=0"
)

// TestHandshakes proves with real handshakes what a profile offers, and that
// GODEBUG changes nothing.
func TestHandshakes(t *testing.T) {
	certificates := []tls.Certificate{certificate(t, ecdsaKey(t)), certificate(t, rsaKey(t))}
	client := func(version uint16, suites ...uint16) *tls.Config {
		return &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, CipherSuites: suites}
	}
	for _, tt := range []struct {
		why    string
		server Options
		client *tls.Config
		want   bool
	}{
		{"intermediate takes 1.3", Options{}, client(tls.VersionTLS13), true},
		{"intermediate takes 1.2 with AEAD", Options{}, client(tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256), true},
		{"intermediate has no CBC", Options{}, client(tls.VersionTLS12, cbc...), false},
		{"intermediate has no RSA key exchange", Options{}, client(tls.VersionTLS12, rsaExchange...), false},
		{"intermediate has no 1.1", Options{}, client(tls.VersionTLS11, cbc...), false},
		{"intermediate has no 1.0", Options{}, client(tls.VersionTLS10, cbc...), false},
		{"modern has no 1.2", Options{Profile: Modern}, client(tls.VersionTLS12, aead...), false},
		{"legacy takes 1.0", Options{Profile: Legacy}, client(tls.VersionTLS10, cbc...), true},
		{"legacy takes RSA key exchange", Options{Profile: Legacy}, client(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_128_CBC_SHA), true},
		{"legacy has no 3DES", Options{Profile: Legacy}, client(tls.VersionTLS12, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA), false},
		{"3DES when it is named", Options{Profile: Legacy, CipherSuites: []string{"TLS_RSA_WITH_3DES_EDE_CBC_SHA"}},
			client(tls.VersionTLS12, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA), true},
		{"no profile has RC4", Options{Profile: Legacy}, client(tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA), false},
	} {
		for _, debug := range []string{goDefaults, goOpen, goClosed} {
			t.Setenv("GODEBUG", debug)
			server, err := New(tt.server)
			if err != nil {
				t.Fatal(err)
			}
			server.Certificates = certificates
			if err := handshake(t, server, tt.client); (err == nil) != tt.want {
				t.Errorf("%s, GODEBUG=%s: error %v, want success %t", tt.why, debug, err, tt.want)
			}
		}
	}
}

// handshake is the client's result of one handshake.
func handshake(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer far.Close()
		// Its result is the client's, which is looked at.
		_ = tls.Server(far, server).HandshakeContext(t.Context())
	}()
	err := tls.Client(near, client).HandshakeContext(t.Context())
	near.Close()
	<-done
	return err
}

func ecdsaKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// certificate is a self-signed one for key.
func certificate(t *testing.T, key crypto.Signer) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "server"},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
