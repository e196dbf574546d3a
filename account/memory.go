package account

import (
	"context"
	"crypto/x509"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a Store and Settings that end with the process.
type Memory struct {
	mu       sync.RWMutex
	accounts map[string]Account
	settings map[string]string
	version  int64
}

// NewMemory is an empty store.
func NewMemory() *Memory {
	return &Memory{accounts: map[string]Account{}, settings: map[string]string{}}
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, name string) (Account, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return Account{}, err
	}
	a, found := m.accounts[name]
	if !found {
		return Account{}, ErrNotFound
	}
	return a.Clone(), nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context) iter.Seq2[Account, error] {
	return func(yield func(Account, error) bool) {
		for _, name := range m.names() {
			a, err := m.Get(ctx, name)
			if err == ErrNotFound {
				continue
			}
			if !yield(a, err) || err != nil {
				return
			}
		}
	}
}

func (m *Memory) names() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.accounts))
}

// Add implements Store.
func (m *Memory) Add(ctx context.Context, a Account) error {
	a, err := Added(a, time.Now())
	if err != nil {
		return err
	}
	return m.write(ctx, func() error {
		if _, taken := m.accounts[a.Name]; taken {
			return ErrExists
		}
		m.accounts[a.Name] = a
		return nil
	})
}

// Update implements Store.
func (m *Memory) Update(ctx context.Context, name string, change func(*Account) error) error {
	return m.write(ctx, func() error {
		old, found := m.accounts[name]
		if !found {
			return ErrNotFound
		}
		a, err := Changed(old, change, time.Now())
		if err == nil {
			m.accounts[name] = a
		}
		return err
	})
}

// Remove implements Store.
func (m *Memory) Remove(ctx context.Context, name string) error {
	return m.write(ctx, func() error {
		if _, found := m.accounts[name]; !found {
			return ErrNotFound
		}
		delete(m.accounts, name)
		return nil
	})
}

// write counts a change that succeeds.
func (m *Memory) write(ctx context.Context, change func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	err := change()
	if err == nil {
		m.version++
	}
	return err
}

// FindByCertificate implements Store.
func (m *Memory) FindByCertificate(ctx context.Context, cert *x509.Certificate) (Account, error) {
	found, err := Account{}, ErrNotFound
	for a, failed := range m.List(ctx) {
		switch {
		case failed != nil:
			return Account{}, failed
		case !a.Match(cert):
		case err == nil:
			return Account{}, ErrAmbiguous
		default:
			found, err = a, nil
		}
	}
	return found, err
}

// Version implements Store.
func (m *Memory) Version(ctx context.Context) (int64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.version, ctx.Err()
}

// Setting implements Settings.
func (m *Memory) Setting(ctx context.Context, key string) (string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	value, found := m.settings[key]
	if !found {
		return "", ErrNotFound
	}
	return value, nil
}

// SetSetting implements Settings.
func (m *Memory) SetSetting(ctx context.Context, key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	m.settings[key] = value
	return nil
}
