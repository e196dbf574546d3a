package ftpserver

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/iotest"
)

// swallow takes what is sent.
type swallow struct {
	dataConn
	bytes.Buffer
}

func (s *swallow) Write(p []byte) (int, error) { return s.Buffer.Write(p) }
func (s *swallow) Read(p []byte) (int, error)  { return s.Buffer.Read(p) }
func (s *swallow) Flush() error                { return nil }

// A store that breaks in the middle of a file once made half of it look whole.
func TestABrokenSourceIsNoEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why  string
		tail error
		want error
	}{
		{"the end of the file", io.EOF, nil},
		{"an HTTP body that was cut", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
		{"a disk error", io.ErrNoProgress, io.ErrNoProgress},
	} {
		var moved atomic.Int64
		src := io.MultiReader(bytes.NewReader(make([]byte, 10)), iotest.ErrReader(test.tail))
		if err := sendChunks(&swallow{}, src, &moved); !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", test.why, err, test.want)
		}
		if moved.Load() != 10 {
			t.Errorf("%s: %d bytes were sent", test.why, moved.Load())
		}
	}
}
