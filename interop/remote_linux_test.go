package interop

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/interop/peers"
	"github.com/sealift/sealift/interop/peers/peertest"
)

// remote is a server for our own client: ours, or that of somebody else.
type remote struct {
	name               string
	explicit, implicit string // host:port; implicit is "" where there is none
	user, password     string
	home               string // its files, here on the disk
	ca                 string // PEM file
	owner              int    // whose files it may change; 0: everybody's
}

const sealift = "sealift"

// remotes are the names of all of them.
func remotes() []string {
	all := []string{sealift}
	for _, kind := range peers.Kinds() {
		all = append(all, string(kind))
	}
	return all
}

// startRemote gives a server that ends with the test. Those of others are
// skipped where ./scripts/peers has not run.
func startRemote(t *testing.T, name string, o peers.Options) remote {
	t.Helper()
	if name == sealift {
		explicit, implicit := standard.over(t, link{}), standard.over(t, link{implicit: true})
		a := explicit.account
		return remote{name, explicit.address(), implicit.address(), a.name, a.password, a.home, explicit.ca(), 0}
	}
	s := peertest.Start(t, peers.Kind(name), o)
	return remote{name, s.Addr, s.ImplicitAddr, s.User, s.Password, s.Home, s.CAFile, peers.UID}
}

// way is how our client reaches a remote.
type way struct {
	implicit bool
	version  uint16 // of TLS
}

func (w way) String() string {
	return choose(w.implicit, "implicit", "explicit") + "," + tls.VersionName(w.version)
}

// ways are all that the remote has.
func (r remote) ways() []way {
	var all []way
	for _, version := range []uint16{tls.VersionTLS13, tls.VersionTLS12} {
		all = append(all, way{false, version})
		if r.implicit != "" {
			all = append(all, way{true, version})
		}
	}
	return all
}

// overRemotes runs a test with each remote, in each way, one way after the
// other: the remote's home is that of all.
func overRemotes(t *testing.T, test func(*testing.T, remote, way)) {
	for _, name := range remotes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRemote(t, name, peers.Options{})
			for _, w := range r.ways() {
				t.Run(w.String(), func(t *testing.T) {
					test(t, r, w)
					r.empty(t)
				})
			}
		})
	}
}

func (r remote) options(t *testing.T, w way) ftpclient.Options {
	t.Helper()
	pem, err := os.ReadFile(r.ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("%s has no certificate", r.ca)
	}
	o := ftpclient.Options{
		TLS:  &tls.Config{RootCAs: roots, MinVersion: w.version, MaxVersion: w.version},
		User: r.user, Password: r.password,
	}
	if w.implicit {
		o.Security = ftpclient.Implicit
	}
	return o
}

func (r remote) address(w way) string { return choose(w.implicit, r.implicit, r.explicit) }

func (r remote) dial(t *testing.T, w way) *ftpclient.Conn {
	t.Helper()
	c, err := ftpclient.Dial(t.Context(), r.address(w), r.options(t, w))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// place writes a file where the remote shows it.
func (r remote) place(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(r.home, name)
	err := os.WriteFile(path, content, 0o644)
	if err == nil && r.owner != 0 {
		err = os.Chown(path, r.owner, peers.GID)
	}
	if err := errors.Join(err, os.Chtimes(path, then, then)); err != nil {
		t.Fatal(err)
	}
	return path
}

// empty removes what is in the home.
func (r remote) empty(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(r.home)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(r.home, e.Name())))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (g target) address() string { return net.JoinHostPort(g.host, g.port) }
