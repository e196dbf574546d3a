//go:build linux && peers

package interop

import (
	"bytes"
	"context"
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
)

// rounds are those with each server.
func rounds() int {
	if long {
		return 1000
	}
	return 40
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

var badNetwork = chaos.Rules{
	Delay: 5 * time.Millisecond, Faulty: 0.5, Reach: 400_000,
	Faults: []chaos.Fault{chaos.Reset, chaos.End, chaos.ResetClient, chaos.ResetServer, chaos.Freeze},
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
	o := r.options(t, w)
	o.DialContext = n.DialContext
	o.Timeout, o.StallTimeout = 2*time.Second, 2*time.Second
	c, err := ftpclient.Dial(ctx, r.address(w), o)
	if err != nil {
		return err
	}
	defer c.Close()
	return do(c)
}
