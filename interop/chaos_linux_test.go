package interop

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/interop/chaos"
	"github.com/sealift/sealift/interop/peers"
	"github.com/sealift/sealift/transfer"
)

// rounds are those with each server.
func rounds() int {
	if long {
		return 300
	}
	return 25
}

// chaosSeed is another one at each run, and printed; SEALIFT_SEED repeats one.
func chaosSeed(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("SEALIFT_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("SEALIFT_SEED=%d", seed)
	return seed
}

// badNetwork seldom freezes, since that costs time.
var badNetwork = chaos.Rules{
	Delay: 5 * time.Millisecond, Faulty: 0.5, Reach: 400_000,
	Faults: []chaos.Fault{
		chaos.Reset, chaos.End, chaos.ResetClient, chaos.ResetServer,
		chaos.Reset, chaos.End, chaos.ResetClient, chaos.ResetServer, chaos.Freeze,
	},
}

// tally is what came of the transfers over a bad network.
type tally struct{ done, failed int }

func (y *tally) add(err error) bool {
	if err != nil {
		y.failed++
		return false
	}
	y.done++
	return true
}

// Over a network that breaks anywhere, a transfer is whole or an error: a file
// that is said to be done is never a wrong one.
func TestClientInChaos(t *testing.T) {
	t.Parallel()
	for i, name := range remotes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := chaosSeed(t) + uint64(i)
			r := startRemote(t, name, peers.Options{})
			random := rand.New(rand.NewPCG(seed, 1))
			ways := r.ways()
			var stored, retrieved tally
			faults := 0
			for round := range rounds() {
				n := chaos.New(seed+uint64(round), badNetwork)
				inChaos(t, r, ways[random.IntN(len(ways))], n, random, &stored, &retrieved)
				faults += n.Met()
				n.Close()
				if t.Failed() {
					t.Fatalf("seed %d, round %d: %s", seed, round, n)
				}
			}
			t.Logf("%d faults; uploads %+v, downloads %+v", faults, stored, retrieved)
			if stored.done == 0 || stored.failed == 0 || retrieved.done == 0 || retrieved.failed == 0 {
				t.Error("that proves nothing: all or none succeeded")
			}
		})
	}
}

// inChaos tries one upload and one download.
func inChaos(t *testing.T, r remote, w way, n *chaos.Network, random *rand.Rand, stored, retrieved *tally) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	from := random.IntN(1 << 20)
	content := noise[from : from+1+random.IntN(300_000)]
	r.place(t, "down", content)

	err := connected(ctx, t, r, w, n, func(c *ftpclient.Conn) error {
		_, err := c.Store(ctx, "up", 0, bytes.NewReader(content))
		return err
	})
	if stored.add(err) {
		holds(t, filepath.Join(r.home, "up"), content)
	}
	err = connected(ctx, t, r, w, n, func(c *ftpclient.Conn) error {
		reader, err := c.Retrieve(ctx, "down", 0)
		if err != nil {
			return err
		}
		defer reader.Close()
		got, err := io.ReadAll(reader)
		if err == nil {
			sameContent(t, "the download", got, content)
		}
		return err
	})
	retrieved.add(err)
	if ctx.Err() != nil {
		t.Errorf("a transfer did not end: %v", err)
	}
}

func connected(ctx context.Context, t *testing.T, r remote, w way, n *chaos.Network, do func(*ftpclient.Conn) error) error {
	c, err := ftpclient.Dial(ctx, r.address(w), r.chaotic(t, w, n))
	if err != nil {
		return err
	}
	defer c.Close()
	return do(c)
}

// chaotic are options for the bad network, with little patience.
func (r remote) chaotic(t *testing.T, w way, n *chaos.Network) ftpclient.Options {
	o := r.options(t, w)
	o.DialContext = n.DialContext
	o.Timeout, o.StallTimeout = 2*time.Second, 2*time.Second
	return o
}

// A tree gets through the bad network in the end, however often it has to be
// begun again; whatever is reported as done on the way is right. With servers
// of one thread that takes minutes, and is for the long run.
func TestEngineInChaos(t *testing.T) {
	t.Parallel()
	names := remotes()
	if !long {
		names = []string{sealift}
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := chaosSeed(t) + uint64(i)
			r := startRemote(t, name, peers.Options{})
			n := chaos.New(seed, badNetwork)
			t.Cleanup(func() { n.Close() })
			src, back := smallTree(t, seed), t.TempDir()

			e := r.engine(t, n, transfer.ActionUpload, func(a transfer.Result) (string, string) {
				return a.Source, filepath.Join(r.home, a.Target)
			})
			e.insist(t, func() (transfer.Summary, error) { return e.Put(t.Context(), []string{src}, "", true) })
			sameTree(t, src, filepath.Join(r.home, "tree"))

			e = r.engine(t, n, transfer.ActionDownload, func(a transfer.Result) (string, string) {
				return filepath.Join(r.home, a.Source), a.Target
			})
			e.insist(t, func() (transfer.Summary, error) { return e.Get(t.Context(), []string{"tree"}, back, true) })
			sameTree(t, src, filepath.Join(back, "tree"))
			if n.Met() == 0 {
				t.Error("the network was a good one")
			}
			t.Log(n)
		})
	}
}

func smallTree(t *testing.T, seed uint64) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 2))
	dir := filepath.Join(t.TempDir(), "tree")
	for i := range 16 {
		sub := filepath.Join(dir, fmt.Sprintf("dir %d", i%3))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		makeFile(t, filepath.Join(sub, fmt.Sprintf("%d.bin", i)), 1+random.Int64N(200_000))
	}
	return dir
}

// engine is a transfer.Engine whose reports are looked into.
type engine struct {
	*transfer.Engine
	done int
}

func (r remote) engine(t *testing.T, n *chaos.Network, action string, files func(transfer.Result) (from, to string)) *engine {
	t.Helper()
	journal, err := transfer.OpenJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pool := ftpclient.NewPool(r.explicit, r.chaotic(t, way{version: tls.VersionTLS13}, n), 3)
	t.Cleanup(func() { pool.Close() })
	var e engine
	e.Engine = transfer.New(pool, r.user+"@"+r.explicit, transfer.Options{
		Retries: 3, Backoff: func(int) time.Duration { return 10 * time.Millisecond }, Journal: journal,
		Report: func(a transfer.Result) {
			if a.Status == transfer.StatusDone && a.Action == action {
				from, to := files(a)
				same(t, from, to)
				e.done++
			}
		},
	})
	return &e
}

// insist runs until all is there.
func (e *engine) insist(t *testing.T, run func() (transfer.Summary, error)) {
	t.Helper()
	var err error
	for range 60 {
		var sum transfer.Summary
		if sum, err = run(); err == nil && sum.Failed == 0 {
			if e.done < 16 {
				t.Errorf("%d files were reported as done", e.done)
			}
			return
		}
		err = errors.Join(err, sum.First)
		t.Log(time.Now().Format("05.000"), sum, err)
	}
	t.Fatalf("it does not come through: %v", err)
}
