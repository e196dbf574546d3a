// Package screen is how the client shows what a server tells: safely for
// terminals, in lines for people and in JSON for programs.
package screen

import (
	"strconv"
	"strings"
)

// Printable is s with what does not show escaped: the words of peers must not
// reach a terminal as they are.
func Printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) || r == '\uFFFD' }) {
		return s
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
