package ftpserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"time"

	"github.com/sealift/sealift/ftp"
)

// Config is what a Server is told. The zero value is usable: strict policy,
// default limits, any free port for passive connections; without TLS such a
// server refuses every login, as its policy says. A Config is not changed
// after it was given to a Server.
type Config struct {
	// TLS holds the certificates and versions. The server adds what FTPS
	// needs: ALPN, tickets, the policy on client certificates.
	// GetConfigForClient is not called. nil: AUTH is refused.
	TLS *tls.Config
	// Policy is what a session is held to until a Grant brings its own.
	Policy Policy
	Limits Limits
	// PassivePorts is the range for passive data connections; zero: any.
	PassivePorts PortRange
	// PublicAddress is what PASV tells a client; the zero Addr is the address
	// that the client reached. nil means the zero Addr for everybody.
	PublicAddress func(client netip.Addr) netip.Addr
	// Site holds SITE words of the embedder.
	Site []SiteWord
	// Log gets a line per login, transfer and refusal. nil: no log.
	Log *slog.Logger
	// Transferred is told of each transfer's end, before the client is.
	// It must be quick. nil: nobody is.
	Transferred func(Transfer)
}

// PortRange is First to Last, both included.
type PortRange struct{ First, Last uint16 }

// A SiteWord is a SITE command of the embedder.
type SiteWord struct {
	Word string // in upper case
	Help string // its arguments and what it does, one line
	Perm Perm   // the right that it needs; 0 means a login is enough
	// Run carries it out for the session's account.
	Run func(ctx context.Context, g Grant, arg string) ftp.Reply
}

// Transfer is one transfer that has ended.
type Transfer struct {
	Session   string // its ID
	User      string
	Remote    netip.AddrPort
	Verb      string // RETR, STOR, APPE, STOU, LIST, NLST or MLSD
	Path      string // absolute, in the account's tree
	Offset    int64
	Bytes     int64 // as they went over the wire, before TLS
	Start     time.Time
	Duration  time.Duration
	ASCII     bool
	Protected bool // under TLS
	Resumed   bool // the data connection resumed a TLS session of this account
	Reply     ftp.Reply
}

// Limits bound what clients may take. A zero field means its default.
type Limits struct {
	Sessions                    int           // in all; 10,000
	SessionsPerAddress          int           // 200
	SessionsPerUser             int           // 0: no limit
	LoggedOutSessions           int           // before the login, in all; 1,024
	LoggedOutSessionsPerAddress int           // 64
	LoginAttempts               int           // wrong passwords until the connection is closed; 3
	IdleTimeout                 time.Duration // between commands; 5 min
	LoginTimeout                time.Duration // from the connection to the login; 60 s
	HandshakeTimeout            time.Duration // 15 s
	StallTimeout                time.Duration // a transfer that moves no byte; 60 s
	AcceptTimeout               time.Duration // until the data connection stands; 30 s
	PassiveTimeout              time.Duration // a passive port that nobody uses; 60 s
	DrainTimeout                time.Duration // for the peer's end of a data connection; 5 s
	// UploadRate and DownloadRate are bytes per second and session; 0: no
	// limit.
	UploadRate, DownloadRate int64
	// LoginDelay is the wait before a wrong password is answered, times the
	// number of the try; 1 s. Negative: none.
	LoginDelay time.Duration
}

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	l.Sessions = cmp.Or(l.Sessions, 10_000)
	l.SessionsPerAddress = cmp.Or(l.SessionsPerAddress, 200)
	l.LoggedOutSessions = cmp.Or(l.LoggedOutSessions, 1024)
	l.LoggedOutSessionsPerAddress = cmp.Or(l.LoggedOutSessionsPerAddress, 64)
	l.LoginAttempts = cmp.Or(l.LoginAttempts, 3)
	l.IdleTimeout = cmp.Or(l.IdleTimeout, 5*time.Minute)
	l.LoginTimeout = cmp.Or(l.LoginTimeout, time.Minute)
	l.HandshakeTimeout = cmp.Or(l.HandshakeTimeout, 15*time.Second)
	l.StallTimeout = cmp.Or(l.StallTimeout, time.Minute)
	l.AcceptTimeout = cmp.Or(l.AcceptTimeout, 30*time.Second)
	l.PassiveTimeout = cmp.Or(l.PassiveTimeout, time.Minute)
	l.DrainTimeout = cmp.Or(l.DrainTimeout, 5*time.Second)
	l.LoginDelay = cmp.Or(l.LoginDelay, time.Second)
	return l
}

// withDefaults fills what is not set.
func (c Config) withDefaults() Config {
	c.Limits = c.Limits.withDefaults()
	if c.PublicAddress == nil {
		c.PublicAddress = func(netip.Addr) netip.Addr { return netip.Addr{} }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Transferred == nil {
		c.Transferred = func(Transfer) {}
	}
	return c
}
