package ftpclient_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// FuzzServer is a client that talks with whatever: it comes to an end, and no
// name that it gives leads out of the folder. NUL parts what the server says
// to one command from what it says to the next.
func FuzzServer(f *testing.F) {
	f.Add("220 hi\r\n\x00331 pw\r\n\x00230 in\r\n\x00211-F\r\n MLST type*;\r\n211 End\r\n\x00229 (|||5|)\r\n\x00150 x\r\n226 y\r\n", "type=file; f\r\ntype=dir; ..\r\n")
	f.Add("220 hi\n\x00230 in\n\x00500 no\n\x00500 no\n\x00227 1,2,3,4,5,6\n\x00200 ok\n\x00125 x\n426 cut\n", "total 1\n-rw-r--r-- 1 a b 5 Nov 22 10:15 ../x\n")
	f.Add("421 no\r\n", "")
	f.Add("220-\xff\xfb\r\n 220\r\n220 \xff\xff\r\n\x00", "\x00\xff")
	f.Fuzz(func(t *testing.T, control, data string) {
		var first atomic.Bool
		o := ftpclient.Options{
			Security: ftpclient.Plaintext, User: "u", Password: "p", Timeout: 20 * time.Millisecond, StallTimeout: 20 * time.Millisecond,
			DialContext: func(context.Context, string, string) (net.Conn, error) {
				if first.CompareAndSwap(false, true) {
					return parrot(strings.SplitAfter(control, "\x00")...), nil
				}
				return parrot(data), nil
			},
		}
		c, err := ftpclient.Dial(t.Context(), "host", o)
		if err != nil {
			return
		}
		defer c.Close()
		for e, err := range c.Walk(t.Context(), "dir") {
			if err == nil && (e.Name == "" || e.Name == "." || e.Name == ".." || strings.ContainsAny(e.Name, "/\x00\r\n")) {
				t.Fatalf("%+v", e)
			}
		}
		c.Stat(t.Context(), "f")
		c.Hash(t.Context(), "f", "", 0, -1)
		if r, err := c.Retrieve(t.Context(), "f", 0); err == nil {
			io.Copy(io.Discard, r)
			r.Close()
		}
	})
}

// parrot is a connection to somebody who answers each write with the next of
// its lines, whatever was said, and then hangs up.
func parrot(lines ...string) net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		for i, line := range lines {
			if i > 0 {
				if _, err := theirs.Read(make([]byte, 1<<10)); err != nil {
					return
				}
			}
			if _, err := io.WriteString(theirs, strings.TrimSuffix(line, "\x00")); err != nil {
				return
			}
		}
	}()
	return ours
}
