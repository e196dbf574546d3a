package main

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// noise makes a file that cannot be guessed: noise FILE BYTES.
func (s *script) noise(ts *testscript.TestScript, args []string) {
	content := make([]byte, atoi(ts, args[1]))
	rand.NewChaCha8([32]byte([]byte("0123456789abcdef0123456789abcdef"))).Read(content)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o666))
}

func atoi(ts *testscript.TestScript, text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	ts.Check(err)
	return n
}

// cut runs sealift and kills it when a file that fits the pattern has so many
// bytes, at least from and less than to: cut PATTERN FROM TO ARGS…
func (s *script) cut(ts *testscript.TestScript, args []string) {
	from, to := atoi(ts, args[1]), atoi(ts, args[2])
	at := from + rand.Int64N(to-from)
	cmd := exec.Command(findIn(ts, "sealift"), args[3:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), append(environment(ts), "SEALIFT_PASSWORD="+ts.Getenv("SEALIFT_PASSWORD"))
	cmd.Stderr = ts.Stderr()
	ts.Check(cmd.Start())
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); ; {
		select {
		case <-tick.C:
			if sizeOf(ts, args[0]) >= at {
				ts.Check(cmd.Process.Kill())
				<-exited
				ts.Logf("killed at %d bytes", at)
				return
			}
		case err := <-exited:
			ts.Fatalf("it ended before %d bytes were there: %v", at, err)
		case <-timeout:
			cmd.Process.Kill()
			ts.Fatalf("%s does not get %d bytes", args[0], at)
		}
	}
}

// sizeOf is the size of the largest file that fits.
func sizeOf(ts *testscript.TestScript, pattern string) (largest int64) {
	names, err := filepath.Glob(ts.MkAbs(pattern))
	ts.Check(err)
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			largest = max(largest, info.Size())
		}
	}
	return largest
}
