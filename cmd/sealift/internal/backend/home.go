package backend

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/local"
	"github.com/sealift/sealift/storage/mount"
)

// homes knows, for each directory that is in use, whose quotas it counts for.
type homes struct {
	mu   sync.Mutex
	dirs map[string]*home
}

// home is one directory. Several accounts may have it, each with a limit of
// its own on what it holds; what one of them changes, all have to know.
type home struct {
	mu      sync.Mutex
	changes int                        // of what it holds, so far
	ledgers map[string]*account.Ledger // by account; none for those without a quota
}

func (h *homes) at(dir string) *home {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dirs == nil {
		h.dirs = map[string]*home{}
	}
	if h.dirs[dir] == nil {
		h.dirs[dir] = &home{ledgers: map[string]*account.Ledger{}}
	}
	return h.dirs[dir]
}

// meter tells a home of what one account does there; user is "" for whoever
// has no quota on it.
type meter struct {
	home *home
	user string
}

// Add implements storage.Meter. Only the account's own limit can refuse.
func (m meter) Add(bytes, files int64) error {
	m.home.mu.Lock()
	defer m.home.mu.Unlock()
	if own := m.home.ledgers[m.user]; own != nil {
		if err := own.Add(bytes, files); err != nil {
			return err
		}
	}
	m.home.changes++
	for user, l := range m.home.ledgers {
		if user != m.user {
			heldBytes, heldFiles, _, _ := l.Usage()
			l.SetUsage(heldBytes+bytes, heldFiles+files)
		}
	}
	return nil
}

// ledger is that of a user, nil if it has none.
func (h *home) ledger(user string) *account.Ledger {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ledgers[user]
}

// forget takes the user's ledger away.
func (h *home) forget(user string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.ledgers, user)
}

// open gives the user a ledger. What is held is known if another account of
// the same home counts already; else count finds it out.
func (h *home) open(user string, count func() (bytes, files int64, err error)) (*account.Ledger, error) {
	if l := h.ledger(user); l != nil {
		return l, nil
	}
	l := account.NewLedger(storage.ErrQuota)
	for try := 1; ; try++ {
		joined, changes := h.join(user, l)
		if joined {
			return l, nil
		}
		bytes, files, err := count()
		if err != nil {
			return nil, err
		}
		l.SetUsage(bytes, files)
		if h.add(user, l, changes, try == mostCounts) {
			return l, nil
		}
	}
}

// mostCounts is how often a home that changes meanwhile is counted.
const mostCounts = 5

// join copies the usage of another ledger, if there is one; else it tells how
// many changes there were before a count begins.
func (h *home) join(user string, l *account.Ledger) (joined bool, changes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, other := range h.ledgers {
		bytes, files, _, _ := other.Usage()
		l.SetUsage(bytes, files)
		h.ledgers[user] = l
		return true, 0
	}
	return false, h.changes
}

// add puts a ledger into use, if nothing has changed since its count began.
func (h *home) add(user string, l *account.Ledger, changes int, inAnyCase bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changes != changes && !inAnyCase {
		return false
	}
	h.ledgers[user] = l
	return true
}

// tree is what an account sees: its home, and what is mounted in it.
type tree struct {
	plan  string // what it was made of
	files storage.FS
	home  *local.FS
	all   []*local.FS
}

func (t *tree) close() error {
	var errs []error
	for _, f := range t.all {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// planOf tells two trees apart.
func planOf(a account.Account, s *Settings) string {
	return fmt.Sprintf("%q %q %v", a.Home, a.Mounts, s.Config.Uploads.KeepInterrupted)
}

// errNoHome: there is no directory for an account, and none may be made.
var errNoHome = errors.New("the account's directory is not there")

// openTree opens the account's directories; the home is made if it is missing
// and Settings allow that.
func (h *homes) openTree(a account.Account, s *Settings) (*tree, error) {
	if s.Config.Accounts.CreateHome {
		if err := os.MkdirAll(a.Home, 0o750); err != nil {
			return nil, fmt.Errorf("home: %w", err)
		}
	}
	t := &tree{plan: planOf(a, s)}
	var err error
	if t.home, err = h.openDir(t, a.Home, a.Name, a.Name, s); err != nil {
		return nil, err
	}
	t.files = t.home
	if len(a.Mounts) == 0 {
		return t, nil
	}
	mounts := map[storage.Path]storage.FS{}
	for _, m := range a.Mounts {
		p, err := storage.Resolve(storage.Root, m.Path)
		if err == nil {
			mounts[p], err = h.openDir(t, m.Dir, a.Name, "", s)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("mount %s: %w", m.Path, err), t.close())
		}
	}
	if t.files, err = mount.New(t.home, mounts); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (h *homes) openDir(t *tree, dir, owner, counts string, s *Settings) (*local.FS, error) {
	f, err := local.Open(dir, local.Options{
		Owner: owner, Meter: meter{h.at(dir), counts}, KeepInterrupted: s.Config.Uploads.KeepInterrupted,
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", errNoHome, dir)
	case err != nil:
		return nil, err
	}
	t.all = append(t.all, f)
	return f, nil
}

// directories are those of all accounts, each once.
func directories(accounts []account.Account) []string {
	dirs := map[string]bool{}
	for _, a := range accounts {
		dirs[a.Home] = true
		for _, m := range a.Mounts {
			dirs[m.Dir] = true
		}
	}
	return slices.Sorted(maps.Keys(dirs))
}
