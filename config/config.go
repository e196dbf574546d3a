// Package config reads sealift.toml, the environment and the flags into a
// Config. All defaults stand in Default and nowhere else.
//
// It is strict: an unknown key, a value of the wrong type or out of range is
// an *Error that names file, line, key and the nearest valid key. All errors
// of a file are reported at once.
package config

import (
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/tlsprofile"
)

// Config is everything that an operator can set. Fields are named after the
// keys of sealift.toml; what they mean stands in the table of keys.
type Config struct {
	DataDir  string
	RunAs    string
	Listen   Listen
	TLS      TLS
	ACME     ACME
	Policy   ftpserver.Policy
	Relax    bool // policy.accounts_may_relax
	Accounts Accounts
	Uploads  Uploads
	Limits   Limits
	Log      Log

	// given is where each key was given that was not left to its default.
	given map[string]origin
}

// Listen says where the server listens and what it tells of that.
type Listen struct {
	Explicit, Implicit []string // as net.Listen takes them: ":21"
	PassivePorts       ftpserver.PortRange
	PublicAddress      string // an IPv4 address or a host name, or ""
	ProxyProtocolFrom  []netip.Prefix
}

// TLS names the files and the versions. File names are absolute.
type TLS struct {
	Certificate, Key       string
	More                   []KeyPair // for other names
	Profile                string
	MinVersion, MaxVersion string
	CipherSuites           []string
	ClientCA, ClientCRL    string
	StrictSNI              bool
}

// Accounts says how accounts are treated.
type Accounts struct{ CreateHome bool }

// Uploads says what becomes of unfinished uploads.
type Uploads struct{ KeepInterrupted time.Duration } // 0: they are discarded

// Limits bound what clients may take.
type Limits struct {
	Sessions           int
	SessionsPerAddress int
	SessionsPerUser    int // 0: no limit
	IdleTimeout        time.Duration
	LoginTimeout       time.Duration
	HandshakeTimeout   time.Duration
	StallTimeout       time.Duration
	LoginAttempts      int
	UploadRate         int64 // bytes per second and session; 0: no limit
	DownloadRate       int64
}

// Log says what is logged, and where.
type Log struct {
	Format      string // "text" or "json"
	Level       slog.Level
	TransferLog string // an absolute file name, or ""
}

// Default is what runs when nothing is set. The zero Policy is the strict
// one. env is the environment, as os.Environ has it: it says where the home
// directory is.
func Default(env []string) Config {
	return Config{
		DataDir: defaultDataDir(os.Geteuid() == 0, env),
		Listen: Listen{
			Explicit:     []string{":21"},
			PassivePorts: ftpserver.PortRange{First: 50000, Last: 50999},
		},
		TLS:      TLS{Profile: tlsprofile.Default},
		ACME:     ACME{Directory: letsEncrypt, Challenge: challengeHTTP},
		Accounts: Accounts{CreateHome: true},
		Uploads:  Uploads{KeepInterrupted: 24 * time.Hour},
		Limits: Limits{
			Sessions:           10_000,
			SessionsPerAddress: 200,
			IdleTimeout:        5 * time.Minute,
			LoginTimeout:       60 * time.Second,
			HandshakeTimeout:   15 * time.Second,
			StallTimeout:       60 * time.Second,
			LoginAttempts:      3,
		},
		Log: Log{Format: "text", Level: slog.LevelInfo},
	}
}

// Given tells whether a key was set in the file, the environment or by a
// flag: "listen.explicit".
func (c Config) Given(key string) bool {
	_, given := c.given[key]
	return given
}
