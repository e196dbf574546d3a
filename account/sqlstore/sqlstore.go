package sqlstore

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/account"
)

// pageSize is how many accounts List reads at once.
const pageSize = 256

// rulesPerQuery is how many of a certificate's names are looked up at once.
const rulesPerQuery = 100

// A Store is an account.Store and account.Settings in a file. The owner
// closes it.
type Store struct {
	db  *sql.DB
	now func() time.Time
}

// Close waits for what is running and closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Get implements account.Store.
func (s *Store) Get(ctx context.Context, name string) (account.Account, error) {
	return get(ctx, s.db, name)
}

// queryer is an *sql.DB or an *sql.Tx.
type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func get(ctx context.Context, q queryer, name string) (account.Account, error) {
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM account WHERE name = ?", name))
}

// List implements account.Store. It reads page by page and keeps nothing open
// while the caller looks at one.
func (s *Store) List(ctx context.Context) iter.Seq2[account.Account, error] {
	return func(yield func(account.Account, error) bool) {
		for after, more := "", true; more; {
			page, err := s.query(ctx, "SELECT "+columns+" FROM account WHERE name > ? ORDER BY name LIMIT ?", after, pageSize)
			for _, a := range page {
				if !yield(a, nil) {
					return
				}
				after = a.Name
			}
			if err != nil {
				yield(account.Account{}, err)
				return
			}
			more = len(page) == pageSize
		}
	}
}

// query returns the accounts read before an error, too.
func (s *Store) query(ctx context.Context, query string, args ...any) (found []account.Account, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		a, err := scan(rows)
		if err != nil {
			return found, err
		}
		found = append(found, a)
	}
	return found, rows.Err()
}

// Add implements account.Store.
func (s *Store) Add(ctx context.Context, a account.Account) error {
	a, err := account.Added(a, s.now())
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, insertAccount, values(a)...))
		switch {
		case err != nil:
			return err
		case n == 0:
			return account.ErrExists
		}
		return addRules(ctx, tx, a)
	})
}

// Update implements account.Store.
func (s *Store) Update(ctx context.Context, name string, change func(*account.Account) error) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		old, err := get(ctx, tx, name)
		if err != nil {
			return err
		}
		a, err := account.Changed(old, change, s.now())
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, updateAccount, append(values(a), name)...); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM certificate_rule WHERE account = ?", name); err != nil {
			return err
		}
		return addRules(ctx, tx, a)
	})
}

// Remove implements account.Store.
func (s *Store) Remove(ctx context.Context, name string) error {
	n, err := affected(s.db.ExecContext(ctx, "DELETE FROM account WHERE name = ?", name))
	if err == nil && n == 0 {
		err = account.ErrNotFound
	}
	return err
}

// FindByCertificate implements account.Store.
func (s *Store) FindByCertificate(ctx context.Context, cert *x509.Certificate) (account.Account, error) {
	found := map[string]account.Account{}
	for rules := range slices.Chunk(account.CertificateNames(cert), rulesPerQuery) {
		some, err := s.havingRule(ctx, rules)
		if err != nil {
			return account.Account{}, err
		}
		for _, a := range some {
			found[a.Name] = a
		}
	}
	if len(found) > 1 {
		return account.Account{}, account.ErrAmbiguous
	}
	for _, a := range found {
		return a, nil
	}
	return account.Account{}, account.ErrNotFound
}

// havingRule are accounts with one of the rules, at most two of them.
func (s *Store) havingRule(ctx context.Context, rules []string) ([]account.Account, error) {
	var args []any
	for _, rule := range rules {
		args = append(args, rule)
	}
	return s.query(ctx, "SELECT "+columns+" FROM account WHERE name IN"+
		" (SELECT account FROM certificate_rule WHERE rule IN ("+marks(len(rules))+")) ORDER BY name LIMIT 2", args...)
}

// Version implements account.Store.
func (s *Store) Version(ctx context.Context) (version int64, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT number FROM revision").Scan(&version)
	return version, err
}

// Setting implements account.Settings.
func (s *Store) Setting(ctx context.Context, key string) (value string, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT value FROM setting WHERE name = ?", key).Scan(&value)
	return value, known(err)
}

// SetSetting implements account.Settings.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	_, err := s.db.ExecContext(ctx,
		"INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", key, value)
	return err
}

// write runs change in a transaction that has the write lock from the start.
func (s *Store) write(ctx context.Context, change func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := change(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func addRules(ctx context.Context, tx *sql.Tx, a account.Account) error {
	for _, rule := range a.CertificateRules {
		if _, err := tx.ExecContext(ctx,
			"INSERT INTO certificate_rule (rule, account) VALUES (?, ?) ON CONFLICT DO NOTHING", rule, a.Name); err != nil {
			return err
		}
	}
	return nil
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// known turns the driver's word for no row into ours.
func known(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return account.ErrNotFound
	}
	return err
}

// marks are n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func broken(name, column string, err error) error {
	return fmt.Errorf("sqlstore: account %q: %s: %w", name, column, err)
}
