package ftp

import (
	"errors"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	utc := func(year, month, day, hour, minute, second, nanos int) time.Time {
		return time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	}
	for _, c := range []struct {
		why, s string
		want   time.Time // zero: ErrTime
	}{
		{"the form of 3659 §2.3", "20261122101500", utc(2026, 11, 22, 10, 15, 0, 0)},
		{"a fraction", "20261122101500.25", utc(2026, 11, 22, 10, 15, 0, 250e6)},
		{"nine digits of it count, as many as there are", "20261122101500.1234567899999", utc(2026, 11, 22, 10, 15, 0, 123456789)},
		{"the first year", "10000101000000", utc(1000, 1, 1, 0, 0, 0, 0)},
		{"the last second", "99991231235959", utc(9999, 12, 31, 23, 59, 59, 0)},
		{"a leap day", "20240229000000", utc(2024, 2, 29, 0, 0, 0, 0)},
		{"a leap day of a 400th year", "20000229000000", utc(2000, 2, 29, 0, 0, 0, 0)},
		{"a leap second is the one before", "20161231235960", utc(2016, 12, 31, 23, 59, 59, 0)},
		{"no leap day", "20260229000000", time.Time{}},
		{"no leap day in a 100th year", "19000229000000", time.Time{}},
		{"a year before the form begins", "09991231235959", time.Time{}},
		{"month 0", "20260022101500", time.Time{}},
		{"month 13", "20261322101500", time.Time{}},
		{"day 0", "20261100101500", time.Time{}},
		{"day 31 of November", "20261131101500", time.Time{}},
		{"hour 24", "20261122240000", time.Time{}},
		{"minute 60", "20261122106000", time.Time{}},
		{"second 60 where no leap second can be", "20261122101560", time.Time{}},
		{"second 61", "20161231235961", time.Time{}},
		{"the form of SITE UTIME", "202611221015", time.Time{}},
		{"fifteen digits", "202611221015001", time.Time{}},
		{"a point without digits", "20261122101500.", time.Time{}},
		{"a comma", "20261122101500,5", time.Time{}},
		{"a sign in the fraction", "20261122101500.+5", time.Time{}},
		{"a sign", "+2026112210150", time.Time{}},
		{"a space", "20261122101500 ", time.Time{}},
		{"nothing", "", time.Time{}},
	} {
		got, err := ParseTime(c.s)
		if !got.Equal(c.want) || (err == nil) == c.want.IsZero() || err != nil && !errors.Is(err, ErrTime) {
			t.Errorf("%s: ParseTime(%q) = %v, %v; want %v", c.why, c.s, got, err, c.want)
		}
		if got.Location() != time.UTC {
			t.Errorf("%s: ParseTime(%q) is of %v", c.why, c.s, got.Location())
		}
	}
}

func TestAppendTime(t *testing.T) {
	east := time.FixedZone("east", 3600)
	for _, c := range []struct {
		why  string
		t    time.Time
		want string
	}{
		{"UTC", time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC), "20261102030405"},
		{"from another zone, into the year before", time.Date(2026, 1, 1, 0, 30, 0, 0, east), "20251231233000"},
		{"cut, not rounded", time.Date(2026, 11, 2, 3, 4, 5, 999999999, time.UTC), "20261102030405"},
		{"before the first year", time.Time{}, "10000101000000"},
		{"after the last year", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "99991231235959"},
	} {
		if got := string(AppendTime([]byte("t="), c.t)); got != "t="+c.want {
			t.Errorf("%s: %s, want t=%s", c.why, got, c.want)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"20261122101500", "20161231235960.5", "20260229000000", "20261122101500.", "1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := ParseTime(s)
		if err != nil {
			return
		}
		again := string(AppendTime(nil, at))
		if again != s[:14] && s[8:14] != "235960" {
			t.Errorf("%q gives %v, and that %q", s, at, again)
		}
		if back, err := ParseTime(again); err != nil || !back.Equal(at.Truncate(time.Second)) {
			t.Errorf("%q gives %v, and its text %v, %v", s, at, back, err)
		}
	})
}
