package ftp

import (
	"errors"
	"time"
)

// ErrTime: not a time of RFC 3659 §2.3, or not a date of the calendar (501).
var ErrTime = errors.New("ftp: not a time of the form YYYYMMDDHHMMSS")

// The years that a time can have (RFC 3659 §2.3).
const (
	minYear = 1000
	maxYear = 9999
)

const timeDigits = len("YYYYMMDDHHMMSS")

// AppendTime appends t in UTC as YYYYMMDDHHMMSS, cut to the second (RFC 3659
// §2.3). A time that the form cannot express becomes the nearest one that it
// can: the years are 1000 to 9999.
func AppendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	switch {
	case year < minYear:
		return append(b, "10000101000000"...)
	case year > maxYear:
		return append(b, "99991231235959"...)
	}
	b = appendTwo(appendTwo(b, year/100), year%100)
	b = appendTwo(appendTwo(b, int(month)), day)
	return appendTwo(appendTwo(appendTwo(b, hour), minute), second)
}

func appendTwo(b []byte, n int) []byte {
	return append(b, byte('0'+n/10), byte('0'+n%10))
}

// expressible reports whether AppendTime gives t as it is.
func expressible(t time.Time) bool {
	year := t.UTC().Year()
	return minYear <= year && year <= maxYear
}

// ParseTime reads a time of RFC 3659 §2.3 as UTC: 14 digits, then if wanted a
// point and a fraction, of which nine digits count. The date must exist in
// the calendar. Second 60 is legal at a leap second, that is at 23:59, and
// becomes second 59, since Go's time knows no leap seconds. All else is
// ErrTime.
func ParseTime(s string) (time.Time, error) {
	if len(s) < timeDigits {
		return time.Time{}, ErrTime
	}
	nanos, ok := parseFraction(s[timeDigits:])
	for i := range timeDigits {
		ok = ok && isDigit(s[i])
	}
	if !ok {
		return time.Time{}, ErrTime
	}
	year, month, day := two(s, 0)*100+two(s, 2), two(s, 4), two(s, 6)
	hour, minute, second := two(s, 8), two(s, 10), two(s, 12)
	if hour == 23 && minute == 59 && second == 60 {
		second = 59
	}
	if year < minYear || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, ErrTime
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Month() != time.Month(month) { // a day too many or too few leads into another month
		return time.Time{}, ErrTime
	}
	return t, nil
}

func two(s string, at int) int { return int(s[at]-'0')*10 + int(s[at+1]-'0') }

// parseFraction reads "" or a point and at least one digit.
func parseFraction(s string) (nanos int, ok bool) {
	if s == "" {
		return 0, true
	}
	if s[0] != '.' || len(s) == 1 {
		return 0, false
	}
	unit := int(time.Second)
	for i := 1; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, false
		}
		unit /= 10
		nanos += int(s[i]-'0') * unit
	}
	return nanos, true
}
