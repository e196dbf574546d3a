package ftpserver

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/storage"
)

// rotation is a server whose certificate is a pair of files, and a Source that
// follows them.
type rotation struct {
	*running
	t         *testing.T
	authority *certs.Authority
	pair      certs.Pair
	source    *certs.Source
	told      chan string // what the Source says in its log
}

// messages hands on the messages of a log.
type messages struct {
	*logged
	told chan string
}

func (m messages) Handle(ctx context.Context, r slog.Record) error {
	m.told <- r.Message
	return m.logged.Handle(ctx, r)
}

func newRotation(t *testing.T, now time.Time) *rotation {
	t.Helper()
	a, err := certs.NewAuthority("Test CA", now)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	o := &rotation{
		t: t, authority: a, told: make(chan string, 100),
		pair: certs.Pair{CertFile: filepath.Join(dir, "chain.pem"), KeyFile: filepath.Join(dir, "key.pem")},
	}
	o.write(now)
	if o.source, err = certs.NewSource(certs.SourceOptions{Log: slog.New(messages{&logged{}, o.told})}, o.pair); err != nil {
		t.Fatal(err)
	}
	go o.source.Watch(t.Context(), 2*time.Millisecond)
	o.running = run(t, Config{TLS: &tls.Config{GetCertificate: o.source.GetCertificate}, Policy: require})
	return o
}

// write puts another key and certificate into the files, as certbot does: one
// after the other.
func (o *rotation) write(now time.Time) {
	o.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		o.t.Fatal(err)
	}
	leaf, err := o.authority.IssueServer(key.Public(), []string{"ftp.example"}, nil, now)
	if err != nil {
		o.t.Fatal(err)
	}
	secret, err := certs.KeyFile(o.pair.KeyFile, key)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := certs.Save(true, secret, certs.ChainFile(o.pair.CertFile, leaf, o.authority.Certificate)); err != nil {
		o.t.Fatal(err)
	}
}

// wait returns when the Source has said that.
func (o *rotation) wait(message string) {
	o.t.Helper()
	for patient := time.After(patience); ; {
		select {
		case said := <-o.told:
			if strings.HasPrefix(said, message) {
				return
			}
		case <-patient:
			o.t.Fatalf("nobody said %q", message)
		}
	}
}

// rotate puts a new certificate in service.
func (o *rotation) rotate() {
	o.t.Helper()
	o.write(time.Now())
	o.wait("certificate reloaded")
}

// spoil writes half a key, of which the log must tell.
func (o *rotation) spoil() {
	o.t.Helper()
	served := o.source.Leaf()
	if err := os.WriteFile(o.pair.KeyFile, []byte("-----BEGIN PRIVATE KEY-----\n"), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.wait("certificate not reloaded")
	if !o.source.Leaf().Equal(served) {
		o.t.Error("a broken file changes what is served")
	}
}

// trusting is a client that checks the server, with a ticket cache of its own.
func (o *rotation) trusting() *tls.Config {
	c := resuming(tls.VersionTLS13)
	c.InsecureSkipVerify, c.RootCAs = false, x509.NewCertPool()
	c.RootCAs.AddCert(o.authority.Certificate)
	return c
}

// longUpload is one that goes on while certificates come and go.
type longUpload struct {
	*tlsPeer
	name string
	data *tls.Conn
	sent bytes.Buffer
}

func (o *rotation) begin(name string) *longUpload {
	o.t.Helper()
	u := &longUpload{tlsPeer: entered(o.t, o.addr, "alice", o.trusting()), name: name}
	u.data = u.tlsPeer.begin("STOR " + name)
	return u
}

func (u *longUpload) write(part string) {
	u.t.Helper()
	if _, err := io.WriteString(io.MultiWriter(u.data, &u.sent), part); err != nil {
		u.t.Fatalf("%s: %v", u.name, err)
	}
}

// security.md E7: 20 transfers over 50 certificates. None is lost, sessions
// that began under a former one go on with resumed data connections, new ones
// get the new one, and a broken file changes nothing.
func TestCertificatesRotateUnderTransfers(t *testing.T) {
	t.Parallel()
	const transfers, rotations = 20, 50
	o := newRotation(t, time.Now())
	var uploads []*longUpload
	for i := range transfers {
		uploads = append(uploads, o.begin(fmt.Sprintf("f%d", i)))
	}
	old := entered(t, o.addr, "alice", o.trusting())
	first := old.conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
	for i := range rotations {
		if i%10 == 9 {
			o.spoil()
		}
		o.rotate()
		for _, u := range uploads {
			u.write(fmt.Sprintf("part %d of %s\n", i, u.name))
		}
		if err := old.put(fmt.Sprintf("old%d", i), []byte("content")); err != nil {
			t.Fatalf("a session of %d certificates ago: %v", i+1, err)
		}
		leaf := secured(t, o.addr, o.trusting()).leaf()
		if !leaf.Equal(o.source.Leaf()) || leaf.Equal(first) {
			t.Fatalf("rotation %d: a new session gets another certificate than the new one", i)
		}
	}
	for _, u := range uploads {
		finish(t, u.data)
		u.await(226)
		if got, _ := o.stored(storage.Path("/" + u.name)); got != u.sent.String() {
			t.Errorf("%s has %d bytes of %d", u.name, len(got), u.sent.Len())
		}
		if err := u.put(u.name+" again", []byte("content")); err != nil {
			t.Errorf("%s: the next transfer of the session: %v", u.name, err)
		}
	}
	if missed := o.log.of("unbound data connection", "session"); len(missed) > 0 {
		t.Errorf("%d sessions did not resume", len(missed))
	}
}

// leaf is the server's certificate, after the handshake.
func (p *tlsPeer) leaf() *x509.Certificate {
	p.t.Helper()
	p.want(200, "NOOP")
	return p.conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
}

// A client without tickets gets, on its data connections, the certificate of
// its control connection, whatever has been put in service since (RFC 4217
// §15.1.1).
func TestUnresumedDataConnectionHasTheOldCertificate(t *testing.T) {
	t.Parallel()
	o := newRotation(t, time.Now())
	o.SetConfig(Config{TLS: &tls.Config{GetCertificate: o.source.GetCertificate}, Policy: auto})
	client := o.trusting()
	client.ClientSessionCache = nil
	p := entered(t, o.addr, "alice", client)
	control := p.leaf()
	o.rotate()
	data := p.begin("STOR f")
	if !data.ConnectionState().PeerCertificates[0].Equal(control) {
		t.Error("the data connection has another certificate than the control connection")
	}
	finish(t, data)
	p.await(226)
}

// The end of a certificate cuts nothing: transfers end well, and sessions go
// on with resumed data connections. (Go's clients look at the date before they
// resume, as OpenSSL's do not: this one has a clock that stands.)
func TestCertificateEndsUnderATransfer(t *testing.T) {
	t.Parallel()
	const serverLife = 397 * 24 * time.Hour
	began := time.Now().Add(-serverLife)
	o := newRotation(t, began.Add(3*time.Second))
	client := o.trusting()
	client.Time = func() time.Time { return began.Add(serverLife) }
	p := entered(t, o.addr, "alice", client)
	data := p.begin("STOR f")
	if o.source.Expiry() == certs.Expired {
		t.Fatal("the certificate has ended too early for the test")
	}
	o.wait("the certificate has ended")
	if _, err := data.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	finish(t, data)
	p.await(226)
	if got, _ := o.stored("/f"); got != "content" {
		t.Errorf("stored is %q", got)
	}
	if err := p.put("g", []byte("content")); err != nil {
		t.Error(err)
	}
	o.rotate()
	if o.source.Expiry() != certs.Fresh {
		t.Error("the next certificate is not taken up")
	}
	if err := p.put("h", []byte("content")); err != nil {
		t.Error(err)
	}
	if leaf := secured(t, o.addr, o.trusting()).leaf(); !leaf.Equal(o.source.Leaf()) {
		t.Error("a new session gets the certificate that has ended")
	}
}
