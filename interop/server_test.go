// Package interop drives the sealift binary with the clients that people use.
package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// long is the full size: Go's whole src tree and 2 GiB.
var long = os.Getenv("SEALIFT_LONG") == "1"

var (
	standard  = &server{name: "standard"}
	demanding = &server{name: "demanding", policy: `session_binding = "require"`}
	squeezing = &server{name: "squeezing", policy: `compression = "allow"`}
	open      = &server{name: "open", policy: "unprotected_commands = \"allow\"\nunprotected_data = \"allow\""}
)

// work holds the binary and the servers' state.
var work string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if _, err := os.Stat("../cmd/sealift/main.go"); err != nil {
		fmt.Fprintln(os.Stderr, "cmd/sealift is not there yet; nothing is tested")
		return 0
	}
	var err error
	if work, err = os.MkdirTemp("", "sealift-interop-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(work)
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	for _, s := range []*server{standard, demanding, squeezing, open, modern} {
		if err := s.stop(); err != nil {
			fmt.Fprintf(os.Stderr, "server %s: %v\n%s", s.name, err, s.lastLog(""))
			code = 1
		}
	}
	return code
}

// build makes the binary the way the test was built: with the race detector,
// or as it is shipped.
func build() error {
	build := exec.Command("go", "build", "-o", binary(), "../cmd/sealift")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if race {
		build.Args = append(build.Args[:2], append([]string{"-race"}, build.Args[2:]...)...)
		build.Env = append(os.Environ(), "CGO_ENABLED=1")
	}
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", build, err, out)
	}
	return nil
}

func binary() string { return filepath.Join(work, "sealift") }

// server is one sealift process, started when a test first needs it.
type server struct {
	name   string
	policy string // lines of sealift.toml

	start    sync.Once
	startErr error
	process  *exec.Cmd
	exited   chan struct{}
	ready    ready

	mu       sync.Mutex
	log      []string
	accounts int
}

// ready is what the log says when the server takes connections.
type ready struct {
	Message  string   `json:"msg"`
	Explicit []string `json:"explicit"`
	Implicit []string `json:"implicit"`
}

func (s *server) dataDir() string { return filepath.Join(work, s.name) }

// ca is the authority that the first start makes.
func (s *server) ca() string { return filepath.Join(s.dataDir(), "certs", "ca.pem") }

func (s *server) started(t *testing.T) *server {
	t.Helper()
	s.start.Do(func() { s.startErr = s.launch() })
	if s.startErr != nil {
		t.Fatalf("server %s: %v\n%s", s.name, s.startErr, s.lastLog(""))
	}
	return s
}

func (s *server) launch() error {
	config := filepath.Join(work, s.name+".toml")
	if err := os.WriteFile(config, []byte("[policy]\n"+s.policy+"\n"), 0o600); err != nil {
		return err
	}
	args := []string{"serve", "--config", config, "--data-dir", s.dataDir(), "--log-format", "json"}
	for _, host := range loopback() {
		address := net.JoinHostPort(host, "0")
		args = append(args, "--listen", address, "--implicit", address)
	}
	s.process = exec.Command(binary(), args...)
	s.process.Env = append(os.Environ(), "GORACE=halt_on_error=1")
	stderr, err := s.process.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	isReady := make(chan struct{})
	go s.readLog(stderr, isReady)
	select {
	case <-isReady:
		return nil
	case <-s.exited:
		return errors.New("ended before it was ready")
	case <-time.After(time.Minute):
		return errors.New("not ready in a minute")
	}
}

func (s *server) readLog(stderr io.Reader, isReady chan<- struct{}) {
	defer close(s.exited)
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		s.mu.Lock()
		s.log = append(s.log, lines.Text())
		s.mu.Unlock()
		if isReady != nil && json.Unmarshal(lines.Bytes(), &s.ready) == nil && s.ready.Message == "ready" {
			close(isReady)
			isReady = nil
		}
	}
}

// lastLog is the end of the log, as far as it has the word.
func (s *server) lastLog(word string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var about []string
	for _, line := range s.log {
		if strings.Contains(line, word) {
			about = append(about, line)
		}
	}
	return strings.Join(about[max(0, len(about)-40):], "\n") + "\n"
}

// stop asks the server to end, which it must do in good order.
func (s *server) stop() error {
	if s.exited == nil {
		return nil
	}
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.exited:
	case <-time.After(time.Minute):
		return errors.Join(errors.New("still there a minute after SIGTERM"), s.process.Process.Kill())
	}
	if err := s.process.Wait(); err != nil {
		return err
	}
	for _, bad := range []string{"panic", "DATA RACE"} {
		if strings.Contains(s.lastLog(bad), bad) {
			return fmt.Errorf("%s:\n%s", bad, s.lastLog(""))
		}
	}
	return nil
}

// account is somebody with a home of his own.
type account struct{ name, password, home string }

func (s *server) account(t *testing.T) account {
	t.Helper()
	s.mu.Lock()
	s.accounts++
	a := account{fmt.Sprintf("%s%d", "user", s.accounts), "pass word/%41é#", t.TempDir()}
	s.mu.Unlock()
	add := exec.Command(binary(), "user", "add", a.name, "--data-dir", s.dataDir(),
		"--home", a.home, "--permissions", "all", "--password-stdin")
	add.Stdin = strings.NewReader(a.password + "\n")
	var stderr bytes.Buffer
	add.Stderr = &stderr
	if err := add.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", add, err, &stderr)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server's log on %s:\n%s", a.name, s.lastLog(a.name))
		}
	})
	return a
}

// loopback are the loopback addresses that this machine has.
func loopback() []string {
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		l.Close()
		return []string{"127.0.0.1", "::1"}
	}
	return []string{"127.0.0.1"}
}
