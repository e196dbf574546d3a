//go:build unix

// Package peertest starts servers of others for tests.
package peertest

import (
	"errors"
	"os"
	"testing"

	"github.com/sealift/sealift/interop/peers"
)

// Start gives a server that ends with the test. Where ./scripts/peers has not
// run the test is skipped; with SEALIFT_REQUIRE_TOOLS=1 it fails.
func Start(t testing.TB, kind peers.Kind, o peers.Options) *peers.Server {
	t.Helper()
	s, err := peers.Start(t.Context(), kind, o)
	if errors.Is(err, peers.ErrMissing) && os.Getenv("SEALIFT_REQUIRE_TOOLS") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.Log())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
