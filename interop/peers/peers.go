//go:build unix

package peers

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A Kind is the server of one project. Its text is the name of its folder
// under Dir.
type Kind string

const (
	VsFTPd    Kind = "vsftpd"
	ProFTPD   Kind = "proftpd"
	PureFTPd  Kind = "pure-ftpd"
	Pyftpdlib Kind = "pyftpdlib"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{VsFTPd, ProFTPD, PureFTPd, Pyftpdlib} }

// ErrMissing is the reason of Start where ./scripts/peers has not run.
var ErrMissing = errors.New("the server is not here; ./scripts/peers brings it")

// UID and GID own what a server stores; what it shall change and did not make
// itself must be theirs. They are daemon, of all users that every Debian has
// one whose home exists: vsftpd goes there before it goes to Options.Home.
const (
	UID = 1
	GID = 1
)

// Passive ports lie below those that Linux gives to others. The servers share
// them: each looks for a free one.
const (
	passiveFirst = 20000
	passiveLast  = 32000
)

// Options say how a server is to be. All zero is a server for TLS 1.2 and 1.3.
type Options struct {
	// Home is the account's folder, an absolute path that everybody may reach;
	// "" makes one. The server becomes its owner.
	Home string
	// User and Password are "peer" and "pass word" where User is "".
	User, Password string
	// CertFile and KeyFile are PEM; "" makes a certificate for 127.0.0.1 and
	// localhost, by a CA that is written to Server.CAFile.
	CertFile, KeyFile string
	// MinTLS and MaxTLS are tls.VersionTLS12 or tls.VersionTLS13; 0 is 1.2 and
	// 1.3.
	MinTLS, MaxTLS uint16
	// RequireReuse refuses data connections that do not resume the session of
	// the control connection. Only vsftpd and ProFTPD can.
	RequireReuse bool
	// ClearData lets data connections go without TLS (PROT C).
	ClearData bool
}

func (o Options) withDefaults(state string) Options {
	if o.User == "" {
		o.User, o.Password = "peer", "pass word"
	}
	if o.Home == "" {
		o.Home = filepath.Join(state, "home")
	}
	if o.MinTLS == 0 {
		o.MinTLS = tls.VersionTLS12
	}
	if o.MaxTLS == 0 {
		o.MaxTLS = tls.VersionTLS13
	}
	return o
}

// A Server runs until Close.
type Server struct {
	Kind Kind
	// Addr takes connections that turn to TLS with AUTH; ImplicitAddr begins
	// with TLS, and is "" where the server knows no such thing. Both are
	// host:port.
	Addr, ImplicitAddr string
	Home               string
	User, Password     string
	// CAFile is the PEM of the CA; "" where Options brought a certificate.
	CAFile string
	// Version is what Debian calls it.
	Version string

	state     string
	processes []*process
}

// Start gives the server when it answers. The context limits the start alone.
// Errors are ErrMissing, of the system, or what the server said when it ended.
func Start(ctx context.Context, kind Kind, o Options) (*Server, error) {
	installed, err := find(kind)
	if err != nil {
		return nil, err
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%s: only root can start it, since it takes other users' ids", kind)
	}
	if o.RequireReuse && !slices.Contains([]Kind{VsFTPd, ProFTPD}, kind) {
		return nil, fmt.Errorf("%s cannot require that sessions are resumed", kind)
	}
	// A port that was free may be taken when the server comes to it.
	for try := 1; ; try++ {
		s, err := startOnce(ctx, installed, o)
		if err == nil || try == 3 || !errors.Is(err, errEnded) {
			return s, err
		}
	}
}

func startOnce(ctx context.Context, i installation, o Options) (*Server, error) {
	state, err := os.MkdirTemp("", "sealift-"+string(i.kind)+"-")
	if err != nil {
		return nil, err
	}
	o = o.withDefaults(state)
	s := &Server{Kind: i.kind, Home: o.Home, User: o.User, Password: o.Password, Version: i.version, state: state}
	if err := s.start(ctx, i, o); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", i.kind, err), s.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, i installation, o Options) error {
	// The unprivileged part of a server must come to the home.
	if err := os.Chmod(s.state, 0o755); err != nil {
		return err
	}
	if err := prepareHome(o.Home); err != nil {
		return err
	}
	if err := s.prepareTLS(&o); err != nil {
		return err
	}
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	u := setup{Options: o, installation: i, state: s.state, explicit: ports[0], implicit: ports[1]}
	programs, err := configure[i.kind](u)
	if err != nil {
		return err
	}
	return s.run(ctx, u, programs)
}

var configure = map[Kind]func(setup) ([]program, error){
	VsFTPd: setup.vsftpd, ProFTPD: setup.proftpd, PureFTPd: setup.pureFTPd, Pyftpdlib: setup.pyftpdlib,
}

// run starts the programs and waits until all their ports answer.
func (s *Server) run(ctx context.Context, u setup, programs []program) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	s.Addr = address(u.explicit)
	for _, p := range programs {
		started, err := u.launch(p)
		if err != nil {
			return err
		}
		s.processes = append(s.processes, started)
		for _, l := range p.listens {
			if l.implicit {
				s.ImplicitAddr = address(l.port)
			}
			if err := started.answers(ctx, address(l.port)); err != nil {
				return fmt.Errorf("%w\n%s", err, s.Log())
			}
		}
	}
	return nil
}

// Close ends the server and everything that it started, and removes its files,
// with the home that Start made.
func (s *Server) Close() error {
	var all error
	for _, p := range s.processes {
		all = errors.Join(all, p.stop())
	}
	return errors.Join(all, os.RemoveAll(s.state))
}

// PIDs are all processes of the server at this moment.
func (s *Server) PIDs() ([]int, error) {
	var all []int
	for _, p := range s.processes {
		pids, err := family(p.cmd.Process.Pid)
		if err != nil {
			return nil, err
		}
		all = append(all, pids...)
	}
	return all, nil
}

// Log is the end of what the server wrote, for people to read.
func (s *Server) Log() string {
	files, _ := filepath.Glob(filepath.Join(s.state, "*.log"))
	var all []byte
	for _, name := range files {
		text, _ := os.ReadFile(name)
		all = fmt.Appendf(all, "%s:\n%s\n", filepath.Base(name), text[max(0, len(text)-16<<10):])
	}
	return string(all)
}
