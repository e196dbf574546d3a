// Package fault is how the sealift command fails: with one line that says
// what is wrong, one that says what to do about it, and an exit code.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/config"
)

// A Code is what the process exits with.
type Code int

// The exit codes.
const (
	Done Code = iota
	Failed
	Usage
	NotConnected
	NotTrusted
	Refused
	NotFound
	Interrupted
)

// An Error is a failure with its exit code.
type Error struct {
	Code    Code
	Problem string
	Hint    string // what to do about it, "" if the Problem says it
	Err     error  // the cause, or nil
}

// New is an Error with a problem of the form given.
func New(code Code, hint, problem string, args ...any) *Error {
	return &Error{Code: code, Problem: fmt.Sprintf(problem, args...), Hint: hint}
}

// Error is the problem and the cause, in one line.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Problem
	}
	return e.Problem + ": " + e.Err.Error()
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// A Line is one thing that is wrong, as people and the control socket see it.
type Line struct {
	Problem string `json:"problem"`
	Hint    string `json:"hint,omitempty"`
}

// Lines is an error of several lines: one that came over the control socket.
type Lines []Line

// Error is all problems.
func (l Lines) Error() string {
	var problems []string
	for _, line := range l {
		problems = append(problems, line.Problem)
	}
	return strings.Join(problems, "; ")
}

// Of says what is wrong in err, a Line for each error that was joined.
func Of(err error) Lines {
	var lines Lines
	if errors.As(err, &lines) {
		return lines
	}
	if all := config.Errors(err); len(all) > 0 {
		for _, e := range all {
			lines = append(lines, Line{e.Error(), e.Hint})
		}
		return lines
	}
	hint := hintOf(err)
	problem := strings.ReplaceAll(strings.TrimSuffix(err.Error(), "; "+hint), "ftpclient: ", "")
	return Lines{{oneLine(problem), hint}}
}

// hintOf is what the errors of this project say to do about err.
func hintOf(err error) string {
	var own *Error
	var file *certs.FileError
	var hinted interface{ Hint() string }
	switch {
	case errors.As(err, &own) && own.Hint != "":
		return own.Hint
	case errors.As(err, &file):
		return file.Hint
	case errors.As(err, &hinted):
		return hinted.Hint()
	}
	if l := learn(err); l != nil {
		return l.hint
	}
	return ""
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// CodeOf is what to exit with because of err; nil is Done.
func CodeOf(err error) Code {
	var own *Error
	switch {
	case err == nil:
		return Done
	case errors.As(err, &own):
		return own.Code
	case errors.Is(err, account.ErrNotFound):
		return NotFound
	case slices.ContainsFunc(config.Errors(err), func(e *config.Error) bool { return strings.HasPrefix(e.Source, "--") }):
		return Usage
	}
	if l := learn(err); l != nil {
		return l.code
	}
	return Failed
}
