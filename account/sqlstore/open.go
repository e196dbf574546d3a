// Package sqlstore keeps accounts in one SQLite file. Several processes may
// have it open at once, such as a running server and the command that adds an
// account.
package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver
)

// ErrNewer: the file was written by a newer version of this program.
var ErrNewer = errors.New("sqlstore: the accounts were written by a newer version; update this one")

//go:embed migrations/*.sql
var migrations embed.FS

// maxConnections is how many statements run at once in this process.
const maxConnections = 8

// busyTimeout is how long a statement waits for another process, unless its
// context ends before.
const busyTimeout = 5 * time.Second

// Open opens the file at path, with the directories above it (mode 0700) and
// the file (0600) made if they are missing, and brings its tables up to date.
// A file that others could read is closed to them. The error is ErrNewer, or
// names the file.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	if err := migrate(ctx, db); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return &Store{db: db, now: time.Now}, nil
}

// source is the driver's name for the file at path.
func source(path string) string {
	file := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(path), "/")}
	file.RawQuery = url.Values{
		"_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_txlock":       {"immediate"},
		"_dqs":          {"false"},
		"_defensive":    {"true"},
		"_error_rc":     {"true"},
		"_pragma":       {"trusted_schema(0)"},
	}.Encode()
	return file.String()
}

// making is held while makePrivate has the file open: closing it would end
// the locks that SQLite in this process holds on the same file.
var making sync.Mutex

// makePrivate makes the file at path if it is missing, and takes it and its
// companions away from everybody but the owner.
func makePrivate(path string) error {
	making.Lock()
	defer making.Unlock()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := hide(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func hide(name string) error {
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", name)
	}
	return os.Chmod(name, 0o600)
}

// migrationAttempts is how often migrate tries. An attempt fails when another
// process is first with the same step.
const migrationAttempts = 5

// migrate brings the tables up to date.
func migrate(ctx context.Context, db *sql.DB) error {
	scripts, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, scripts, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	for range migrationAttempts {
		if err = up(ctx, provider); err == nil || errors.Is(err, ErrNewer) || ctx.Err() != nil {
			break
		}
	}
	return err
}

func up(ctx context.Context, provider *goose.Provider) error {
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	current, known, err := provider.GetVersions(ctx)
	if err == nil && current > known {
		err = ErrNewer
	}
	return err
}
