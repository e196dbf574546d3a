package ftpserver

import (
	"bytes"
	"io"

	"github.com/sealift/sealift/storage"
)

// toNetwork makes an LF without CR before it CR LF; CR LF stays (RFC 959
// §3.1.1.1, protocol.md §6.5). It reads from src.
type toNetwork struct {
	src    io.Reader
	buf    [16 << 10]byte
	ready  []byte // converted, not yet handed out
	source []byte // where ready lies, with room for the CRs
	last   byte
	err    error
}

func newToNetwork(src io.Reader) *toNetwork { return &toNetwork{src: src} }

// Read gives converted bytes.
func (r *toNetwork) Read(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		var n int
		n, r.err = r.src.Read(r.buf[:])
		r.source, r.last = appendCRLF(r.source[:0], r.buf[:n], r.last)
		r.ready = r.source
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// appendCRLF converts p, before which stands last, and tells its last byte.
func appendCRLF(b, p []byte, last byte) ([]byte, byte) {
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			if len(p) > 0 {
				last = p[len(p)-1]
			}
			return append(b, p...), last
		}
		if i > 0 {
			last = p[i-1]
		}
		b = append(b, p[:i]...)
		if last != '\r' {
			b = append(b, '\r')
		}
		b, p, last = append(b, '\n'), p[i+1:], '\n'
	}
}

// fromNetwork makes CR LF an LF; a lone CR or LF stays.
type fromNetwork struct {
	storage.Writer
	cr  bool // a CR is held: does an LF follow?
	buf []byte
}

// Write takes bytes as the peer sent them.
func (w *fromNetwork) Write(p []byte) (int, error) {
	w.buf = w.buf[:0]
	for rest := p; len(rest) > 0; {
		if w.cr && rest[0] != '\n' {
			w.buf = append(w.buf, '\r')
		}
		w.cr = false
		i := bytes.IndexByte(rest, '\r')
		if i < 0 {
			w.buf = append(w.buf, rest...)
			break
		}
		w.buf = append(w.buf, rest[:i]...)
		w.cr, rest = true, rest[i+1:]
	}
	if len(w.buf) > 0 {
		if _, err := w.Writer.Write(w.buf); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Commit writes a CR that stood at the end, then commits.
func (w *fromNetwork) Commit() error {
	if w.cr {
		w.cr = false
		if _, err := w.Writer.Write([]byte{'\r'}); err != nil {
			w.Writer.Abort()
			return err
		}
	}
	return w.Writer.Commit()
}
