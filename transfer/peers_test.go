//go:build linux

package transfer

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/interop/peers"
	"github.com/sealift/sealift/interop/peers/peertest"
)

// forPeers runs a test with the servers of other projects. Without them it is
// skipped, unless all tools are required.
func forPeers(t *testing.T, test func(t *testing.T, s *peers.Server, e func(Options) *Engine, w *wire)) {
	for _, kind := range peers.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			s := peertest.Start(t, kind, peers.Options{})
			w := &wire{control: s.Addr}
			test(t, s, func(o Options) *Engine { return peerEngine(t, s, o, w) }, w)
		})
	}
}

func peerEngine(t *testing.T, s *peers.Server, o Options, w *wire) *Engine {
	t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	pool := ftpclient.NewPool(s.Addr, ftpclient.Options{
		TLS: &tls.Config{RootCAs: roots}, User: s.User, Password: s.Password, DialContext: w.dial,
	}, 4)
	t.Cleanup(func() { pool.Close() })
	o.Retries, o.Backoff = 5, func(int) time.Duration { return 50 * time.Millisecond }
	return New(pool, s.User+"@"+s.Addr, o)
}

// Trees are the same afterwards, and the second sync moves nothing.
func TestPeerSync(t *testing.T) {
	forPeers(t, func(t *testing.T, s *peers.Server, engine func(Options) *Engine, _ *wire) {
		memory, err := OpenMemory(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		dir, e := siteHere(t), engine(Options{})
		up := Trees{Here: dir, There: "www", Up: true}
		down := Trees{Here: filepath.Join(t.TempDir(), "copy"), There: "www"}
		for _, trees := range []Trees{up, down} {
			for run, copies := range []int64{4, 0} {
				var plan bytes.Buffer
				tally, err := e.Compare(t.Context(), trees, SyncOptions{Delete: true, Memory: memory}, &plan)
				if err != nil || tally.Copies != copies {
					t.Fatal(run, tally, err, plan.String())
				}
				if sum, err := e.Apply(t.Context(), trees, &plan, true, memory); err != nil || sum.Failed != 0 {
					t.Fatal(sum, err)
				}
			}
		}
		sameHere(t, filepath.Join(down.Here, "sub", "deep", "three"), []byte("333"))
		if tally, err := e.Compare(t.Context(), Trees{Here: t.TempDir(), There: "www", Up: true}, SyncOptions{Delete: true}, &bytes.Buffer{}); err != nil || tally.Deletes != 6 {
			t.Error(tally, err)
		}
	})
}

// What breaks is gone on with, and what is replaced is whole all the time.
func TestPeerBreaks(t *testing.T) {
	const size = 4 << 20
	forPeers(t, func(t *testing.T, s *peers.Server, engine func(Options) *Engine, w *wire) {
		var results []Result
		journal, err := OpenJournal(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Journal: journal, Segments: 3, SegmentSize: 1 << 20, Report: func(r Result) { results = append(results, r) }}
		e, content := engine(o), noise(size)
		for _, old := range []string{"", "old"} {
			w.breakAfter.Store(size / 2)
			w.broken = func() {
				if old != "" {
					sameHere(t, filepath.Join(s.Home, "a"), noise(size))
				}
			}
			if old != "" {
				content = noise(size + 1)
			}
			if sum, err := e.Put(t.Context(), []string{fileHere(t, content)}, "", false); err != nil || sum.Done != 1 {
				t.Fatalf("%+v %v %+v", sum, err, results)
			}
			sameHere(t, filepath.Join(s.Home, "a"), content)
		}
		noneLeft(t, s.Home)
		w.broken = nil
		dir := t.TempDir()
		w.breakAfter.Store(size / 2)
		if sum, err := e.Get(t.Context(), []string{"a"}, dir, false); err != nil || sum.Done != 1 {
			t.Fatalf("%+v %v %+v", sum, err, results)
		}
		sameHere(t, filepath.Join(dir, "a"), content)
		for _, r := range results {
			if r.Tries < 2 || r.Verified == "" || r.Moved > 2*size {
				t.Errorf("%+v", r)
			}
			t.Logf("%+v", r)
		}
	})
}
