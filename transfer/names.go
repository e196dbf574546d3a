package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/sealift/sealift/ftp"
)

// Files that are not complete have such names, here and on the server.
const (
	partPrefix = "."
	partSuffix = ".sealift-part"
	// serverPrefix begins the names that a Sealift server keeps for itself.
	serverPrefix = ".sealift-"
)

// maxName is what most file systems allow, in bytes.
const maxName = 255

// partName is the name of name while it is not complete. Long names are cut,
// and told apart by a digest.
func partName(name string) string {
	if room := maxName - len(partPrefix) - len(partSuffix); len(name) > room {
		sum := sha256.Sum256([]byte(name))
		tag := "~" + hex.EncodeToString(sum[:8])
		cut := room - len(tag)
		for cut > 0 && !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut] + tag
	}
	return partPrefix + name + partSuffix
}

// isOurs reports whether a name is that of a file that is not complete: no
// file of the user's.
func isOurs(name string) bool {
	return strings.HasPrefix(name, partPrefix) && strings.HasSuffix(name, partSuffix) || strings.HasPrefix(name, serverPrefix)
}

// checkName refuses, with ErrName, what cannot be one name on this system.
func checkName(name string) error { return checkNameFor(runtime.GOOS, name) }

func checkNameFor(goos, name string) error {
	problem := ""
	switch {
	case name == "":
		problem = "it is empty"
	case name == "." || name == "..":
		problem = "it stands for a folder"
	case strings.ContainsAny(name, "/\x00"):
		problem = "it has / or NUL in it"
	case len(name) > maxName:
		problem = fmt.Sprintf("it has %d bytes, at most %d can be", len(name), maxName)
	case isOurs(name):
		problem = "files that are not complete have such names"
	case goos == "windows":
		problem = windowsProblem(name)
	}
	if problem == "" {
		return nil
	}
	return fmt.Errorf("%w: %q: %s", ErrName, name, problem)
}

// windowsProblem follows "Naming Files, Paths, and Namespaces" of Microsoft.
func windowsProblem(name string) string {
	if at := strings.IndexFunc(name, func(r rune) bool { return r < ' ' || strings.ContainsRune(`<>:"\|?*`, r) }); at >= 0 {
		return fmt.Sprintf("Windows has no %q in names", name[at])
	}
	if !utf8.ValidString(name) {
		return "it is not UTF-8"
	}
	if last := name[len(name)-1]; last == '.' || last == ' ' {
		return "Windows drops a dot or blank at the end"
	}
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	if len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9' {
		return "it is a device on Windows"
	}
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return "it is a device on Windows"
	}
	return ""
}

// foldsCase: on these systems "a" and "A" are one file, mostly.
func foldsCase(goos string) bool { return goos == "windows" || goos == "darwin" || goos == "ios" }

// twins are names that would be one file here; of each pair the later one is
// named, with the one that it would overwrite.
func twins(goos string, names []string) map[string]string {
	if !foldsCase(goos) {
		return nil
	}
	first, found := map[string]string{}, map[string]string{}
	for _, name := range names {
		key := strings.ToLower(name)
		if other, taken := first[key]; taken {
			found[name] = other
		} else {
			first[key] = name
		}
	}
	return found
}

// remotePart is the path of path while it is not complete.
func remotePart(path string) string {
	dir, name := ftp.SplitPath(path)
	return ftp.JoinPath(dir, partName(name))
}
