package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/account/sqlstore"
	"github.com/sealift/sealift/bench/load"
	"github.com/sealift/sealift/interop/peers"
)

// The account that every server has.
const (
	user      = "bench"
	quickUser = "quick" // Sealift's, see addQuick
	password  = "correct horse"
)

// A server is one of those that are compared, and runs.
type server struct {
	name string // as it is shown
	addr string
	home string
	pids func() ([]int, error)
	stop func() error
	// hashes says that the account quickUser is there too.
	hashes bool
}

// setting is what a server is started with.
type setting struct {
	dir    string // for homes and state
	pair   pair
	roots  *x509.CertPool
	binary string // of sealift
	// extra are keys of Sealift's configuration, by "table.key".
	extra map[string]string
}

// options are for a client of the server.
func (s *server) options(c setting, version uint16, clear bool) load.Options {
	return load.Options{
		Addr: s.addr, User: user, Password: password, Clear: clear,
		TLS: &tls.Config{RootCAs: c.roots, ServerName: "localhost", MinVersion: version, MaxVersion: version},
	}
}

// startAll starts Sealift and the peers that are there. What is missing is
// told to w.
func startAll(ctx context.Context, c setting, w io.Writer) ([]*server, error) {
	ours, err := startSealift(ctx, c, "Sealift")
	if err != nil {
		return nil, err
	}
	all := []*server{ours}
	for _, kind := range peers.Kinds() {
		s, err := startPeer(ctx, c, kind)
		if errors.Is(err, peers.ErrMissing) {
			fmt.Fprintf(w, "%s is left out: %v\n", kind, err)
			continue
		}
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	if binary := os.Getenv("SFTPGO_BIN"); binary != "" {
		s, err := startSFTPGo(ctx, c, binary)
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}

func stopAll(all []*server) error {
	var err error
	for _, s := range all {
		err = errors.Join(err, s.stop())
	}
	return err
}

func startPeer(ctx context.Context, c setting, kind peers.Kind) (*server, error) {
	home := filepath.Join(c.dir, string(kind))
	p, err := peers.Start(ctx, kind, peers.Options{
		Home: home, User: user, Password: password, CertFile: c.pair.cert, KeyFile: c.pair.key, ClearData: true,
	})
	if err != nil {
		return nil, err
	}
	name := map[peers.Kind]string{peers.VsFTPd: "vsftpd", peers.ProFTPD: "ProFTPD", peers.PureFTPd: "Pure-FTPd", peers.Pyftpdlib: "pyftpdlib"}[kind]
	return &server{name: name, addr: p.Addr, home: p.Home, pids: p.PIDs, stop: p.Close}, nil
}

// startSealift runs the binary as a user would, with limits that leave room
// for the load.
func startSealift(ctx context.Context, c setting, name string) (*server, error) {
	dir, err := os.MkdirTemp(c.dir, "sealift-")
	if err != nil {
		return nil, err
	}
	home, config := filepath.Join(dir, "home"), filepath.Join(dir, "sealift.toml")
	if err := os.Mkdir(home, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(config, []byte(configuration(c, dir)), 0o600); err != nil {
		return nil, err
	}
	add := exec.CommandContext(ctx, c.binary, "user", "add", user, "--config", config, "--home", home, "--permissions", "all", "--password-stdin")
	add.Stdin = strings.NewReader(password + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	if err := addQuick(ctx, filepath.Join(dir, "state"), home); err != nil {
		return nil, err
	}
	serve := exec.Command(c.binary, "serve", "--config", config, "--log-format", "json")
	addr, err := untilReady(serve)
	if err != nil {
		return nil, err
	}
	return &server{name: name, addr: addr, home: home, pids: processes(serve), stop: terminate(serve), hashes: true}, nil
}

// addQuick adds an account whose password hash costs next to nothing, as those
// of the peers do.
func addQuick(ctx context.Context, state, home string) error {
	store, err := sqlstore.Open(ctx, filepath.Join(state, "sealift.db"))
	if err != nil {
		return err
	}
	hash, err := account.NewHasher(account.Parameters{Memory: 8, Time: 1, Threads: 1}).Hash(ctx, password)
	if err == nil {
		err = store.Add(ctx, account.Account{Name: quickUser, PasswordHash: hash, Home: home, Permissions: account.All})
	}
	return errors.Join(err, store.Close())
}

// configuration is Sealift's: the defaults, except for limits that would stop
// the load.
func configuration(c setting, dir string) string {
	keys := map[string]string{
		"listen.explicit": `["127.0.0.1:0"]`, "listen.passive_ports": `"20000-31999"`,
		"tls.certificate": fmt.Sprintf("%q", c.pair.cert), "tls.key": fmt.Sprintf("%q", c.pair.key),
		"policy.unprotected_data":     `"allow"`,
		"limits.sessions_per_address": "20000", "limits.sessions": "20000", "limits.idle_timeout": `"30m"`,
	}
	for key, value := range c.extra {
		keys[key] = value
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "data_dir = %q\n", filepath.Join(dir, "state"))
	tables := map[string][]string{}
	for key, value := range keys {
		table, name, _ := strings.Cut(key, ".")
		tables[table] = append(tables[table], name+" = "+value)
	}
	for table, lines := range tables {
		fmt.Fprintf(&b, "[%s]\n%s\n", table, strings.Join(lines, "\n"))
	}
	return b.String()
}

// untilReady starts a server and reads its log until it tells its address.
func untilReady(serve *exec.Cmd) (addr string, err error) {
	log, err := serve.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := serve.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(log)
	var said []string
	for lines.Scan() {
		var ready struct {
			Msg      string
			Explicit []string
		}
		if json.Unmarshal(lines.Bytes(), &ready) == nil && ready.Msg == "ready" && len(ready.Explicit) > 0 {
			go io.Copy(io.Discard, log)
			return ready.Explicit[0], nil
		}
		said = append(said, lines.Text())
	}
	return "", fmt.Errorf("the server ended: %w\n%s", serve.Wait(), strings.Join(said, "\n"))
}

func processes(c *exec.Cmd) func() ([]int, error) {
	return func() ([]int, error) { return []int{c.Process.Pid}, nil }
}

func terminate(c *exec.Cmd) func() error {
	return func() error {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		time.AfterFunc(10*time.Second, func() { c.Process.Kill() })
		c.Wait() // how it ends does not matter
		return nil
	}
}
