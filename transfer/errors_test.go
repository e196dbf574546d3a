package transfer

import (
	"errors"
	"io"
	"syscall"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

// Errors as they come from ftpclient.
var (
	reset          error = &ftpclient.InterruptedError{At: 1, Err: syscall.ECONNRESET}
	badCertificate error = &connecting{&ftpclient.CertificateError{Err: errors.New("expired")}}
	handshakeBroke       = errors.Join(reply(522), &ftpclient.TLSError{Data: true, Err: io.ErrUnexpectedEOF})
)

func reply(code ftp.Code) error {
	return &ftpclient.ReplyError{Command: "STOR a", Reply: ftp.Reply{Code: code, Text: "no"}}
}
