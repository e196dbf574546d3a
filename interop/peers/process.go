//go:build unix

package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// errEnded is a server that ended where it should listen.
var errEnded = errors.New("ended at its start")

// process is a running program, the leader of a process group.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	log   *os.File
	guard *exec.Cmd
	alive io.WriteCloser // the guard's input
}

func (u setup) launch(p program) (*process, error) {
	log, err := os.OpenFile(u.file("output.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Dir = "/"
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}, p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	started := &process{cmd: cmd, ended: make(chan struct{}), log: log}
	go func() {
		_ = cmd.Wait() // how it ended is seen in its log
		close(started.ended)
	}()
	return started, started.watch()
}

// watch makes the process end when this program does, even if it is killed.
func (p *process) watch() error {
	guard := exec.Command("/bin/sh", "-c", `read -r over || kill -KILL "-$1"`, "sh", strconv.Itoa(p.cmd.Process.Pid))
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	alive, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		return errors.Join(err, p.stop())
	}
	p.guard, p.alive = guard, alive
	return nil
}

// answers waits for the server to take connections.
func (p *process) answers(ctx context.Context, address string) error {
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.ended:
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("does not listen on %s: %w", address, ctx.Err())
		case <-retry.C:
		}
	}
}

// patience is how long a server has to end in good order.
const patience = 300 * time.Millisecond

// stop ends the process and all that came of it, and sees them gone. They are
// asked first, so that Pure-FTPd removes its files in /run, and then killed:
// some would wait for their clients.
func (p *process) stop() error {
	begin, signal := time.Now(), syscall.SIGTERM
	var err error
	for {
		pids, listErr := family(p.cmd.Process.Pid)
		if err = listErr; err != nil || len(pids) == 0 {
			break
		}
		if time.Since(begin) > 20*time.Second {
			err = fmt.Errorf("processes %v do not end", pids)
			break
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, signal) // it may be gone
		}
		time.Sleep(10 * time.Millisecond)
		if time.Since(begin) > patience {
			signal = syscall.SIGKILL
		}
	}
	<-p.ended
	return errors.Join(err, p.log.Close(), p.dismiss())
}

func (p *process) dismiss() error {
	if p.guard == nil {
		return nil
	}
	_, err := io.WriteString(p.alive, "over\n")
	return errors.Join(err, p.alive.Close(), p.guard.Wait())
}

// family are the processes of the group and their descendants; those that have
// ended and wait for their parent do not count.
func family(leader int) ([]int, error) {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	parent, members := map[int]int{}, []int{}
	for _, name := range all {
		pid, ppid, group, ok := readStat(name)
		if ok && group == leader {
			members = append(members, pid)
		} else if ok {
			parent[pid] = ppid
		}
	}
	for found := true; found; {
		found = false
		for pid, ppid := range parent {
			if slices.Contains(members, ppid) {
				members, found = append(members, pid), true
				delete(parent, pid)
			}
		}
	}
	slices.Sort(members)
	return members, nil
}

// readStat reads /proc/PID/stat (proc(5)): pid (name) state ppid pgrp …
func readStat(file string) (pid, ppid, group int, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, 0, false
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 3 || fields[0] == "Z" || fields[0] == "X" {
		return 0, 0, 0, false
	}
	pid, err = strconv.Atoi(filepath.Base(filepath.Dir(file)))
	ppid, err2 := strconv.Atoi(fields[1])
	group, err3 := strconv.Atoi(fields[2])
	return pid, ppid, group, errors.Join(err, err2, err3) == nil
}
