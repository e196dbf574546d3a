// Package nearest finds the word that somebody meant, so that a message about
// an unknown name can offer the right one.
package nearest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Word is the one of words that needs the fewest edits to become s, case
// aside; the first of equals. It is "" when none is near: more than a third
// of s, and more than two characters, would have to change.
func Word(s string, words []string) string {
	best, fewest := "", max(2, utf8.RuneCountInString(s)/3)+1
	for _, w := range words {
		if d := distance(strings.ToLower(s), strings.ToLower(w)); d < fewest && d < utf8.RuneCountInString(w) {
			best, fewest = w, d
		}
	}
	return best
}

// distance is the number of characters to insert, delete or replace until a
// is b (Levenshtein).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, q := range to {
			replaced := diagonal
			if r != q {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}

// Unknown is the error about a word that is none of the valid ones.
type Unknown struct {
	What  string   // what it names: "profile"
	Word  string   // as it was given
	Valid []string // what it may be
}

// Error says what is wrong and what would be right.
func (e *Unknown) Error() string { return e.Problem() + "; " + e.Hint() }

// Problem says what is wrong, in a part of a line.
func (e *Unknown) Problem() string { return fmt.Sprintf("unknown %s %q", e.What, e.Word) }

// Hint says what would be right: the nearest word, or all if none is near.
func (e *Unknown) Hint() string {
	if w := Word(e.Word, e.Valid); w != "" {
		return fmt.Sprintf("did you mean %q?", w)
	}
	return "valid: " + strings.Join(e.Valid, ", ")
}

// Check is nil if word is valid, else an *Unknown.
func Check(what, word string, valid []string) error {
	if slices.Contains(valid, word) {
		return nil
	}
	return &Unknown{What: what, Word: word, Valid: valid}
}
