package probe

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Text writes a report for people, finding by finding. It is for one report.
type Text struct {
	W     io.Writer
	Color bool // with the escape sequences of terminals
	Width int  // of a line; 0: lines are as long as they are

	section string
	skipped []Finding
	err     error
}

// escape sequences by verdict.
var colors = map[Verdict]string{OK: "\x1b[32m", Note: "\x1b[36m", Warning: "\x1b[1;33m", Failure: "\x1b[1;31m", Skipped: "\x1b[2m"}

const (
	bold  = "\x1b[1m"
	dim   = "\x1b[2m"
	plain = "\x1b[0m"
)

// indent is where the text of a finding begins.
const indent = 11

// Finding writes one finding. What was skipped is told by End.
func (t *Text) Finding(f Finding) {
	if f.Verdict == Skipped {
		t.skipped = append(t.skipped, f)
		return
	}
	if f.Section != t.section {
		if t.section != "" {
			t.line("")
		}
		t.line(t.paint(bold, f.Section))
		t.section = f.Section
	}
	label := "  " + t.paint(colors[f.Verdict], fmt.Sprintf("%-*s", indent-2, f.Verdict))
	t.paragraph(label, indent, f.Title+": "+f.Summary)
	t.labelled("why", f.Reason)
	t.labelled("remedy", f.Remedy)
}

func (t *Text) labelled(label, text string) {
	if text != "" {
		t.paragraph(strings.Repeat(" ", indent)+t.paint(dim, fmt.Sprintf("%-8s", label)), indent+8, text)
	}
}

// End writes what was skipped and why, and the sum of it all.
func (t *Text) End(r Report) error {
	for len(t.skipped) > 0 {
		reason := t.skipped[0].Summary
		var titles []string
		for _, f := range t.skipped {
			if f.Summary == reason {
				titles = append(titles, f.Title)
			}
		}
		t.skipped = slices.DeleteFunc(t.skipped, func(f Finding) bool { return f.Summary == reason })
		t.line("")
		t.line(t.paint(bold, "Not examined: ") + reason)
		t.paragraph("  ", 2, strings.Join(titles, " · "))
	}
	t.line("")
	t.line(t.paint(outcomeColor(r.Outcome), string(r.Outcome)) + ": " + r.Counts.String() + fmt.Sprintf(", in %.1f s", r.Took))
	return t.err
}

// String is the numbers that are not 0.
func (c Counts) String() string {
	var words []string
	for _, one := range []struct {
		n         int
		one, many string
	}{
		{c.Failures, "failure", "failures"}, {c.Warnings, "warning", "warnings"}, {c.Notes, "note", "notes"},
		{c.OK, "ok", "ok"}, {c.Skipped, "not examined", "not examined"},
	} {
		if one.n > 0 {
			words = append(words, count(one.n, one.one, one.many))
		}
	}
	return strings.Join(words, ", ")
}

func outcomeColor(o Outcome) string {
	switch o {
	case Passed:
		return colors[OK]
	case Warned:
		return colors[Warning]
	}
	return colors[Failure]
}

func (t *Text) paint(color, text string) string {
	if !t.Color {
		return text
	}
	end := len(strings.TrimRight(text, " "))
	return color + text[:end] + plain + text[end:]
}

// paragraph writes text behind a label that is width wide, in lines.
func (t *Text) paragraph(label string, width int, text string) {
	for _, line := range wrap(text, t.Width-width) {
		t.line(label + line)
		label = strings.Repeat(" ", width)
	}
}

func (t *Text) line(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.W, strings.TrimRight(s, " ")+"\n")
	}
}

// wrap breaks text at blanks into lines of at most width characters; a longer
// word stands alone. A width below 20 is no width.
func wrap(text string, width int) (lines []string) {
	if width < 20 {
		return []string{text}
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
