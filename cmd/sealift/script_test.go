package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sealift": main})
}

// patience is how long a script waits for anything.
const patience = 30 * time.Second

// TestScripts runs the binary as people do. Its state is in $WORK/data.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			s := &script{work: env.WorkDir, servers: map[string]*server{}, clients: map[string]*client{}}
			env.Values[scriptKey{}] = s
			env.Setenv("SEALIFT_DATA_DIR", filepath.Join(env.WorkDir, "data"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("LC_ALL", "C.UTF-8")
			env.Setenv("GORACE", "atexit_sleep_ms=10") // else each command sleeps a second at its end
			env.Defer(func() { s.end(env.T().(testing.TB)) })
			return nil
		},
		Condition: func(word string) (bool, error) { return hasTool(word, t) },
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"serve":     onScript((*script).serve),
			"signal":    onScript((*script).signal),
			"stopped":   onScript((*script).stopped),
			"log":       onScript((*script).log),
			"capture":   onScript((*script).capture),
			"secret":    onScript((*script).secret),
			"login":     onScript((*script).login),
			"refuse":    onScript((*script).refuse),
			"anonymous": onScript((*script).anonymous),
			"show-none": onScript((*script).showNone),
			"say":       onScript((*script).say),
			"hear":      onScript((*script).hear),
			"begin":     onScript((*script).begin),
			"finish":    onScript((*script).finish),
			"systemd":   onScript((*script).systemd),
			"issue":     onScript((*script).issue),
			"revoke":    onScript((*script).revoke),
			"noise":     onScript((*script).noise),
			"cut":       onScript((*script).cut),
			"present":   onScript((*script).present),
		},
	})
}

// hasTool is the condition tool:NAME. Where all tools have to be there, one
// that is absent fails the script, else it is said.
func hasTool(word string, t *testing.T) (bool, error) {
	name, isTool := strings.CutPrefix(word, "tool:")
	if !isTool {
		return false, errors.New("unknown condition " + word)
	}
	_, err := exec.LookPath(name)
	if err != nil && os.Getenv("SEALIFT_REQUIRE_TOOLS") == "1" {
		return false, err
	}
	if err != nil {
		t.Logf("%s is not here; what needs it is not tested", name)
	}
	return err == nil, nil
}

type scriptKey struct{}

// script is what one run has started.
type script struct {
	work    string
	servers map[string]*server
	clients map[string]*client
	secrets []string
	// certificate is what clients show from now on.
	certificate *tls.Certificate
	manager     net.PacketConn // what the server takes for systemd; nil if there is none
}

// onScript is a command of scripts; none can be negated.
func onScript(do func(s *script, ts *testscript.TestScript, args []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command cannot be negated")
		}
		do(ts.Value(scriptKey{}).(*script), ts, args)
	}
}

// capture sets a variable to what the first group of a pattern finds in a
// file: capture VAR FILE PATTERN.
func (s *script) capture(ts *testscript.TestScript, args []string) {
	text := ts.ReadFile(args[1])
	found := regexp.MustCompile(args[2]).FindStringSubmatch(text)
	if found == nil {
		ts.Fatalf("nothing like %s in %s:\n%s", args[2], args[1], text)
	}
	ts.Setenv(args[0], found[1])
}

// secret names words that no file of the server may hold.
func (s *script) secret(_ *testscript.TestScript, args []string) {
	s.secrets = append(s.secrets, args...)
}

// end stops what still runs, and looks for secrets in all that was written.
func (s *script) end(t testing.TB) {
	for _, c := range s.clients {
		c.close()
	}
	for _, one := range s.servers {
		one.kill()
	}
	if s.manager != nil {
		s.manager.Close()
	}
	err := filepath.WalkDir(s.work, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !written(path, d) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range s.secrets {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s has a password in it", path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// written tells whether the server wrote the file: logs, and all of its data
// directory.
func written(path string, d fs.DirEntry) bool {
	in := strings.Contains(path, string(filepath.Separator)+"data"+string(filepath.Separator))
	return d.Type().IsRegular() && (in || strings.HasSuffix(path, ".log") || strings.HasSuffix(path, "xferlog"))
}
