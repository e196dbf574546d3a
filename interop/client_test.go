package interop

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// client is a program that somebody else wrote.
type client struct {
	path string
	home string // its configuration, and what it leaves behind
	env  []string
}

// find looks for the program. SEALIFT_REQUIRE_TOOLS=1 demands that it is there.
func find(t *testing.T, program string) client {
	t.Helper()
	path, err := exec.LookPath(program)
	switch {
	case err == nil:
		return client{path: path, home: t.TempDir()}
	case os.Getenv("SEALIFT_REQUIRE_TOOLS") == "1":
		t.Fatalf("%s is not installed; ./scripts/test installs it", program)
	default:
		t.Skipf("%s is not installed; ./scripts/test installs it", program)
	}
	return client{}
}

// command is the program at rest; it dies with the test.
func (c client) command(t *testing.T, stdin string, args ...string) *exec.Cmd {
	limit := 2 * time.Minute
	if long {
		limit = 20 * time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Dir = c.home
	cmd.Env = append(os.Environ(), "HOME="+c.home, "XDG_CONFIG_HOME="+c.home, "XDG_DATA_HOME="+c.home,
		"XDG_CACHE_HOME="+c.home, "LC_ALL=C.UTF-8")
	cmd.Env = append(cmd.Env, c.env...)
	return cmd
}

// run runs the program to its good end and gives what it printed.
func (c client) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, code := c.try(t, stdin, args...)
	if code != 0 {
		t.Fatalf("%s %q: exit code %d\n%s\n%s", c.path, args, code, stdin, out)
	}
	return out
}

// try runs the program to any end.
func (c client) try(t *testing.T, stdin string, args ...string) (out string, code int) {
	t.Helper()
	printed, err := c.command(t, stdin, args...).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %q: %v", c.path, args, err)
	} else if err != nil {
		return string(printed), exit.ExitCode()
	}
	return string(printed), 0
}

// shows fails the test where the text lacks one of the words.
func shows(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("no %q in:\n%s", word, text)
		}
	}
}
