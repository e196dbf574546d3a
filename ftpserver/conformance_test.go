package ftpserver_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/storage"
)

// orders are the ways in which a client may mix PROT with its data address.
var orders = [][]string{
	{"route"}, {"PROT C", "route"}, {"route", "PROT C"}, {"PROT P", "route"}, {"route", "PROT P"},
	{"PROT P", "route", "PROT C"}, {"PROT P", "PROT C", "route"}, {"route", "PROT P", "PROT C"},
	{"PROT C", "route", "PROT P"}, {"route", "PROT C", "PROT P"}, {"PROT C", "PROT P", "route"},
}

// security.md T12, architecture.md law 1: the level that is checked is the
// level that is used. Where unprotected data is not allowed no byte of data
// goes out in clear and none is stored, in whatever order things are said.
func TestNoUnprotectedByte(t *testing.T) {
	t.Parallel()
	for _, config := range []string{"unprotected_data = deny", "alice.unprotected_data = deny"} {
		r := startRig(t, config+"\nfs/f = \"text\\n\"\nfs/dir/g = \"text\\n\"")
		for _, route := range []string{"PASV", "EPSV", "PORT {port}", "EPRT {eprt}"} {
			for _, verb := range []string{"RETR f", "STOR new", "APPE f", "STOU", "LIST", "NLST", "MLSD"} {
				t.Run(config+"/"+route+"/"+verb, func(t *testing.T) {
					t.Parallel()
					for _, order := range orders {
						tryOrder(t, r, order, route, verb)
					}
				})
			}
		}
	}
}

func tryOrder(t *testing.T, r *rig, order []string, route, verb string) {
	t.Helper()
	s := newPlayer(r, "")
	defer s.close()
	s.do(t, "S: 220 *", "C: AUTH TLS", "S: 234 *", "TLS", "C: PBSZ 0", "S: 200 *", "C: PROT C", "S: *", "LOGIN")
	for _, line := range order {
		if line == "route" {
			line = route
		}
		s.do(t, "C: "+line, "S: *")
	}
	c := s.clients[""]
	if c.address != "" {
		s.do(t, "D dial") // before the command, as some clients do
	}
	if !c.private {
		s.do(t, "C: "+verb, "S: 521 Data connections need PROT P here", "C: ABOR", "S: 226 *")
		demandSilence(t, c, order)
		return
	}
	s.do(t, "C: "+verb, "S: 150 *", "D open private")
	if strings.HasPrefix(verb, "STO") || strings.HasPrefix(verb, "APPE") {
		s.do(t, "D> text", "D close", "S: 226 *")
		return
	}
	s.do(t, "D< *", "D rest", "S: 226 *")
}

// demandSilence reads what came over a data connection that must get nothing.
func demandSilence(t *testing.T, c *client, order []string) {
	t.Helper()
	if c.data == nil {
		return
	}
	io.WriteString(c.data.tcp, "clear bytes")
	c.data.tcp.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(c.data.tcp)
	if len(got) > 0 || isTimeout(err) {
		t.Errorf("%v: %d bytes in clear, %v", order, len(got), err)
	}
}

// RFC 2577 §5, security.md L1: a wrong password is answered after a while,
// the second after twice that.
func TestWrongPasswordsTakeTime(t *testing.T) {
	t.Parallel()
	const delay = 60 * time.Millisecond
	r := startRig(t, "Limits.LoginDelay = "+delay.String())
	s := newPlayer(r, "")
	defer s.close()
	s.do(t, "S: 220 *")
	for try := 1; try <= 2; try++ {
		s.do(t, "C: USER alice", "S: 331 *")
		began := time.Now()
		s.do(t, "C: PASS wrong", "S: 530 *")
		if took := time.Since(began); took < time.Duration(try)*delay {
			t.Errorf("wrong password %d was answered after %v", try, took)
		}
	}
	s.do(t, "C: USER alice", "S: 331 *", "C: PASS wrong", "S: 421 *", "EOF")
}

// security.md L5: whatever a client says, the log is lines of JSON without
// control characters, and holds no password.
func TestLogIsNotInjected(t *testing.T) {
	t.Parallel()
	r := startRig(t, "")
	s := newPlayer(r, "")
	defer s.close()
	s.do(t, "S: 220 *",
		`C "USER x\x1b[2J\r\n"`, "S: 501 *",
		`C "USER x\u2028{\"level\":\"ERROR\"}\r\n"`, "S: 331 *",
		`C "PASS secret-of-nobody\r\n"`, "S: 530 *",
		`C "\x1b[2J{\"level\":\"ERROR\"} x\r\n"`, "S: 500 *",
		`C "CLNT x\x1b[2J\t\x08\"}\xff\xff\xc3\r\n"`, "S: 200 *",
		"LOGIN",
		`C "RETR x\x1b[2J\"\r\n"`, "S: 425 *",
		"C: EPSV", "S: 229 *",
		`C "STOR a\x1b[2J\"\r\n"`, "S: 553 *",
		`C "SITE \x1b[2J x\r\n"`, "S: 500 *",
		`C "DELE \x1b[2J\r\n"`, "S: 550 *",
		"C: QUIT", "S: 221 *", "EOF", "CLOSE", "WAIT sessions 0")
	for line := range strings.Lines(r.log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %q", line)
		}
		if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(c rune) bool { return c < ' ' || c == 0x7f }) {
			t.Errorf("control characters: %q", line)
		}
		if strings.Contains(line, "secret-of-nobody") {
			t.Errorf("a password: %q", line)
		}
	}
}

// security.md L6: there is one door. Wrong logins on both kinds of port, many
// at once, let nobody in, and each asks the Backend.
func TestNoLoginWithoutTheBackend(t *testing.T) {
	t.Parallel()
	const clients, tries = 40, 2
	r := startRig(t, "Limits.LoggedOutSessionsPerAddress = 1000")
	implicit := startRig(t, "implicit = yes\nLimits.LoggedOutSessionsPerAddress = 1000")
	var all sync.WaitGroup
	for i := range clients {
		on := []*rig{r, implicit}[i%2]
		all.Go(func() {
			s := newPlayer(on, "")
			defer s.close()
			err := s.step("S: 220 *")
			for range tries {
				for _, line := range []string{"C: USER alice", "S: 331 *", "C: PASS wrong", "S: 530 *", "C: PWD", "S: 530 *"} {
					if err == nil {
						err = s.step(line)
					}
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, on := range []*rig{r, implicit} {
		if on.log.holds(`"msg":"login",`) || on.accounts.asked != clients/2*tries {
			t.Errorf("the backend was asked %d times, want %d; or somebody got in:\n%s", on.accounts.asked, clients/2*tries, on.log)
		}
	}
}

// security.md P11, protocol.md §2: ABOR is answered within a second, even
// while nobody has connected. A busy machine has three tries.
func TestAbortIsQuick(t *testing.T) {
	t.Parallel()
	r := startRig(t, "fs/big = 20000000 bytes")
	for _, mode := range []string{"clear", "tls"} {
		for _, test := range []struct {
			why   string
			lines []string
		}{
			{"while nobody has connected", []string{"C: STOR f", "S: 150 *"}},
			{"while the client only connects", []string{"D dial", "C: STOR f", "S: 150 *"}},
			{"in the middle of an upload", []string{"C: STOR f", "S: 150 *", "D open", "D> 1000 bytes", "WAIT bytes 1000"}},
			{"in a download that nobody reads", []string{"C: RETR big", "S: 150 *", "D open", "WAIT bytes 40000"}},
		} {
			t.Run(mode+"/"+test.why, func(t *testing.T) {
				took := abortTakes(t, r, mode, test.lines)
				for try := 1; try < 3 && took > time.Second; try++ {
					took = abortTakes(t, r, mode, test.lines)
				}
				if took > time.Second {
					t.Errorf("ABOR took %v", took)
				}
			})
		}
	}
}

// abortTakes is how long ABOR takes behind these lines.
func abortTakes(t *testing.T, r *rig, mode string, lines []string) time.Duration {
	t.Helper()
	s := newPlayer(r, mode)
	defer s.close()
	s.do(t, "LOGIN", "C: TYPE I", "S: 200 *", "C: EPSV", "S: 229 *")
	s.do(t, lines...)
	began := time.Now()
	s.do(t, "C: ABOR", "S: 426 *", "S: 226 *")
	return time.Since(began)
}

// slowCommits is a store whose uploads wait at their end.
type slowCommits struct {
	storage.FS
	reached, goOn chan struct{}
}

type slowCommit struct {
	storage.Writer
	at slowCommits
}

func (f slowCommits) Create(ctx context.Context, p storage.Path, m storage.Mode) (storage.Writer, error) {
	w, err := f.FS.Create(ctx, p, m)
	return slowCommit{w, f}, err
}

func (w slowCommit) Commit() error {
	close(w.at.reached)
	<-w.at.goOn
	return w.Writer.Commit()
}

// RFC 959 §4.1.3, protocol.md §2, security.md P11: once all bytes are in and
// the commit runs, ABOR comes too late: 226 for the upload, 226 for ABOR.
func TestAbortDuringCommit(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"clear", "tls"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := startRig(t, "")
			store := slowCommits{reached: make(chan struct{}), goOn: make(chan struct{})}
			r.accounts.wrap = func(files storage.FS) storage.FS {
				store.FS = files
				return store
			}
			s := newPlayer(r, mode)
			defer s.close()
			s.do(t, "LOGIN", "C: EPSV", "S: 229 *", "C: STOR f", "S: 150 *", "D open", "D> text", "D close")
			<-store.reached
			s.do(t, "C: NOOP", "S: 200 *", "C: ABOR")
			close(store.goOn)
			s.do(t, "S: 226 Stored 5 bytes", "S: 226 *")
			if err := r.wants("f", "text\n"); err != nil {
				t.Error(err)
			}
		})
	}
}

// RFC 2577 §3, security.md P1: a PORT that is refused makes the server connect
// to nobody.
func TestBounceConnectsNowhere(t *testing.T) {
	t.Parallel()
	victim, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("this machine has no 127.0.0.2: %v", err)
	}
	defer victim.Close()
	visited := make(chan struct{})
	go func() {
		if conn, err := victim.Accept(); err == nil {
			conn.Close()
			close(visited)
		}
	}()
	s := newPlayer(startRig(t, ""), "")
	defer s.close()
	for _, extended := range []bool{false, true} {
		verb := map[bool]string{false: "PORT ", true: "EPRT "}[extended]
		s.do(t, "LOGIN", "C: "+verb+portArgument(victim.Addr(), extended), "S: 504 *", "C: LIST", "S: 425 *", "C: USER bob", "S: 331 *")
	}
	select {
	case <-visited:
		t.Error("the server connected to a third party")
	default:
	}
}
