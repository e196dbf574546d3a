package ftp

import (
	"io/fs"
	"strings"
	"time"
)

const day = 24 * time.Hour

// parseListDate reads the date that the fields begin with, in the forms of
// "ls -l": "Nov 22 10:15", "Nov 22 2025", "22 Nov 2025", "2025-11-22 10:15",
// "2025-11-22 10:15:30.123456789 +0100". used is how many fields it took; 0:
// there is none.
func parseListDate(fields []field, now time.Time) (t time.Time, precision time.Duration, used int) {
	if t, precision, used = parseISODate(fields); used > 0 {
		return t, precision, used
	}
	if len(fields) < 3 {
		return time.Time{}, 0, 0
	}
	month, dayText := fields[0].text, fields[1].text
	if monthOf(month) == 0 {
		month, dayText = dayText, month
	}
	m, d := monthOf(month), smallNumber(strings.TrimSuffix(dayText, "."))
	if m == 0 || d < 1 || d > 31 {
		return time.Time{}, 0, 0
	}
	last := fields[2].text
	if year := smallNumber(last); len(last) == 4 && year > 0 {
		return time.Date(year, m, d, 0, 0, 0, 0, time.UTC), day, 3
	}
	clock, ok := parseClock(last)
	if !ok {
		return time.Time{}, 0, 0
	}
	if t, ok = latest(m, d, clock, now); !ok {
		return time.Time{}, 0, 0
	}
	return t, time.Minute, 3
}

// leapGap is the longest time from one 29 February to the next: 1896 to 1904.
const leapGap = 8

// latest is the last such date that is not more than a day after now; not ok
// for a day that its month never has.
func latest(m time.Month, d int, clock time.Duration, now time.Time) (time.Time, bool) {
	newest := now.UTC().Year() + 1
	for year := newest; year >= newest-1-leapGap; year-- {
		t := time.Date(year, m, d, 0, 0, 0, 0, time.UTC).Add(clock)
		if t.Day() == d && !t.After(now.Add(day)) {
			return t, true
		}
	}
	return time.Time{}, false
}

func parseISODate(fields []field) (t time.Time, precision time.Duration, used int) {
	if len(fields) == 0 {
		return time.Time{}, 0, 0
	}
	t, err := time.Parse(time.DateOnly, fields[0].text)
	if err != nil {
		return time.Time{}, 0, 0
	}
	if len(fields) < 2 {
		return t, day, 1
	}
	text := fields[1].text
	clock, ok := parseClock(text)
	if !ok {
		return t, day, 1
	}
	precision = time.Minute
	if strings.Count(text, ":") == 2 {
		precision = time.Second
	}
	if len(fields) > 2 && isZone(fields[2].text) {
		if zoned, err := time.Parse("2006-01-02 -0700", fields[0].text+" "+fields[2].text); err == nil {
			return zoned.Add(clock).UTC(), precision, 3
		}
	}
	return t.Add(clock), precision, 2
}

// isZone: "+0100".
func isZone(s string) bool {
	return len(s) == 5 && (s[0] == '+' || s[0] == '-') && smallNumber(s[1:]) >= 0
}

// parseClock reads "10:15", "10:15:30" and "10:15:30.5", of which the fraction
// is dropped.
func parseClock(s string) (time.Duration, bool) {
	s, _, _ = strings.Cut(s, ".")
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second, true
		}
	}
	return 0, false
}

// parseDOSTime reads "11-22-25" or "11-22-2025" or "2025-11-22", and "10:15AM"
// or "10:15".
func parseDOSTime(date, clock string) (time.Time, bool) {
	for _, layout := range []string{"01-02-06", "01-02-2006", time.DateOnly, "01/02/06", "01/02/2006"} {
		for _, tail := range []string{" 03:04PM", " 15:04"} {
			if t, err := time.Parse(layout+tail, date+" "+clock); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// monthOf is 0 for what is no English name of a month, three letters long.
func monthOf(s string) time.Month {
	if len(s) != 3 {
		return 0
	}
	for m := range 12 {
		if strings.EqualFold(s, months[3*m:3*m+3]) {
			return time.Month(m + 1)
		}
	}
	return 0
}

// smallNumber is -1 for what is no number of one to four digits.
func smallNumber(s string) int {
	n, err := parseDigits(s, 14)
	if err != nil || len(s) > 4 {
		return -1
	}
	return int(n)
}

// modeOfLetters reads "rwxr-x--t".
func modeOfLetters(letters string) fs.FileMode {
	var mode fs.FileMode
	special := [...]fs.FileMode{fs.ModeSetuid, fs.ModeSetgid, fs.ModeSticky}
	for i := range 9 {
		c := letters[i]
		if c != '-' && c != 'S' && c != 'T' && c != 'l' && c != 'L' {
			mode |= 1 << (8 - i)
		}
		if i%3 == 2 && strings.IndexByte("sStTlL", c) >= 0 {
			mode |= special[i/3]
		}
	}
	return mode
}
