//go:build linux

package ftpclient_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/interop/peers"
	"github.com/sealift/sealift/interop/peers/peertest"
)

func peerOptions(t *testing.T, s *peers.Server) ftpclient.Options {
	t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return ftpclient.Options{TLS: &tls.Config{RootCAs: roots}, User: s.User, Password: s.Password}
}

// forPeers runs a test with each server and each version of TLS, resumption
// demanded where that can be had: ProFTPD knows no tickets in TLS 1.2.
func forPeers(t *testing.T, test func(t *testing.T, s *peers.Server)) {
	for _, kind := range peers.Kinds() {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%s %s", kind, tls.VersionName(version)), func(t *testing.T) {
				demand := kind == peers.VsFTPd || kind == peers.ProFTPD && version == tls.VersionTLS13
				test(t, peertest.Start(t, kind, peers.Options{MinTLS: version, MaxTLS: version, RequireReuse: demand}))
			})
		}
	}
}

// Uploads are whole, which clients that close at once do not reach under TLS
// 1.3 (field.md §2.1). SEALIFT_LONG makes it 200 for each server.
func TestPeerUploads(t *testing.T) {
	count := 20
	if os.Getenv("SEALIFT_LONG") == "1" {
		count = 200
	}
	large := random(20 << 20)
	forPeers(t, func(t *testing.T, s *peers.Server) {
		c := dial(t, s.Addr, peerOptions(t, s))
		for i := range count {
			size := 1 << (i % 25)
			if i%2 == 1 {
				size = size * 5 / 3
			}
			content := large[:min(size, len(large))]
			store(t, c, "f", content)
			got, err := os.ReadFile(filepath.Join(s.Home, "f"))
			if err != nil || !bytes.Equal(got, content) {
				t.Fatalf("upload %d: %d bytes of %d, %v", i, len(got), len(content), err)
			}
			if size <= 1<<20 && !bytes.Equal(retrieve(t, c, "f", 0), content) {
				t.Fatalf("download %d of %d bytes", i, len(content))
			}
		}
	})
}

// NOOPs in a transfer are answered at once, at its end, or with 500; in every
// case the next command gets its own reply.
func TestPeerKeepAlive(t *testing.T) {
	forPeers(t, func(t *testing.T, s *peers.Server) {
		o := peerOptions(t, s)
		o.KeepAlive = 10 * time.Millisecond
		var seen tape
		o.Trace = seen.add
		c := dial(t, s.Addr, o)
		content := random(300_000)
		for range 3 {
			if n, err := c.Store(t.Context(), "f", 0, &slow{r: bytes.NewReader(content), pause: 5 * time.Millisecond}); err != nil {
				t.Fatal(n, err)
			}
			usable(t, c)
			if got := retrieve(t, c, "f", 0); !bytes.Equal(got, content) {
				t.Fatalf("%d bytes of %d", len(got), len(content))
			}
			usable(t, c)
		}
		if !bytes.Contains([]byte(seen.verbs()), []byte("NOOP")) {
			t.Error("no NOOP was sent")
		}
	})
}

// slow gives small pieces with pauses in between.
type slow struct {
	r     io.Reader
	pause time.Duration
}

func (s *slow) Read(p []byte) (int, error) {
	<-time.After(s.pause)
	return s.r.Read(p[:min(len(p), 20_000)])
}

// After a transfer that was given up, the connection is as good as new, or
// says that it is not.
func TestPeerAbort(t *testing.T) {
	forPeers(t, func(t *testing.T, s *peers.Server) {
		c := dial(t, s.Addr, peerOptions(t, s))
		store(t, c, "f", random(5<<20))
		r, err := c.Retrieve(t.Context(), "f", 100)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, r, 1000); err != nil {
			t.Fatal(err)
		}
		r.Close()
		usable(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err = c.Store(ctx, "g", 0, &cancelling{cancel: cancel, after: 10})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("upload: %v", err)
		}
		if c.Err() != nil {
			t.Logf("given up: %v", c.Err())
			c = dial(t, s.Addr, peerOptions(t, s))
		}
		usable(t, c)
	})
}

// cancelling is endless and cancels after some reads.
type cancelling struct {
	cancel context.CancelFunc
	after  int
}

func (c *cancelling) Read(p []byte) (int, error) {
	if c.after--; c.after == 0 {
		c.cancel()
	}
	return len(p), nil
}

// Everything that is not a transfer.
func TestPeerFiles(t *testing.T) {
	forPeers(t, func(t *testing.T, s *peers.Server) {
		c, ctx := dial(t, s.Addr, peerOptions(t, s)), t.Context()
		if err := c.MakeDirAll(ctx, "a dir/b/c"); err != nil {
			t.Fatal(err)
		}
		if err := c.MakeDirAll(ctx, "a dir/b/c"); err != nil {
			t.Errorf("a second time: %v", err)
		}
		name := "a dir/b/-ü [x]*.txt"
		store(t, c, name, []byte("0123456789"))
		then := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
		if err := c.SetModTime(ctx, name, then); err != nil {
			t.Errorf("SetModTime: %v", err)
		}
		e, err := c.Stat(ctx, name)
		if err != nil || e.Kind != ftpclient.File || e.Size != 10 || !e.ModTime.Equal(then) || e.Name != "-ü [x]*.txt" {
			t.Errorf("Stat: %+v, %v", e, err)
		}
		if e, err := c.Stat(ctx, "a dir/b"); err != nil || e.Kind != ftpclient.Dir {
			t.Errorf("Stat of a folder: %+v, %v", e, err)
		}
		if _, err := c.Stat(ctx, "a dir/none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat of nothing: %v", err)
		}
		if n, err := c.Store(ctx, name, 5, bytes.NewReader([]byte("ABC"))); err != nil || n != 3 {
			t.Errorf("from an offset: %d, %v", n, err)
		}
		if _, err := c.Append(ctx, name, bytes.NewReader([]byte("xyz"))); err != nil {
			t.Errorf("Append: %v", err)
		}
		if got := retrieve(t, c, name, 2); !bytes.HasPrefix(got, []byte("234ABC")) || !bytes.HasSuffix(got, []byte("xyz")) {
			t.Errorf("content from 2: %q", got)
		}
		walked(t, c, "a dir", "a dir/b", "a dir/b/-ü [x]*.txt", "a dir/b/c")
		for e, err := range c.List(ctx, "none") {
			if err == nil {
				t.Errorf("List of nothing: %+v", e)
			}
		}
		for _, err := range []error{c.Rename(ctx, name, "g"), c.Remove(ctx, "g"), c.RemoveDir(ctx, "a dir/b/c")} {
			if err != nil {
				t.Error(err)
			}
		}
		if err := c.Remove(ctx, "g"); err == nil {
			t.Error("removed twice")
		}
		usable(t, c)
	})
}
