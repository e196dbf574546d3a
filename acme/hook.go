package acme

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// hookTime is how long a command may take: some DNS providers need minutes.
const hookTime = 10 * time.Minute

// hookSays is how much of what a command prints is told.
const hookSays = 500

// A Hook is a command that sets TXT records for dns-01. It is run, without a
// shell, with three more arguments: "present" or "cleanup", the name of the
// record without a dot at its end, and its value. It ends once the record can
// be seen by everybody, with exit code 0. Several values of one name may be
// wanted at the same time, so present adds one and cleanup takes one away.
type Hook []string

// Present implements acmez.Solver.
func (h Hook) Present(ctx context.Context, c acme.Challenge) error {
	return h.run(ctx, "present", c)
}

// CleanUp implements acmez.Solver. It runs also when the server ends.
func (h Hook) CleanUp(ctx context.Context, c acme.Challenge) error {
	return h.run(context.WithoutCancel(ctx), "cleanup", c)
}

func (h Hook) run(ctx context.Context, what string, c acme.Challenge) error {
	ctx, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	args := append(append([]string{}, h[1:]...), what, c.DNS01TXTRecordName(), c.DNS01KeyAuthorization())
	cmd := exec.CommandContext(ctx, h[0], args...)
	cmd.WaitDelay = time.Second
	printed, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	return &Error{
		Host: c.Identifier.Value, Problem: h.failure(what, string(printed), errors.Join(ctx.Err(), err)), Err: err,
		Hint: fmt.Sprintf("run it by hand: %s present _acme-challenge.%s test", strings.Join(h, " "), c.Identifier.Value),
	}
}

// failure is one line: why, and the last words of the command.
func (h Hook) failure(what, printed string, err error) string {
	var exit *exec.ExitError
	why := err.Error()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		why = fmt.Sprintf("it did not end in %v", hookTime)
	case errors.As(err, &exit):
		why = exit.String()
	}
	problem := fmt.Sprintf("the command %s %s failed: %s", h[0], what, why)
	words := strings.Join(strings.Fields(printed), " ")
	if words == "" {
		return problem
	}
	return problem + ": " + words[max(0, len(words)-hookSays):]
}
