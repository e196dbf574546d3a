package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/bench/load"
)

// A result is what one server did in one workload.
type result struct {
	Server string `json:"server"`
	// Figures of each round in the workload's unit, and the time on the clock
	// in seconds.
	Figures []float64 `json:"figures"`
	Seconds []float64 `json:"seconds,omitempty"`
	Skipped string    `json:"skipped,omitempty"` // why
}

// A row is a workload with what came of it.
type row struct {
	Workload string   `json:"workload"`
	Unit     string   `json:"unit"`
	Must     float64  `json:"must,omitempty"` // the most that Ratio may be
	Results  []result `json:"results"`        // Sealift's comes first
}

func (r result) median() float64 { return median(r.Figures) }

// ratio is Sealift's figure to that of the best of the others, whose name it
// tells; 0: there is no other, or it took too little to be seen.
func (r row) ratio() (ratio float64, best string) {
	if len(r.Results) < 2 || len(r.Results[0].Figures) == 0 {
		return 0, ""
	}
	others := slices.DeleteFunc(slices.Clone(r.Results[1:]), func(o result) bool { return len(o.Figures) == 0 || strings.HasPrefix(o.Server, "Sealift") })
	if len(others) == 0 {
		return 0, ""
	}
	b := slices.MinFunc(others, func(a, b result) int { return cmp.Compare(a.median(), b.median()) })
	if b.median() == 0 {
		return 0, ""
	}
	return r.Results[0].median() / b.median(), b.Server
}

// spread is the distance of the extremes, as a part of the median.
func (r result) spread() float64 {
	if m := r.median(); m > 0 {
		return (slices.Max(r.Figures) - slices.Min(r.Figures)) / m
	}
	return 0
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// measureRow lets the servers take turns, and tells w how it goes. A server
// that fails is an error: it did not do the work.
func measureRow(w workload, servers []*server, rounds int, out io.Writer) (row, error) {
	r := row{Workload: w.name, Unit: w.unit, Must: w.must}
	for _, s := range servers {
		r.Results = append(r.Results, result{Server: s.name, Skipped: w.skip[s.name]})
		if w.skip[s.name] != "" {
			continue
		}
		if w.prepare == nil {
			continue
		}
		if err := w.prepare(s); err != nil {
			return r, fmt.Errorf("%s, %s: %w", w.name, s.name, err)
		}
	}
	for range rounds {
		for i, s := range servers {
			if r.Results[i].Skipped != "" {
				continue
			}
			if err := measureOnce(w, s, &r.Results[i]); err != nil {
				return r, fmt.Errorf("%s, %s: %w", w.name, s.name, err)
			}
		}
	}
	ratio, best := r.ratio()
	fmt.Fprintf(out, "%-60s %10.3f %s, %.2f of %s\n", w.name, r.Results[0].median(), w.unit, ratio, best)
	return r, nil
}

func measureOnce(w workload, s *server, into *result) error {
	idle, err := s.pss()
	if err != nil {
		return err
	}
	sessions, err := w.dialAll(s)
	if err != nil {
		return err
	}
	defer drop(sessions)
	if w.run == nil {
		return measureMemory(w, s, sessions, idle, into)
	}
	debug.FreeOSMemory() // this program's garbage is nobody's fault
	before, err := s.cpuSettled()
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := sideBySide(w.sessions, func(i int) error { return w.run(sessions[i], s, i) }); err != nil {
		return err
	}
	took := time.Since(begin)
	after, err := s.cpuSettled()
	if err != nil {
		return err
	}
	into.Figures = append(into.Figures, (after-before).Seconds()/w.amount)
	into.Seconds = append(into.Seconds, took.Seconds())
	return nil
}

// measureMemory is what the sessions take over what the server had before
// them. Each must still answer.
func measureMemory(w workload, s *server, sessions []*load.Session, before int64, into *result) error {
	for _, l := range sessions {
		if err := l.Noop(); err != nil {
			return err
		}
	}
	if _, err := s.cpuSettled(); err != nil {
		return err
	}
	after, err := s.pss()
	into.Figures = append(into.Figures, float64(after-before)/w.amount)
	return err
}

// cpuSettled waits until a server is done with what follows the last reply.
func (s *server) cpuSettled() (time.Duration, error) {
	last, err := s.cpu()
	for err == nil {
		time.Sleep(5 * tick)
		var now time.Duration
		if now, err = s.cpu(); now == last {
			break
		}
		last = now
	}
	return last, err
}
