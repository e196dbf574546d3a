package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/account"
)

func plain(name string) account.Account {
	return account.Account{Name: name, Home: "/srv/" + name, Permissions: account.All}
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestOnlyTheOwnerCanReadIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "sealift")
	path := filepath.Join(dir, "sealift.db")
	s := opened(t, path)
	if err := s.Add(t.Context(), plain("bob")); err != nil {
		t.Fatal(err)
	}
	if got := mode(t, dir); got != 0o700 {
		t.Errorf("the directory has mode %o", got)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if got := mode(t, path+suffix); got != 0o600 {
			t.Errorf("sealift.db%s has mode %o", suffix, got)
		}
	}
}

func TestOpenClosesTheFileToOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sealift.db")
	first := opened(t, path)
	if err := first.Add(t.Context(), plain("bob")); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Chmod(path+suffix, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	opened(t, path)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if got := mode(t, path+suffix); got != 0o600 {
			t.Errorf("sealift.db%s has mode %o", suffix, got)
		}
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%41&e=f;'\"", "sealift.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Add(t.Context(), plain("bob")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error("the file is not where it should be:", err)
	}
	if _, err := opened(t, path).Get(t.Context(), "bob"); err != nil {
		t.Error(err)
	}
}

func TestSettingsOfConnections(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "sealift.db"))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "trusted_schema": "0",
	} {
		var got string
		if err := s.db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		why  string
		path func(dir string) (string, error)
		want error
	}{
		{"what is no database", func(dir string) (string, error) {
			path := filepath.Join(dir, "text")
			return path, os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600)
		}, nil},
		{"a directory", func(dir string) (string, error) { return dir, nil }, nil},
		{"a path through a file", func(dir string) (string, error) {
			return filepath.Join(dir, "file", "sealift.db"), os.WriteFile(filepath.Join(dir, "file"), nil, 0o600)
		}, nil},
		{"the tables of a newer version", func(dir string) (string, error) {
			path := filepath.Join(dir, "sealift.db")
			_, err := opened(t, path).db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
			return path, err
		}, ErrNewer},
	} {
		t.Run(tt.why, func(t *testing.T) {
			path, err := tt.path(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), path)
			if err == nil {
				s.Close()
				t.Fatal("it opened")
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), path) && !strings.Contains(err.Error(), filepath.Dir(path)) {
				t.Errorf("%v does not name %s", err, path)
			}
		})
	}
}

func TestManyOpenANewFileAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "sealift.db")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Add(t.Context(), plain(fmt.Sprint("user", i))); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if version, err := opened(t, path).Version(t.Context()); err != nil || version != 8 {
		t.Errorf("%d accounts were added (%v)", version, err)
	}
}

// otherProcess names the file, for a process that this test starts.
const otherProcess = "SQLSTORE_TEST_FILE"

const additions = 20

// TestProcesses lets processes add accounts to one new file while this one
// has it open, and sees all of them.
func TestProcesses(t *testing.T) {
	if path := os.Getenv(otherProcess); path != "" {
		addMany(t, opened(t, path), fmt.Sprint("process", os.Getpid()))
		return
	}
	path := filepath.Join(t.TempDir(), "sealift.db")
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProcesses$", "-test.count=1")
			cmd.Env = append(os.Environ(), otherProcess+"="+path)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	s := opened(t, path)
	addMany(t, s, "here")
	all.Wait()
	n := 0
	for _, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	version, err := s.Version(t.Context())
	if err != nil || n != 4*additions || version != 4*additions {
		t.Errorf("%d accounts and version %d (%v), want %d of both", n, version, err, 4*additions)
	}
}

func addMany(t *testing.T, s *Store, prefix string) {
	for i := range additions {
		if err := s.Add(t.Context(), plain(fmt.Sprint(prefix, i))); err != nil {
			t.Error(err)
		}
	}
}

func TestAWriterBlocksNoReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sealift.db")
	s, other := opened(t, path), opened(t, path)
	if err := s.Add(t.Context(), plain("bob")); err != nil {
		t.Fatal(err)
	}
	err := other.Update(t.Context(), "bob", func(a *account.Account) error {
		if _, err := s.Get(t.Context(), "bob"); err != nil {
			t.Error("reading:", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() { failed <- s.Remove(ctx, "bob") }()
		cancel()
		if err := <-failed; err == nil {
			t.Error("two write at once")
		}
		a.Disabled = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := s.Get(t.Context(), "bob"); err != nil || !a.Disabled {
		t.Errorf("disabled is %t (%v)", a.Disabled, err)
	}
}

func TestAHandSpoiltRowIsNoAccount(t *testing.T) {
	for _, tt := range []struct{ why, set, want string }{
		{"a right that does not exist", "permissions = 'fly'", "permissions"},
		{"no right at all is not meant", "permissions = ''", "permissions"},
		{"mounts that are no JSON", "mounts = '/in=/srv'", "mounts"},
		{"a mount that is none", `mounts = '["in"]'`, "mounts"},
		{"a policy of numbers", `policy = '{"a": 1}'`, "policy"},
		{"rules of numbers", "certificate_rules = '[1]'", "certificate_rules"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			s := opened(t, filepath.Join(t.TempDir(), "sealift.db"))
			if err := s.Add(t.Context(), plain("bob")); err != nil {
				t.Fatal(err)
			}
			before, err := s.Version(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.db.Exec("UPDATE account SET " + tt.set); err != nil {
				t.Fatal(err)
			}
			if after, err := s.Version(t.Context()); err != nil || after == before {
				t.Errorf("the version is still %d (%v)", after, err)
			}
			_, err = s.Get(t.Context(), "bob")
			if err == nil || errors.Is(err, account.ErrNotFound) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %s", err, tt.want)
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := opened(b, filepath.Join(b.TempDir(), "sealift.db"))
	if err := s.Add(b.Context(), plain("bob")); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Get(b.Context(), "bob"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVersion(b *testing.B) {
	s := opened(b, filepath.Join(b.TempDir(), "sealift.db"))
	for b.Loop() {
		if _, err := s.Version(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
