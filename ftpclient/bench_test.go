package ftpclient_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"testing"
)

// Both ends and the files in memory share the machine.
func BenchmarkTransfer(b *testing.B) {
	for _, size := range []int{4 << 10, 64 << 20} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			s, _ := connect(b)
			o := options(s)
			o.TLS.MaxVersion = version
			c := dial(b, s.Addr, o)
			content := random(size)
			name := fmt.Sprintf("%d KiB/%s", size>>10, tls.VersionName(version))
			b.Run("Store/"+name, func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.Store(b.Context(), "f", 0, bytes.NewReader(content)); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("Retrieve/"+name, func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					r, err := c.Retrieve(b.Context(), "f", 0)
					if err != nil {
						b.Fatal(err)
					}
					if n, err := io.Copy(io.Discard, r); err != nil || n != int64(size) {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}

func BenchmarkDial(b *testing.B) {
	s, _ := connect(b)
	b.ReportAllocs()
	for b.Loop() {
		dial(b, s.Addr, options(s)).Close()
	}
}
