package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// A report is one run.
type report struct {
	Date    time.Time `json:"date"`
	Machine string    `json:"machine"`
	Go      string    `json:"go"`
	Rounds  int       `json:"rounds"`
	Rows    []row     `json:"rows"`
}

func newReport(rounds int) *report {
	return &report{Date: time.Now().UTC(), Machine: machine(), Go: runtime.Version(), Rounds: rounds}
}

// machine is the processor, and how many of it.
func machine() string {
	model := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d cores of %s", runtime.NumCPU(), model)
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// writeTable writes Markdown: a row for each workload, a column for each
// server, and how Sealift does.
func (r *report) writeTable(w io.Writer) error {
	if len(r.Rows) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	heading, rule := "| workload\t| unit", "|---\t|---"
	for _, s := range r.Rows[0].Results {
		heading += "\t| " + s.Server
		rule += "\t|---"
	}
	fmt.Fprintf(t, "%s\t| ratio\t| must\t|\n%s\t|---\t|---\t|\n", heading, rule)
	for _, row := range r.Rows {
		fmt.Fprintf(t, "| %s\t| %s", row.Workload, row.Unit)
		for _, s := range row.Results {
			fmt.Fprintf(t, "\t| %s", s.cell())
		}
		fmt.Fprintf(t, "\t| %s\t| %s\t|\n", row.verdict(), row.demand())
	}
	return t.Flush()
}

// cell is the median and half of the spread.
func (r result) cell() string {
	if r.Skipped != "" {
		return r.Skipped
	}
	return fmt.Sprintf("%.3g ±%.0f %%", r.median(), r.spread()*50)
}

func (r row) verdict() string {
	ratio, best := r.ratio()
	if best == "" {
		return "–"
	}
	return fmt.Sprintf("%.2f of %s", ratio, best)
}

func (r row) demand() string {
	ratio, best := r.ratio()
	switch {
	case r.Must == 0 || best == "":
		return "–"
	case ratio <= r.Must:
		return fmt.Sprintf("≤ %.2f met", r.Must)
	}
	return fmt.Sprintf("≤ %.2f **missed**", r.Must)
}
