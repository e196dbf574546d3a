package account

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Mount shows a directory of the host inside an account's tree.
type Mount struct {
	// Path is where: absolute in the account's tree, clean, not the root.
	Path string
	// Dir is the host's directory: absolute and clean.
	Dir string
	// Permissions are what of the account's permissions is left there.
	Permissions Permissions
}

// ParseMount reads PATH=DIR:PERMISSIONS, as in "/in=/srv/in:read-only". The
// permissions are what follows the last colon, if that holds no separator;
// without them the mount takes nothing away. So a directory with a colon in
// its last element needs them written.
func ParseMount(text string) (Mount, error) {
	at, dir, found := strings.Cut(text, "=")
	if !found {
		return Mount{}, fmt.Errorf("mount %q is not of the form /path=/directory:permissions", text)
	}
	m := Mount{Path: at, Dir: dir, Permissions: All}
	if i := strings.LastIndexByte(dir, ':'); i >= 0 && !strings.ContainsAny(dir[i:], `/\`) {
		p, err := ParsePermissions(dir[i+1:])
		if err != nil {
			return Mount{}, fmt.Errorf("mount %q: %w", text, err)
		}
		m.Dir, m.Permissions = dir[:i], p
	}
	return m, m.Validate()
}

// String is what ParseMount reads.
func (m Mount) String() string { return m.Path + "=" + m.Dir + ":" + m.Permissions.String() }

// MarshalText is String.
func (m Mount) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is ParseMount.
func (m *Mount) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMount(string(text))
	return err
}

// Validate says what is wrong with the mount.
func (m Mount) Validate() error {
	switch {
	case !utf8.ValidString(m.Path) || strings.ContainsFunc(m.Path, unicode.IsControl) || len(m.Path) > maxDir:
		return fmt.Errorf("mount path %.64q is not UTF-8 without control characters of at most %d bytes", m.Path, maxDir)
	case strings.Contains(m.Path, "="):
		return fmt.Errorf("mount path %q has an equals sign", m.Path)
	case !strings.HasPrefix(m.Path, "/") || m.Path == "/":
		return fmt.Errorf("mount path %q is not below /", m.Path)
	case path.Clean(m.Path) != m.Path:
		return fmt.Errorf("mount path %q is to be written %q", m.Path, path.Clean(m.Path))
	case m.Permissions&^All != 0:
		return fmt.Errorf("mount %q: permissions %#x have bits without a name", m.Path, uint16(m.Permissions))
	}
	if err := validateDir(m.Dir); err != nil {
		return fmt.Errorf("mount %q: directory %w", m.Path, err)
	}
	return nil
}
