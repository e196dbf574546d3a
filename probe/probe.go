// Package probe examines an FTPS server from the outside, whatever its
// software, and says of each point what it found, why that matters and what
// to do about it.
//
// All probes stand in one table; Probes is it, in the order in which Examine
// runs them. Where a probe writes, it writes into one directory of its own,
// which is removed at the end, also when the context ends before.
package probe

import (
	"context"
	"fmt"
	"time"
)

// A Verdict is what a probe comes to.
type Verdict int

// The verdicts, from best to worst, and Skipped, which is none.
const (
	OK      Verdict = iota
	Note            // worth knowing; nothing has to be done
	Warning         // works, but should be changed
	Failure         // does not work, loses data or lets somebody in
	Skipped         // not examined, for the reason in the summary
)

var verdictNames = [...]string{OK: "ok", Note: "note", Warning: "warning", Failure: "failure", Skipped: "skipped"}

// String is the verdict as reports have it.
func (v Verdict) String() string { return verdictNames[v] }

// MarshalText is String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdictNames {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("probe: %q is no verdict", text)
}

// A Finding is what one probe found. Texts hold no control characters, also
// where they quote the server.
type Finding struct {
	Probe   string        `json:"probe"` // the Probe's ID
	Section string        `json:"section"`
	Title   string        `json:"title"`
	Verdict Verdict       `json:"verdict"`
	Summary string        `json:"summary"`          // what was seen, or why it was skipped
	Reason  string        `json:"reason,omitempty"` // why it matters; "" with OK and Skipped
	Remedy  string        `json:"remedy,omitempty"` // what to do, in the words of the software
	Took    time.Duration `json:"-"`
}

// A Probe examines one point.
type Probe struct {
	ID      string // never changes: what --only, --skip and monitors name
	Section string
	Title   string
	Why     string // why the point matters, in one sentence

	needs need
	run   func(context.Context, *Patient) Finding
}

// need is what a probe cannot do without.
type need uint8

const (
	needClear   need = 1 << iota // a control connection that starts in clear
	needTLS                      // a TLS handshake that works
	needLogin                    // a user, and a login that works
	needUpload                   // the right to write
	needSlow                     // minutes of time
	needSelf                     // the configuration of the server
	needNothing need = 0
)

func (n need) has(m need) bool { return n&m != 0 }

func ok(format string, args ...any) Finding      { return found(OK, format, args) }
func note(format string, args ...any) Finding    { return found(Note, format, args) }
func warning(format string, args ...any) Finding { return found(Warning, format, args) }
func failure(format string, args ...any) Finding { return found(Failure, format, args) }
func skipped(format string, args ...any) Finding { return found(Skipped, format, args) }

func found(v Verdict, format string, args []any) Finding {
	return Finding{Verdict: v, Summary: fmt.Sprintf(format, args...)}
}

// because sets a reason other than the one of the table.
func (f Finding) because(reason string) Finding {
	f.Reason = reason
	return f
}

// advise sets a remedy other than the one of the table.
func (f Finding) advise(remedy string) Finding {
	f.Remedy = remedy
	return f
}

// complete fills in what the table and the software say.
func (p Probe) complete(f Finding, s Software) Finding {
	f.Probe, f.Section, f.Title = p.ID, p.Section, p.Title
	f.Summary = printable(f.Summary)
	if f.Verdict == OK || f.Verdict == Skipped {
		f.Reason, f.Remedy = "", ""
		return f
	}
	if f.Reason == "" {
		f.Reason = p.Why
	}
	if f.Remedy == "" {
		f.Remedy = remedyFor(p.ID, s)
	}
	f.Reason, f.Remedy = printable(f.Reason), printable(f.Remedy)
	return f
}
