package ftpserver

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"
)

// serverTLS is a server's configuration, with a certificate for 127.0.0.1.
var serverTLS = sync.OnceValue(func() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ftp.example"}, DNSNames: []string{"ftp.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
})

// tlsPeer is a peer in TLS; its data connections resume its sessions.
type tlsPeer struct {
	*peer
	config *tls.Config
}

// privatePeer is a securePeer with private data connections.
func privatePeer(t testing.TB, addr, user string) *tlsPeer {
	t.Helper()
	p := securePeer(t, addr, user)
	p.want(200, "PROT P")
	return p
}

// securePeer connects, secures the connection and logs in, in TYPE I.
func securePeer(t testing.TB, addr, user string) *tlsPeer {
	t.Helper()
	p := &tlsPeer{dialPeer(t, addr), &tls.Config{
		InsecureSkipVerify: true, ServerName: "ftp.example", ClientSessionCache: tls.NewLRUClientSessionCache(4),
	}}
	p.want(234, "AUTH TLS")
	p.conn = tls.Client(p.conn, p.config)
	p.in = bufio.NewReader(p.conn)
	p.want(331, "USER "+user)
	p.want(230, "PASS x")
	p.want(200, "PBSZ 0")
	p.want(200, "TYPE I")
	return p
}

// begin starts a transfer; the handshake is done.
func (p *tlsPeer) begin(line string) *tls.Conn {
	p.t.Helper()
	addr := p.passive()
	p.want(150, line)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	data := tls.Client(conn, p.config)
	if err := data.Handshake(); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	return data
}

// bareFIN ends the TCP stream below TLS.
func bareFIN(t testing.TB, c *tls.Conn) {
	t.Helper()
	if err := c.NetConn().(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

// finish sends close_notify, half-closes, and reads to the server's end.
func finish(t testing.TB, c *tls.Conn) {
	t.Helper()
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Fatal(err)
	}
	c.Close()
}
