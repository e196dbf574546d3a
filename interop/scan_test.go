package interop

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// modern speaks TLS 1.3 alone.
var modern = &server{name: "modern", policy: "[tls]\nprofile = \"modern\""}

// scanned are the ports that scanners look at: both listeners, and a port for
// passive data connections.
var scanned = []struct {
	name string
	at   func(t *testing.T, s *server) (address string)
	ftp  bool // it begins in clear, with AUTH
}{
	{"explicit", func(_ *testing.T, s *server) string { return s.ready.Explicit[0] }, true},
	{"implicit", func(_ *testing.T, s *server) string { return s.ready.Implicit[0] }, false},
	{"passive", dataDoor, false},
}

// profiles are what each of them must look like (security.md §6, §7).
var profiles = []struct {
	server *server
	tls12  bool
}{
	{standard, true},
	{modern, false},
}

// sslscan sees two versions at most, three AEAD suites each, the groups of
// security.md §7, and nothing else.
func TestSSLScan(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		for _, port := range scanned {
			t.Run(p.server.name+"/"+port.name, func(t *testing.T) {
				t.Parallel()
				c := find(t, "sslscan")
				at := port.at(t, p.server.started(t))
				report := filepath.Join(c.home, "report.xml")
				args := []string{"--no-colour", "--xml=" + report, at}
				if port.ftp {
					args = slices.Insert(args, 0, "--starttls-ftp")
				}
				said := c.run(t, "", args...)
				shows(t, said, "Server supports TLS Fallback SCSV", "Session renegotiation not supported")
				readSSLScan(t, report).check(t, p.tls12)
			})
		}
	}
}

// sslscanReport is what sslscan finds.
type sslscanReport struct {
	Protocols []struct {
		Type    string `xml:"type,attr"`
		Version string `xml:"version,attr"`
		Enabled string `xml:"enabled,attr"`
	} `xml:"ssltest>protocol"`
	Ciphers []struct {
		Version string `xml:"sslversion,attr"`
		Name    string `xml:"cipher,attr"`
	} `xml:"ssltest>cipher"`
	Groups []struct {
		Version string `xml:"sslversion,attr"`
		Name    string `xml:"name,attr"`
	} `xml:"ssltest>group"`
	Renegotiation struct {
		Supported string `xml:"supported,attr"`
	} `xml:"ssltest>renegotiation"`
	Compression *struct {
		Supported string `xml:"supported,attr"`
	} `xml:"ssltest>compression"`
	Heartbleed []struct {
		Vulnerable string `xml:"vulnerable,attr"`
	} `xml:"ssltest>heartbleed"`
}

func readSSLScan(t *testing.T, file string) (r sslscanReport) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = xml.Unmarshal(data, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The suites, as OpenSSL calls them; the own certificate's key is ECDSA.
var (
	suites13 = []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
	suites12 = []string{"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}
	groups   = []string{"secp256r1 (NIST P-256)", "secp384r1 (NIST P-384)", "secp521r1 (NIST P-521)", "x25519"}
)

func (r sslscanReport) check(t *testing.T, tls12 bool) {
	t.Helper()
	var protocols []string
	for _, p := range r.Protocols {
		if p.Enabled == "1" {
			protocols = append(protocols, p.Type+" "+p.Version)
		}
	}
	suites, curves := map[string][]string{}, map[string][]string{}
	for _, c := range r.Ciphers {
		suites[c.Version] = append(suites[c.Version], c.Name)
	}
	for _, g := range r.Groups {
		if !strings.Contains(g.Name, "MLKEM") { // which newer versions know
			curves[g.Version] = append(curves[g.Version], g.Name)
		}
	}
	want12, wantGroups12, wantProtocols := []string(nil), []string(nil), []string{"tls 1.3"}
	if tls12 {
		want12, wantGroups12, wantProtocols = suites12, groups, []string{"tls 1.2", "tls 1.3"}
	}
	for _, set := range []struct {
		what      string
		got, want []string
	}{
		{"versions", protocols, wantProtocols},
		{"suites of TLS 1.3", suites["TLSv1.3"], suites13},
		{"suites of TLS 1.2", suites["TLSv1.2"], want12},
		{"groups of TLS 1.3", curves["TLSv1.3"], groups},
		{"groups of TLS 1.2", curves["TLSv1.2"], wantGroups12},
	} {
		if got := slices.Sorted(slices.Values(set.got)); !slices.Equal(got, set.want) {
			t.Errorf("%s: %q, want %q", set.what, got, set.want)
		}
	}
	if len(r.Protocols) < 6 || len(suites)+len(curves) > 4 || r.Renegotiation.Supported != "0" || r.Compression != nil && r.Compression.Supported != "0" {
		t.Errorf("the report is %+v", r)
	}
	for _, h := range r.Heartbleed {
		if h.Vulnerable != "0" {
			t.Error("vulnerable to Heartbleed")
		}
	}
}

// testssl.sh finds nothing that security.md §7 does not expect. It takes half
// a minute for a port; all of them, and all that it looks at, are for the long
// run.
func TestTestSSL(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		for _, port := range scanned {
			if !long && (p.server != standard || port.name == "implicit") {
				continue
			}
			t.Run(p.server.name+"/"+port.name, func(t *testing.T) {
				t.Parallel()
				c := find(t, "testssl")
				s := p.server.started(t)
				found := c.testssl(t, s, port.at(t, s), port.ftp)
				checkFindings(t, found, p.tls12)
			})
		}
	}
}

// finding is one of testssl.sh.
type finding struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Finding  string `json:"finding"`
}

func (c client) testssl(t *testing.T, s *server, at string, ftp bool) (found []finding) {
	t.Helper()
	report := filepath.Join(c.home, "report.json")
	args := []string{"--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--add-ca", s.ca(), "--jsonfile", report,
		"-p", "-s", "-U"}
	if long {
		args = append(args, "-f", "-S")
	}
	if ftp {
		args = append(args, "-t", "ftp")
	}
	said, _ := c.try(t, "", append(args, at)...) // its exit code counts findings
	data, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(data, &found)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return found
}

// looked are the checks that must have been done, and what they must say.
var looked = []struct{ id, says string }{
	{"SSLv2", "not offered"},
	{"SSLv3", "not offered"},
	{"TLS1", "not offered"},
	{"TLS1_1", "not offered"},
	{"TLS1_3", "offered with final"},
	{"cipherlist_NULL", "not offered"},
	{"cipherlist_aNULL", "not offered"},
	{"cipherlist_EXPORT", "not offered"},
	{"cipherlist_LOW", "not offered"},
	{"cipherlist_3DES_IDEA", "not offered"},
	{"heartbleed", "not vulnerable"},
	{"CCS", "not vulnerable"},
	{"ROBOT", "not vulnerable"},
	{"secure_renego", ""},
	{"secure_client_renego", "not vulnerable"},
	{"CRIME_TLS", ""},
	{"POODLE_SSL", "not vulnerable"},
	{"fallback_SCSV", ""},
	{"FREAK", "not vulnerable"},
	{"DROWN", "not vulnerable"},
	{"LOGJAM", "not vulnerable"},
	{"BEAST", "not vulnerable"},
	{"LUCKY13", "not vulnerable"},
	{"RC4", "not vulnerable"},
}

// remarkable are findings that are no fault of ours, each for its reason.
var remarkable = map[string]string{
	"TLS_session_ticket": "crypto/tls fixes the hint of 7 days; our keys change every 6 hours (security.md §7)",
	"cert_revocation":    "the private CA of the first start has no address where it publishes lists",
}

func checkFindings(t *testing.T, found []finding, tls12 bool) {
	t.Helper()
	said := map[string]string{}
	for _, f := range found {
		said[f.ID] = f.Finding
		harmless := slices.Contains([]string{"OK", "INFO", "DEBUG"}, f.Severity)
		if !harmless && remarkable[f.ID] == "" {
			t.Errorf("%s: %s: %s", f.Severity, f.ID, f.Finding)
		}
	}
	for _, want := range looked {
		if got, done := said[want.id]; !done || !strings.HasPrefix(got, want.says) {
			t.Errorf("%s: %q, want %q", want.id, got, want.says)
		}
	}
	want := map[bool]string{true: "offered", false: "not offered"}[tls12]
	if said["TLS1_2"] != want {
		t.Errorf("TLS 1.2 is %q, want %q", said["TLS1_2"], want)
	}
	if t.Failed() {
		t.Log(fmt.Sprint(found))
	}
}
