package tlsprofile

import (
	"crypto/tls"

	"github.com/sealift/sealift/nearest"
)

var versions = map[string]uint16{
	"1.0": tls.VersionTLS10,
	"1.1": tls.VersionTLS11,
	"1.2": tls.VersionTLS12,
	"1.3": tls.VersionTLS13,
}

// Versions are the names that Options.MinVersion and MaxVersion may hold.
func Versions() []string { return []string{"1.0", "1.1", "1.2", "1.3"} }

// version is the TLS version that name stands for, or otherwise if it is "".
func version(option, name string, otherwise uint16) (uint16, error) {
	if name == "" {
		return otherwise, nil
	}
	if v, known := versions[name]; known {
		return v, nil
	}
	return 0, &OptionError{option, nearest.Check("TLS version", name, Versions())}
}

// VersionName is v as people write it: "TLS 1.3".
func VersionName(v uint16) string { return tls.VersionName(v) }
