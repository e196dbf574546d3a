package main

import (
	"strings"
	"testing"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftpclient"
)

func TestParseLocation(t *testing.T) {
	at := func(security ftpclient.Security, user, host, port, path, pattern string) location {
		return location{security: security, user: user, host: host, port: port, path: path, pattern: pattern}
	}
	const explicit, implicit = ftpclient.Explicit, ftpclient.Implicit
	for _, tt := range []struct {
		why, url string
		want     location
	}{
		{"a host alone is explicit TLS", "ftp.test", at(explicit, "", "ftp.test", "21", "", "")},
		{"everything", "ftpes://alice@ftp.test:2121/in/a.csv", at(explicit, "alice", "ftp.test", "2121", "in/a.csv", "")},
		{"no scheme, but a port", "alice@ftp.test:2121/in", at(explicit, "alice", "ftp.test", "2121", "in", "")},
		{"implicit", "ftps://ftp.test/", at(implicit, "", "ftp.test", "990", "", "")},
		{"in clear", "ftp://ftp.test", at(ftpclient.Plaintext, "", "ftp.test", "21", "", "")},
		{"schemes have no case", "FTPS://ftp.test", at(implicit, "", "ftp.test", "990", "", "")},
		{"absolute", "h//etc/x", at(explicit, "", "h", "21", "/etc/x", "")},
		{"absolute, as RFC 1738 §3.2.2 has it", "h/%2Fetc/x", at(explicit, "", "h", "21", "/etc/x", "")},
		{"percent", "h/100%25%20a", at(explicit, "", "h", "21", "100% a", "")},
		{"no query, no fragment", "h/a#b?", at(explicit, "", "h", "21", "a#b?", "a#b?")},
		{"a pattern", "h/in/*.csv", at(explicit, "", "h", "21", "in/*.csv", "*.csv")},
		{"a star that is none", "h/in/%2A.csv", at(explicit, "", "h", "21", "in/*.csv", "")},
		{"both", "h/%2a*%5b%5D%5c", at(explicit, "", "h", "21", `**[]\`, `\**\[]\\`)},
		{"a pattern is in the last part only", "h/*/a", at(explicit, "", "h", "21", "*/a", "")},
		{"IPv6", "ftps://[2001:DB8::1]/a", at(implicit, "", "2001:db8::1", "990", "a", "")},
		{"IPv6 with a port and a zone", "u@[fe80::1%25eth0]:2121", at(explicit, "u", "fe80::1%eth0", "2121", "", "")},
		{"an account with @", "a%40b@h", at(explicit, "a@b", "h", "21", "", "")},
		{"or as it is", "a@b@h", at(explicit, "a@b", "h", "21", "", "")},
		{"a name of another script", "żółć.test", at(explicit, "", "xn--kda4b0koi.test", "21", "", "")},
		{"spaces", "h/two words", at(explicit, "", "h", "21", "two words", "")},
	} {
		t.Run(tt.why, func(t *testing.T) {
			got, err := parseLocation(tt.url)
			if err != nil || got != tt.want {
				t.Errorf("%+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestParseLocationRefuses(t *testing.T) {
	for _, tt := range []struct{ why, url, want string }{
		{"a scheme that nobody has", "ftpx://h", `did you mean "ftps"?`},
		{"another's", "https://h", "unknown scheme"},
		{"a password", "ftpes://alice:sesame@h/a", "write alice@h; the password comes from"},
		{"a password without a scheme", "alice:sesame@h", "a password in a URL is seen"},
		{"no host", "ftpes:///a", "is no host name"},
		{"nothing", "", "is no host name"},
		{"an account alone", "alice@", "is no host name"},
		{"a port that is none", "h:x", `the port "x"`},
		{"a port that is too high", "h:65536", `the port "65536"`},
		{"port 0", "h:0", `the port "0"`},
		{"IPv6 without brackets", "2001:db8::1", "write [2001:db8::1]"},
		{"something behind the brackets", "[::1]x", `"x" behind the address`},
		{"a blank in a host", "a b", "is no host name"},
		{"half an escape", "h/100%", "a % in a name is %25"},
		{"a line break in a path would be a command", "h/a%0d%0aDELE%20b", "a line break or a NUL"},
		{"and in an account", "a%0ab@h", "a line break or a NUL"},
		{"NUL", "h/%00", "a line break or a NUL"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, err := parseLocation(tt.url)
			if err == nil || fault.CodeOf(err) != fault.Usage {
				t.Fatalf("%v, exit code %d", err, fault.CodeOf(err))
			}
			line := fault.Of(err)[0]
			if !strings.Contains(line.Problem+" "+line.Hint, tt.want) || strings.Contains(line.Problem+line.Hint, "sesame") {
				t.Errorf("%q does not say %q", line, tt.want)
			}
		})
	}
}

func TestLocationParts(t *testing.T) {
	for _, tt := range []struct{ path, dir, name string }{
		{"", "", ""}, {"a", "", "a"}, {"a/b", "a", "b"}, {"/a", "/", "a"}, {"/a/b", "/a", "b"}, {"a/", "a/", ""}, {"/", "/", ""},
	} {
		l := location{path: tt.path}
		if l.dir() != tt.dir || l.name() != tt.name {
			t.Errorf("%q: %q and %q, want %q and %q", tt.path, l.dir(), l.name(), tt.dir, tt.name)
		}
	}
}
