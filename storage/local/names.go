package local

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/sealift/sealift/storage"
)

// Hidden files are named
//
//	.sealift-OWNER-TAG-NAME   or, where that is too long for a file name,
//	.sealift-OWNER-TAG+HASH
//
// and stand in the directory of the file they are to become. OWNER is a hash
// of the account. TAG is
//
//   - "kept" for the one upload of that account and name that was suspended;
//   - "live" for an upload that runs: the first one, where there are several.
//     Whoever runs it holds a lock on the file. One that holds data and is not
//     locked was left behind by a killed process; it counts as unfinished
//     where nothing is kept;
//   - a random one for uploads beside that and copies not yet begun to grow.
//     If it is not locked, it is waste.
//
// So an unfinished upload is found by its name, without a search, and its own
// name tells that of the file.
const (
	hidden  = ".sealift-"
	tagKept = "kept"
	tagLive = "live"

	ownerLen  = 13 // 64 bits in base32
	tagLen    = 4
	prefixLen = len(hidden) + ownerLen + 1 + tagLen + 1
	maxName   = 255 // bytes of a file name
)

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func ownerTag(owner string) string {
	sum := sha256.Sum256([]byte("sealift owner " + owner))
	return lower.EncodeToString(sum[:8])
}

func hashName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return lower.EncodeToString(sum[:16])
}

// randomTag is a tag that is neither "kept" nor "live".
func randomTag() string {
	for {
		if tag := strings.ToLower(rand.Text()[:tagLen]); tag != tagKept && tag != tagLive {
			return tag
		}
	}
}

// hiddenName is the name of the hidden file of an upload to name.
func hiddenName(owner, tag, name string) string {
	if isLong(name) {
		return hidden + owner + "-" + tag + "+" + hashName(name)
	}
	return hidden + owner + "-" + tag + "-" + name
}

// isLong reports whether a name does not fit into a hidden one.
func isLong(name string) bool { return prefixLen+len(name) > maxName }

// withTag is the hidden name of the same account and target with another tag.
func withTag(hiddenName, tag string) string {
	const at = len(hidden) + ownerLen + 1
	return hiddenName[:at] + tag + hiddenName[at+tagLen:]
}

// isHidden reports whether a name is reserved. All names with the prefix are,
// in any case of letters, since some file systems do not tell them apart.
func isHidden(name string) bool {
	return len(name) >= len(hidden) && strings.EqualFold(name[:len(hidden)], hidden)
}

func hasHidden(p storage.Path) bool {
	for element := range strings.SplitSeq(string(p), "/") {
		if isHidden(element) {
			return true
		}
	}
	return false
}

// A label is what the name of a hidden file says.
type label struct {
	owner, tag string
	name       string // of the target; its hash if it is long
	long       bool
}

func parseHidden(s string) (label, bool) {
	if len(s) <= prefixLen || !strings.HasPrefix(s, hidden) {
		return label{}, false
	}
	owner, rest := s[len(hidden):][:ownerLen], s[len(hidden)+ownerLen:]
	tag, sign, name := rest[1:][:tagLen], rest[1+tagLen], rest[tagLen+2:]
	if rest[0] != '-' || (sign != '-' && sign != '+') {
		return label{}, false
	}
	return label{owner: owner, tag: tag, name: name, long: sign == '+'}, true
}
