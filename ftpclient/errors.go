package ftpclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/sealift/sealift/ftp"
)

// Errors that say what happened; those that a call returns wrap them.
var (
	// ErrTimeout: no connection, no handshake, no reply or no byte in time.
	ErrTimeout = errors.New("ftpclient: timed out")
	// ErrRefused: nobody listens at the address. Always within a ConnectError.
	ErrRefused = errors.New("ftpclient: connection refused")
	// ErrPipelinedReply: bytes followed the reply to AUTH in clear, where only
	// TLS may follow. Somebody may have forged them.
	ErrPipelinedReply = errors.New("ftpclient: unprotected bytes behind the reply to AUTH")
	// ErrTruncated: a download ended without close_notify, so nobody can tell
	// whether it is whole. Always within an InterruptedError.
	ErrTruncated = errors.New("ftpclient: the data connection ended without close_notify")
	// ErrIncomplete: the server said that it has an upload, and has not got all
	// of it. Always within an InterruptedError.
	ErrIncomplete = errors.New("ftpclient: the server does not have the whole file")
	// ErrControlByte: CR, LF or NUL in an argument.
	ErrControlByte = ftp.ErrControlByte
	// ErrNotSupported: the server has no command for that.
	ErrNotSupported = errors.New("ftpclient: the server does not support it")
	// ErrTLSRefused: the server refuses AUTH TLS, or protection of the data
	// connections. Nothing secret was said.
	ErrTLSRefused = errors.New("ftpclient: the server refuses TLS")
	// ErrBusy: the Conn is in the middle of something, mostly a file that was
	// not closed, or the loop over a listing.
	ErrBusy = errors.New("ftpclient: the connection is busy with another transfer")
	// ErrName: an empty name where one is needed, or a name from the server
	// that would lead out of its folder: with "/" or NUL, ".", or "..".
	ErrName = errors.New("ftpclient: refused name")
	// ErrProtocol: what the server sent makes no sense here.
	ErrProtocol = errors.New("ftpclient: the server does not keep to the protocol")
	// ErrLost: the server ended the control connection, or it broke.
	ErrLost = errors.New("ftpclient: the control connection was lost")
	// ErrNotResumed: a data connection was refused, and had not resumed a TLS
	// session of the control connection, which some servers demand. It comes
	// with the ReplyError. Without a ticket from the server there is nothing
	// to resume: crypto/tls does not know the session ids of TLS 1.2.
	ErrNotResumed = errors.New("ftpclient: the data connection did not resume the TLS session")
	// ErrPoolClosed: Get on a Pool that was closed.
	ErrPoolClosed = errors.New("ftpclient: the pool is closed")
)

// A ReplyError is a command that the server refused (4yz, 5yz), or answered
// with what does not follow from it. 530, 532, 533 and 534 are
// fs.ErrPermission. 550 and 553 are neither fs.ErrNotExist nor
// fs.ErrPermission, since servers use them for both; Stat finds out.
type ReplyError struct {
	Command string // "RETR f"; the password is masked. "" for the greeting
	Reply   ftp.Reply
}

func (e *ReplyError) Error() string {
	if e.Command == "" {
		return "ftpclient: greeting: " + printable(e.Reply.Error())
	}
	return "ftpclient: " + printable(e.Command) + ": " + printable(e.Reply.Error())
}

// Is makes replies about rights fs.ErrPermission.
func (e *ReplyError) Is(target error) bool {
	switch e.Reply.Code {
	case ftp.CodeNotLoggedIn, 532, ftp.CodePolicy, ftp.CodeProtection:
		return target == fs.ErrPermission
	}
	return false
}

// Temporary reports whether the same command may succeed later (4yz).
func (e *ReplyError) Temporary() bool { return e.Reply.Code/100 == 4 }

// A ConnectError is a TCP connection that did not come about.
type ConnectError struct {
	Address string
	Err     error // wraps ErrRefused or ErrTimeout where it was that
}

func (e *ConnectError) Error() string {
	return "ftpclient: connect to " + e.Address + ": " + plain(e.Err)
}
func (e *ConnectError) Unwrap() error { return e.Err }

// A TLSError is a TLS connection that failed for other reasons than the
// certificate.
type TLSError struct {
	Data bool // it was a data connection
	Err  error
}

func (e *TLSError) Error() string {
	if e.Data {
		return "ftpclient: TLS on the data connection: " + printable(plain(e.Err))
	}
	return "ftpclient: TLS: " + printable(plain(e.Err))
}
func (e *TLSError) Unwrap() error { return e.Err }

// A CertificateError is a certificate that is not trusted: its chain, its
// dates, a pin that does not match, the Verify of the Options, or on a data
// connection one that is not that of the control connection.
type CertificateError struct {
	Data  bool // it was a data connection
	Chain []*x509.Certificate
	Err   error
}

func (e *CertificateError) Error() string {
	if e.Data {
		return "ftpclient: certificate of the data connection: " + printable(plain(e.Err))
	}
	return "ftpclient: certificate not trusted: " + printable(plain(e.Err))
}
func (e *CertificateError) Unwrap() error { return e.Err }

// A HostnameError is a certificate that is for other names than Host. Whether
// it would be trusted otherwise is not said.
type HostnameError struct {
	Host        string
	Certificate *x509.Certificate
	Err         error
}

func (e *HostnameError) Error() string {
	return "ftpclient: host name not in the certificate: " + printable(plain(e.Err))
}
func (e *HostnameError) Unwrap() error { return e.Err }

// An InterruptedError is a transfer that broke in the middle and may be gone
// on with.
type InterruptedError struct {
	// At is how many bytes this call moved: received in a download, handed to
	// the connection in an upload, of which the server may have less.
	At  int64
	Err error
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("ftpclient: interrupted after %d bytes: %s", e.At, plain(e.Err))
}
func (e *InterruptedError) Unwrap() error { return e.Err }

// explained is a failure of a data connection together with what the server
// said to it, which mostly explains it.
type explained struct{ reply, data error }

func (e *explained) Error() string   { return e.reply.Error() + " (" + plain(e.data) + ")" }
func (e *explained) Unwrap() []error { return []error{e.reply, e.data} }

// plain is an error's text without our prefix, for use within another.
func plain(err error) string {
	return strings.TrimPrefix(err.Error(), "ftpclient: ")
}

// printable escapes what would act on a terminal or forge a line of a log.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return '?'
		}
		return r
	}, s)
}

// timedOut makes every kind of "too late" ErrTimeout, except that of a
// context, which stays what it is.
func timedOut(err error) error {
	var netErr net.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrTimeout):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return err
}

func connectError(address string, err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return &ConnectError{Address: address, Err: timedOut(err)}
}

// handshakeError sorts what a TLS handshake gave. A certificate that is not
// trusted is told in any case, even if ctx ended meanwhile.
func handshakeError(ctx context.Context, err error, data bool, host string) error {
	if certificate, ok := errors.AsType[*CertificateError](err); ok {
		return certificate
	}
	untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok {
		return &TLSError{Data: data, Err: clearText(timedOut(ended(ctx, err)))}
	}
	if _, wrongName := errors.AsType[x509.HostnameError](untrusted.Err); wrongName {
		return &HostnameError{Host: host, Certificate: untrusted.UnverifiedCertificates[0], Err: untrusted.Err}
	}
	return &CertificateError{Data: data, Chain: untrusted.UnverifiedCertificates, Err: untrusted.Err}
}

// clearText shows what a server said in clear where TLS was expected, such as
// the "500 OOPS" of vsftpd.
func clearText(err error) error {
	header, ok := errors.AsType[tls.RecordHeaderError](err)
	if !ok || strings.Trim(string(header.RecordHeader[:]), "0123456789 -ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return err
	}
	return fmt.Errorf("%w; the server said %q… in clear text", err, header.RecordHeader[:])
}

// lost is the end of the control connection as a caller sees it.
func lost(err error) error {
	if opErr, ok := errors.AsType[*net.OpError](err); ok && strings.HasSuffix(opErr.Op, " error") {
		return fmt.Errorf("%w: %w", ErrLost, &TLSError{Err: err}) // an alert
	}
	return fmt.Errorf("%w: %w", ErrLost, clearText(err))
}
