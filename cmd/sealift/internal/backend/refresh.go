package backend

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/storage/local"
)

// idleKept is how long the directories of an account without sessions stay
// open, and what it holds stays counted. After that the next login counts
// again, so that it sees what others than this server have done meanwhile.
const idleKept = 2 * time.Minute

// SetSettings puts other settings into force, also for sessions that run.
func (b *Backend) SetSettings(ctx context.Context, s Settings) error {
	b.settings.Store(&s)
	return b.Refresh(ctx)
}

// Refresh reads the accounts that have sessions again. What they may do now
// is known to their sessions at the next command. On an error the others are
// up to date, and those that could not be read stand as they were.
func (b *Backend) Refresh(ctx context.Context) error {
	all := b.all()
	errs := make([]error, len(all))
	var done sync.WaitGroup
	for i, m := range all { // at once: one whose home is slow keeps nobody
		done.Go(func() { errs[i] = b.refresh(ctx, m) })
	}
	done.Wait()
	return errors.Join(errs...)
}

func (b *Backend) all() []*member {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]*member, 0, len(b.members))
	for _, m := range b.members {
		all = append(all, m)
	}
	return all
}

func (b *Backend) refresh(ctx context.Context, m *member) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.now.Load()
	if st == nil { // its first login has not come to read the account
		return nil
	}
	a, err := b.get(ctx, m.name)
	switch {
	case errors.Is(err, account.ErrNotFound), err == nil && !a.Created.Equal(st.account.Created):
		b.retire(m)
		return nil
	case err != nil:
		return err
	}
	if err := b.update(ctx, m, a); err != nil {
		m.close()
		return fmt.Errorf("%s: its sessions end: %w", a, err)
	}
	return nil
}

// close ends what the member may do; m.mu is held.
func (m *member) close() {
	if st := m.now.Load(); st != nil {
		end := *st
		end.gone = true
		m.now.Store(&end)
	}
}

// retire closes a member whose account was removed. One of the same name that
// comes now is another account.
func (b *Backend) retire(m *member) {
	m.close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.members[m.name] == m {
		delete(b.members, m.name)
		b.retired = append(b.retired, m)
		b.homes.at(m.now.Load().account.Home).forget(m.name)
	}
}

// Closed tells whether the sessions of that account are to be ended.
func (b *Backend) Closed(user string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.members[user]; m != nil {
		st := m.now.Load()
		return st != nil && st.closed(time.Now())
	}
	return slices.ContainsFunc(b.retired, func(m *member) bool { return m.name == user })
}

// Tidy frees what accounts without sessions hold; busy tells whether an
// account has some.
func (b *Backend) Tidy(busy func(user string) bool) error {
	before := time.Now().Add(-idleKept)
	var errs []error
	for _, m := range b.takeIdle(func(m *member) bool {
		return m.arriving == 0 && m.used.Before(before) && !busy(m.name)
	}) {
		errs = append(errs, m.free())
	}
	return errors.Join(errs...)
}

// takeIdle takes the members that are idle out of the lists. What their homes
// hold is not counted for them any more.
func (b *Backend) takeIdle(idle func(*member) bool) (taken []*member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, m := range b.members {
		if idle(m) {
			delete(b.members, name)
			if st := m.now.Load(); st != nil {
				b.homes.at(st.account.Home).forget(name)
			}
			taken = append(taken, m)
		}
	}
	b.retired = slices.DeleteFunc(b.retired, func(m *member) bool {
		if idle(m) {
			taken = append(taken, m)
			return true
		}
		return false
	})
	return taken
}

// free closes the directories; no session has files open in them.
func (m *member) free() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for _, t := range m.trees {
		errs = append(errs, t.close())
	}
	m.trees = nil
	return errors.Join(errs...)
}

// Close frees everything; no session is left.
func (b *Backend) Close() error {
	var errs []error
	for _, m := range b.takeIdle(func(*member) bool { return true }) {
		errs = append(errs, m.free())
	}
	return errors.Join(errs...)
}

// Sweep removes, in the directories of all accounts, interrupted uploads that
// are older than the settings keep them.
func (b *Backend) Sweep(ctx context.Context) error {
	var accounts []account.Account
	for a, err := range b.store.List(ctx) {
		if err != nil {
			return err
		}
		accounts = append(accounts, a)
	}
	var errs []error
	for _, dir := range directories(accounts) {
		if err := b.sweep(ctx, dir); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", dir, err))
		}
	}
	return errors.Join(errs...)
}

func (b *Backend) sweep(ctx context.Context, dir string) error {
	f, err := local.Open(dir, local.Options{Meter: meter{home: b.homes.at(dir)}})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sweep(ctx, b.settings.Load().Config.Uploads.KeepInterrupted), f.Close())
}

// AnyClosed tells whether Closed is true of anybody.
func (b *Backend) AnyClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.retired) > 0 {
		return true
	}
	now := time.Now()
	for _, m := range b.members {
		if st := m.now.Load(); st != nil && st.closed(now) {
			return true
		}
	}
	return false
}
