package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

const netrcText = `
machine ftp.test login alice password for-alice
machine ftp.test
  login bob
  password for-bob
machine other.test login carol password for-carol
default login guest password for-all
`

func TestCredentials(t *testing.T) {
	for _, tt := range []struct {
		why   string
		netrc string
		env   []string
		stdin string // with --password-stdin
		cert  bool
		url   string
		want  credentials
	}{
		{"a person is asked", "", nil, "", false, "alice@h", credentials{user: "alice", ask: true}},
		{"the environment", "", []string{"SEALIFT_PASSWORD=x y"}, "", false, "alice@h", credentials{"alice", "x y", false}},
		{"stdin comes before it", "", []string{"SEALIFT_PASSWORD=x"}, "s3\r\nls\n", false, "alice@h", credentials{"alice", "s3", false}},
		{"nobody: anonymous", "", nil, "", false, "h", credentials{"anonymous", "anonymous@", false}},
		{"anonymous by name", "", nil, "", false, "ftp@h", credentials{"ftp", "anonymous@", false}},
		{"a certificate may be enough", "", nil, "", true, "alice@h", credentials{user: "alice"}},
		{"and says who it is", "", nil, "", true, "h", credentials{}},
		{"a certificate and a password", "", []string{"SEALIFT_PASSWORD=x"}, "", true, "alice@h", credentials{"alice", "x", false}},
		{".netrc, the first of the host", netrcText, nil, "", false, "FTP.test", credentials{"alice", "for-alice", false}},
		{".netrc, of the account", netrcText, nil, "", false, "bob@ftp.test", credentials{"bob", "for-bob", false}},
		{".netrc, an account that it does not have", netrcText, nil, "", false, "dave@ftp.test", credentials{user: "dave", ask: true}},
		{".netrc, everywhere else", netrcText, nil, "", false, "h", credentials{"guest", "for-all", false}},
		{"the environment comes before .netrc", netrcText, []string{"SEALIFT_PASSWORD=x"}, "", false, "ftp.test", credentials{"alice", "x", false}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			r := testRemote(t, tt.netrc, tt.env, tt.stdin)
			if tt.cert {
				r.certFile = "cert.pem"
			}
			to, err := parseLocation(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // stdin is read once
				got, err := r.credentials(to)
				if err != nil || got != tt.want {
					t.Errorf("%+v, %v; want %+v", got, err, tt.want)
				}
			}
			if rest, err := readLine(r.h.stdin); tt.stdin != "" && (rest != "ls" || err != nil) {
				t.Errorf("the line behind the password is lost: %q, %v", rest, err)
			}
		})
	}
}

// testRemote has a home of its own; a stdin that is not "" means
// --password-stdin.
func testRemote(t *testing.T, netrc string, env []string, stdin string) *remote {
	t.Helper()
	home := t.TempDir()
	if netrc != "" {
		if err := os.WriteFile(filepath.Join(home, ".netrc"), []byte(netrc), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := filepath.Join(home, "stdin")
	if err := os.WriteFile(in, []byte(stdin), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &remote{
		h:             host{stdin: f, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, env: append([]string{"HOME=" + home}, env...)},
		passwordStdin: stdin != "",
	}
}

func TestCredentialsRefuse(t *testing.T) {
	for _, tt := range []struct {
		why, netrc, url string
		env             []string
		want            string
	}{
		{"a password for nobody", "", "h", []string{"SEALIFT_PASSWORD=x"}, "but no account"},
		{"a file that ends in the middle of a line", "machine", "h", nil, "is malformed"},
	} {
		r := testRemote(t, tt.netrc, tt.env, "")
		to, err := parseLocation(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = r.credentials(to); fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.why, err, tt.want)
		}
	}
}

func TestCheckRefusesWhatContradicts(t *testing.T) {
	for _, tt := range []struct {
		why  string
		r    remote
		url  string
		want string // "" for fine
	}{
		{"nothing given", remote{}, "h", ""},
		{"strict and insecure", remote{strict: true, insecure: true}, "h", "contradict"},
		{"strict and truncation", remote{strict: true, acceptMissing: true}, "h", "contradict"},
		{"strict and in clear", remote{strict: true, insecurePlaintext: true}, "ftp://h", "contradict"},
		{"insecure and a pin", remote{insecure: true, pins: []string{"x"}}, "h", "only some"},
		{"a key of nothing", remote{keyFile: "k"}, "h", "--key without --cert"},
		{"in clear by accident", remote{}, "ftp://h", "in clear"},
		{"in clear on purpose", remote{insecurePlaintext: true}, "ftp://h", ""},
		{"the flag alone takes nothing away", remote{insecurePlaintext: true}, "h", ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			r := tt.r
			r.h.stderr = &bytes.Buffer{}
			r.timeout, r.stallTimeout = 1, 1
			to, err := parseLocation(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			err = r.check(to)
			if (err == nil) != (tt.want == "") || err != nil && (fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
