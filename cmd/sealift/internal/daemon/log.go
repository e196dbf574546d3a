package daemon

import (
	"io"
	"log/slog"

	"github.com/sealift/sealift/config"
)

// newLog writes lines for people, or objects for machines. Both handlers
// quote what does not show: no peer can forge a line or reach a terminal.
func newLog(w io.Writer, c config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
