package ftpserver

import (
	"context"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
)

// The walk through the states is worth what its model of the handlers is
// worth. Here the handlers themselves are walked through at random, and where
// they lead the model must know.
func TestHandlersMoveAsTheModelSays(t *testing.T) {
	t.Parallel()
	closed := listener(t)
	closed.Close()
	lines := walkLines(addrPort(closed.Addr()))
	all := worlds()
	for seed := range uint64(80) {
		random := rand.New(rand.NewPCG(seed, 1))
		w := all[random.IntN(len(all))]
		s := walked(t, w, random)
		for range 60 {
			cmd, c := pick(random, s, lines)
			before, line := s.state, cmd.Verb+" "+cmd.Arg
			reply := s.do(cmd)
			if !reply.IsZero() {
				s.reply(reply)
			}
			if s.over || reply.Code == ftp.CodeClosing {
				t.Fatalf("seed %d: %s at %+v ended the session: %v", seed, line, before, reply)
			}
			if !slices.Contains(w.known(before, c, cmd, reply), s.state) {
				t.Fatalf("seed %d, %s\n%s is answered %v and leads\nfrom %+v\nto   %+v,\nof which the model knows nothing", seed, w.why, line, reply, before, s.state)
			}
		}
		s.close()
	}
}

// pick chooses a command; one that would be refused comes now and then.
func pick(random *rand.Rand, s *session, lines []string) (cmd ftp.Command, c *command) {
	for range 20 {
		cmd, _ = ftp.ParseCommand(lines[random.IntN(len(lines))])
		c = commands[cmd.Verb]
		cmd.Arg = c.args.word(cmd.Arg)
		if random.IntN(8) == 0 || s.policy.refuse(s.state, c, cmd).IsZero() {
			break
		}
	}
	return cmd, c
}

// known are the states that the model expects behind a command. A handler
// that says no to an argument moves nothing.
func (w world) known(st State, c *command, cmd ftp.Command, reply ftp.Reply) []State {
	all := w.next(st, c, cmd)
	if reply.Code >= 400 {
		st.Renaming, st.Copying = false, false
		all = append(all, st)
	}
	return all
}

// walkLines are the commands of the walk; what moves the state stands there
// more than once.
func walkLines(closed netip.AddrPort) []string {
	lines := []string{
		"AUTH TLS", "AUTH TLS", "PBSZ 0", "PBSZ 0", "PROT P", "PROT P", "PROT C", "PROT X", "CCC", "REIN",
		"USER alice", "USER alice", "USER alice", "USER nobody", "PASS x", "PASS x", "PASS x", "HOST ftp.example",
		"TYPE A", "TYPE I", "TYPE E", "EPSV", "EPSV", "EPSV ALL", "EPSV 7", "PASV", "ABOR",
		"PORT " + ftp.FormatHostPort(closed), "PORT " + ftp.FormatHostPort(closed), "PORT 1,2,3,4,5,6",
		"REST 7", "REST 7", "REST x", "RANG 2 5", "RANG 2 5", "RANG 1 0", "RANG 5 2",
		"RETR f", "RETR f", "STOR g", "APPE g", "LIST", "MLSD", "NLST nothing", "RETR nothing",
		"RNFR f", "RNFR nothing", "RNTO f", "SITE CPFR f", "SITE CPFR nothing", "SITE CPTO f2", "SITE NONSENSE", "SITE HELP", "HASH f",
	}
	for verb := range commands {
		if verb != "QUIT" {
			lines = append(lines, strings.TrimRight(verb+" "+someArg(commands[verb].args), " "))
		}
	}
	slices.Sort(lines)
	return lines
}

// walked is a session that the test itself carries on, command by command,
// with a client that listens, and does what replies ask of it.
func walked(t testing.TB, w world, random *rand.Rand) *session {
	t.Helper()
	server, client := tcpPair(t)
	account := w.account
	files := treeOf(t, "alice", map[string]string{"f": "0123456789"})
	cfg := Config{TLS: serverTLS(), Policy: w.server, Limits: Limits{
		LoginDelay: -1, LoginAttempts: 1 << 30, AcceptTimeout: time.Millisecond, DrainTimeout: patience,
	}}
	srv := New(passwords{grants{"alice": {Files: files, Perm: PermAll, Policy: &account}}, random}, cfg)
	pass, _ := srv.door.enter(loopback, &srv.config.Load().Limits)
	s := newSession(srv, srv.config.Load(), server, pass, false)
	go obedient(client)
	return s
}

// passwords is a Backend that takes three of four passwords.
type passwords struct {
	grants
	random *rand.Rand
}

func (p passwords) Login(ctx context.Context, c Credentials) (Grant, error) {
	g, err := p.grants.Login(ctx, c)
	if p.random.IntN(4) == 0 {
		return Grant{}, ErrRefused
	}
	return g, err
}

// obedient reads what the server says, until it says no more: behind 234 it
// shakes hands, and an end of TLS it answers with its own.
func obedient(raw net.Conn) {
	var conn, b = raw, make([]byte, 1)
	for line := ""; ; {
		_, err := conn.Read(b)
		secure, isTLS := conn.(*tls.Conn)
		switch {
		case err == io.EOF && isTLS:
			secure.CloseWrite()
			raw.SetWriteDeadline(time.Time{})
			conn, line = raw, ""
			continue
		case err != nil:
			return
		}
		if line += string(b); !strings.HasSuffix(line, "\r\n") {
			continue
		}
		if strings.HasPrefix(line, "234 ") {
			secure := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, ServerName: "ftp.example"})
			if secure.Handshake() != nil {
				return
			}
			conn = secure
		}
		line = ""
	}
}
