package local

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/sealift/sealift/storage"
)

func BenchmarkCommit4KiB(b *testing.B) {
	for _, noSync := range []bool{false, true} {
		for _, dir := range []string{"/", "/a/b"} {
			b.Run(fmt.Sprintf("nosync=%v,dir=%s", noSync, dir), func(b *testing.B) {
				benchCommit(b, storage.Path(dir), Options{NoSync: noSync})
			})
		}
	}
}

func benchCommit(b *testing.B, dir storage.Path, o Options) {
	home := b.TempDir()
	if err := os.MkdirAll(filepath.Join(home, string(dir)), 0o777); err != nil {
		b.Fatal(err)
	}
	f, err := Open(home, o)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	data := make([]byte, 4096)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		w, err := f.Create(b.Context(), dir.Join(fmt.Sprint(n%1000)), storage.Mode{Allow: storage.AllowAll})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			b.Fatal(err)
		}
		if err := w.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList reports the time per entry of a directory of 10,000.
func BenchmarkList(b *testing.B) {
	const entries = 10_000
	home := b.TempDir()
	for i := range entries {
		if err := os.WriteFile(filepath.Join(home, fmt.Sprint("some-file-", i)), nil, 0o666); err != nil {
			b.Fatal(err)
		}
	}
	f, err := Open(home, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range f.List(b.Context(), storage.Root) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != entries {
			b.Fatalf("%d entries", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}

func BenchmarkOpen(b *testing.B) {
	f, err := Open(b.TempDir(), Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w, err := f.Create(b.Context(), "/f", storage.Mode{Allow: storage.AllowNew})
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, err := f.Open(b.Context(), "/f", 0)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}
