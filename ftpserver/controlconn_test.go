package ftpserver

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// scripted is a connection whose bytes come in reads of given sizes.
type scripted struct {
	net.Conn
	pieces
}

func (s *scripted) Read(p []byte) (int, error) { return s.pieces.Read(p) }

// record is a TLS record of n bytes of payload, all of them b.
func record(b byte, n int) []byte {
	r := append([]byte{23, 3, 3}, binary.BigEndian.AppendUint16(nil, uint16(n))...)
	return append(r, bytes.Repeat([]byte{b}, n)...)
}

// readRecord reads as tls.Conn does: at least a header, then the rest, with a
// buffer that has room for more.
func readRecord(r io.Reader) ([]byte, error) {
	var got []byte
	room := make([]byte, 1<<10)
	need := recordHeader
	for len(got) < need {
		n, err := r.Read(room)
		got = append(got, room[:n]...)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return got, err
		}
		if len(got) >= recordHeader {
			need = recordHeader + int(binary.BigEndian.Uint16(got[3:]))
		}
	}
	return got, nil
}

func TestControlConnHandsOutOneRecord(t *testing.T) {
	t.Parallel()
	const clearText = "USER alice\r\nPASS secret\r\n"
	for _, test := range []struct {
		why      string
		payloads []int
	}{
		{"small records", []int{1, 2, 3}},
		{"an empty one", []int{0, 5}},
		{"one that just fills the buffer", []int{lineBuffer - recordHeader}},
		{"one byte more", []int{lineBuffer - recordHeader + 1, 7}},
		{"full ones", []int{16 << 10, 16<<10 + 256}},
		{"none at all", nil},
	} {
		var stream []byte
		for i, n := range test.payloads {
			stream = append(stream, record(byte('a'+i), n)...)
		}
		stream = append(stream, clearText...)
		for _, sizes := range [][]byte{nil, {1}, {4}, {0, 5, 0, 1}, {255}} {
			c := &controlConn{Conn: &scripted{pieces: pieces{rest: stream, sizes: sizes}}}
			c.startTLS()
			for i, n := range test.payloads {
				if got, err := readRecord(c); err != nil || !bytes.Equal(got, record(byte('a'+i), n)) {
					t.Fatalf("%s, reads of %v: record %d is %d bytes, %v; want %d", test.why, sizes, i, len(got), err, recordHeader+n)
				}
			}
			c.endTLS()
			if got := readClear(t, c); got != clearText {
				t.Errorf("%s, reads of %v: behind TLS came %q", test.why, sizes, got)
			}
			if !c.ended {
				t.Errorf("%s, reads of %v: the end of the stream was not seen", test.why, sizes)
			}
		}
	}
}

// readClear reads to the end, over all time-outs.
func readClear(t testing.TB, r io.Reader) string {
	t.Helper()
	var got []byte
	for p := make([]byte, 100); ; {
		n, err := r.Read(p)
		got = append(got, p[:n]...)
		switch {
		case err == io.EOF:
			return string(got)
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			t.Fatal(err)
		}
	}
}

// A real TLS connection that ends leaves what came in clear behind its
// close_notify, in the same segment.
func TestControlConnKeepsWhatComesBehindCloseNotify(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		ours, theirs := net.Pipe()
		held := &heldBack{Conn: theirs}
		client := tls.Client(held, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
		sent := make(chan error, 1)
		go func() {
			_, err := io.WriteString(client, "CCC\r\n")
			go io.Copy(io.Discard, theirs)
			held.on = true
			err = errors.Join(err, client.CloseWrite(), theirs.SetWriteDeadline(time.Time{}))
			_, writeErr := io.WriteString(held, "USER alice\r\n")
			held.on = false
			_, flushErr := held.Write(nil)
			sent <- errors.Join(err, writeErr, flushErr)
			theirs.Close()
		}()
		c := &controlConn{Conn: ours}
		c.startTLS()
		server := tls.Server(c, serverTLS())
		if got, err := io.ReadAll(server); err != nil || string(got) != "CCC\r\n" {
			t.Fatalf("%s: in TLS came %q, %v", tls.VersionName(version), got, err)
		}
		if c.ended {
			t.Errorf("%s: close_notify was taken for the end of the stream", tls.VersionName(version))
		}
		c.endTLS()
		if got := readClear(t, c); got != "USER alice\r\n" {
			t.Errorf("%s: behind TLS came %q", tls.VersionName(version), got)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
}

// heldBack joins writes while it is on.
type heldBack struct {
	net.Conn
	on  bool
	out []byte
}

func (h *heldBack) Write(p []byte) (int, error) {
	h.out = append(h.out, p...)
	if h.on {
		return len(p), nil
	}
	_, err := h.Conn.Write(h.out)
	h.out = nil
	return len(p), err
}

func FuzzControlConn(f *testing.F) {
	f.Add(append(record('a', 3), "USER a\r\n"...), []byte{1, 2})
	f.Add(append(record('a', 600), record('b', 0)...), []byte{255})
	f.Add([]byte("\x16\x03\x01"), []byte{0, 1})
	f.Fuzz(func(t *testing.T, stream, sizes []byte) {
		if bytes.IndexFunc(sizes, func(r rune) bool { return r != 0 }) < 0 {
			sizes = nil
		}
		c := &controlConn{Conn: &scripted{pieces: pieces{rest: bytes.Clone(stream), sizes: sizes}}}
		c.startTLS()
		var got []byte
		for {
			one, err := readRecord(c)
			got = append(got, one...)
			if err != nil {
				break
			}
			if len(one) != recordHeader+int(binary.BigEndian.Uint16(one[3:])) {
				t.Fatalf("%d bytes are no record", len(one))
			}
		}
		c.endTLS()
		if got = append(got, readClear(t, c)...); !bytes.Equal(got, stream) {
			t.Fatalf("%d bytes came of %d", len(got), len(stream))
		}
	})
}
