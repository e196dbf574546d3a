package acme

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// serveOn answers on loopback until the test ends.
func serveOn(t *testing.T, r *Responder) (address string) {
	t.Helper()
	if err := r.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r.listener.Addr().String()
}

var asked = acme.Challenge{
	Token: "token-1", KeyAuthorization: "token-1.thumbprint", Identifier: acme.Identifier{Type: "dns", Value: "ftp.example.test"},
}

func TestHTTPAnswers(t *testing.T) {
	r := NewResponder(HTTP01, "127.0.0.1:0")
	address := serveOn(t, r)
	ask := func(method, path string) string {
		t.Helper()
		request, err := http.NewRequest(method, "http://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode == http.StatusOK {
			return string(body)
		}
		return answer.Status
	}
	const path = "/.well-known/acme-challenge/token-1"
	if got := ask(http.MethodGet, path); got != "404 Not Found" {
		t.Errorf("before: %s", got)
	}
	if err := r.Present(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ why, method, path, want string }{
		{"the CA", http.MethodGet, path, asked.KeyAuthorization},
		{"another token", http.MethodGet, path + "x", "404 Not Found"},
		{"a folder", http.MethodGet, "/.well-known/acme-challenge/", "404 Not Found"},
		{"a browser", http.MethodGet, "/", "404 Not Found"},
		{"who wants to put something there", http.MethodPut, path, "404 Not Found"},
	} {
		if got := ask(test.method, test.path); got != test.want {
			t.Errorf("%s: %s, want %s", test.why, got, test.want)
		}
	}
	if err := r.CleanUp(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	if got := ask(http.MethodGet, path); got != "404 Not Found" {
		t.Errorf("afterwards: %s", got)
	}
}

// RFC 8737 §3: the certificate of the challenge is for those who offer
// acme-tls/1, and nothing else, and name the host.
func TestALPNAnswers(t *testing.T) {
	r := NewResponder(TLSALPN01, "127.0.0.1:0")
	address := serveOn(t, r)
	if err := r.Present(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		why, name string
		protocols []string
		answered  bool
	}{
		{"the CA", "ftp.example.test", []string{acmez.ACMETLS1Protocol}, true},
		{"the CA, which likes capitals", "FTP.Example.test", []string{acmez.ACMETLS1Protocol}, true},
		{"another name", "other.example.test", []string{acmez.ACMETLS1Protocol}, false},
		{"a browser", "ftp.example.test", []string{"h2", "http/1.1"}, false},
		{"one with no protocol", "ftp.example.test", nil, false},
		{"one that offers more", "ftp.example.test", []string{acmez.ACMETLS1Protocol, "h2"}, false},
	} {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, ServerName: test.name, NextProtos: test.protocols})
		if (err == nil) != test.answered {
			t.Errorf("%s: %v", test.why, err)
		}
		if err != nil {
			continue
		}
		if cs := conn.ConnectionState(); cs.NegotiatedProtocol != acmez.ACMETLS1Protocol || cs.PeerCertificates[0].DNSNames[0] != "ftp.example.test" {
			t.Errorf("%s: %q, %v", test.why, cs.NegotiatedProtocol, cs.PeerCertificates[0].DNSNames)
		}
		conn.Close()
	}
	if err := r.CleanUp(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	if conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, ServerName: "ftp.example.test", NextProtos: []string{acmez.ACMETLS1Protocol}}); err == nil {
		conn.Close()
		t.Error("it answers afterwards")
	}
}

// A place is taken by each connection, once, until it is closed.
func TestConnectionsAreBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bounded{l, make(chan struct{}, 2)}
	for range 5 {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		conn, err := b.Accept()
		if err != nil || len(b.places) != 1 {
			t.Fatalf("%d places are taken, %v", len(b.places), err)
		}
		conn.Close()
		conn.Close()
		if len(b.places) != 0 {
			t.Fatal("a closed connection takes a place")
		}
	}
	l.Close()
	if _, err := b.Accept(); err == nil || len(b.places) != 0 {
		t.Errorf("after the end: %d places, %v", len(b.places), err)
	}
}

// What was opened is closed, and can be opened again.
func TestOpenAndClose(t *testing.T) {
	r := NewResponder(HTTP01, "127.0.0.1:0")
	for range 2 {
		address := serveOn(t, r)
		if err := r.Open(t.Context()); err != nil || r.listener.Addr().String() != address {
			t.Errorf("opened twice: %v", err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Error("it is open still")
		}
	}
	if !r.Is(HTTP01, "127.0.0.1:0") || r.Is(TLSALPN01, "127.0.0.1:0") || r.Is(HTTP01, ":80") || (*Responder)(nil).Is(HTTP01, ":80") {
		t.Error("it does not know what it is")
	}
	if err := (*Responder)(nil).Close(); err != nil {
		t.Error(err)
	}
}

func TestHookIsNoShell(t *testing.T) {
	for _, h := range []Hook{{"true; false"}, {"true && false"}, {"$(true)"}} {
		if err := h.Present(t.Context(), asked); err == nil || !strings.Contains(err.Error(), "failed") {
			t.Errorf("%q: %v", h, err)
		}
	}
	check := Hook{"sh", "-c", `test $# = 3 && test "$1" = present && test "$2" = _acme-challenge.ftp.example.test && test "$3" = "$WANT"`, "hook"}
	t.Setenv("WANT", asked.DNS01KeyAuthorization())
	if err := check.Present(t.Context(), asked); err != nil {
		t.Errorf("the arguments are others: %v", err)
	}
	if err := check.CleanUp(t.Context(), asked); err == nil {
		t.Error("cleanup says present")
	}
}
