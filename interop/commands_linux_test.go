package interop

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/interop/peers"
)

// commands is our own client as people run it.
type commands struct {
	client
	remote
}

func (r remote) commands(t *testing.T) commands {
	t.Helper()
	home := t.TempDir()
	return commands{client{path: binary(), home: home, env: []string{
		"SEALIFT_PASSWORD=" + r.password, "XDG_STATE_HOME=" + home,
	}}, r}
}

func (c commands) args(command string, more ...string) []string {
	return append([]string{command, "--ca", c.ca, "--strict"}, more...)
}

func (c commands) do(t *testing.T, command string, more ...string) string {
	t.Helper()
	return c.run(t, "", c.args(command, more...)...)
}

func (c commands) url(path string) string {
	return "ftpes://" + c.user + "@" + c.explicit + "/" + path
}

func overCommands(t *testing.T, test func(*testing.T, commands)) {
	for _, name := range remotes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, startRemote(t, name, peers.Options{}).commands(t))
		})
	}
}

// A tree goes there and comes back, with the time of every file, and then both
// sides are seen to be the same.
func TestCommandsMoveATree(t *testing.T) {
	t.Parallel()
	src := sourceTrees(t)[0]
	overCommands(t, func(t *testing.T, c commands) {
		back := filepath.Join(t.TempDir(), "back")
		c.do(t, "put", "-r", src, c.url("tree"))
		sameTree(t, src, filepath.Join(c.remote.home, "tree"))
		c.do(t, "get", "-r", c.url("tree"), back)
		sameTree(t, src, back)
		for _, sync := range [][]string{{src, c.url("tree")}, {c.url("tree"), back}} {
			shows(t, c.do(t, "sync", append(sync, "--delete")...), "nothing to do")
		}
	})
}

// Sync sends what is new or changed and deletes what is gone.
func TestCommandsSync(t *testing.T) {
	t.Parallel()
	overCommands(t, func(t *testing.T, c commands) {
		src, back := t.TempDir(), filepath.Join(t.TempDir(), "back")
		for _, dir := range []string{"a b", "ü/deep", "empty"} {
			if err := os.MkdirAll(filepath.Join(src, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"one", "a b/two", "ü/deep/three ✓", "gone", "changed"} {
			makeFile(t, filepath.Join(src, name), 10_000)
		}
		there := filepath.Join(c.remote.home, "www")
		both := func() {
			t.Helper()
			c.do(t, "sync", src, c.url("www"), "--delete", "--max-delete", "90%")
			sameTree(t, src, there)
			c.do(t, "sync", c.url("www"), back, "--delete", "--max-delete", "90%")
			sameTree(t, src, back)
			shows(t, c.do(t, "sync", src, c.url("www"), "--delete"), "nothing to do")
		}
		both()
		if err := os.Remove(filepath.Join(src, "gone")); err != nil {
			t.Fatal(err)
		}
		makeFile(t, filepath.Join(src, "changed"), 20_000)
		makeFile(t, filepath.Join(src, "empty", "new"), 1)
		both()
	})
}

// killedSize is that of the file whose transfer is killed.
func killedSize() int64 {
	if long {
		return 1 << 30
	}
	return 64 << 20
}

const kills = 10

// killPoints are the sizes at which a transfer is killed.
func killPoints(t *testing.T) []int64 {
	t.Helper()
	random := rand.New(rand.NewPCG(chaosSeed(t), 0))
	var all []int64
	for range kills {
		all = append(all, random.Int64N(killedSize()*9/10))
	}
	slices.Sort(all)
	return all
}

// However often put is killed, the next run goes on, and in the end the file is
// there, whole, and alone.
func TestKilledPut(t *testing.T) {
	t.Parallel()
	overCommands(t, func(t *testing.T, c commands) {
		file := makeFile(t, filepath.Join(t.TempDir(), "big.bin"), killedSize())
		put := []string{file, c.url("")}
		c.killOften(t, c.remote.home, "put", put)
		c.goOn(t, "put", put)
		same(t, file, filepath.Join(c.remote.home, "big.bin"))
		alone(t, c.remote.home)
	})
}

func TestKilledGet(t *testing.T) {
	t.Parallel()
	overCommands(t, func(t *testing.T, c commands) {
		file := makeFile(t, filepath.Join(c.remote.home, "big.bin"), killedSize())
		dir := t.TempDir()
		get := []string{c.url("big.bin"), dir + "/"}
		c.killOften(t, dir, "get", get)
		c.goOn(t, "get", get)
		same(t, file, filepath.Join(dir, "big.bin"))
		alone(t, dir)
	})
}

func alone(t *testing.T, dir string) {
	t.Helper()
	if left := sizes(t, dir); len(left) != 1 {
		t.Errorf("beside the file there is more: %v", left)
	}
}

// killOften runs the command and kills it when a file in the folder has grown
// to the next point.
func (c commands) killOften(t *testing.T, dir, command string, args []string) {
	t.Helper()
	slow := append(args, "--limit-rate", rate())
	for _, point := range killPoints(t) {
		changes := watch(t, dir)
		cmd := c.command(t, "", c.args(command, slow...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		events := make([]byte, 64<<10)
		for largestIn(t, dir) < point {
			if _, err := changes.Read(events); err != nil {
				t.Errorf("no file in %s grew to %d bytes: %v", dir, point, err)
				break
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatalf("%s was done before it was killed at %d bytes", command, point)
		}
		changes.Close()
	}
}

func largestIn(t *testing.T, dir string) (largest int64) {
	t.Helper()
	for _, size := range sizes(t, dir) {
		largest = max(largest, size)
	}
	return largest
}

// goOn runs the command to its end, which does not begin at the beginning.
func (c commands) goOn(t *testing.T, command string, args []string) {
	t.Helper()
	out := c.do(t, command, append(args, "--json")...)
	for line := range strings.Lines(out) {
		var result struct {
			Status  string
			Resumed int64
		}
		if err := json.Unmarshal([]byte(line), &result); err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		if result.Status == "done" && result.Resumed > 0 {
			return
		}
	}
	t.Errorf("it began at the beginning:\n%s", out)
}
