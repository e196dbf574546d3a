package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// server is a sealift process of a script.
type server struct {
	cmd    *exec.Cmd
	exited chan struct{}

	mu    sync.Mutex
	lines []string
	more  chan struct{} // closed when a line has come
}

// serve starts a server and waits until it is ready: serve NAME ARGS… Then
// $ADDR and $IMPLICIT are its first addresses; NAME.out is what it printed,
// NAME.log its log.
func (s *script) serve(ts *testscript.TestScript, args []string) {
	name := args[0]
	one := &server{exited: make(chan struct{}), more: make(chan struct{})}
	one.cmd = exec.Command(findIn(ts, "sealift"), slices.Concat([]string{"serve", "--log-format", "json"}, args[1:])...)
	one.cmd.Dir = ts.MkAbs(".")
	one.cmd.Env = environment(ts)
	out, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	defer out.Close()
	one.cmd.Stdout = out
	logged, err := os.Create(ts.MkAbs(name + ".log"))
	ts.Check(err)
	stderr, err := one.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(one.cmd.Start())
	go one.read(io.TeeReader(stderr, logged), logged)
	s.servers[name] = one
	var ready struct{ Explicit, Implicit []string }
	line := one.wait(ts, `"msg":"ready"`)
	ts.Check(json.Unmarshal([]byte(line), &ready))
	for variable, addresses := range map[string][]string{"ADDR": ready.Explicit, "IMPLICIT": ready.Implicit} {
		if len(addresses) > 0 {
			ts.Setenv(variable, addresses[0])
		}
	}
}

func findIn(ts *testscript.TestScript, program string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, program); exists(path) {
			return path
		}
	}
	ts.Fatalf("no %s in PATH", program)
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// environment are the script's variables that matter.
func environment(ts *testscript.TestScript) (env []string) {
	for _, name := range []string{"PATH", "HOME", "LC_ALL", "SEALIFT_DATA_DIR", "TMPDIR", "NOTIFY_SOCKET", "GORACE"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

func (o *server) read(r io.Reader, logged *os.File) {
	defer close(o.exited)
	defer logged.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		o.mu.Lock()
		o.lines = append(o.lines, lines.Text())
		close(o.more)
		o.more = make(chan struct{})
		o.mu.Unlock()
	}
}

// find is the first line that the pattern matches, and a channel for more.
func (o *server) find(pattern *regexp.Regexp) (line string, more <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.IndexFunc(o.lines, pattern.MatchString); i >= 0 {
		return o.lines[i], nil
	}
	return "", o.more
}

// wait returns the line of the log that the pattern matches, now or soon.
func (o *server) wait(ts *testscript.TestScript, pattern string) string {
	re := regexp.MustCompile(pattern)
	timeout := time.After(patience)
	for {
		line, more := o.find(re)
		if more == nil {
			return line
		}
		select {
		case <-more:
		case <-o.exited:
			if line, more := o.find(re); more == nil {
				return line
			}
			ts.Fatalf("the server ended, and its log has no %s:\n%s", pattern, o.text())
		case <-timeout:
			ts.Fatalf("no %s in the log:\n%s", pattern, o.text())
		}
	}
}

func (o *server) text() (all string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, line := range o.lines {
		all += line + "\n"
	}
	return all
}

func (o *server) kill() {
	select {
	case <-o.exited:
	default:
		o.cmd.Process.Kill()
		<-o.exited
		o.cmd.Wait()
	}
}

// log waits for a line of the log: log NAME PATTERN.
func (s *script) log(ts *testscript.TestScript, args []string) { s.servers[args[0]].wait(ts, args[1]) }

var signals = map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": os.Interrupt, "HUP": syscall.SIGHUP, "KILL": os.Kill}

// signal sends one: signal NAME TERM.
func (s *script) signal(ts *testscript.TestScript, args []string) {
	ts.Check(s.servers[args[0]].cmd.Process.Signal(signals[args[1]]))
}

// stopped waits for the end of a server, which is in good order.
func (s *script) stopped(ts *testscript.TestScript, args []string) {
	one := s.servers[args[0]]
	select {
	case <-one.exited:
	case <-time.After(patience):
		ts.Fatalf("%s does not end", args[0])
	}
	if err := one.cmd.Wait(); err != nil {
		ts.Fatalf("%s: %v\n%s", args[0], err, one.text())
	}
}

// systemd waits for a notice of the server that holds the pattern: systemd
// PATTERN. The first call, before the server starts, has none: it listens.
func (s *script) systemd(ts *testscript.TestScript, args []string) {
	if s.manager == nil {
		socket := ts.MkAbs("notify")
		conn, err := net.ListenPacket("unixgram", socket)
		ts.Check(err)
		s.manager = conn
		ts.Setenv("NOTIFY_SOCKET", socket)
		return
	}
	ts.Check(s.manager.SetReadDeadline(time.Now().Add(patience)))
	notice := make([]byte, 1024)
	n, _, err := s.manager.ReadFrom(notice)
	ts.Check(err)
	if !regexp.MustCompile(args[0]).Match(notice[:n]) {
		ts.Fatalf("the notice is %q, not %s", notice[:n], args[0])
	}
}
