//go:build unix

package local

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/storage"
)

const killDir = "SEALIFT_TEST_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		fmt.Fprintln(os.Stderr, uploadForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// version is the content of the n-th upload: it tells which it is, and its size.
func version(n int) []byte {
	line := fmt.Sprintf("version %08d\n", n)
	return bytes.Repeat([]byte(line), 1000+n%7*3000)
}

// uploadForEver uploads one version after the other to a few names, and prints
// each that was committed.
func uploadForEver(dir string) error {
	f, err := Open(dir, Options{Owner: "alice", KeepInterrupted: time.Hour})
	for n := 0; err == nil; n++ {
		err = uploadVersion(f, n)
		if err == nil {
			_, err = fmt.Println(n)
		}
	}
	return err
}

func uploadVersion(f *FS, n int) error {
	ctx := context.Background()
	w, err := f.Create(ctx, storage.Root.Join(fmt.Sprint("f", n%3)), storage.Mode{Allow: storage.AllowAll})
	if err != nil {
		return err
	}
	if _, err := io.CopyBuffer(w, struct{ io.Reader }{bytes.NewReader(version(n))}, make([]byte, 4096)); err != nil {
		return err
	}
	return w.Commit()
}

// TestKill kills a process that uploads, again and again (security.md E1).
func TestKill(t *testing.T) {
	b := newBox(t)
	for round := range 12 {
		committed := killOnce(t, b.dir, 3+rand.IntN(20))
		b.recount()
		for i := range 3 {
			checkKilled(b, fmt.Sprint("f", i), committed, round)
		}
		b.settled()
		b.must(b.Sweep(t.Context(), -time.Hour))
		for _, name := range b.hidden("") {
			b.age(name, time.Hour)
		}
		b.must(b.Sweep(t.Context(), time.Minute))
		if left := b.hidden(""); len(left) > 0 {
			t.Fatalf("left: %q", left)
		}
		b.settled()
	}
}

// killOnce runs the uploads and kills them after some; it returns the last
// version that was committed for each name.
func killOnce(t *testing.T, dir string, after int) map[string]int {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	committed := map[string]int{}
	for lines := bufio.NewScanner(out); lines.Scan(); after-- {
		var n int
		if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
			t.Fatal(err)
		}
		committed[fmt.Sprint("f", n%3)] = n
		if after == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	if stderr.Len() > 0 {
		t.Fatal(stderr.String())
	}
	return committed
}

// checkKilled demands that name holds a whole version, at least the last one
// that was committed, and that what is unfinished is the start of one and can be
// resumed.
func checkKilled(b *box, name string, committed map[string]int, round int) {
	b.t.Helper()
	data, err := os.ReadFile(b.host(name))
	b.must(err)
	var n int
	if _, err := fmt.Sscanf(string(data), "version %d\n", &n); err != nil || !bytes.Equal(data, version(n)) || n < committed[name] {
		b.t.Errorf("round %d: %s holds %d bytes, %.20q; committed was %d", round, name, len(data), data, committed[name])
	}
	in, err := b.folder(storage.Root)
	b.must(err)
	kept := in.peek(name)
	in.close()
	if kept == nil {
		return
	}
	b.must(os.Remove(b.host(name)))
	b.recount()
	b.must(b.create(storage.Root.Join(name), storage.Mode{Offset: kept.info.Size()}, "!").Commit())
	data, err = os.ReadFile(b.host(name))
	b.must(err)
	_, err = fmt.Sscanf(string(data), "version %d\n", &n)
	b.must(err)
	if got, isMine := bytes.CutSuffix(data, []byte("!")); !isMine || !bytes.HasPrefix(version(n), got) {
		b.t.Errorf("round %d: %s was resumed at %d with something else before it", round, name, kept.info.Size())
	}
}
