package transfer

import (
	"fmt"
	"strings"

	"github.com/sealift/sealift/ftp"
)

// A Rule includes or excludes what fits a pattern. Each element of a path is
// matched as ftp.Match does; "**" stands for any number of elements. A pattern
// without "/" fits the last element at any depth, one that ends in "/" only
// folders, one that begins with "/" begins at the top, as does every other with
// a "/" inside.
type Rule struct {
	Include bool
	Pattern string
}

// A Filter is a list of rules; the first that fits decides. What none fits is
// included, unless all rules are includes: then files are excluded. What is in
// an excluded folder is excluded.
type Filter []Rule

// Check refuses patterns that cannot mean anything.
func (f Filter) Check() error {
	for _, rule := range f {
		if strings.Trim(rule.Pattern, "/") == "" {
			return fmt.Errorf("the pattern %q fits nothing", rule.Pattern)
		}
	}
	return nil
}

// excludes reports whether a path, relative to the top, is left out. The
// folders that lead to it are not.
func (f Filter) excludes(path string, dir bool) bool {
	for _, rule := range f {
		if rule.fits(path, dir) {
			return !rule.Include
		}
	}
	return !dir && f.onlyIncludes()
}

// onlyIncludes: then folders are made when something goes into them.
func (f Filter) onlyIncludes() bool {
	for _, rule := range f {
		if !rule.Include {
			return false
		}
	}
	return len(f) > 0
}

func (r Rule) fits(path string, dir bool) bool {
	pattern, onlyDirs := strings.CutSuffix(r.Pattern, "/")
	if onlyDirs && !dir {
		return false
	}
	if !strings.Contains(pattern, "/") {
		return ftp.Match(pattern, path[strings.LastIndexByte(path, '/')+1:])
	}
	return fitsAll(strings.Split(strings.TrimPrefix(pattern, "/"), "/"), strings.Split(path, "/"))
}

// fitsAll matches element by element. The time it takes is at most the product
// of the lengths.
func fitsAll(pattern, path []string) bool {
	p, n, star, resume := 0, 0, -1, 0
	for n < len(path) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, resume = p, n
			p++
		case p < len(pattern) && ftp.Match(pattern[p], path[n]):
			p, n = p+1, n+1
		case star >= 0:
			resume++
			p, n = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}
