package ftpserver_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestTranscripts plays testdata/*.txtar: what clients and server say, byte by
// byte. A file is named after what happens; its first line cites the source.
//
//	# RFC 959 §4.1.3. A STOR that never gets its data connection leaves the file alone.
//	LOGIN
//	C: STOR f
//	S: 425 *
//	-- fs/f --
//	precious
//	-- want/f --
//	precious
//
// A file is played twice: in clear, and in TLS. In TLS the runner says AUTH,
// PBSZ and PROT P behind the greeting of each connection. A line "only: clear"
// or "only: tls" has it played once; another file that says AUTH itself, or has
// "implicit = yes", is played once, as it is written.
//
//	LOGIN [name]      S: 220 (if still to come), USER, PASS; alice if no name
//	C: text           the client sends a line
//	C "bytes"         the client sends bytes, a Go string, as they are
//	S: pattern        the server sends this line; each line of a reply has its own
//	S "bytes"         the server sends exactly these bytes
//	TLS [options]     handshake of the control connection
//	UNTLS ["bytes"]   close_notify both ways; bytes go in clear right behind ours
//	EOF               the server closes: in TLS with close_notify, never with a reset
//	GONE              the connection ends, whatever comes before
//	CLOSE, HALFCLOSE  the client closes the TCP connection, or its half of it
//	D dial [options]  only the TCP connection of the data connection
//	D open [options]  the data connection: dials the port of the last 227 or 229, or
//	                  accepts at {port}; in TLS if PROT P is on, and resumed
//	D< pattern        the server sends this line, with CR LF
//	D< "bytes"        the server sends exactly these bytes; or D< 500 bytes [from 20]
//	D> text           the client sends text and LF
//	D> "bytes"        the client sends exactly these bytes; or D> 500 bytes [from 20]
//	D eof             the file ends here, in TLS with close_notify; the client closes
//	D rest            the same behind bytes that do not matter
//	D close           the client ends its upload in order and waits for the server
//	D notify          close_notify alone; D cut: FIN without it; D reset: RST
//	D lost            the connection ends, and in TLS without close_notify
//	D refused         nobody listens, or the connection is closed without a byte
//	WAIT bytes n      until the server has counted n bytes of the transfer
//	WAIT sessions n   until so many sessions are left
//	WAIT port         until the passive port is closed
//	REVOKE name       the account is disabled
//	@name directive   the same for another control connection, which begins here
//
// Options: sni=name, alpn=h2,ftp, version=1.2, cert=alice (foreign: of an
// authority nobody knows), alert=120 (the handshake fails with it), unchecked
// (the server's name), served=name (of the server's certificate); for D also from=127.0.0.2, fresh (resumes nothing),
// clear and private (whatever PROT said).
//
// In patterns * is any text; {x} (a lower-case letter) is any text that is the
// same wherever {x} stands again, in patterns and in what the client sends. In
// what the client sends, {port} and {eprt} are the arguments of PORT and EPRT
// for a port that the client opens, {no-port} and {no-eprt} for a closed one.
//
// Sections: "config" (see setup); "fs/name" files before, a name with / at the
// end is a directory; "want/name" complete files at the end; "absent/name"
// none of that name; "log" and "no-log" patterns of words in lines of the log.
// Lines that are empty or begin with # are skipped. All connections but those
// that CLOSE or EOF ended may be open at the end.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := strings.TrimSuffix(filepath.Base(name), ".txtar")
		for _, mode := range modes(archive) {
			t.Run(base+"/"+mode, func(t *testing.T) {
				t.Parallel()
				playArchive(t, name, archive, mode)
			})
		}
	}
}

var (
	saysOnly = regexp.MustCompile(`(?m)^only: (clear|tls)$`)
	saysAuth = regexp.MustCompile(`(?mi)^(@\w+ )?C(:| ") ?AUTH\b`)
	cites    = regexp.MustCompile(`^# (RFC \d+|draft-|protocol\.md|security\.md|architecture\.md|contract\.md)`)
)

// modes are the ways in which a file is played.
func modes(a *txtar.Archive) []string {
	config, _ := section(a, "config")
	if only := saysOnly.FindSubmatch(a.Comment); only != nil {
		return []string{string(only[1])}
	}
	if saysAuth.Match(a.Comment) || strings.Contains(config, "implicit = yes") {
		return []string{"as written"}
	}
	return []string{"clear", "tls"}
}

func section(a *txtar.Archive, name string) (string, bool) {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data), true
		}
	}
	return "", false
}

func playArchive(t *testing.T, name string, a *txtar.Archive, mode string) {
	if !cites.Match(a.Comment) {
		t.Error("the first line cites no source")
	}
	config, _ := section(a, "config")
	for _, f := range a.Files {
		if file, found := strings.CutPrefix(f.Name, "fs/"); found {
			config += "\nfs/" + file + " = " + strconv.Quote(string(f.Data))
		}
	}
	r := startRig(t, config)
	r.play(t, name, mode, string(a.Comment))
	if err := errors.Join(r.check(a)...); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Logf("the log:\n%s", r.log)
	}
}

// check compares what is there at the end with what the archive wants.
func (r *rig) check(a *txtar.Archive) (wrong []error) {
	for name, want := range r.setup.want {
		wrong = append(wrong, r.wants(name, want))
	}
	for _, f := range a.Files {
		kind, name, _ := strings.Cut(f.Name, "/")
		switch kind {
		case "want":
			wrong = append(wrong, r.wants(name, string(f.Data)))
		case "absent":
			if _, err := r.content(name); !errors.Is(err, fs.ErrNotExist) {
				wrong = append(wrong, fmt.Errorf("%s: %v, want nothing there", name, err))
			}
		case "log", "no-log":
			for line := range strings.Lines(string(f.Data)) {
				pattern := strings.TrimSuffix(line, "\n")
				if r.log.holds(pattern) != (kind == "log") {
					wrong = append(wrong, fmt.Errorf("%s: %s", kind, pattern))
				}
			}
		case "fs", "config":
		default:
			wrong = append(wrong, fmt.Errorf("section %s: no such kind", f.Name))
		}
	}
	return wrong
}

func (r *rig) wants(name, want string) error {
	if strings.HasSuffix(name, "/") {
		return r.isDir(name)
	}
	got, err := r.content(name)
	if err != nil || got != want {
		return fmt.Errorf("%s holds %q, %v; want %q", name, short(got), err, short(want))
	}
	return nil
}

// play runs a script on a rig; mode is "tls" for the preamble of TLS. Tests in
// Go use it with scripts that they make, or say a line at a time (newPlayer).
func (r *rig) play(t testing.TB, name, mode, script string) {
	t.Helper()
	s := newPlayer(r, mode)
	defer s.close()
	number := 0
	for line := range strings.Lines(script) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "only: ") {
			continue
		}
		if err := s.step(line); err != nil {
			t.Fatalf("%s:%d: %s\n%v", name, number, line, err)
		}
	}
}

// waitFor polls until done; what is waited for happens in the server.
func waitFor(what string, done func() bool) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !done(); {
		select {
		case <-tick.C:
		case <-late:
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
	return nil
}
