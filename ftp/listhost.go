package ftp

import (
	"strings"
	"time"
)

// vmsLine: "NAME.TXT;1  2/4  22-NOV-2025 10:15:30  [ALICE]  (RWED,RE,,)". The
// version is taken off; sizes are blocks.
func vmsLine(_ string, fields []field, _ time.Time) (Listed, bool) {
	if len(fields) < 4 {
		return Listed{}, false
	}
	name, version, ok := strings.Cut(fields[0].text, ";")
	if !ok || smallNumber(version) < 0 {
		return Listed{}, false
	}
	when, err := time.Parse("2-Jan-2006", capitalMonth(fields[2].text))
	clock, clockOK := parseClock(fields[3].text)
	if err != nil || !clockOK {
		return Listed{}, false
	}
	l := Listed{Entry: Entry{Name: name, Size: -1, ModTime: when.Add(clock), Type: "file"}, Precision: time.Minute}
	if base, isDir := strings.CutSuffix(name, ".DIR"); isDir {
		l.Name, l.Dir, l.Type, l.Size = base, true, "dir", 0
	}
	return l, true
}

// capitalMonth turns "22-NOV-2025" into what package time reads.
func capitalMonth(s string) string {
	parts := strings.Split(s, "-")
	if len(parts) != 3 || monthOf(parts[1]) == 0 {
		return s
	}
	parts[1] = months[3*monthOf(parts[1])-3 : 3*monthOf(parts[1])]
	return strings.Join(parts, "-")
}

// dataSetLine: "WPTA01 3290 2004/03/04 1 3 FB 80 3125 PO MY.LIB", a data set
// of z/OS. Partitioned ones (PO) have members and count as directories.
func dataSetLine(_ string, fields []field, _ time.Time) (Listed, bool) {
	if len(fields) != 10 {
		return Listed{}, false
	}
	when, err := time.Parse("2006/01/02", fields[2].text)
	if err != nil {
		return Listed{}, false
	}
	l := Listed{Entry: Entry{Name: fields[9].text, Size: -1, ModTime: when, Type: "file"}, Precision: day}
	if strings.HasPrefix(fields[8].text, "PO") {
		l.Dir, l.Type, l.Size = true, "dir", 0
	}
	return l, true
}

// memberLine: "MEMBER 01.05 1996/08/02 1997/06/19 15:23 12 10 0 ALICE", a
// member of a partitioned data set.
func memberLine(_ string, fields []field, _ time.Time) (Listed, bool) {
	if len(fields) < 5 || !strings.Contains(fields[1].text, ".") {
		return Listed{}, false
	}
	when, err := time.Parse("2006/01/02", fields[3].text)
	clock, ok := parseClock(fields[4].text)
	if err != nil || !ok {
		return Listed{}, false
	}
	return Listed{Entry: Entry{Name: fields[0].text, Size: -1, ModTime: when.Add(clock), Type: "file"}, Precision: time.Minute}, true
}
