package ftpclient

import (
	"slices"
	"strings"
)

// Features are what a server answered to FEAT (RFC 2389 §3).
type Features struct {
	// Known is false if the server refused FEAT: then nobody knows.
	Known bool
	// Lines are the features as they came, without the blanks around them.
	Lines []string
	// MLSD and MLST are there.
	MLSD bool
	// Facts that MLSD can tell, as the server writes them, without stars.
	Facts []string
	// Hashes are the algorithms that Hash can ask for, the best first.
	Hashes []string

	params map[string][]string // name in upper case → what follows it, of each line
}

// Has reports whether a feature is there; case does not matter.
func (f Features) Has(name string) bool {
	_, found := f.params[strings.ToUpper(name)]
	return found
}

// Params is what follows a feature's name on its first line; "" for nothing
// and for a feature that is not there.
func (f Features) Params(name string) string {
	if all := f.params[strings.ToUpper(name)]; len(all) > 0 {
		return all[0]
	}
	return ""
}

// All is what follows a feature's name on each of its lines, such as the
// words of SITE.
func (f Features) All(name string) []string { return f.params[strings.ToUpper(name)] }

// parseFeatures reads the text of a 211 reply: its first and last line are
// comments. Servers that put all on one line have no features.
func parseFeatures(text string) Features {
	f := Features{Known: true, params: map[string][]string{}}
	lines := strings.Split(text, "\n")
	for _, line := range lines[min(1, len(lines)):max(1, len(lines)-1)] {
		if line = strings.TrimSpace(line); line != "" {
			f.add(line)
		}
	}
	f.MLSD = f.Has("MLST") || f.Has("MLSD")
	for fact := range strings.SplitSeq(f.Params("MLST"), ";") {
		if fact = strings.TrimSuffix(strings.TrimSpace(fact), "*"); fact != "" {
			f.Facts = append(f.Facts, fact)
		}
	}
	f.Hashes = f.hashes()
	return f
}

func (f *Features) add(line string) {
	f.Lines = append(f.Lines, line)
	name, params, _ := strings.Cut(line, " ")
	name, params = strings.ToUpper(name), strings.TrimSpace(params)
	if isHashList(name) { // the word HASH was forgotten
		name, params = "HASH", line
	}
	f.params[name] = append(f.params[name], params)
	if first, more, several := strings.Cut(params, ";"); several && name == "AUTH" { // "AUTH TLS;SSL;"
		f.params[name][len(f.params[name])-1] = first
		for mechanism := range strings.SplitSeq(strings.Trim(more, ";"), ";") {
			f.params[name] = append(f.params[name], mechanism)
		}
	}
}

// A digest is an algorithm, the command that asks for it where there is no
// HASH, and the length of its sum in bytes.
type digest struct {
	name string
	verb string
	size int
}

// digests, the best first: SHA-512 is not stronger where it counts, and
// slower on small machines.
var digests = []digest{
	{"SHA-256", "XSHA256", 32},
	{"SHA-512", "XSHA512", 64},
	{"SHA-1", "XSHA1", 20},
	{"SHA-1", "XSHA", 20},
	{"MD5", "XMD5", 16},
	{"CRC32", "XCRC", 4},
}

// sameAlgorithm compares names without regard to case and hyphen.
func sameAlgorithm(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "-", ""), strings.ReplaceAll(b, "-", ""))
}

func isHashList(name string) bool {
	first, _, several := strings.Cut(name, ";")
	return several && slices.ContainsFunc(digests, func(d digest) bool {
		return sameAlgorithm(strings.TrimSuffix(first, "*"), d.name)
	})
}

// hashes are what HASH lists and what the X commands stand for.
func (f Features) hashes() []string {
	var found []string
	for _, d := range digests {
		if (f.inHASH(d.name) != "" || f.Has(d.verb)) && !slices.Contains(found, d.name) {
			found = append(found, d.name)
		}
	}
	for name := range strings.SplitSeq(f.Params("HASH"), ";") {
		name = strings.TrimSuffix(strings.TrimSpace(name), "*")
		same := func(known string) bool { return sameAlgorithm(known, name) }
		if name != "" && !slices.ContainsFunc(found, same) {
			found = append(found, name)
		}
	}
	return found
}

// inHASH is the name under which the HASH line has an algorithm, "" if it
// has not.
func (f Features) inHASH(algorithm string) string {
	for name := range strings.SplitSeq(f.Params("HASH"), ";") {
		if name = strings.TrimSuffix(strings.TrimSpace(name), "*"); name != "" && sameAlgorithm(name, algorithm) {
			return name
		}
	}
	return ""
}
