package ftpserver

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"
)

// A client that writes, says close_notify, closes and never reads loses no
// upload: the session ticket, unread in its socket, would make the close a
// reset (security.md §1, §9.3).
func TestClientThatNeverReads(t *testing.T) {
	for _, test := range []struct {
		why     string
		version uint16
		proof   bool // the client has a certificate: the ticket comes in a flight of its own
	}{
		{"TLS 1.3", tls.VersionTLS13, false},
		{"TLS 1.3 with a client certificate", tls.VersionTLS13, true},
		{"TLS 1.2", tls.VersionTLS12, false},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			config, policy := serverTLS(), Policy{Binding: BindOff}
			client := resuming(test.version) // asks for tickets
			if test.proof {
				config, policy.ClientCertificate = trusting(), CertificateRequest
				client.Certificates = []tls.Certificate{proofOf("alice")}
			}
			r := run(t, Config{TLS: config, Policy: policy})
			p := entered(t, r.addr, "alice", client)
			for try := range 10 {
				addr := p.passive()
				p.want(150, "STOR f")
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				conn.SetDeadline(time.Now().Add(patience))
				client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
				data := tls.Client(&miserly{Conn: conn}, client)
				if _, err := data.Write(megabytes); err != nil {
					t.Fatalf("try %d: %v", try, err)
				}
				data.CloseWrite()
				conn.Close()
				p.await(226)
				if got, _ := r.stored("/f"); got != string(megabytes) {
					t.Fatalf("try %d: %d bytes of %d are stored", try, len(got), len(megabytes))
				}
				p.want(250, "DELE f")
			}
		})
	}
}

// A held ticket leaves in the end: with the first data of a download, with
// close_notify of an upload.
func TestHeldTicketArrives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why string
		use func(t *testing.T, p *tlsPeer)
	}{
		{"a download", func(t *testing.T, p *tlsPeer) { p.fetch("f") }},
		{"an empty download", func(t *testing.T, p *tlsPeer) { p.fetch("empty") }},
		{"an upload", func(t *testing.T, p *tlsPeer) { p.put("g", []byte("x")) }},
	} {
		r := run(t, Config{})
		fill(t, r.files, map[string]string{"f": "content", "empty": ""})
		p := entered(t, r.addr, "alice", resuming(tls.VersionTLS13))
		cache := &putCounter{ClientSessionCache: p.config.ClientSessionCache}
		p.config.ClientSessionCache = cache
		if test.use(t, p); cache.tickets != 1 {
			t.Errorf("%s brought %d tickets, want 1", test.why, cache.tickets)
		}
	}
}

type putCounter struct {
	tls.ClientSessionCache
	tickets int
}

func (c *putCounter) Put(key string, s *tls.ClientSessionState) {
	if s != nil {
		c.tickets++
	}
	c.ClientSessionCache.Put(key, s)
}

// Every download ends with close_notify before the TCP stream does: else it
// could have been cut by anybody.
func TestDownloadsEndWithCloseNotify(t *testing.T) {
	t.Parallel()
	for _, version := range tlsVersions {
		r := run(t, Config{})
		fill(t, r.files, map[string]string{"empty": "", "chunk": string(megabytes[:chunk]), "much": string(megabytes)})
		p := entered(t, r.addr, "alice", resuming(version))
		for name, want := range map[string][]byte{"empty": nil, "chunk": megabytes[:chunk], "much": megabytes} {
			got, err := p.fetch(name)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %s: %d bytes of %d, %v", tls.VersionName(version), name, len(got), len(want), err)
			}
		}
	}
}

// A client that takes its time to close is waited for, so that nothing is
// reset; but not for long.
func TestServerWaitsForTheClientsEnd(t *testing.T) {
	t.Parallel()
	r := run(t, Config{Limits: Limits{DrainTimeout: 300 * time.Millisecond}})
	fill(t, r.files, map[string]string{"f": "content"})
	p := entered(t, r.addr, "alice", resuming(tls.VersionTLS13))
	data := p.begin("RETR f")
	defer data.Close()
	if got, err := io.ReadAll(data); err != nil || string(got) != "content" {
		t.Fatal(got, err)
	}
	began := time.Now()
	p.await(226)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the 226 came %v after the end", took)
	}
}
