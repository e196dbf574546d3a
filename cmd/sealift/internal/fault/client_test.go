package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"testing"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
)

func reply(command string, code ftp.Code, text string) error {
	return &ftpclient.ReplyError{Command: command, Reply: ftp.Reply{Code: code, Text: text}}
}

func TestLessons(t *testing.T) {
	refused := &ftpclient.ConnectError{Address: "h:21", Err: fmt.Errorf("%w: dial", ftpclient.ErrRefused)}
	for _, tt := range []struct {
		why  string
		err  error
		code Code
		hint string // a part of it
	}{
		{"nobody listens", Connecting(refused), NotConnected, "whether the server runs"},
		{"nobody answers", Connecting(&ftpclient.ConnectError{Address: "h:21", Err: ftpclient.ErrTimeout}), NotConnected, "firewalls in between"},
		{"a name that is none", Connecting(&ftpclient.ConnectError{Address: "h:21", Err: &net.DNSError{Err: "no such host"}}), NotConnected, "host's name"},
		{"later it is the data connection", refused, NotConnected, "passive ports"},
		{"425", reply("RETR f", 425, "No"), NotConnected, "passive ports"},
		{"full", reply("", 421, "Too many"), NotConnected, "try later"},
		{"a silent server", fmt.Errorf("no greeting: %w", ftpclient.ErrTimeout), NotConnected, "ftps://"},
		{"it went away", ftpclient.ErrLost, NotConnected, "run it again"},
		{"a certificate", &ftpclient.CertificateError{Err: errors.New("x")}, NotTrusted, ""},
		{"its name", &ftpclient.HostnameError{Err: errors.New("x")}, NotTrusted, "the name that the certificate is for"},
		{"no TLS", fmt.Errorf("%w: %w", ftpclient.ErrTLSRefused, reply("AUTH TLS", 500, "?")), NotTrusted, "ftps://HOST"},
		{"bytes from in between", ftpclient.ErrPipelinedReply, NotTrusted, "somebody"},
		{"TLS", &ftpclient.TLSError{Err: errors.New("x")}, NotTrusted, "doctor"},
		{"the server wants a certificate", fmt.Errorf("%w: %w", ftpclient.ErrLost, &ftpclient.TLSError{Err: errors.New("remote error: tls: certificate required")}), NotTrusted, "--cert FILE"},
		{"old TLS", &ftpclient.TLSError{Err: errors.New("remote error: tls: protocol version not supported")}, NotTrusted, "--min-tls"},
		{"the other kind of port", &ftpclient.TLSError{Err: errors.New("tls: first record does not look like a TLS handshake")}, NotTrusted, "ftpes://"},
		{"a password", reply("PASS ***", 530, "No"), Refused, "password"},
		{"an account with a certificate", reply("USER a", 530, "Needs the client Certificate"), Refused, "--cert FILE"},
		{"policy", reply("RETR f", 521, "PROT P please"), Refused, "policy"},
		{"TLS on data", reply("RETR f", 522, "resume"), Refused, "doctor"},
		{"not logged in, later", reply("RETR f", 530, "No"), Refused, "may not"},
		{"quota", reply("STOR f", 552, "Full"), Refused, "space"},
		{"a name", reply("STOR f", 553, "No"), Refused, "name"},
		{"550 with words about rights", reply("DELE f", 550, "Permission denied"), Refused, "may not"},
		{"550 without", reply("DELE f", 550, "Failed"), Failed, ""},
		{"550 that Stat has explained", fmt.Errorf("%w: %w", fs.ErrNotExist, reply("MLST f", 550, "?")), NotFound, ""},
		{"a file of this computer is another matter", fs.ErrNotExist, Failed, ""},
		{"rights of this computer, too", fs.ErrPermission, Failed, ""},
		{"a command that is not there", reply("SITE X", 500, "?"), Failed, "cannot do this"},
		{"for now", reply("DELE f", 450, "Busy"), Failed, "later"},
		{"not supported", fmt.Errorf("%w: x", ftpclient.ErrNotSupported), Failed, "doctor"},
		{"nonsense", ftpclient.ErrProtocol, Failed, "doctor"},
		{"names that lead out", fmt.Errorf("%w: ../x", ftpclient.ErrName), Failed, "evil"},
		{"cut", &ftpclient.InterruptedError{At: 5, Err: reply("STOR f", 426, "Cut")}, Interrupted, "goes on"},
		{"cut by a lost connection", &ftpclient.InterruptedError{At: 5, Err: ftpclient.ErrLost}, Interrupted, "goes on"},
		{"without close_notify", &ftpclient.InterruptedError{At: 5, Err: ftpclient.ErrTruncated}, Interrupted, "--accept-missing-close-notify"},
		{"Ctrl-C", fmt.Errorf("x: %w", context.Canceled), Interrupted, ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			lines := Of(tt.err)
			if CodeOf(tt.err) != tt.code || len(lines) != 1 || !strings.Contains(lines[0].Hint, tt.hint) || tt.hint == "" && lines[0].Hint != "" {
				t.Errorf("%d %q, want %d and a hint with %q", CodeOf(tt.err), lines, tt.code, tt.hint)
			}
			if strings.Contains(lines[0].Problem, "ftpclient: ") {
				t.Errorf("people read %q", lines[0].Problem)
			}
		})
	}
}

// An error of ours says itself what it is, whatever its cause.
func TestOursComesFirst(t *testing.T) {
	err := &Error{Code: Usage, Problem: "p", Err: reply("PASS ***", 530, "No")}
	if CodeOf(err) != Usage || Of(err)[0].Hint == "" {
		t.Errorf("%d %v", CodeOf(err), Of(err))
	}
	if Connecting(err) != error(err) {
		t.Error("what is no ConnectError stays")
	}
}
