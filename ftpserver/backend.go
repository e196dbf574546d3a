package ftpserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"net/netip"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// A Backend decides who may log in and what they get. Login is called from
// many sessions at once.
//
// It is asked at PASS, with the password. It is asked before that, without
// one, in two cases: a client that has shown a verified certificate is asked
// about once the handshake is done (no User) and at USER, where a Grant is a
// login without a password (RFC 4217 §10.1, 232); and USER in clear is asked
// about so that ErrNeedTLS can come before a password travels. Any other
// error is not told to the client then: every name is answered 331.
//
// Errors are ErrRefused, ErrNeedTLS, ErrCertificate, ErrThrottled, or an
// ftp.Reply that is sent as it is; any other one counts as a failure of the
// store and is answered 421.
type Backend interface {
	Login(ctx context.Context, c Credentials) (Grant, error)
}

// Errors of a Backend's Login.
var (
	// ErrRefused: wrong name or password, or an account that is closed (530).
	ErrRefused = errors.New("ftpserver: login refused")
	// ErrNeedTLS: this name may log in only under TLS (530).
	ErrNeedTLS = errors.New("ftpserver: login needs TLS")
	// ErrCertificate: the client certificate belongs to somebody else, or the
	// account demands one (530).
	ErrCertificate = errors.New("ftpserver: login needs the account's client certificate")
	// ErrThrottled: too many wrong passwords came from there or for that
	// name (421).
	ErrThrottled = errors.New("ftpserver: too many wrong passwords")
)

// Credentials are what a client has shown.
type Credentials struct {
	User        string // "" when the certificate alone is asked about
	Password    string
	HasPassword bool
	Certificate *x509.Certificate    // the client's, verified; nil if none
	TLS         *tls.ConnectionState // nil in clear
	Host        string               // of HOST or SNI; "" if neither came
	Remote      netip.AddrPort
	Local       netip.AddrPort
}

// A Grant is what a login gives: a tree of files, and rights on it.
type Grant struct {
	User  string // the account's name; "" means Credentials.User
	Files storage.FS
	Perm  Perm
	// Mounts narrow Perm for the folders named and all below them.
	Mounts map[storage.Path]Perm
	// Policy is the session's policy from now on; nil leaves the server's.
	Policy *Policy
	// UploadRate and DownloadRate are in bytes per second; 0 leaves the
	// server's limits.
	UploadRate, DownloadRate int64
	// Sessions is how many sessions the account may have; 0 leaves the
	// server's limit.
	Sessions int
	// Administrator may ask SITE WHO.
	Administrator bool
	// ASCIIOff takes TYPE A and converts nothing.
	ASCIIOff bool
	// Symlinks allows SITE SYMLINK.
	Symlinks bool
	// CertificateReply331 answers 331 in place of 232 and takes any PASS, for
	// clients that know no other reply.
	CertificateReply331 bool
	// Usage tells what the account holds and may hold; nil if nobody counts.
	Usage func() Usage
	// SetPassword changes the account's password (SITE PSWD); nil if the
	// account cannot. ErrRefused when old is wrong.
	SetPassword func(ctx context.Context, old, new string) error
	// Renew, if set, is asked before each command and each data connection:
	// what the account may do now, or an error when it may nothing any more;
	// the session then ends with 421. It must not block.
	Renew func() (Grant, error)
}

// Usage is what an account holds and may hold; a limit of 0 is none.
type Usage struct {
	Bytes, Files       int64
	MaxBytes, MaxFiles int64
}

// left is how many bytes may be added; -1 if there is no limit.
func (u Usage) left() int64 {
	if u.MaxBytes == 0 {
		return -1
	}
	return max(0, u.MaxBytes-u.Bytes)
}

// permAt is the account's right on p: that of the innermost mount.
func (g *Grant) permAt(p storage.Path) Perm {
	perm, depth := g.Perm, -1
	for dir, narrowed := range maps.All(g.Mounts) {
		if p.Within(dir) && len(dir) > depth {
			perm, depth = g.Perm&narrowed, len(dir)
		}
	}
	return perm
}

// loginReply is the reply to a login that failed.
func loginReply(err error) ftp.Reply {
	var reply ftp.Reply
	switch {
	case errors.As(err, &reply):
		return reply
	case errors.Is(err, ErrRefused):
		return ftp.Reply{Code: ftp.CodeNotLoggedIn, Text: "Wrong name or password"}
	case errors.Is(err, ErrNeedTLS):
		return replyNeedTLS
	case errors.Is(err, ErrCertificate):
		return ftp.Reply{Code: ftp.CodeNotLoggedIn, Text: "This login needs the account's own client certificate"}
	case errors.Is(err, ErrThrottled):
		return ftp.Reply{Code: ftp.CodeClosing, Text: "Too many wrong passwords; wait a minute and try again"}
	}
	return ftp.Reply{Code: ftp.CodeClosing, Text: "Logins are not possible right now; try again later"}
}
