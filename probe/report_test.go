package probe

import (
	"encoding/json"
	"encoding/xml"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
)

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Probes() {
		if p.ID == "" || p.Section == "" || p.Title == "" || !strings.HasSuffix(p.Why, ".") && !strings.HasSuffix(p.Why, ").") || p.run == nil || seen[p.ID] {
			t.Errorf("%q is incomplete, or there twice", p.ID)
		}
		seen[p.ID] = true
	}
	if len(seen) < 30 {
		t.Errorf("there are %d probes", len(seen))
	}
}

// keys of remedies that several probes share.
var sharedRemedies = []string{"passive-reach", "truncated-kept"}

// withoutRemedy are the probes that carry it themselves, or need none.
var withoutRemedy = []string{"software", "certificate-name", "certificate-key", "certificate-form", cleanupID}

func TestRemedies(t *testing.T) {
	ids := slices.Concat(sharedRemedies)
	for _, p := range Probes() {
		ids = append(ids, p.ID)
		if (remedyFor(p.ID, Unknown) == "") != slices.Contains(withoutRemedy, p.ID) {
			t.Errorf("%s: a general remedy is missing, or needless", p.ID)
		}
	}
	for id := range remedies {
		if !slices.Contains(ids, id) {
			t.Errorf("there is a remedy for %s, which is no probe", id)
		}
	}
	for s, want := range map[Software]string{
		Vsftpd: "vsftpd: force_local_data_ssl=YES (and, if anonymous logins are on, force_anon_data_ssl=YES).", Unknown: "Let the server demand PROT P.",
	} {
		if got := remedyFor("plain-data", s); got != want {
			t.Errorf("%s: %q", s, got)
		}
	}
}

var sample = Report{
	Host: "ftp.example.org", Port: 21, Started: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Took: 1.25, Outcome: Failed,
	Counts: Counts{OK: 1, Warnings: 1, Failures: 1, Skipped: 2},
	Findings: []Finding{
		{Probe: "auth", Section: "Commands", Title: "TLS", Verdict: OK, Summary: "TLS 1.3", Took: time.Second},
		{Probe: "order", Section: "Commands", Title: "Order", Verdict: Warning, Summary: "PBSZ 200", Reason: "A reason that is long enough for two lines.", Remedy: "A newer version."},
		{Probe: "hash", Section: "Files", Title: "Digests", Verdict: Failure, Summary: "wrong <digest>", Reason: "It lies."},
		{Probe: "names", Section: "Files", Title: "Names", Verdict: Skipped, Summary: "--read-only"},
		{Probe: "abor", Section: "Files", Title: "ABOR", Verdict: Skipped, Summary: "--read-only"},
	},
}

func written(t *testing.T, text Text) string {
	t.Helper()
	var b strings.Builder
	text.W = &b
	for _, f := range sample.Findings {
		text.Finding(f)
	}
	if err := text.End(sample); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	const want = `Commands
  ok       TLS: TLS 1.3
  warning  Order: PBSZ 200
           why     A reason that is
                   long enough for two
                   lines.
           remedy  A newer version.

Files
  failure  Digests: wrong <digest>
           why     It lies.

Not examined: --read-only
  Names · ABOR

failed: 1 failure, 1 warning, 1 ok, 2 not examined, in 1.2 s
`
	if got := written(t, Text{Width: 39}); got != want {
		t.Errorf("got:\n%s", got)
	}
	colored := written(t, Text{Width: 39, Color: true})
	if !strings.Contains(colored, "\x1b[1;31mfailure\x1b[0m  Digests") {
		t.Errorf("got:\n%q", colored)
	}
}

func TestJUnit(t *testing.T) {
	for _, test := range []struct {
		strict   bool
		failures int
	}{{false, 1}, {true, 2}} {
		var b strings.Builder
		if err := WriteJUnit(&b, sample, test.strict); err != nil {
			t.Fatal(err)
		}
		var got junitSuite
		if err := xml.Unmarshal([]byte(b.String()), &got); err != nil {
			t.Fatal(err)
		}
		if got.Tests != 5 || got.Failures != test.failures || got.Skipped != 2 || got.Cases[0].Time != 1 {
			t.Errorf("%+v", got)
		}
		if f := got.Cases[2].Failure; f == nil || f.Message != "wrong <digest>" || !strings.Contains(f.Text, "It lies.") {
			t.Errorf("%+v", f)
		}
	}
}

func TestJSON(t *testing.T) {
	b, err := json.Marshal(sample)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"outcome":"failed"`, `"verdict":"warning"`, `"probe":"hash"`, `"seconds":1.25`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	var back Report
	if err := json.Unmarshal(b, &back); err != nil || back.Findings[2].Verdict != Failure {
		t.Errorf("%v, %+v", err, back)
	}
	if err := json.Unmarshal([]byte(`{"findings":[{"verdict":"fine"}]}`), &back); err == nil {
		t.Error("an unknown verdict is taken")
	}
}

// TestPeersWordsAreHarmless: what a server says must not reach a terminal as
// it is.
func TestPeersWordsAreHarmless(t *testing.T) {
	evil := ftp.Reply{Code: 220, Text: "\x1b[2J\u202e" + strings.Repeat("x", 500)}
	f := Probe{ID: "greeting"}.complete(warning("%s", evil.Text), Unknown)
	for _, text := range []string{said(evil), f.Summary} {
		if strings.ContainsFunc(text, hidden) {
			t.Errorf("%q", text)
		}
	}
	if n := len(said(evil)); n > 200 {
		t.Errorf("quoted in %d bytes", n)
	}
}
