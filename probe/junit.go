package probe

import (
	"encoding/xml"
	"io"
	"time"
)

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Hostname string      `xml:"hostname,attr"`
	Time     float64     `xml:"time,attr"`
	Stamp    string      `xml:"timestamp,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    float64       `xml:"time,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report as a test suite in the form of JUnit, a test
// for each probe. Warnings are failures where strict is set, output otherwise.
func WriteJUnit(w io.Writer, r Report, strict bool) error {
	s := junitSuite{Name: "sealift doctor", Hostname: r.Host, Time: r.Took, Stamp: r.Started.UTC().Format(time.RFC3339),
		Tests: len(r.Findings), Skipped: r.Counts.Skipped}
	for _, f := range r.Findings {
		c := junitCase{Class: "doctor." + f.Probe, Name: f.Title, Time: f.Took.Seconds()}
		text := f.Reason + "\n" + f.Remedy
		switch {
		case f.Verdict == Failure || f.Verdict == Warning && strict:
			c.Failure = &junitMessage{f.Summary, text}
			s.Failures++
		case f.Verdict == Skipped:
			c.Skipped = &junitMessage{Message: f.Summary}
		default:
			c.Out = f.Verdict.String() + ": " + f.Summary
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
