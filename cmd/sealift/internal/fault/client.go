package fault

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"slices"
	"strings"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

// A lesson is what an error of the client library means to whoever ran a
// command, and what can be done about it.
type lesson struct {
	is   func(error) bool
	code Code
	hint string
}

// lessons are tried in this order; what broke in the middle of a transfer can
// be resumed whatever broke it.
var lessons = []lesson{
	{is(ftpclient.ErrTruncated), Interrupted, "the end of the file may be missing: get it again; for a server that never sends close_notify there is --accept-missing-close-notify"},
	{of[*ftpclient.InterruptedError], Interrupted, "the same command again goes on where it ended, or starts anew"},
	{is(context.Canceled), Interrupted, ""},
	{of[*ftpclient.HostnameError], NotTrusted, "use the name that the certificate is for"},
	{of[*ftpclient.CertificateError], NotTrusted, ""},
	{is(ftpclient.ErrTLSRefused), NotTrusted, "the server may speak implicit TLS on another port: ftps://HOST; without TLS everything travels in clear: ftp://HOST with --insecure-plaintext"},
	{is(ftpclient.ErrPipelinedReply), NotTrusted, "somebody between here and the server may have put them there"},
	{alert("certificate required", "bad certificate", "unknown certificate"), NotTrusted, "the server wants a client certificate that it knows: --cert FILE --key FILE"},
	{alert("protocol version"), NotTrusted, "the server speaks only old TLS; --min-tls 1.0 allows that, and it can be broken"},
	{plainBytes, NotTrusted, "a port for explicit TLS is written ftpes://, one for implicit TLS ftps://"},
	{of[*ftpclient.TLSError], NotTrusted, "sealift doctor HOST shows what the server's TLS can do"},
	{replied(ftp.CodeClosing), NotConnected, "the server is full, or about to stop; try later"},
	{replied(ftp.CodeNoData), NotConnected, dataHint},
	{of[*net.DNSError], NotConnected, "check the host's name"},
	{of[*ftpclient.ConnectError], NotConnected, dataHint},
	{certificateLogin, Refused, "the account logs in with its client certificate: --cert FILE --key FILE"},
	{login, Refused, "check the account's name and the password"},
	{replied(ftp.CodeDataUnprotected, ftp.CodeProtection, ftp.CodePolicy, ftp.CodeProtUnsupported), Refused, "the server's policy does not allow this; its owner can tell why"},
	{replied(ftp.CodeDataTLS), Refused, "the server wants another TLS on the data connection; sealift doctor HOST shows what is wrong"},
	{replied(ftp.CodeNotLoggedIn, 532), Refused, "the account may not do this"},
	{replied(ftp.CodeQuota), Refused, "the account's space is used up, or the server's"},
	{replied(ftp.CodeNameRefused), Refused, "the server does not allow this name, or the account must not write here"},
	{remotely(fs.ErrNotExist), NotFound, ""},
	{denied, Refused, "the account may not do this"},
	{remotely(fs.ErrPermission), Refused, "the account may not do this"},
	{is(ftpclient.ErrNotSupported), Failed, "sealift doctor HOST shows what the server can do"},
	{replied(ftp.CodeUnknown, ftp.CodeRefused, ftp.CodeBadParameter), Failed, "the server cannot do this, or is told not to"},
	{replied(ftp.CodeBusy, ftp.CodeLocalError, ftp.CodeNoSpace), Failed, "the server says that this may work later"},
	{of[*ftpclient.ReplyError], Failed, ""},
	{is(ftpclient.ErrTimeout), NotConnected, "the server is silent; if the port is for implicit TLS, write ftps://; --timeout waits longer"},
	{is(ftpclient.ErrLost), NotConnected, "run it again; if it ends again, the server's log tells more"},
	{is(ftpclient.ErrProtocol), Failed, "sealift doctor HOST shows what the server does wrong"},
	{is(ftpclient.ErrName), Failed, "an evil server may try to write elsewhere; otherwise name files one by one"},
}

const dataHint = "data connections do not come through: the server's passive ports must be open in its firewall; --active lets the server connect to here"

// Connecting is err, of the attempt to reach a server, with what to do about
// it. A connection that fails later is one for data.
func Connecting(err error) error {
	failed, found := errors.AsType[*ftpclient.ConnectError](err)
	if !found || of[*net.DNSError](err) {
		return err
	}
	if errors.Is(err, ftpclient.ErrRefused) {
		return New(NotConnected, "check host and port, and whether the server runs", "nobody listens at %s", failed.Address)
	}
	return &Error{Code: NotConnected, Problem: "no connection to " + failed.Address, Err: failed.Err, Hint: "check host and port, and the firewalls in between"}
}

// learn is the lesson of err, nil if it is none of the client library's.
func learn(err error) *lesson {
	if i := slices.IndexFunc(lessons, func(l lesson) bool { return l.is(err) }); i >= 0 {
		return &lessons[i]
	}
	return nil
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func of[E error](err error) bool {
	_, found := errors.AsType[E](err)
	return found
}

// replied: the server refused a command with one of these codes.
func replied(codes ...ftp.Code) func(error) bool {
	return func(err error) bool {
		refusal, found := errors.AsType[*ftpclient.ReplyError](err)
		return found && slices.Contains(codes, refusal.Reply.Code)
	}
}

// login: the server did not let the account in.
func login(err error) bool {
	refusal, found := errors.AsType[*ftpclient.ReplyError](err)
	if !found {
		return false
	}
	verb, _, _ := strings.Cut(refusal.Command, " ")
	return verb == "USER" || verb == "PASS" || verb == "ACCT"
}

// certificateLogin: the server did not let the account in, and its words are
// about a certificate.
func certificateLogin(err error) bool {
	refusal, found := errors.AsType[*ftpclient.ReplyError](err)
	return found && login(err) && strings.Contains(strings.ToLower(refusal.Reply.Text), "certificate")
}

// denied: RFC 959 has one code for "not there" and "no right"; the text of
// most servers tells them apart.
func denied(err error) bool {
	refusal, found := errors.AsType[*ftpclient.ReplyError](err)
	if !found || refusal.Reply.Code != ftp.CodeUnavailable {
		return false
	}
	text := strings.ToLower(refusal.Reply.Text)
	return slices.ContainsFunc([]string{"denied", "permission", "not allowed", "no right"}, func(word string) bool { return strings.Contains(text, word) })
}

// remotely: the server says so. The same about a file of this computer is not
// meant.
func remotely(target error) func(error) bool {
	return func(err error) bool { return of[*ftpclient.ReplyError](err) && errors.Is(err, target) }
}

// alert: the server ended TLS with one of these words.
func alert(words ...string) func(error) bool {
	return func(err error) bool {
		failed, found := errors.AsType[*ftpclient.TLSError](err)
		return found && slices.ContainsFunc(words, func(word string) bool { return strings.Contains(failed.Error(), "tls: "+word) })
	}
}

// plainBytes: what came was no TLS.
func plainBytes(err error) bool {
	failed, found := errors.AsType[*ftpclient.TLSError](err)
	return found && strings.Contains(failed.Error(), "first record does not look like a TLS handshake")
}
