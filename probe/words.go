package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/sealift/sealift/ftp"
)

// longestQuote is how much of a server's text is quoted, in bytes.
const longestQuote = 120

// said quotes a reply: its code and the beginning of its text.
func said(r ftp.Reply) string {
	if r.IsZero() {
		return "no reply"
	}
	text, _, _ := strings.Cut(r.Text, "\n")
	if len(text) > longestQuote {
		text = strings.ToValidUTF8(text[:longestQuote], "") + "…"
	}
	return strings.TrimRight(printable(fmt.Sprintf("%d %s", r.Code, text)), " .")
}

// printable is s with what does not show escaped.
func printable(s string) string {
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool { return !strconv.IsPrint(r) }

// explain is an error of the network in words.
func explain(err error) string {
	var wrong *net.DNSError
	var op *net.OpError
	var header tls.RecordHeaderError
	switch {
	case err == nil:
		return "nothing went wrong"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: nothing listens there"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the server reset the connection"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no route to that address from this machine"
	case errors.As(err, &wrong) && wrong.IsNotFound:
		return "the name does not exist"
	case errors.As(err, &header):
		return fmt.Sprintf("the server wrote in clear into TLS: %q", header.RecordHeader[:])
	case errors.As(err, &op) && op.Op == "remote error":
		return "the server sent the alert " + strings.TrimPrefix(cmp.Or(op.Err, err).Error(), "tls: ")
	}
	return printable(err.Error())
}

// trouble is the finding of a probe that met what it does not examine.
func trouble(err error) Finding {
	var no *untrustedError
	if errors.As(err, &no) {
		return skipped("%s", no.Error())
	}
	if errors.Is(err, context.Canceled) {
		return skipped("interrupted")
	}
	var r ftp.Reply
	if errors.As(err, &r) {
		return failure("the server refused what belongs to this: %s", said(r)).because("The point could not be examined to its end.")
	}
	return failure("could not be examined: %s", explain(err)).because("A healthy server answers; here it did not.")
}

// list joins words: "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// count is a number with its noun: "1 address", "2 addresses".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
