package ftp

import (
	"encoding/hex"
	"io"
	"testing"
)

func TestDigestNamed(t *testing.T) {
	for _, c := range []struct{ name, canonical, ofABC string }{
		{"SHA-256", "SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"sha512", "SHA-512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		{"sha-1", "SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"Md5", "MD5", "900150983cd24fb0d6963f7d28e17f72"},
		{"CRC-32", "CRC32", "352441c2"},
		{"", "", ""},
		{"SHA-2", "", ""},
	} {
		d, ok := DigestNamed(c.name)
		if ok != (c.canonical != "") || d.Name != c.canonical {
			t.Errorf("%q is %q, %v", c.name, d.Name, ok)
			continue
		}
		if !ok {
			continue
		}
		h := d.New()
		io.WriteString(h, "abc")
		if got := hex.EncodeToString(h.Sum(nil)); got != c.ofABC {
			t.Errorf("%s of abc is %s", d.Name, got)
		}
	}
}
