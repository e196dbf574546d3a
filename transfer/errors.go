package transfer

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/sealift/sealift/ftpclient"
)

// Errors of single files.
var (
	// ErrSourceChanged: the file here changed while it was sent.
	ErrSourceChanged = errors.New("the file changed while it was sent")
	// ErrDamaged: what arrived is not what was sent, again and again.
	ErrDamaged = errors.New("what arrived is not what was sent")
	// ErrName: this system cannot hold a file of that name.
	ErrName = errors.New("a name that cannot be used here")
	// ErrConflict: a folder stands where a file should be, or the reverse.
	ErrConflict = errors.New("in the way")
	// ErrNoDigest: a digest is wanted and the server makes none.
	ErrNoDigest = errors.New("the server makes no digest that is known here")
	// ErrBusy: another process moves the same file.
	ErrBusy = errors.New("another transfer of this file is running")
)

// A localError is a failure on this side, which trying again does not help.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

func local(err error) error {
	if err == nil {
		return nil
	}
	return &localError{err}
}

// againError is a reason to try again at once: the state has changed so that
// it may work now.
type againError struct{ err error }

func (e *againError) Error() string { return e.err.Error() }
func (e *againError) Unwrap() error { return e.err }

// temporary reports whether it makes sense to try again. Before the server
// was ever reached it does not: then an address or a port is wrong.
func temporary(err error, reached bool) bool {
	if errors.As(err, new(*againError)) {
		return true
	}
	if errors.As(err, new(*connecting)) && !reached {
		return false
	}
	if permanent(err) {
		return false
	}
	refusal, isRefusal := errors.AsType[*ftpclient.ReplyError](err)
	if handshake, ok := errors.AsType[*ftpclient.TLSError](err); ok && handshake.Data {
		return broken(handshake.Err) // whatever the server says to that
	}
	if isRefusal {
		return refusal.Temporary() && refusal.Reply.Code != noSpace
	}
	return broken(err)
}

// broken reports whether the network is to blame.
func broken(err error) bool {
	for _, broken := range []error{
		ftpclient.ErrTimeout, ftpclient.ErrLost, ftpclient.ErrTruncated, ftpclient.ErrRefused, ftpclient.ErrBusy,
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, context.DeadlineExceeded,
	} {
		if errors.Is(err, broken) {
			return true
		}
	}
	_, isInterrupted := errors.AsType[*ftpclient.InterruptedError](err)
	_, isConnect := errors.AsType[*ftpclient.ConnectError](err)
	_, isNet := errors.AsType[net.Error](err)
	_, isErrno := errors.AsType[syscall.Errno](err)
	return isInterrupted || isConnect || isNet || isErrno
}

const noSpace = 452 // RFC 959: the server's disk is full; it will not be empty in a minute

// permanent are the failures that stay what they are, whatever they wrap.
func permanent(err error) bool {
	for _, final := range []error{
		ftpclient.ErrNotSupported, ftpclient.ErrTLSRefused, ftpclient.ErrPipelinedReply, ftpclient.ErrControlByte,
		ftpclient.ErrName, ErrSourceChanged, ErrName, ErrConflict, ErrNoDigest, ErrBusy,
	} {
		if errors.Is(err, final) {
			return true
		}
	}
	return errors.As(err, new(*localError)) || untrusted(err)
}

func untrusted(err error) bool {
	return errors.As(err, new(*ftpclient.CertificateError)) || errors.As(err, new(*ftpclient.HostnameError))
}

// fatal reports whether all files would fail like this one.
func fatal(err error) bool {
	return errors.As(err, new(*connecting)) || untrusted(err) || errors.Is(err, ftpclient.ErrTLSRefused)
}

// refused reports whether the server said no for good (5yz).
func refused(err error) bool {
	refusal, ok := errors.AsType[*ftpclient.ReplyError](err)
	return ok && !refusal.Temporary()
}

// unknownThere reports whether the server does not have a command, or not in
// that form.
func unknownThere(err error) bool {
	refusal, ok := errors.AsType[*ftpclient.ReplyError](err)
	return ok && refusal.Reply.Code >= 500 && refusal.Reply.Code <= 504
}

// saysSealift reads the answer to CSID.
func saysSealift(text string) bool {
	for fact := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(fact), "=")
		if strings.EqualFold(name, "Name") && value == "Sealift" {
			return true
		}
	}
	return false
}

// said is an error's text for people, without the names of packages.
func said(err error) string {
	return strings.ReplaceAll(err.Error(), "ftpclient: ", "")
}
