package sqlstore

import (
	"database/sql"
	"encoding/json"
	"time"

	"github.com/sealift/sealift/account"
)

// columns are those of an account, in the order of values and scan.
const columns = "name, password_hash, home, permissions, mounts, quota_bytes, quota_files, upload_rate, download_rate," +
	" max_sessions, disabled, expires, administrator, policy, ascii_off, certificate_rules, certificate_reply_331," +
	" created, changed"

const columnCount = 19

var (
	insertAccount = "INSERT INTO account (" + columns + ") VALUES (" + marks(columnCount) + ") ON CONFLICT (name) DO NOTHING"
	updateAccount = "UPDATE account SET (" + columns + ") = (" + marks(columnCount) + ") WHERE name = ?"
)

// values are what is stored of a.
func values(a account.Account) []any {
	return []any{
		a.Name, a.PasswordHash, a.Home, a.Permissions.String(), mustJSON(a.Mounts), a.QuotaBytes, a.QuotaFiles,
		a.UploadRate, a.DownloadRate, a.MaxSessions, number(a.Disabled), instant(a.Expires), number(a.Administrator),
		mustJSON(a.Policy), number(a.ASCIIOff), mustJSON(a.CertificateRules), number(a.CertificateReply331),
		instant(a.Created), instant(a.Changed),
	}
}

// scanner is an *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// scan reads one row; account.ErrNotFound if there is none.
func scan(row scanner) (account.Account, error) {
	var a account.Account
	var permissions, mounts, policy, rules string
	var expires, created, changed sql.NullInt64
	err := row.Scan(
		&a.Name, &a.PasswordHash, &a.Home, &permissions, &mounts, &a.QuotaBytes, &a.QuotaFiles,
		&a.UploadRate, &a.DownloadRate, &a.MaxSessions, &a.Disabled, &expires, &a.Administrator,
		&policy, &a.ASCIIOff, &rules, &a.CertificateReply331, &created, &changed)
	if err != nil {
		return account.Account{}, known(err)
	}
	a.Expires, a.Created, a.Changed = moment(expires), moment(created), moment(changed)
	if a.Permissions, err = account.ParsePermissions(permissions); err != nil {
		return account.Account{}, broken(a.Name, "permissions", err)
	}
	for _, column := range []struct {
		name, text string
		into       any
	}{
		{"mounts", mounts, &a.Mounts},
		{"policy", policy, &a.Policy},
		{"certificate_rules", rules, &a.CertificateRules},
	} {
		if err := json.Unmarshal([]byte(column.text), column.into); err != nil {
			return account.Account{}, broken(a.Name, column.name, err)
		}
	}
	return a, nil
}

// mustJSON is the text of a slice or map of strings, which has one.
func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// instant is NULL for the zero time.
func instant(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func moment(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(n.Int64).UTC()
}
