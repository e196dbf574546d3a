//go:build unix

package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
)

// enoughFiles is how many descriptors 10,000 sessions with transfers take.
const enoughFiles = 65_536

// checkFiles warns of a low limit. The runtime has raised the soft limit to
// the hard one already.
func checkFiles(log *slog.Logger) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < enoughFiles {
		log.Warn("few files can be open at once: sessions may be refused", "limit", limit.Cur, "hint", fmt.Sprintf("LimitNOFILE=%d in the systemd unit, or ulimit -n", enoughFiles))
	}
}

// dropPrivileges becomes the user of run_as, if this is root, for good. The
// state is that user's from then on.
func dropPrivileges(c config.Config, log *slog.Logger) error {
	switch {
	case os.Geteuid() != 0 && c.RunAs != "":
		return checkSelf(c.RunAs)
	case os.Geteuid() != 0:
		return nil
	case c.RunAs == "":
		log.Warn("INSECURE: the server runs as root", "hint", "set run_as to a user of its own; it is taken on after binding")
		return nil
	}
	uid, gid, err := idsOf(c.RunAs)
	if err != nil {
		return err
	}
	if err := give(c, uid, gid); err != nil {
		return err
	}
	for _, step := range []error{syscall.Setgroups([]int{gid}), syscall.Setgid(gid), syscall.Setuid(uid)} {
		if step != nil {
			return &fault.Error{Code: fault.Failed, Problem: "cannot become " + c.RunAs, Err: step}
		}
	}
	if syscall.Setuid(0) == nil {
		return fault.New(fault.Failed, "", "still root after becoming %s", c.RunAs)
	}
	return nil
}

// checkSelf refuses to run as somebody else than the one configured.
func checkSelf(name string) error {
	uid, _, err := idsOf(name)
	if err == nil && uid != os.Geteuid() {
		err = fault.New(fault.Failed, "start it as root or as "+name+", or leave run_as empty", "run_as is %s, but only root can become another user", name)
	}
	return err
}

func idsOf(name string) (uid, gid int, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, &fault.Error{Code: fault.Failed, Problem: "run_as", Err: err, Hint: "make the user: useradd --system " + name}
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return uid, gid, errors.Join(err1, err2)
}

// give hands the state, and the transfer log, to the user.
func give(c config.Config, uid, gid int) error {
	err := filepath.WalkDir(c.DataDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != c.DataDir && path != certsDir(c) {
			return fs.SkipDir
		}
		return os.Lchown(path, uid, gid)
	})
	if err != nil || c.Log.TransferLog == "" {
		return err
	}
	f, err := os.OpenFile(c.Log.TransferLog, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	return errors.Join(f.Chown(uid, gid), f.Close())
}
