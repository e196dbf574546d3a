// Package ftpservertest gives tests an FTPS server that is ready: on
// loopback, with a certificate, one account and files in memory.
package ftpservertest

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
)

// Options change what Start starts. The zero value is a server as strict as
// it comes: TLS on both channels.
type Options struct {
	User, Password string           // "user" and "password" if empty
	Files          storage.FS       // a new one in memory if nil
	Perm           ftpserver.Perm   // PermAll if 0
	Config         ftpserver.Config // its TLS is made if nil
}

// Server is a running server.
type Server struct {
	*ftpserver.Server
	Addr         string // explicit FTPS, host:port
	ImplicitAddr string // implicit FTPS
	User         string
	Password     string
	Files        storage.FS
	Certificate  *x509.Certificate // for localhost, 127.0.0.1 and ::1; nil if Config brought its own TLS
}

// Start starts a server that ends with the test. It fails the test where it
// cannot.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{
		User: cmp.Or(o.User, "user"), Password: cmp.Or(o.Password, "password"),
		Files: o.Files,
	}
	if s.Files == nil {
		s.Files = mem.New(mem.Options{Owner: s.User})
	}
	if o.Config.TLS == nil {
		pair, err := selfSigned()
		if err != nil {
			t.Fatal(err)
		}
		s.Certificate = pair.Leaf
		o.Config.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	s.Server = ftpserver.New(account{s, cmp.Or(o.Perm, ftpserver.PermAll)}, o.Config)
	s.Addr = s.serve(t, s.Server.Serve)
	s.ImplicitAddr = s.serve(t, s.Server.ServeImplicit)
	t.Cleanup(func() { s.Close() })
	return s
}

func (s *Server) serve(t testing.TB, serve func(net.Listener) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if err := serve(l); !errors.Is(err, ftpserver.ErrServerClosed) {
			t.Error(err)
		}
	}()
	return l.Addr().String()
}

// ClientTLS is a client's configuration that trusts the server, and resumes
// its sessions on data connections.
func (s *Server) ClientTLS() *tls.Config {
	roots := x509.NewCertPool()
	if s.Certificate != nil {
		roots.AddCert(s.Certificate)
	}
	return &tls.Config{
		RootCAs: roots, ServerName: "localhost", NextProtos: []string{"ftp"},
		ClientSessionCache: tls.NewLRUClientSessionCache(4),
	}
}

// account is the Backend of the one account.
type account struct {
	server *Server
	perm   ftpserver.Perm
}

func (a account) Login(_ context.Context, c ftpserver.Credentials) (ftpserver.Grant, error) {
	if !c.HasPassword || c.User != a.server.User || c.Password != a.server.Password {
		return ftpserver.Grant{}, ftpserver.ErrRefused
	}
	return ftpserver.Grant{Files: a.server.Files, Perm: a.perm}, nil
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "ftpservertest"},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}
