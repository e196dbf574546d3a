package certs

import (
	"context"
	"os"
	"slices"
	"sync"
	"time"
)

// watched notices when files change: by time, size, or because another file
// stands under the name.
type watched struct {
	names []string

	mu   sync.Mutex
	seen []os.FileInfo // nil where there was no file
}

func watch(names ...string) *watched {
	w := &watched{names: names}
	w.seen = w.now()
	return w
}

func (w *watched) now() []os.FileInfo {
	infos := make([]os.FileInfo, len(w.names))
	for i, name := range w.names {
		if info, err := os.Stat(name); err == nil {
			infos[i] = info
		}
	}
	return infos
}

// look tells whether a file has changed since the last look.
func (w *watched) look() bool {
	fresh := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := w.differs(fresh)
	w.seen = fresh
	return changed
}

// changed is look, but the next look will tell the same.
func (w *watched) changed() bool {
	fresh := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.differs(fresh)
}

func (w *watched) differs(fresh []os.FileInfo) bool {
	return !slices.EqualFunc(fresh, w.seen, sameContent)
}

func sameContent(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b)
}

// every calls f each interval until ctx is done.
func every(ctx context.Context, interval time.Duration, f func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}
