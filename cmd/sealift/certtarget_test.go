package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sealift/sealift/ftpclient"
)

func TestParseTarget(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"chain.pem", "c:990"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	explicit, implicit := ftpclient.Explicit, ftpclient.Implicit
	for _, tt := range []struct {
		why, word string
		flag      bool
		want      target
		wrong     string
	}{
		{"a file", "chain.pem", false, target{file: "chain.pem"}, ""},
		{"what is a file is one, whatever it is called", "c:990", false, target{file: "c:990"}, ""},
		{"unless a server is meant", "c:990", true, target{address: "c:990", security: implicit}, ""},
		{"host and port", "ftp.test:21", false, target{address: "ftp.test:21", security: explicit}, ""},
		{"the port for implicit TLS", "ftp.test:990", false, target{address: "ftp.test:990", security: implicit}, ""},
		{"implicit TLS at another port", "ftp.test:2990", true, target{address: "ftp.test:2990", security: implicit}, ""},
		{"an address", "192.0.2.1", false, target{address: "192.0.2.1", security: explicit}, ""},
		{"an address of IPv6", "[2001:db8::1]:21", false, target{address: "[2001:db8::1]:21", security: explicit}, ""},
		{"a URL", "ftpes://ftp.test", false, target{address: "ftp.test", security: explicit}, ""},
		{"a URL with more in it", "ftps://a@ftp.test:99/in", false, target{address: "ftp.test:99", security: implicit}, ""},
		{"a name alone may be a file that is not there", "ftp.test", false, target{}, "ftp.test: no such file"},
		{"a path", "certs/none.pem", false, target{}, "certs/none.pem: no such file"},
		{"no TLS, no certificate", "ftp://ftp.test", false, target{}, "without TLS"},
		{"another program's URL", "https://ftp.test", false, target{}, "no URL of a server"},
		{"no host", "ftps://", false, target{}, "no URL of a server"},
	} {
		got, err := parseTarget(tt.word, tt.flag)
		if tt.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%s: %v, want … %s", tt.why, err, tt.wrong)
			}
			continue
		}
		if err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v, want %+v", tt.why, got, err, tt.want)
		}
	}
	if host := (target{address: "[2001:db8::1]:21"}).host(); host != "2001:db8::1" {
		t.Errorf("the host is %q", host)
	}
	if host := (target{file: filepath.Join("a", "b:1")}).host(); host != "" {
		t.Errorf("a file has the host %q", host)
	}
}

func TestRemaining(t *testing.T) {
	for _, tt := range []struct {
		why  string
		days int
		want string
	}{
		{"some days", 2, "2 days left"},
		{"one day is no plural", 1, "1 day left"},
		{"the last", 0, "less than a day left"},
		{"over since today", -1, "ENDED less than a day ago"},
		{"over since yesterday", -2, "ENDED 1 day ago"},
	} {
		if got := remaining(tt.days); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}
