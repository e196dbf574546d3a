package config

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/sealift/sealift/nearest"
)

// An Error says what is wrong with one key, and where it was given: in a line
// of a file, or in a Source.
type Error struct {
	File    string // "" if it was not in a file
	Line    int    // from 1; 0 if it is not known
	Source  string // the environment variable or the flag; "" if it was in a file
	Key     string // "policy.ccc"; "" if it is not about a key
	Problem string // "unknown key"
	Hint    string // what to do about it, "" if the Problem says it
	Err     error  // the cause, or nil
}

// Error is one line, without the hint.
func (e *Error) Error() string {
	var parts []string
	switch {
	case e.File != "" && e.Line > 0:
		parts = append(parts, fmt.Sprintf("%s:%d", e.File, e.Line))
	case cmp.Or(e.File, e.Source) != "":
		parts = append(parts, cmp.Or(e.File, e.Source))
	}
	if e.Key != "" {
		parts = append(parts, e.Key)
	}
	return strings.Join(append(parts, e.Problem), ": ")
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errors are the single errors that Load and Validate have joined.
func Errors(err error) []*Error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Error
		for _, e := range joined.Unwrap() {
			all = append(all, Errors(e)...)
		}
		return all
	}
	var e *Error
	if errors.As(err, &e) {
		return []*Error{e}
	}
	return nil
}

// wrong is the error about a value: a problem, and a hint.
type wrong struct{ problem, hint string }

func (w *wrong) Error() string { return w.problem }

func wrongf(hint, problem string, args ...any) error {
	return &wrong{fmt.Sprintf(problem, args...), hint}
}

// parts are the problem and the hint in err.
func parts(err error) (problem, hint string) {
	var w *wrong
	var u *nearest.Unknown
	switch {
	case errors.As(err, &w):
		return w.problem, w.hint
	case errors.As(err, &u):
		return u.Problem(), u.Hint()
	}
	return err.Error(), ""
}

// origin is where a key was given.
type origin struct {
	file   string
	line   int
	source string
}

// error is about key, given there.
func (o origin) error(key string, err error) *Error {
	problem, hint := parts(err)
	return &Error{File: o.file, Line: o.line, Source: o.source, Key: key, Problem: problem, Hint: hint, Err: err}
}
