package fault

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/nearest"
)

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		why  string
		err  error
		code Code
		want Lines
	}{
		{"our own", New(NotFound, "look there", "no %s", "x"), NotFound, Lines{{"no x", "look there"}}},
		{"with a cause", &Error{Code: Usage, Problem: "--x", Err: errors.New("bad")}, Usage, Lines{{"--x: bad", ""}}},
		{"the hint of the cause, and it once", &Error{Code: Usage, Problem: "--x", Err: &nearest.Unknown{What: "level", Word: "R", Valid: []string{"P", "C"}}}, Usage,
			Lines{{`--x: unknown level "R"`, "valid: P, C"}}},
		{"another's", &account.WordError{Word: "reed"}, Failed, Lines{{`unknown permission "reed"`, `did you mean "read"?`}}},
		{"of a file", &certs.FileError{File: "f", Problem: "is bad", Hint: "fix it"}, Failed, Lines{{"f: is bad", "fix it"}}},
		{"every one of a configuration", errors.Join(&config.Error{Key: "a", Problem: "p", Hint: "h"}, &config.Error{Key: "b", Problem: "q"}), Failed,
			Lines{{"a: p", "h"}, {"b: q", ""}}},
		{"a flag's value", &config.Error{Source: "--listen", Key: "a", Problem: "p"}, Usage, Lines{{"--listen: a: p", ""}}},
		{"one line only", errors.New("a\nb"), Failed, Lines{{"a; b", ""}}},
		{"an account that is not there", fmt.Errorf("x: %w", account.ErrNotFound), NotFound, Lines{{"x: account: not found", ""}}},
		{"what came over the socket", Lines{{"p", "h"}}, Failed, Lines{{"p", "h"}}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			if got := Of(tt.err); fmt.Sprint(got) != fmt.Sprint(tt.want) || CodeOf(tt.err) != tt.code {
				t.Errorf("got %d %q, want %d %q", CodeOf(tt.err), got, tt.code, tt.want)
			}
		})
	}
	if CodeOf(nil) != Done {
		t.Error("nothing is wrong with nil")
	}
}
