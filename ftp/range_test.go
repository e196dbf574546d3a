package ftp

import (
	"errors"
	"math"
	"strconv"
	"testing"
)

func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		why, s string
		want   int64 // -1: ErrNumber
	}{
		{"zero", "0", 0},
		{"the largest", "9223372036854775807", math.MaxInt64},
		{"leading zeros", "000000000000000000000000000007", 7},
		{"spaces around", "  12 ", 12},
		{"one more than the largest", "9223372036854775808", -1},
		{"what would wrap around to 0", "18446744073709551616", -1},
		{"a plus", "+1", -1},
		{"a minus", "-1", -1},
		{"minus zero", "-0", -1},
		{"hexadecimal", "0x10", -1},
		{"an underscore", "1_000", -1},
		{"an exponent", "1e3", -1},
		{"a space inside", "1 2", -1},
		{"a tab", "\t1", -1},
		{"digits of other scripts", "١", -1},
		{"spaces alone", "  ", -1},
		{"nothing", "", -1},
	} {
		got, err := ParseNumber(c.s)
		if c.want < 0 && (got != 0 || !errors.Is(err, ErrNumber)) || c.want >= 0 && (got != c.want || err != nil) {
			t.Errorf("%s: ParseNumber(%q) = %d, %v; want %d", c.why, c.s, got, err, c.want)
		}
	}
}

func TestParseRange(t *testing.T) {
	for _, c := range []struct {
		why, arg    string
		first, last int64 // -1: ErrRange
	}{
		{"a range", "10 99", 10, 99},
		{"one byte", "0 0", 0, 0},
		{"what resets the range is the caller's question", "1 0", 1, 0},
		{"any number of spaces", "  1   2 ", 1, 2},
		{"the largest", "0 9223372036854775807", 0, math.MaxInt64},
		{"one number", "1", -1, -1},
		{"three numbers", "1 2 3", -1, -1},
		{"a hyphen", "1-2", -1, -1},
		{"a negative end", "0 -1", -1, -1},
		{"a negative start", "-1 0", -1, -1},
		{"nothing", "", -1, -1},
	} {
		first, last, err := ParseRange(c.arg)
		if c.first < 0 && (first != 0 || last != 0 || !errors.Is(err, ErrRange)) ||
			c.first >= 0 && (first != c.first || last != c.last || err != nil) {
			t.Errorf("%s: ParseRange(%q) = %d, %d, %v; want %d, %d", c.why, c.arg, first, last, err, c.first, c.last)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"0", " 007 ", "9223372036854775807", "9223372036854775808", "-1", "+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseNumber(s)
		if n < 0 || err != nil && n != 0 {
			t.Fatalf("%q gives %d, %v", s, n, err)
		}
		if again, err := ParseNumber(strconv.FormatInt(n, 10)); again != n || err != nil {
			t.Errorf("%q gives %d, and that %d, %v", s, n, again, err)
		}
	})
}

func FuzzParseRange(f *testing.F) {
	for _, arg := range []string{"1 0", "0 99", " 1  2 ", "1", "1 2 3"} {
		f.Add(arg)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		first, last, err := ParseRange(arg)
		if err != nil {
			return
		}
		a, b, err := ParseRange(strconv.FormatInt(first, 10) + " " + strconv.FormatInt(last, 10))
		if first < 0 || last < 0 || a != first || b != last || err != nil {
			t.Errorf("%q gives %d, %d, and those %d, %d, %v", arg, first, last, a, b, err)
		}
	})
}
