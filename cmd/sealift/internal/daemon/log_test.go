package daemon

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sealift/sealift/config"
)

// TestLogInjection: security.md L5.
func TestLogInjection(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		newLog(&b, config.Log{Format: format}).Info("login", "user", "x\x1b[2J\n{\"level\":\"ERROR\"}\r\u2028level=ERROR", "\x1b[key\n", 1)
		line, rest, _ := strings.Cut(b.String(), "\n")
		if rest != "" || strings.ContainsAny(line, "\x1b\r") {
			t.Errorf("%s: %q", format, b.String())
		}
	}
}
