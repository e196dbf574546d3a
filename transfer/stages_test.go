package transfer

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

// cuts say when a control connection breaks.
type cuts struct {
	writes atomic.Int64 // how many there were, on all control connections
	at     int64        // the one at which the connection breaks; 0: none
	sent   bool         // that one is sent, and only its reply is lost
}

// cuttable is a control connection.
type cuttable struct {
	net.Conn
	w *wire
}

func (c *cuttable) Write(p []byte) (int, error) {
	if c.w.cuts.at == 0 || c.w.cuts.writes.Add(1) != c.w.cuts.at {
		return c.Conn.Write(p)
	}
	var err error
	if c.w.cuts.sent {
		_, err = c.Conn.Write(p)
		if half, ok := c.Conn.(*net.TCPConn); ok {
			err = errors.Join(err, half.CloseWrite())
		}
		buffer := make([]byte, 4096) // the server has seen it when it ends
		for err == nil {
			_, err = c.Conn.Read(buffer)
		}
	}
	c.Conn.Close()
	return 0, net.ErrClosed
}

// Whichever command is the last that is sent, or the last that is answered,
// the file is whole in the end, nothing is left behind, and an old file was
// whole all the time.
func TestBreaksAtEachCommand(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why string
		rig func(t *testing.T) *rig
		old string
	}{
		{"Sealift, a new file", func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, ""},
		{"Sealift, replacing one", func(t *testing.T) *rig { return newRig(t, ftpservertest.Options{}) }, "old"},
		{"another server", func(t *testing.T) *rig { return newOldRig(t) }, ""},
		{"another server, replacing a file", func(t *testing.T) *rig { return newOldRig(t) }, "old"},
		{"one without digests and listings", func(t *testing.T) *rig { return newOldRig(t, noDigests, noListings) }, "old"},
	} {
		for _, sent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, sent: %v", test.why, sent), func(t *testing.T) {
				t.Parallel()
				for at := int64(1); breaksAt(t, test.rig(t), test.old, at, sent); at++ {
					if at > 100 {
						t.Fatal("it never ends")
					}
				}
			})
		}
	}
}

// breaksAt uploads and downloads a file; it reports whether there was a break.
func breaksAt(t *testing.T, r *rig, old string, at int64, sent bool) bool {
	t.Helper()
	content := noise(400_000)
	if old != "" {
		r.has("/a", []byte(old))
	}
	r.wire.cuts.at, r.wire.cuts.sent = at, sent
	r.o.Backoff = func(int) time.Duration { return 20 * time.Millisecond }
	e := r.engine()
	e.reached.Store(true) // so that the first connection is tried again too
	sum, err := e.Put(t.Context(), []string{fileHere(t, content)}, "", false)
	if err != nil || sum.Done != 1 || sum.Failed != 0 {
		t.Fatalf("break at %d: %+v %v", at, sum, err)
	}
	r.sameThere("/a", content)
	if names := r.names("/"); len(names) != 1 {
		t.Fatalf("break at %d leaves %q", at, names)
	}
	dir := t.TempDir()
	sum, err = e.Get(t.Context(), []string{"a"}, dir, false)
	if err != nil || sum.Done != 1 || sum.Failed != 0 {
		t.Fatalf("break at %d: %+v %v", at, sum, err)
	}
	sameHere(t, filepath.Join(dir, "a"), content)
	noneLeft(t, dir)
	return r.wire.cuts.writes.Load() >= at
}
