package account

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sealift/sealift/nearest"
)

// Permissions is a set of rights on a tree of files. The bits stand in the
// order of the names in Words.
type Permissions uint16

// The rights.
const (
	List Permissions = 1 << iota
	Read
	Write     // make new files
	Append    // add to complete files
	Overwrite // replace or shorten complete files
	Delete
	Rename
	Mkdir
	Rmdir
	Attributes // times and modes

	All        = Attributes<<1 - 1
	ReadOnly   = List | Read
	UploadOnly = Write | Mkdir
)

// rights are the names of the single bits, lowest first.
var rights = []string{"list", "read", "write", "append", "overwrite", "delete", "rename", "mkdir", "rmdir", "attributes"}

// bundles are names for several rights, or for none.
var bundles = []struct {
	name string
	set  Permissions
}{
	{"all", All},
	{"read-only", ReadOnly},
	{"upload-only", UploadOnly},
	{"none", 0},
}

// Words are the names that ParsePermissions takes: the single rights in the
// order of their bits, then the bundles.
func Words() []string {
	words := slices.Clone(rights)
	for _, b := range bundles {
		words = append(words, b.name)
	}
	return words
}

// ParsePermissions reads names of Words, separated by commas or spaces, case
// aside. An unknown one is a *WordError. That nothing is allowed has to be
// said with "none".
func ParsePermissions(text string) (Permissions, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	if len(words) == 0 {
		return 0, &WordError{}
	}
	var p Permissions
	for _, word := range words {
		set, known := permission(strings.ToLower(word))
		if !known {
			return 0, &WordError{Word: word}
		}
		p |= set
	}
	return p, nil
}

func permission(word string) (set Permissions, known bool) {
	if i := slices.Index(rights, word); i >= 0 {
		return 1 << i, true
	}
	for _, b := range bundles {
		if b.name == word {
			return b.set, true
		}
	}
	return 0, false
}

// String is a bundle's name, or the names of the rights with commas; what
// ParsePermissions reads.
func (p Permissions) String() string {
	for _, b := range bundles {
		if p == b.set {
			return b.name
		}
	}
	var words []string
	for i, name := range rights {
		if p.Has(1 << i) {
			words = append(words, name)
		}
	}
	if unnamed := p &^ All; unnamed != 0 {
		words = append(words, fmt.Sprintf("%#x", uint16(unnamed)))
	}
	return strings.Join(words, ",")
}

// Has reports whether all rights of q are in p.
func (p Permissions) Has(q Permissions) bool { return p&q == q }

// MarshalText is String.
func (p Permissions) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePermissions.
func (p *Permissions) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePermissions(string(text))
	return err
}

// A WordError is about a permission that does not exist, or about none being
// named at all (Word is "").
type WordError struct{ Word string }

// Error says what is wrong and what would be right.
func (e *WordError) Error() string { return e.Problem() + "; " + e.Hint() }

// Problem says what is wrong, in a part of a line.
func (e *WordError) Problem() string {
	if e.Word == "" {
		return "no permission is named"
	}
	return fmt.Sprintf("unknown permission %.64q", e.Word)
}

// Hint says what would be right: the nearest word, or all if none is near.
func (e *WordError) Hint() string {
	if near := nearest.Word(e.Word[:min(len(e.Word), maxText)], Words()); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "valid: " + strings.Join(Words(), ", ")
}
