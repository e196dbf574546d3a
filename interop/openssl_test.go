package interop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sclient is OpenSSL's s_client: a terminal in TLS, and the words of FTP typed
// by hand.
type sclient struct {
	client
	target
}

func findOpenSSL(t *testing.T, g target) sclient { return sclient{find(t, "openssl"), g} }

func (c sclient) args(more ...string) []string {
	args := []string{"s_client", "-connect", net.JoinHostPort(c.host, c.port), "-CAfile", c.ca(),
		"-verify_ip", c.host, "-verify_return_error", "-crlf", "-nocommands", "-ign_eof",
		"-tls" + strings.ReplaceAll(c.tls, ".", "_")}
	if !c.implicit {
		args = append(args, "-starttls", "ftp")
	}
	return append(args, more...)
}

func TestOpenSSL(t *testing.T) {
	t.Parallel()
	overLinks(t, standard, passive, func(t *testing.T, g target) {
		c := findOpenSSL(t, g)
		out := c.run(t, fmt.Sprintf("USER %s\nPASS %s\nPWD\nQUIT\n", g.account.name, g.password), c.args("-alpn", "ftp")...)
		shows(t, out, "Verify return code: 0 (ok)", "ALPN protocol: ftp", "Protocol  : TLSv"+g.tls, "SSL-Session:",
			"331 ", "230 ", `257 "/"`, "221 ")
	})
}

func TestOpenSSLRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why   string
		args  []string
		alert string
	}{
		{"web pages make browsers talk to us", []string{"-alpn", "h2"}, "alert number 120"},
		{"no RSA key exchange, so no forward secrecy", []string{"-cipher", "AES128-GCM-SHA256"}, "alert number 40"},
		{"no CBC", []string{"-cipher", "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"}, "alert number 40"},
	} {
		t.Run(test.why, func(t *testing.T) {
			overLinks(t, standard, func(l link) bool { return l == link{tls: "1.2", implicit: l.implicit} },
				func(t *testing.T, g target) {
					c := findOpenSSL(t, g)
					out, code := c.try(t, "", c.args(test.args...)...)
					if code == 0 {
						t.Error("the handshake went well")
					}
					shows(t, out, test.alert)
				})
		})
	}
}

// A data connection typed by hand: s_client keeps the control connection's
// session in a file and resumes it from there.
func TestOpenSSLWhereBindingIsRequired(t *testing.T) {
	t.Parallel()
	overLinks(t, demanding, passive, func(t *testing.T, g target) {
		c := findOpenSSL(t, g)
		makeFile(t, filepath.Join(g.home, "found.bin"), 10)
		session := filepath.Join(c.home, "session.pem")
		control := c.talk(t, c.args("-quiet", "-sess_out", session)...)
		control.say(t, "USER "+g.account.name, "331 ")
		control.say(t, "PASS "+g.password, "230 ")
		control.say(t, "PBSZ 0", "200 ")
		control.say(t, "PROT P", "200 ")

		data := control.list(t, c, "-sess_in", session)
		shows(t, data, "found.bin")
		control.expect(t, "226 ")

		control.list(t, c)
		control.expect(t, "522 ")
	})
}

// conversation is a running s_client.
type conversation struct {
	in  io.Writer
	out *bufio.Scanner
}

func (c sclient) talk(t *testing.T, args ...string) conversation {
	t.Helper()
	cmd := c.command(t, "", args...)
	cmd.Stdin = nil
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return conversation{in, bufio.NewScanner(out)}
}

// say sends a line and gives the last line of the reply.
func (v conversation) say(t *testing.T, line, want string) string {
	t.Helper()
	if _, err := io.WriteString(v.in, line+"\n"); err != nil {
		t.Fatal(err)
	}
	return v.expect(t, want)
}

// expect reads to the end of a reply, which must begin as wanted.
func (v conversation) expect(t *testing.T, want string) string {
	t.Helper()
	for v.out.Scan() {
		line := v.out.Text()
		if strings.HasPrefix(line, want) {
			return line
		}
		if replyEnd.MatchString(line) && !strings.HasPrefix(line, "220") {
			t.Fatalf("got %q, want %q", line, want)
		}
	}
	t.Fatalf("the connection ended, want %q", want)
	return ""
}

var (
	replyEnd = regexp.MustCompile(`^\d{3} `)
	epsvPort = regexp.MustCompile(`\(\|\|\|(\d+)\|\)`)
)

// list fetches a listing through a second s_client.
func (v conversation) list(t *testing.T, c sclient, args ...string) string {
	t.Helper()
	port := epsvPort.FindStringSubmatch(v.say(t, "EPSV", "229 "))
	if port == nil {
		t.Fatal("no port in 229")
	}
	data := sclient{c.client, c.target}
	data.port, data.implicit = port[1], true
	v.say(t, "LIST", "150 ")
	out, _ := data.try(t, "", data.args(append(args, "-quiet")...)...)
	return out
}
