package ftp

import (
	"strings"
	"unicode/utf8"
)

// HasMeta reports whether s is a pattern rather than a name: whether one of
// * ? [ stands in it.
func HasMeta(s string) bool { return strings.ContainsAny(s, "*?[") }

// Match reports whether the whole name fits the pattern:
//
//   - any bytes, or none
//     ?       one UTF-8 character, or one byte that belongs to none
//     [a-z_]  one byte of the set; "]" may stand first, "-" first or last
//     [!a]    one byte that is not of the set; also [^a]
//     \x      the byte x, inside a set too
//
// All else stands for itself, byte by byte: also "[" without an end, and "\"
// at the end. The time it takes is at most len(pattern) × len(name).
func Match(pattern, name string) bool {
	m := matcher{pattern: pattern, name: name, unclosed: len(pattern)}
	p, n := 0, 0
	star, resume := -1, 0 // where to go on when the last * must take one byte more
	for n < len(name) || p < len(pattern) {
		if p < len(pattern) && pattern[p] == '*' {
			star, resume = p, n
			p++
			continue
		}
		if dp, dn := m.step(p, n); dp > 0 {
			p, n = p+dp, n+dn
			continue
		}
		// Where the name was too short, it is so from any later place too.
		if star < 0 || n == len(name) {
			return false
		}
		resume++
		p, n = star+1, resume
	}
	return true
}

type matcher struct {
	pattern, name string
	// unclosed is a place in pattern from which on no set has an end. It
	// keeps a row of "[" from being searched again and again.
	unclosed int
}

// step matches one element of the pattern other than * and returns the bytes
// that it takes of pattern and name, 0 if it does not match.
func (m *matcher) step(p, n int) (dp, dn int) {
	if p == len(m.pattern) || n == len(m.name) {
		return 0, 0
	}
	c, taken := m.pattern[p], 1
	switch c {
	case '?':
		return m.character(n)
	case '[':
		if end := m.setEnd(p); end > 0 {
			if inSet(m.pattern[p+1:end], m.name[n]) {
				return end + 1 - p, 1
			}
			return 0, 0
		}
	case '\\':
		if p+1 < len(m.pattern) {
			c, taken = m.pattern[p+1], 2
		}
	}
	if c != m.name[n] {
		return 0, 0
	}
	return taken, 1
}

// character matches "?", which never starts in the middle of a character.
func (m *matcher) character(n int) (dp, dn int) {
	for back := 1; back < utf8.UTFMax && back <= n; back++ {
		if _, size := utf8.DecodeRuneInString(m.name[n-back:]); size > back {
			return 0, 0
		}
	}
	_, size := utf8.DecodeRuneInString(m.name[n:])
	return 1, size
}

// setEnd returns the place of the "]" that ends the set at p, 0 if none does.
func (m *matcher) setEnd(p int) int {
	if p >= m.unclosed {
		return 0
	}
	i := p + 1
	if i < len(m.pattern) && isNot(m.pattern[i]) {
		i++
	}
	for first := i; i < len(m.pattern); i++ {
		switch {
		case m.pattern[i] == '\\':
			i++
		case m.pattern[i] == ']' && i > first:
			return i
		}
	}
	m.unclosed = p
	return 0
}

func isNot(c byte) bool { return c == '!' || c == '^' }

// inSet reports whether c is of the set, given without its brackets.
func inSet(set string, c byte) bool {
	not := isNot(set[0])
	if not {
		set = set[1:]
	}
	found := false
	for set != "" {
		var low, high byte
		low, set = setByte(set)
		high = low
		if len(set) > 1 && set[0] == '-' {
			high, set = setByte(set[1:])
		}
		found = found || low <= c && c <= high
	}
	return found != not
}

// setByte takes one byte, escaped or not, from the front of a set.
func setByte(set string) (c byte, rest string) {
	if set[0] == '\\' && len(set) > 1 {
		set = set[1:]
	}
	return set[0], set[1:]
}
