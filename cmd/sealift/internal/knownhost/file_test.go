package knownhost

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// Processes that accept servers at the same time lose no line of each other.
func TestAddConcurrently(t *testing.T) {
	f := File(filepath.Join(t.TempDir(), "a", "known_hosts"))
	cert := (*issuer)(nil).issue(t, newKey(t), as)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := f.Add(fmt.Sprintf("host%d:21", i%10), cert); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	data, err := os.ReadFile(string(f))
	if err != nil || strings.Count(string(data), "\n") != 10 {
		t.Errorf("not a line for each of 10 servers (%v):\n%s", err, data)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(string(f)), ".known_hosts-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAddKeepsWhatIsThere(t *testing.T) {
	f := File(filepath.Join(t.TempDir(), "known_hosts"))
	const before = "# mine\n\nother:21 AA sha256//x"
	if err := os.WriteFile(string(f), []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	one, two := (*issuer)(nil).issue(t, newKey(t), as), (*issuer)(nil).issue(t, newKey(t), as)
	if err := f.Add("host:21", one); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(string(f))
	if err != nil || !strings.HasPrefix(string(data), before+"\nhost:21 ") {
		t.Errorf("%v:\n%s", err, data)
	}
	if err := f.Add("host:21", two); fault.CodeOf(err) != fault.NotTrusted || !strings.Contains(err.Error(), "known_hosts:4") {
		t.Errorf("another process has accepted another certificate, which is overwritten: %v", err)
	}
}

func TestBrokenFile(t *testing.T) {
	f := File(filepath.Join(t.TempDir(), "known_hosts"))
	if err := os.WriteFile(string(f), []byte("host:21 AA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cert := (*issuer)(nil).issue(t, newKey(t), as)
	for why, err := range map[string]error{
		"Add":    f.Add("other:21", cert),
		"Verify": Guard{Address: "other:21", Known: f}.known(&Unknown{Leaf: cert, Problems: []string{"x"}}),
	} {
		if err == nil || !strings.Contains(err.Error(), "known_hosts:1") {
			t.Errorf("%s takes a broken line for none: %v", why, err)
		}
	}
	if err := (Guard{Known: File(t.TempDir())}).known(&Unknown{Leaf: cert}); fault.CodeOf(err) != fault.NotTrusted {
		t.Errorf("a file that cannot be read is taken for empty: %v", err)
	}
}

func TestDefaultFile(t *testing.T) {
	for _, tt := range []struct {
		why  string
		env  map[string]string
		want string
	}{
		{"XDG", map[string]string{"XDG_CONFIG_HOME": "/x", "HOME": "/h"}, "/x/sealift/known_hosts"},
		{"home", map[string]string{"HOME": "/h"}, "/h/.config/sealift/known_hosts"},
		{"a relative XDG does not count (XDG Base Directory)", map[string]string{"XDG_CONFIG_HOME": "x", "HOME": "/h"}, "/h/.config/sealift/known_hosts"},
	} {
		f, err := DefaultFile(func(name string) string { return tt.env[name] })
		if err != nil || string(f) != filepath.FromSlash(tt.want) {
			t.Errorf("%s: %s, %v", tt.why, f, err)
		}
	}
}

func TestParsePin(t *testing.T) {
	for _, bad := range []string{"", "sha256//", "sha256//AAAA", "AA:BB", "sha1//" + strings.Repeat("A", 43) + "=", strings.Repeat("zz", 32), strings.Repeat("AA:", 32) + "AA"} {
		if p, err := ParsePin(bad); err == nil || fault.CodeOf(err) != fault.Usage {
			t.Errorf("%q is taken for a pin: %s, %v", bad, p, err)
		}
	}
}

// Names of a certificate with a hundred of them do not fill the screen.
func TestNamesOf(t *testing.T) {
	c := &x509.Certificate{}
	for i := range 100 {
		c.DNSNames = append(c.DNSNames, fmt.Sprintf("n%d", i))
	}
	if got := namesOf(c); got != "n0, n1, n2, n3, n4, n5, n6, n7, and 92 more" {
		t.Error(got)
	}
}
