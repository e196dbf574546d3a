package interop

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Where curl is killed, and the size of the file.
func bigSize() (cut, whole int64) {
	if long {
		return 512 << 20, 2 << 30
	}
	return 16 << 20, 64 << 20
}

// rate keeps curl from being done before it is killed.
func rate() string { return choose(long, "400M", "24M") }

func TestCurlBigFile(t *testing.T) {
	for _, version := range []string{"1.3", "1.2"} {
		t.Run("TLS"+version, func(t *testing.T) {
			g := standard.over(t, link{tls: version})
			c := findCurl(t, g)
			dir := t.TempDir()
			_, size := bigSize()
			file := makeFile(t, filepath.Join(dir, "big.bin"), size)
			stored, got := filepath.Join(g.home, "big.bin"), filepath.Join(dir, "got.bin")

			c.do(t, "--upload-file", file, g.url(""))
			sameBytes(t, file, stored)
			c.do(t, "--output", got, g.url("big.bin"))
			sameBytes(t, file, got)
		})
	}
}

func TestCurlContinuesWhatWasCut(t *testing.T) {
	for _, version := range []string{"1.3", "1.2"} {
		t.Run("TLS"+version, func(t *testing.T) {
			g := standard.over(t, link{tls: version})
			c := findCurl(t, g)
			dir := t.TempDir()
			cut, size := bigSize()
			file := makeFile(t, filepath.Join(dir, "big.bin"), size)
			stored, got := filepath.Join(g.home, "big.bin"), filepath.Join(dir, "got.bin")

			c.cut(t, g.home, cut, "--upload-file", file, g.url(""))
			absent(t, stored)
			c.do(t, "--continue-at", "-", "--upload-file", file, g.url(""))
			sameBytes(t, file, stored)
			if left := sizes(t, g.home); len(left) != 1 {
				t.Errorf("beside the file there is more: %v", left)
			}

			c.cut(t, dir, cut, "--output", got, g.url("big.bin"))
			if info, err := os.Stat(got); err != nil || info.Size() >= size {
				t.Fatalf("curl was not cut: %v, %v", info, err)
			}
			c.do(t, "--continue-at", "-", "--output", got, g.url("big.bin"))
			sameBytes(t, file, got)
		})
	}
}

// cut starts curl and kills it when a file that is new in the folder has the
// size.
func (c curl) cut(t *testing.T, dir string, size int64, more ...string) {
	t.Helper()
	changes := watch(t, dir)
	known := sizes(t, dir)
	cmd := c.command(t, c.login(), c.args(append(more, "--limit-rate", rate())...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	events := make([]byte, 64<<10)
	for !anyLarge(sizes(t, dir), known, size) {
		if _, err := changes.Read(events); err != nil {
			t.Errorf("no file in %s grew to %d bytes: %v", dir, size, err)
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("curl was done before it was cut")
	}
}

// watch gives something to read when a file in the folder changes.
func watch(t *testing.T, dir string) *os.File {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	changes := os.NewFile(uintptr(fd), "inotify")
	t.Cleanup(func() { changes.Close() })
	if _, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_MODIFY); err != nil {
		t.Fatal(err)
	}
	if err := changes.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return changes
}

// sizes are those of the files in the folder, hidden or not.
func sizes(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			found[entry.Name()] = info.Size()
		}
	}
	return found
}

func anyLarge(now, known map[string]int64, size int64) bool {
	for name, n := range now {
		if _, old := known[name]; !old && n >= size {
			return true
		}
	}
	return false
}
