package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
)

// ports21 is a system on which some addresses cannot be had.
func ports21(refused map[string]error) listenFunc {
	return func(ctx context.Context, address string) (net.Listener, error) {
		if err := refused[address]; err != nil {
			return nil, &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", err)}
		}
		return listenTCP(ctx, "127.0.0.1:0")
	}
}

func loaded(t *testing.T, settings ...config.Setting) config.Config {
	t.Helper()
	c, err := config.Load("", []string{"HOME=/nowhere"}, settings...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func listen(addresses string) config.Setting {
	return config.Setting{Key: "listen.explicit", Value: addresses, Source: "--listen"}
}

func TestFirstPort(t *testing.T) {
	taken, forbidden := syscall.EADDRINUSE, syscall.EACCES
	for _, tt := range []struct {
		why     string
		chosen  []config.Setting
		refused map[string]error
		says    string // "" if it listens
	}{
		{"port 21 where it may be had", nil, nil, ""},
		{"2121 without the right", nil, map[string]error{":21": forbidden}, ""},
		{"2121 where 21 is taken", nil, map[string]error{":21": taken}, ""},
		{"neither", nil, map[string]error{":21": forbidden, ":2121": taken}, ":2121 is taken"},
		{"who chose 21 gets nothing else", []config.Setting{listen(":21")}, map[string]error{":21": forbidden}, "ports below 1024"},
		{"nor another one", []config.Setting{listen(":9")}, map[string]error{":9": taken}, ":9 is taken"},
		{"an address of another machine", []config.Setting{listen("192.0.2.1:21")}, map[string]error{"192.0.2.1:21": syscall.EADDRNOTAVAIL}, "does not have that address"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got, err := bind(t.Context(), ports21(tt.refused), loaded(t, tt.chosen...), nil)
			closeNew(got, nil)
			if tt.says == "" && (err != nil || len(got) != 1) {
				t.Errorf("%v, %v", got, err)
			}
			if tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says) || fault.Of(err)[0].Hint == "") {
				t.Errorf("got %v, want %q and a hint", err, tt.says)
			}
		})
	}
}

func TestRebind(t *testing.T) {
	system := ports21(map[string]error{":21": syscall.EACCES, ":3": syscall.EADDRINUSE})
	first, err := bind(t.Context(), system, loaded(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := bind(t.Context(), system, loaded(t), first)
	if err != nil || !slices.Equal(again, first) {
		t.Errorf("a port that was given up for another is opened again: %v, %v", again, err)
	}
	more, err := bind(t.Context(), system, loaded(t, listen(":1,:2")), nil)
	if err != nil {
		t.Fatal(err)
	}
	fewer, err := bind(t.Context(), system, loaded(t, listen(":2,:4")), more)
	if err != nil || fewer[0] != more[1] || slices.Contains(more, fewer[1]) {
		t.Errorf("%v becomes %v, %v", more, fewer, err)
	}
	if _, err := bind(t.Context(), system, loaded(t, listen(":2,:5,:3")), fewer); err == nil {
		t.Error("a taken port is no error")
	}
	if _, err := net.Dial("tcp", fewer[0].listener.Addr().String()); err != nil {
		t.Errorf("a failed reload closed a port that is in use: %v", err)
	}
	for _, ports := range [][]port{first, more, fewer} {
		closeNew(ports, nil)
	}
}

func TestHosts(t *testing.T) {
	c := loaded(t, listen("0.0.0.0:21,[::1]:21,ftp.example:21,:22"),
		config.Setting{Key: "listen.public_address", Value: "192.0.2.9", Source: "--public-address"})
	names, ips := hosts(c)
	if fmt.Sprint(names) != "[ftp.example]" || fmt.Sprint(ips) != "[192.0.2.9 ::1]" {
		t.Errorf("%v %v", names, ips)
	}
}

func TestFixed(t *testing.T) {
	now := loaded(t)
	next := now
	next.DataDir = "/elsewhere"
	if err := fixed(now, next); err == nil || !strings.Contains(err.Error(), "data_dir") {
		t.Error(err)
	}
	next = now
	next.Policy.CCC = true
	if err := fixed(now, next); err != nil {
		t.Error(errors.Unwrap(err), err)
	}
}
