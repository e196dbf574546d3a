package ftpserver

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/storage"
)

// thief is another account on the same address, which is first at every data
// port. Its tickets are all that it was ever given: those of its own session,
// and those of the data connections that it took part in.
type thief struct {
	config *tls.Config
	gained counter
	tries  sync.WaitGroup
}

// rush connects to the port before anybody else; what it gets is counted, and
// it offers a file of its own.
func (th *thief) rush(t testing.TB, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	th.tries.Go(func() {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		data := tls.Client(conn, th.config)
		if data.Handshake() != nil {
			return
		}
		io.WriteString(data, "stolen")
		data.CloseWrite()
		io.Copy(&th.gained, data)
	})
}

// security.md T4, E14: who is first at the port with an own login neither
// gets nor stores a byte, and the victim, whose client resumes, always
// succeeds.
func TestThiefGainsNothing(t *testing.T) {
	const tries = 100
	for _, version := range tlsVersions {
		for why, p := range map[string]Policy{"auto": auto, "require": require} {
			t.Run(tls.VersionName(version)+"/"+why, func(t *testing.T) {
				t.Parallel()
				r := run(t, Config{Policy: p})
				fill(t, r.files, map[string]string{"secret": "for alice alone"})
				victim := entered(t, r.addr, "alice", resuming(version))
				loser := entered(t, r.addr, "mallory", resuming(version))
				th := &thief{config: loser.config}
				for try := range tries {
					if err := th.race(victim, try); err != nil {
						t.Fatalf("try %d: %v", try, err)
					}
					name := fmt.Sprintf("/f%d", try)
					if got, ok := r.stored(storage.Path(name)); try%2 == 1 && got != name || ok != (try%2 == 1) {
						t.Fatalf("try %d: stored is %.40q, %v", try, got, ok)
					}
				}
				th.tries.Wait()
				if n := th.gained.Load(); n != 0 {
					t.Errorf("the thief got %d bytes", n)
				}
				if missed := r.log.of("unbound data connection", "client"); len(missed) != 0 {
					t.Errorf("the victim was taken for unbound")
				}
			})
		}
	}
}

// race lets two thieves in first, then the victim: a download in every second
// try, an upload in the others.
func (th *thief) race(victim *tlsPeer, try int) error {
	addr := victim.passive()
	th.rush(victim.t, addr)
	th.rush(victim.t, addr)
	name := fmt.Sprintf("/f%d", try)
	line := "RETR /secret"
	if try%2 == 1 {
		line = "STOR " + name
	}
	victim.want(150, line)
	data, err := open(addr, victim.config)
	if err != nil {
		return err
	}
	defer data.Close()
	if try%2 == 1 {
		if _, err := io.WriteString(data, name); err != nil {
			return err
		}
		finish(victim.t, data)
	} else if got, err := io.ReadAll(data); err != nil || string(got) != "for alice alone" {
		return fmt.Errorf("the victim got %q, %v", got, err)
	}
	data.Close()
	victim.await(226)
	return nil
}

// A thief who has had a data connection once, because the victim's client
// came unbound, has no bound ticket from it: not for another session of the
// account either.
func TestAMissGivesNoBoundTicket(t *testing.T) {
	t.Parallel()
	for _, version := range tlsVersions {
		r := run(t, Config{})
		fill(t, r.files, map[string]string{"f": "content"})
		careless := entered(t, r.addr, "alice", fresh(version))
		stolen := resuming(version)
		addr := careless.passive()
		careless.want(150, "RETR f")
		data, err := open(addr, stolen)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(data); err != nil || string(got) != "content" {
			t.Fatalf("got %q, %v", got, err)
		}
		data.Close()
		careless.await(226)

		careful := entered(t, r.addr, "alice", resuming(version))
		th := &thief{config: stolen}
		addr = careful.passive()
		th.rush(t, addr)
		careful.want(150, "RETR f")
		if data, err = open(addr, careful.config); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(data); err != nil || string(got) != "content" {
			t.Errorf("%s: the careful client got %q, %v", tls.VersionName(version), got, err)
		}
		data.Close()
		careful.await(226)
		if th.tries.Wait(); th.gained.Load() != 0 {
			t.Errorf("%s: the thief came with the ticket that it had got", tls.VersionName(version))
		}
	}
}

// auto: who never resumes waits once in a session, and no more (security.md
// §9.4).
func TestUnboundClientWaitsOnce(t *testing.T) {
	t.Parallel()
	for _, version := range tlsVersions {
		r := run(t, Config{})
		fill(t, r.files, map[string]string{"f": "content"})
		p := entered(t, r.addr, "alice", fresh(version))
		p.want(200, "CLNT ftplib")
		const transfers = 8
		all := time.Now()
		for i := range transfers {
			began := time.Now()
			if got, err := p.fetch("f"); err != nil || string(got) != "content" {
				t.Fatalf("%s: transfer %d: %q, %v", tls.VersionName(version), i, got, err)
			}
			took := time.Since(began)
			if i == 0 && took < boundHeadStart {
				t.Errorf("%s: the first transfer did not wait for a bound connection: %v", tls.VersionName(version), took)
			}
		}
		if took := time.Since(all); took > transfers/2*boundHeadStart {
			t.Errorf("%s: %d transfers took %v: more than the first one waited", tls.VersionName(version), transfers, took)
		}
		if who := r.log.of("unbound data connection", "client"); len(who) != 1 || who[0] != "ftplib" {
			t.Errorf("%s: the log names %v, want ftplib once", tls.VersionName(version), who)
		}
		if got := r.log.of("transfer", "unbound"); len(got) != transfers {
			t.Errorf("%s: %d transfers are logged", tls.VersionName(version), len(got))
		}
	}
}

// Who resumes never waits, transfer after transfer: each data connection
// brings the ticket of the next.
func TestBoundClientGoesOn(t *testing.T) {
	t.Parallel()
	for _, version := range tlsVersions {
		for why, policy := range map[string]Policy{"auto": auto, "require": require} {
			r := run(t, Config{Policy: policy})
			p := entered(t, r.addr, "alice", resuming(version))
			for i := range 6 {
				if err := p.put("f", []byte("content")); err != nil {
					t.Fatalf("%s, %s: upload %d: %v", tls.VersionName(version), why, i, err)
				}
				if got, err := p.fetch("f"); err != nil || string(got) != "content" {
					t.Fatalf("%s, %s: download %d: %q, %v", tls.VersionName(version), why, i, got, err)
				}
			}
			for i, resumed := range r.log.of("transfer", "data_resumed") {
				if resumed != true {
					t.Errorf("%s, %s: transfer %d did not resume", tls.VersionName(version), why, i)
				}
			}
		}
	}
}

// Another session of the account, from the same address, is as good.
func TestSiblingSessionIsBound(t *testing.T) {
	t.Parallel()
	for _, version := range tlsVersions {
		r := run(t, Config{Policy: require})
		fill(t, r.files, map[string]string{"f": "content"})
		first := entered(t, r.addr, "alice", resuming(version))
		second := entered(t, r.addr, "alice", resuming(version))
		second.config = first.config
		if got, err := second.fetch("f"); err != nil || string(got) != "content" {
			t.Errorf("%s: %q, %v", tls.VersionName(version), got, err)
		}
		first.want(221, "QUIT")
		third := entered(t, r.addr, "alice", resuming(version))
		third.config = first.config
		if version == tls.VersionTLS12 {
			if got, err := third.fetch("f"); err != nil || string(got) != "content" {
				t.Errorf("%s: with the ticket of a session that has ended: %q, %v", tls.VersionName(version), got, err)
			}
		}
	}
}

// require: who does not resume is refused, after a wait for one who does.
func TestRequireRefusesUnresumed(t *testing.T) {
	t.Parallel()
	for _, version := range tlsVersions {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			r := run(t, Config{Policy: require})
			p := entered(t, r.addr, "alice", fresh(version))
			addr := p.passive()
			p.want(150, "STOR f")
			began := time.Now()
			data, err := open(addr, p.config)
			if err != nil {
				t.Fatal(err)
			}
			defer data.Close()
			io.WriteString(data, "content")
			data.CloseWrite()
			text := p.await(522)
			if took := time.Since(began); took < afterFailure || took > 3*afterFailure {
				t.Errorf("refused after %v, want %v", took, afterFailure)
			}
			if text == "" {
				t.Error("the refusal does not say how to resume")
			}
			if _, ok := r.stored("/f"); ok {
				t.Error("something was stored")
			}
			p.want(200, "NOOP")
		})
	}
}

// off: nobody looks.
func TestBindingOff(t *testing.T) {
	t.Parallel()
	for _, version := range tlsVersions {
		r := run(t, Config{Policy: off})
		p := entered(t, r.addr, "alice", resuming(version))
		other := entered(t, r.addr, "mallory", resuming(version))
		for _, config := range []*tls.Config{fresh(version), other.config, p.config} {
			p.config = config
			if err := p.put("f", []byte("content")); err != nil {
				t.Fatalf("%s: %v", tls.VersionName(version), err)
			}
			if got, err := p.fetch("f"); err != nil || string(got) != "content" {
				t.Fatalf("%s: %q, %v", tls.VersionName(version), got, err)
			}
		}
		if n := len(r.log.of("unbound data connection", "client")); n != 0 {
			t.Errorf("%s: %d lines say unbound", tls.VersionName(version), n)
		}
	}
}

// Config.TLS may bring a callback of its own; it does not go round our tickets.
func TestGetConfigForClientIsNotAsked(t *testing.T) {
	t.Parallel()
	own := serverTLS().Clone()
	config := serverTLS().Clone()
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return own, nil }
	r := run(t, Config{TLS: config, Policy: require})
	fill(t, r.files, map[string]string{"secret": "for alice alone"})
	victim := entered(t, r.addr, "alice", resuming(tls.VersionTLS12))
	th := &thief{config: entered(t, r.addr, "mallory", resuming(tls.VersionTLS12)).config}
	if err := th.race(victim, 0); err != nil {
		t.Fatal(err)
	}
	if th.tries.Wait(); th.gained.Load() != 0 {
		t.Errorf("the thief got %d bytes", th.gained.Load())
	}
}
