package control

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// maxSocketPath is what the address of a socket can hold on all systems.
const maxSocketPath = 103

// Listen makes the socket in dir, mode 0600. One that a killed server has
// left is replaced; one of a server that runs is an error.
func Listen(ctx context.Context, dir string) (net.Listener, error) {
	path := filepath.Join(dir, SocketName)
	if len(path) > maxSocketPath {
		return nil, fault.New(fault.Failed, "choose a shorter --data-dir", "%s is too long for the name of a socket (%d bytes, %d fit)", path, len(path), maxSocketPath)
	}
	if err := CheckFree(ctx, dir); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// CheckFree is an error if a server runs on that data directory.
func CheckFree(ctx context.Context, dir string) error {
	st, err := Dial(dir).Status(ctx)
	if err != nil {
		return nil
	}
	return fault.New(fault.Failed, "stop it first, or choose another --data-dir", "a server runs on %s already, process %d", dir, st.PID)
}

// Serve answers on l until ctx is done.
func Serve(ctx context.Context, l net.Listener, s Server) error {
	h := &http.Server{Handler: handler(s), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { h.Close() })
	defer stop()
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func handler(s Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Status(), nil) })
	mux.HandleFunc("GET /sessions", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Sessions(), nil) })
	mux.HandleFunc("POST /kick", func(w http.ResponseWriter, r *http.Request) { answer(w, s.Kick(r.URL.Query().Get("id")), nil) })
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, _ *http.Request) {
		done, err := s.Reload()
		answer(w, done, err)
	})
	mux.HandleFunc("POST /refresh", func(w http.ResponseWriter, _ *http.Request) { answer(w, true, s.Refresh()) })
	return mux
}

// answer sends v, or what is wrong.
func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		v = fault.Of(err)
	}
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(v)
}
