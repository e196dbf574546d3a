package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// startSFTPGo runs it in its portable mode, which needs nothing set up.
func startSFTPGo(ctx context.Context, c setting, binary string) (*server, error) {
	home := filepath.Join(c.dir, "sftpgo")
	if err := os.Mkdir(home, 0o755); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	serve := exec.Command(binary, "portable", "--directory", home, "--username", user, "--password", password,
		"--sftpd-port", "-1", "--ftpd-port", port, "--ftpd-cert", c.pair.cert, "--ftpd-key", c.pair.key, "--permissions", "*", "--log-level", "error")
	serve.Dir = c.dir
	if err := serve.Start(); err != nil {
		return nil, err
	}
	stop := terminate(serve)
	if err := answers(ctx, addr); err != nil {
		return nil, fmt.Errorf("SFTPGo: %w, %v", err, stop())
	}
	return &server{name: "SFTPGo", addr: addr, home: home, pids: processes(serve), stop: stop}, nil
}

// answers waits for a server to take connections.
func answers(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return err
		case <-retry.C:
		}
	}
}
