package config

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A Size is a number of bytes, written 1500, 64K, 10M, 10G or 2T; the letters
// stand for powers of 1024. It can be a flag's value.
type Size int64

const sizeHint = "write it as 1500, 64K, 10M or 10G"

// UnmarshalText reads what String writes; also 10g, 10GB and 10GiB, which
// mean the same.
func (s *Size) UnmarshalText(b []byte) error {
	given := string(b)
	digits := strings.TrimRight(given, "KMGTPEkmgtpeiBb")
	n, err := strconv.ParseInt(digits, 10, 64)
	shift, known := sizeUnits[strings.ToUpper(given[len(digits):])]
	switch {
	case err != nil || !known || n < 0 || digits[0] == '+':
		return wrongf(sizeHint, "%q is no size", given)
	case n > math.MaxInt64>>shift:
		return wrongf(sizeHint, "%q is larger than 8 EiB", given)
	}
	*s = Size(n << shift)
	return nil
}

// MarshalText is String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is exact: "10G", and "1500" where no unit fits.
func (s Size) String() string {
	for _, unit := range []string{"P", "T", "G", "M", "K"} {
		if shift := sizeUnits[unit]; s != 0 && s%(1<<shift) == 0 {
			return strconv.FormatInt(int64(s)>>shift, 10) + unit
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// sizeUnits are the powers of two.
var sizeUnits = func() map[string]int {
	units := map[string]int{"": 0, "B": 0}
	for i, letter := range []string{"K", "M", "G", "T", "P"} {
		for _, unit := range []string{letter, letter + "B", letter + "IB"} {
			units[unit] = 10 * (i + 1)
		}
	}
	return units
}()

// size is a number of bytes: a whole number, or a Size.
type size struct{ p *int64 }

func (n size) set(v any) error {
	switch v := v.(type) {
	case int64:
		return n.parse(strconv.FormatInt(v, 10))
	case string:
		return n.parse(v)
	}
	return wrongKind(v, "a size", `1500, "64K", "10M" or "10G"`)
}

func (n size) parse(s string) error { return (*Size)(n.p).UnmarshalText([]byte(s)) }

func (n size) toml() string {
	s := Size(*n.p).String()
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return s
	}
	return quote(s)
}

// shortest is the least for a timeout.
const shortest = time.Second

// longest is the most for any duration: 10 years.
const longest = 10 * 365 * 24 * time.Hour

// duration is a time span from least on, "30s"; 0 needs no unit.
type duration struct {
	p     *time.Duration
	least time.Duration
}

const durationHint = "write it as 30s, 5m or 24h"

func (d duration) set(v any) error {
	switch v := v.(type) {
	case int64:
		return d.parse(strconv.FormatInt(v, 10))
	case string:
		return d.parse(v)
	}
	return wrongKind(v, "a time span", `"30s", "5m" or "24h"`)
}

func (d duration) parse(s string) error {
	given, err := time.ParseDuration(s)
	if err != nil {
		problem := "%q is no time span"
		if _, err := strconv.ParseInt(s, 10, 64); err == nil {
			problem = "%s needs a unit"
		}
		return wrongf(durationHint, problem, s)
	}
	if given < d.least || given > longest {
		return wrongf("", "%s is out of range: %s to %s", s, spell(d.least), spell(longest))
	}
	*d.p = given
	return nil
}

func (d duration) toml() string {
	if *d.p == 0 {
		return "0"
	}
	return quote(spell(*d.p))
}

// spell is d without parts that are zero: "5m" where time says "5m0s".
func spell(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
