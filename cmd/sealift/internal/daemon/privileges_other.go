//go:build !unix

package daemon

import (
	"log/slog"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
)

func checkFiles(*slog.Logger) {}

// dropPrivileges refuses what this system cannot do.
func dropPrivileges(c config.Config, _ *slog.Logger) error {
	if c.RunAs == "" {
		return nil
	}
	return fault.New(fault.Failed, "leave run_as empty and start the server as that user", "run_as is not possible on this system")
}
