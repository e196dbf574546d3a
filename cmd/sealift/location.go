package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/nearest"
)

// location is a URL: a server, an account, and a path.
type location struct {
	security   ftpclient.Security
	user       string // "" if the URL names none
	host, port string // the host without the brackets of an IPv6 address
	// path is relative to the login directory unless it begins with "/"; ""
	// is that directory itself.
	path string
	// pattern is the last part of path in the form of ftp.Match, "" unless
	// one of * ? [ stands in it. %2A and the like stand for themselves.
	pattern string
}

// address is host:port.
func (l location) address() string { return net.JoinHostPort(l.host, l.port) }

// dir is the path of the directory that path is in.
func (l location) dir() string {
	dir, name := path.Split(l.path)
	if dir == "/" || name == "" {
		return dir
	}
	return strings.TrimSuffix(dir, "/")
}

// name is the last part of path, "" where it ends in "/".
func (l location) name() string { return l.path[strings.LastIndexByte(l.path, '/')+1:] }

// at is the same server with another path.
func (l location) at(p string) location {
	l.path, l.pattern = p, ""
	return l
}

// scheme is what the URL of a kind of security begins with.
var schemes = []struct {
	name, port string
	security   ftpclient.Security
}{
	{"ftpes", "21", ftpclient.Explicit},
	{"ftps", "990", ftpclient.Implicit},
	{"ftp", "21", ftpclient.Plaintext},
}

// parseLocation reads SCHEME://USER@HOST:PORT/PATH. All but HOST may be left
// out. What stands behind the host's "/" is the path in percent-encoding, so
// "//x" is /x; "?" and "#" stand for themselves.
func parseLocation(raw string) (location, error) {
	name, rest, found := strings.Cut(raw, "://")
	if !found {
		name, rest = schemes[0].name, raw
	}
	var l location
	if err := l.setScheme(name); err != nil {
		return l, err
	}
	authority, p, _ := strings.Cut(rest, "/")
	if err := l.setPath(p); err != nil {
		return l, err
	}
	host := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		host = authority[i+1:]
		if err := l.setUser(authority[:i], host); err != nil {
			return l, err
		}
	}
	return l, l.setHost(host)
}

func (l *location) setScheme(name string) error {
	var names []string
	for _, s := range schemes {
		if strings.EqualFold(name, s.name) {
			l.security, l.port = s.security, s.port
			return nil
		}
		names = append(names, s.name)
	}
	return &fault.Error{Code: fault.Usage, Problem: "the URL", Err: &nearest.Unknown{What: "scheme", Word: name, Valid: names}}
}

// setUser takes no password, and does not repeat it either.
func (l *location) setUser(encoded, host string) error {
	if user, _, hasPassword := strings.Cut(encoded, ":"); hasPassword {
		return fault.New(fault.Usage, "write "+user+"@"+host+"; the password comes from a prompt, --password-stdin, SEALIFT_PASSWORD or ~/.netrc",
			"a password in a URL is seen by everybody who lists the processes")
	}
	var err error
	l.user, err = decode(encoded)
	return err
}

func (l *location) setPath(encoded string) (err error) {
	if l.path, err = decode(encoded); err != nil {
		return err
	}
	last := encoded[strings.LastIndexByte(encoded, '/')+1:]
	if ftp.HasMeta(last) {
		l.pattern, err = decode(escapeMeta.Replace(last))
	}
	return err
}

// escapeMeta keeps encoded characters from being part of a pattern.
var escapeMeta = strings.NewReplacer("%2A", `\*`, "%2a", `\*`, "%3F", `\?`, "%3f", `\?`, "%5B", `\[`, "%5b", `\[`, "%5C", `\\`, "%5c", `\\`)

// decode resolves %XX. What no command can hold is an error.
func decode(encoded string) (string, error) {
	s, err := url.PathUnescape(encoded)
	if err != nil {
		return "", fault.New(fault.Usage, "a % in a name is %25 in a URL", "the URL has a %% without two hex digits behind it")
	}
	if strings.ContainsAny(s, "\x00\r\n") {
		return "", fault.New(fault.Usage, "", "the URL has a line break or a NUL in it")
	}
	return s, nil
}

func (l *location) setHost(hostPort string) error {
	host, port, err := cutPort(hostPort)
	if err != nil {
		return err
	}
	if port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fault.New(fault.Usage, "a port is a number from 1 to 65535", "the URL has the port %q", port)
		}
		l.port = port
	}
	if l.host, err = decode(host); err != nil {
		return err
	}
	if addr, err := netip.ParseAddr(l.host); err == nil {
		l.host = addr.String()
		return nil
	}
	ascii, err := idna.Lookup.ToASCII(l.host)
	if err != nil || l.host == "" || strings.ContainsAny(l.host, ":[]@/ ") {
		return fault.New(fault.Usage, "a URL is ftpes://USER@HOST[:PORT]/PATH", "%q is no host name", l.host)
	}
	l.host = ascii
	return nil
}

// cutPort parts HOST:PORT and [ADDRESS]:PORT. The port may be missing.
func cutPort(s string) (host, port string, err error) {
	if address, rest, found := strings.Cut(s, "]"); found && strings.HasPrefix(s, "[") {
		port, colon := strings.CutPrefix(rest, ":")
		if rest != "" && !colon {
			return "", "", fault.New(fault.Usage, "a URL is ftpes://USER@[ADDRESS]:PORT/PATH", "the URL has %q behind the address", rest)
		}
		return address[1:], port, nil
	}
	if strings.Count(s, ":") > 1 {
		return "", "", fault.New(fault.Usage, fmt.Sprintf("write [%s]", s), "an IPv6 address in a URL stands in brackets")
	}
	host, port, _ = strings.Cut(s, ":")
	return host, port, nil
}
