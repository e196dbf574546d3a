//go:build unix

package peers

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// starter makes the test binary a program that starts a server and is killed.
const starter = "SEALIFT_TEST_STARTER"

// A server does not outlive a program that is killed: dash, Debian's sh, knows
// no "--" in kill, and all of them once did.
func TestServerEndsWithItsStarter(t *testing.T) {
	if os.Getenv(starter) != "" {
		startAndWait(t)
	}
	start(t, VsFTPd, Options{}) // skips where it is not here
	program := exec.Command(os.Args[0], "-test.run=^TestServerEndsWithItsStarter$")
	program.Env = append(os.Environ(), starter+"=1")
	program.Stderr = os.Stderr
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	var state string
	if _, err := fmt.Sscanf(line, "%d %s", &pid, &state); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	t.Cleanup(func() { os.RemoveAll(state) })
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait() // it was killed
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for over := time.After(10 * time.Second); syscall.Kill(pid, 0) == nil; {
		select {
		case <-retry.C:
		case <-over:
			t.Fatalf("vsftpd, process %d, still runs", pid)
		}
	}
}

func startAndWait(t *testing.T) {
	s, err := Start(t.Context(), VsFTPd, Options{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(s.processes[0].cmd.Process.Pid, s.state)
	select {}
}
