package ftp

import (
	"errors"
	"strconv"
	"strings"
)

// Errors of a number in a command.
var (
	// ErrNumber: not a decimal number of the range 0 to 2^63-1 (501).
	ErrNumber = errors.New("ftp: not a number between 0 and 9223372036854775807")
	// ErrRange: not two such numbers (501).
	ErrRange = errors.New("ftp: a range is two numbers, first and last")
)

// ParseNumber reads the decimal number of REST, ALLO, SIZE and their like:
// digits only, at most 2^63-1. Leading zeros and surrounding spaces are
// allowed, a sign is not. All else is ErrNumber.
func ParseNumber(s string) (int64, error) {
	n, err := parseDigits(strings.Trim(s, " "), 63)
	if err != nil {
		return 0, ErrNumber
	}
	return int64(n), nil
}

// ParseRange reads the argument of RANG, "first last": two positions in
// bytes from 0 on, both inclusive (draft-bryan-ftp-range §3). Whether first
// is behind last is the caller's question, as "1 0" means "no range". All
// that is not two numbers is ErrRange.
func ParseRange(arg string) (first, last int64, err error) {
	head, tail, _ := strings.Cut(strings.Trim(arg, " "), " ")
	first, err = ParseNumber(head)
	if err != nil {
		return 0, 0, ErrRange
	}
	last, err = ParseNumber(tail)
	if err != nil {
		return 0, 0, ErrRange
	}
	return first, last, nil
}

// parseDigits is strconv.ParseUint for base 10, which refuses signs and
// underscores by itself.
func parseDigits(s string, bits int) (uint64, error) {
	return strconv.ParseUint(s, 10, bits)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlphanumeric(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
}
