package ftpserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/storage"
)

// player runs the lines of one script.
type player struct {
	rig     *rig
	tls     bool // PBSZ and PROT P behind each greeting
	clients map[string]*client
	values  map[string]string // of {x}
}

// newPlayer begins a script; mode is "tls" for the preamble of TLS.
func newPlayer(r *rig, mode string) *player {
	return &player{rig: r, tls: mode == "tls" && !r.implicit, clients: map[string]*client{}, values: map[string]string{}}
}

// do carries lines of a script out; the test fails at the first that is not
// as it should be.
func (s *player) do(t testing.TB, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if err := s.step(line); err != nil {
			t.Fatalf("%s\n%v", line, err)
		}
	}
}

func (s *player) close() {
	for _, c := range s.clients {
		c.close()
	}
}

// client is the one of this name; it connects when it is first named.
func (s *player) client(name string) (*client, error) {
	if c := s.clients[name]; c != nil {
		return c, nil
	}
	c, err := s.rig.dial()
	if err == nil {
		s.clients[name] = c
	}
	return c, err
}

// step carries one line out.
func (s *player) step(line string) error {
	who := ""
	if rest, other := strings.CutPrefix(line, "@"); other {
		who, line, _ = strings.Cut(rest, " ")
	}
	word, arg, _ := strings.Cut(line, " ")
	if word == "REVOKE" || word == "WAIT" && arg != "port" {
		return s.serverSide(word, arg)
	}
	c, err := s.client(who)
	if err != nil {
		return err
	}
	switch {
	case word == "LOGIN":
		return s.login(c, arg)
	case word == "C:":
		return s.say(c, arg)
	case word == "S:":
		return s.hear(c, arg)
	case word == "D" || word == "D<" || word == "D>":
		return s.data(c, word, arg)
	}
	return s.control(c, word, arg)
}

// control runs the directives about the control connection.
func (s *player) control(c *client, word, arg string) error {
	switch word {
	case "C":
		text, err := strconv.Unquote(arg)
		return errors.Join(err, c.send(text))
	case "S":
		want, err := strconv.Unquote(arg)
		return errors.Join(err, c.hears(want))
	case "TLS":
		return c.startTLS(parseOptions(strings.Fields(arg)))
	case "UNTLS":
		behind, err := unquoteAny(arg)
		return errors.Join(err, c.endTLS(behind))
	case "EOF":
		return c.ends()
	case "WAIT":
		return waitFor("a closed port", func() bool { return c.dialData("") != nil })
	case "GONE":
		return c.gone()
	case "CLOSE":
		c.tcp.Close()
		return nil
	case "HALFCLOSE":
		return c.tcp.CloseWrite()
	}
	return fmt.Errorf("%s: no such directive", word)
}

func unquoteAny(arg string) (string, error) {
	if arg == "" {
		return "", nil
	}
	return strconv.Unquote(arg)
}

func (s *player) serverSide(word, arg string) error {
	if word == "REVOKE" {
		s.rig.accounts.revoke(arg)
		return nil
	}
	what, number, _ := strings.Cut(arg, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	return waitFor(arg, func() bool {
		sessions := s.rig.srv.Sessions()
		if what == "sessions" {
			return int64(len(sessions)) == n
		}
		for _, one := range sessions {
			if what == "bytes" && one.Verb != "" && one.Bytes >= n {
				return true
			}
		}
		return false
	})
}

// login reads the greeting if it is still to come, and sends name and
// password.
func (s *player) login(c *client, name string) error {
	if name == "" {
		name = "alice"
	}
	var err error
	if !c.greeted {
		err = s.hear(c, "220 *")
	}
	for _, step := range [][2]string{{"USER " + name, "331 *"}, {"PASS " + s.rig.setup.accounts[name].password, "230 *"}} {
		if err == nil {
			err = s.say(c, step[0])
		}
		if err == nil {
			err = s.hear(c, step[1])
		}
	}
	return err
}

// say sends a line, with its placeholders filled.
func (s *player) say(c *client, line string) error {
	for name, fill := range map[string]func() (string, error){
		"{port}":    func() (string, error) { return c.listen(false) },
		"{eprt}":    func() (string, error) { return c.listen(true) },
		"{no-port}": func() (string, error) { return c.closedPort(false) },
		"{no-eprt}": func() (string, error) { return c.closedPort(true) },
	} {
		if strings.Contains(line, name) {
			value, err := fill()
			if err != nil {
				return err
			}
			line = strings.ReplaceAll(line, name, value)
		}
	}
	for name, value := range s.values {
		line = strings.ReplaceAll(line, "{"+name+"}", value)
	}
	return c.say(line)
}

// hear demands the next line of a reply. On an implicit port TLS comes before
// the first; behind it comes the preamble, if there is one.
func (s *player) hear(c *client, pattern string) error {
	first := !c.greeted
	c.greeted = true
	if first && s.rig.implicit && c.tls == nil {
		if err := c.startTLS(options{}); err != nil {
			return err
		}
	}
	line, err := c.readLine()
	if err == nil {
		err = s.match(pattern, line)
	}
	if err == nil && first && s.tls && strings.HasPrefix(line, "220 ") {
		return s.preamble(c)
	}
	return err
}

func (s *player) preamble(c *client) error {
	err := errors.Join(c.say("AUTH TLS"), s.hear(c, "234 *"))
	if err == nil {
		err = c.startTLS(options{})
	}
	for _, step := range [][2]string{{"PBSZ 0", "200 *"}, {"PROT P", "200 *"}} {
		if err == nil {
			err = errors.Join(c.say(step[0]), s.hear(c, step[1]))
		}
	}
	return err
}

// match compares a line with a pattern, and learns the values of {x}.
func (s *player) match(pattern, line string) error {
	m := globber(pattern, s.values)
	found := m.FindStringSubmatch(line)
	if found == nil {
		return fmt.Errorf("got %q", line)
	}
	for i, name := range m.SubexpNames() {
		if name != "" {
			s.values[name] = found[i]
		}
	}
	return nil
}

var wild = regexp.MustCompile(`\*|\{[a-z]\}`)

// globber makes a pattern a regular expression: * is any text, {x} the value
// of x, or any text that becomes it.
func globber(pattern string, values map[string]string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	named := map[string]bool{}
	last := 0
	for _, at := range wild.FindAllStringIndex(pattern, -1) {
		b.WriteString(regexp.QuoteMeta(pattern[last:at[0]]))
		last = at[1]
		word := pattern[at[0]:at[1]]
		name := strings.Trim(word, "{}")
		value, known := values[name]
		switch {
		case word == "*":
			b.WriteString(`.*`)
		case known:
			b.WriteString(regexp.QuoteMeta(value))
		case named[name]:
			b.WriteString(`.*?`)
		default:
			named[name] = true
			b.WriteString(`(?P<` + name + `>.+?)`)
		}
	}
	b.WriteString(regexp.QuoteMeta(pattern[last:]) + `$`)
	return regexp.MustCompile(b.String())
}

// hears demands exactly these bytes from the server.
func (c *client) hears(want string) error {
	c.tcp.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.in, got)
	if string(got[:n]) != want {
		return fmt.Errorf("got %q, %v", got[:n], err)
	}
	return nil
}

// data runs the directives about the data connection.
func (s *player) data(c *client, word, arg string) error {
	switch word {
	case "D<":
		if isBytes(arg) {
			want, err := bytesOf(arg)
			return errors.Join(err, c.readData(want))
		}
		line, err := c.readDataLine()
		if err != nil {
			return err
		}
		return s.match(arg, line)
	case "D>":
		text := arg + "\n"
		var err error
		if isBytes(arg) {
			text, err = bytesOf(arg)
		}
		return errors.Join(err, c.sendData(text))
	}
	words := strings.Fields(arg)
	if len(words) == 0 {
		return errors.New("D: what?")
	}
	o := parseOptions(words[1:])
	switch words[0] {
	case "dial":
		return c.dialData(o["from"])
	case "open":
		return c.openData(o)
	case "refused":
		return c.refused(o["from"])
	}
	return c.dataStep(words[0])
}

var byteCount = regexp.MustCompile(`^(".*"|\d+ bytes( from \d+)?)$`)

func isBytes(arg string) bool { return byteCount.MatchString(arg) }

func (r *rig) isDir(name string) error {
	info, err := r.tree.Stat(context.Background(), storage.Path("/"+strings.TrimSuffix(name, "/")))
	if err == nil && info.Type != storage.Dir {
		err = storage.ErrNotDir
	}
	return err
}
