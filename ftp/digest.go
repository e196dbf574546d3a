package ftp

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"hash/crc32"
	"slices"
	"strings"
)

// A Digest is an algorithm of HASH (draft-bryan-ftpext-hash).
type Digest struct {
	Name string // as IANA has it: "SHA-256"
	New  func() hash.Hash
}

// Digests are those that Sealift knows, the best first. MD5, SHA-1 and CRC32
// find damage; they do not stop a forger.
var Digests = []Digest{
	{"SHA-256", sha256.New},
	{"SHA-512", sha512.New},
	{"SHA-1", sha1.New},
	{"MD5", md5.New},
	{"CRC32", func() hash.Hash { return crc32.NewIEEE() }},
}

// DigestNamed finds a Digest; case and hyphens do not count.
func DigestNamed(name string) (Digest, bool) {
	i := slices.IndexFunc(Digests, func(d Digest) bool { return plainDigest(d.Name) == plainDigest(name) })
	if i < 0 {
		return Digest{}, false
	}
	return Digests[i], true
}

func plainDigest(name string) string { return strings.ToLower(strings.ReplaceAll(name, "-", "")) }
