//go:build unix

package peers

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// start skips the test where the peers are not here, unless
// SEALIFT_REQUIRE_TOOLS=1 demands them.
func start(t *testing.T, kind Kind, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), kind, o)
	if errors.Is(err, ErrMissing) && os.Getenv("SEALIFT_REQUIRE_TOOLS") != "1" {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.Log())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// lftp runs the lines with lftp, which is logged in with the password given.
// It uses TLS 1.2, since it leaves the session tickets of TLS 1.3 unread: the
// system then resets the data connection at its end, and what vsftpd did not
// read before is lost with an error, in pyftpdlib without one. curl 7.88 would
// not do: it greets on the data connection before it sends the command, which
// pyftpdlib does not bear (giampaolo/pyftpdlib#604).
func lftp(t *testing.T, url, password, ca, script string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("lftp")
	if err != nil && os.Getenv("SEALIFT_REQUIRE_TOOLS") != "1" {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--norc", "-c", fmt.Sprintf(`set cmd:fail-exit yes
set net:max-retries 1
set net:timeout 20
set ssl:ca-file %q
set ssl:priority NORMAL:-VERS-ALL:+VERS-TLS1.2
set ftp:ssl-force yes
open -u peer,%q %s
%s`, ca, password, url, script))
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestPeers(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := start(t, kind, Options{})
			if s.Version == "unknown" {
				t.Error("the version is not known")
			}
			urls := []string{"ftp://" + s.Addr + "/"}
			if s.ImplicitAddr != "" {
				urls = append(urls, "ftps://"+s.ImplicitAddr+"/")
			}
			for _, url := range urls {
				testWithLftp(t, s, url)
			}
		})
	}
}

func testWithLftp(t *testing.T, s *Server, url string) {
	t.Helper()
	content := bytes.Repeat([]byte("0123456789abcde\n"), 1<<16)
	sent, got := filepath.Join(t.TempDir(), "sent.bin"), filepath.Join(t.TempDir(), "got.bin")
	if err := os.WriteFile(sent, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := lftp(t, url, s.Password, s.CAFile,
		fmt.Sprintf("put %q\nls\nget sent.bin -o %q\nmv sent.bin moved.bin", sent, got))
	if err != nil || !strings.Contains(out, "sent.bin") {
		t.Errorf("%s: %v\n%s", url, err, out)
	}
	stored := filepath.Join(s.Home, "moved.bin")
	for _, name := range []string{stored, got} {
		if read, err := os.ReadFile(name); err != nil || !bytes.Equal(read, content) {
			t.Errorf("%s: %s has %d bytes (%v), sent were %d", url, name, len(read), err, len(content))
		}
	}
	if err := os.Remove(stored); err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := start(t, kind, Options{})
			clear := "set ftp:ssl-force no\nset ftp:ssl-allow no\nls"
			if out, err := lftp(t, "ftp://"+s.Addr, s.Password, s.CAFile, clear); err == nil {
				t.Errorf("a login in clear is accepted:\n%s", out)
			}
			if out, err := lftp(t, "ftp://"+s.Addr, "wrong", s.CAFile, "ls"); err == nil {
				t.Errorf("a wrong password is accepted:\n%s", out)
			}
		})
	}
}

func TestVersionsOfTLS(t *testing.T) {
	for _, kind := range Kinds() {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%s,%s", kind, tls.VersionName(version)), func(t *testing.T) {
				t.Parallel()
				s := start(t, kind, Options{MinTLS: version, MaxTLS: version})
				for _, offered := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
					err := handshake(t, s, offered)
					if (err == nil) != (offered == version) {
						t.Errorf("%s offered: %v", tls.VersionName(offered), err)
					}
				}
			})
		}
	}
}

// handshake speaks AUTH TLS.
func handshake(t *testing.T, s *Server, version uint16) error {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	expect(t, conn, "220 ")
	fmt.Fprint(conn, "AUTH TLS\r\n")
	expect(t, conn, "234 ")
	return tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version}).Handshake()
}

// expect reads to the line that begins so.
func expect(t *testing.T, conn net.Conn, prefix string) {
	t.Helper()
	var line []byte
	for one := make([]byte, 1); ; {
		if _, err := conn.Read(one); err != nil {
			t.Fatalf("no %q: %v after %q", prefix, err, line)
		}
		line = append(line, one...)
		if one[0] == '\n' {
			if bytes.HasPrefix(line, []byte(prefix)) {
				return
			}
			line = nil
		}
	}
}

// lftp resumes the session of the control connection; it can be told not to.
func TestRequireReuse(t *testing.T) {
	for _, kind := range []Kind{VsFTPd, ProFTPD} {
		for _, resumes := range []string{"yes", "no"} {
			t.Run(fmt.Sprintf("%s,%s", kind, resumes), func(t *testing.T) {
				t.Parallel()
				s := start(t, kind, Options{RequireReuse: true})
				out, err := lftp(t, "ftp://"+s.Addr, s.Password, s.CAFile, "set ftp:ssl-copy-sid "+resumes+"\nls")
				if (err == nil) != (resumes == "yes") {
					t.Errorf("lftp that resumes %s: %v\n%s", resumes, err, out)
				}
			})
		}
	}
	if s, err := Start(t.Context(), Pyftpdlib, Options{RequireReuse: true}); err == nil {
		t.Error("pyftpdlib cannot require it", s.Close())
	}
}

func TestNothingIsLeft(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := start(t, kind, Options{})
			conn, err := net.Dial("tcp", s.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			expect(t, conn, "220 ")
			pids, err := s.PIDs()
			if err != nil || len(pids) == 0 {
				t.Fatalf("processes are %v, %v", pids, err)
			}
			if kind != Pyftpdlib && len(pids) == len(s.processes) {
				t.Errorf("%v has no process for the session", pids)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if left, err := s.PIDs(); err != nil || len(left) > 0 {
				t.Errorf("processes %v are left, %v", left, err)
			}
			if _, err := os.Stat(s.state); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is left: %v", s.state, err)
			}
			s.processes = nil
		})
	}
}

func TestBadOptions(t *testing.T) {
	open := filepath.Join(t.TempDir(), "home") // t.TempDir is root's alone
	for _, test := range []struct {
		why  string
		o    Options
		says string
	}{
		{"a home must be found from any directory", Options{Home: "home"}, "not an absolute path"},
		{"the server's user must come there", Options{Home: open}, "not everybody may pass"},
		{"a certificate must be one", Options{CertFile: "/dev/null", KeyFile: "/dev/null"}, ""},
	} {
		t.Run(test.why, func(t *testing.T) {
			s, err := Start(t.Context(), ProFTPD, test.o)
			if errors.Is(err, ErrMissing) && os.Getenv("SEALIFT_REQUIRE_TOOLS") != "1" {
				t.Skip(err)
			}
			if err == nil {
				t.Fatal("started", s.Close())
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v does not say %q", err, test.says)
			}
		})
	}
}
