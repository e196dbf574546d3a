package ftp

import (
	"errors"
	"strings"
)

// ErrQuote: no pathname in double quotes.
var ErrQuote = errors.New("ftp: no quoted pathname")

// Quote puts a pathname into double quotes, as 257 carries it; quotes inside
// are doubled (RFC 959 Appendix II).
func Quote(path string) string {
	return `"` + strings.ReplaceAll(path, `"`, `""`) + `"`
}

// Unquote returns the pathname of a 257 text: what stands between the first
// double quote and the next one that is not doubled. Text before and after
// is ignored, as servers comment their replies. Without such a pair it is
// ErrQuote.
func Unquote(text string) (string, error) {
	_, quoted, found := strings.Cut(text, `"`)
	if !found {
		return "", ErrQuote
	}
	for i := 0; i < len(quoted); i++ {
		if quoted[i] != '"' {
			continue
		}
		if i+1 == len(quoted) || quoted[i+1] != '"' {
			return strings.ReplaceAll(quoted[:i], `""`, `"`), nil
		}
		i++
	}
	return "", ErrQuote
}
