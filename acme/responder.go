package acme

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

const (
	// askedMost is how many connections a Responder takes at once; a CA comes
	// with one from each of a handful of places.
	askedMost = 64
	askedTime = 10 * time.Second
)

// A Responder answers a CA that comes to a port. To everybody else it says
// nothing: 404 over HTTP, a refused handshake over TLS. It is safe for
// concurrent use.
type Responder struct {
	challenge Challenge
	address   string

	mu       sync.Mutex
	listener net.Listener                // nil while the port is not open
	tokens   map[string]string           // http-01: of a path, what the CA wants to read there
	names    map[string]*tls.Certificate // tls-alpn-01: of a host name, what the CA wants to see
}

// NewResponder answers HTTP01 or TLSALPN01 on an address such as ":80", once
// it is opened.
func NewResponder(c Challenge, address string) *Responder {
	return &Responder{challenge: c, address: address, tokens: map[string]string{}, names: map[string]*tls.Certificate{}}
}

// Is tells whether it answers that challenge at that address.
func (r *Responder) Is(c Challenge, address string) bool {
	return r != nil && r.challenge == c && r.address == address
}

// Open listens, if it does not already. A port below 1024 may need rights that
// a server has at its start only; else each challenge opens it.
func (r *Responder) Open(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		return nil
	}
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", r.address)
	if err != nil {
		return &Error{Problem: "the port for " + string(r.challenge) + " cannot be opened: " + err.Error(), Err: err, Hint: portHint(err)}
	}
	r.listener = l
	go func() {
		// Its end is Close, or a port that was lost: then it is opened again.
		_ = r.Serve(l)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.listener == l {
			r.listener = nil
		}
		l.Close()
	}()
	return nil
}

func portHint(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "have the program that has it forward to another acme.listen, or set acme.challenge to dns-01 or another one"
	case errors.Is(err, fs.ErrPermission):
		return "start the server as root with run_as set, or give it the right: CAP_NET_BIND_SERVICE"
	}
	return "name an address of this machine in acme.listen"
}

// Close listens no more. A nil Responder has nothing to close.
func (r *Responder) Close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener == nil {
		return nil
	}
	l := r.listener
	r.listener = nil
	return l.Close()
}

// Present implements acmez.Solver: from now on the challenge is answered.
func (r *Responder) Present(ctx context.Context, c acme.Challenge) error {
	if err := r.Open(ctx); err != nil {
		return err
	}
	if r.challenge == HTTP01 {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.tokens[c.HTTP01ResourcePath()] = c.KeyAuthorization
		return nil
	}
	cert, err := acmez.TLSALPN01ChallengeCert(c)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[strings.ToLower(c.Identifier.Value)] = cert
	return nil
}

// CleanUp implements acmez.Solver: the challenge is over.
func (r *Responder) CleanUp(_ context.Context, c acme.Challenge) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.tokens, c.HTTP01ResourcePath())
	delete(r.names, strings.ToLower(c.Identifier.Value))
	return nil
}

// Serve answers on l until it is closed.
func (r *Responder) Serve(l net.Listener) error {
	l = &bounded{l, make(chan struct{}, askedMost)}
	if r.challenge == HTTP01 {
		return r.serveHTTP(l)
	}
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			go r.shake(conn)
		case mayPass(err): // out of descriptors: wait for some to be closed
			time.Sleep(100 * time.Millisecond)
		default:
			return err
		}
	}
}

// mayPass reports whether Accept may work again later.
func mayPass(err error) bool {
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary()
}

func (r *Responder) serveHTTP(l net.Listener) error {
	server := &http.Server{
		Handler: http.HandlerFunc(r.answer), ReadTimeout: askedTime, WriteTimeout: askedTime, MaxHeaderBytes: 8 << 10,
	}
	server.SetKeepAlivesEnabled(false)
	return server.Serve(l)
}

func (r *Responder) answer(w http.ResponseWriter, asked *http.Request) {
	r.mu.Lock()
	answer, known := r.tokens[asked.URL.Path]
	r.mu.Unlock()
	if !known || asked.Method != http.MethodGet {
		http.NotFound(w, asked)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	// A CA that is gone needs no answer.
	_, _ = w.Write([]byte(answer))
}

// shake shows the CA the certificate of the challenge (RFC 8737 §3).
func (r *Responder) shake(conn net.Conn) {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), askedTime)
	defer cancel()
	secured := tls.Server(conn, &tls.Config{NextProtos: []string{acmez.ACMETLS1Protocol}, GetCertificate: r.certificate, MinVersion: tls.VersionTLS12})
	// Who is no CA does not get through; that is no fault of ours.
	if secured.HandshakeContext(ctx) == nil {
		_ = secured.Close()
	}
}

// certificate is nil, which ends the handshake, for all who ask for another
// protocol or name.
func (r *Responder) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if len(hello.SupportedProtos) != 1 || hello.SupportedProtos[0] != acmez.ACMETLS1Protocol {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.names[strings.ToLower(hello.ServerName)], nil
}

// bounded is a listener with so many connections open at once.
type bounded struct {
	net.Listener
	places chan struct{}
}

func (b *bounded) Accept() (net.Conn, error) {
	b.places <- struct{}{}
	conn, err := b.Listener.Accept()
	if err != nil {
		<-b.places
		return nil, err
	}
	return &placed{Conn: conn, leave: sync.OnceFunc(func() { <-b.places })}, nil
}

type placed struct {
	net.Conn
	leave func()
}

func (p *placed) Close() error {
	p.leave()
	return p.Conn.Close()
}
