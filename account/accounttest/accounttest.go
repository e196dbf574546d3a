// Package accounttest is the contract of account.Store and account.Settings
// as a test suite that every implementation runs.
package accounttest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sealift/sealift/account"
)

// A Store is what is tested.
type Store interface {
	account.Store
	account.Settings
}

// Run tests the stores that open returns: an empty one for each test, and a
// second view of it as another process would have it; the same one again
// where only one process can use the store.
func Run(t *testing.T, open func(t *testing.T) (store, other Store)) {
	for _, group := range [][]test{keepTests, changeTests, listTests, certificateTests, settingTests, raceTests} {
		for _, test := range group {
			t.Run(test.why, func(t *testing.T) {
				s := &suite{T: t}
				s.store, s.other = open(t)
				test.run(s)
			})
		}
	}
}

type test struct {
	why string
	run func(s *suite)
}

type suite struct {
	*testing.T
	store, other Store
}

// full has something in every field.
func full() account.Account {
	return account.Account{
		Name:                "älice@example.org",
		PasswordHash:        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OTAxMjM0NQ",
		Home:                "/srv/a 'quoted\" name/ü",
		Permissions:         account.Read | account.Write | account.Rename,
		Mounts:              []account.Mount{{Path: "/in", Dir: "/srv/in", Permissions: account.ReadOnly}, {Path: "/a:b", Dir: "/srv/x=y:z", Permissions: 0}},
		QuotaBytes:          1<<62 + 1,
		QuotaFiles:          12,
		UploadRate:          13,
		DownloadRate:        14,
		MaxSessions:         15,
		Disabled:            true,
		Expires:             time.Date(2031, 2, 3, 4, 5, 6, 789_000, time.FixedZone("east", 3600)),
		Administrator:       true,
		Policy:              map[string]string{"policy.ccc": "allow", "policy.x": `<"'&ü>`},
		ASCIIOff:            true,
		CertificateRules:    []string{"cn:Alice", "email:alice@example.org"},
		CertificateReply331: true,
	}
}

// plain has what is needed.
func plain(name string) account.Account {
	return account.Account{Name: name, Home: "/srv/" + name, Permissions: account.All}
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) wants(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("got error %v, want %v", err, want)
	}
}

// invalid accepts the errors of a refusal that says what is wrong.
func (s *suite) invalid(err error) {
	s.Helper()
	if err == nil || errors.Is(err, account.ErrNotFound) || errors.Is(err, account.ErrExists) {
		s.Fatalf("got error %v, want one of Validate", err)
	}
}

func (s *suite) add(accounts ...account.Account) {
	s.Helper()
	for _, a := range accounts {
		s.ok(s.store.Add(s.Context(), a))
	}
}

func (s *suite) get(name string) account.Account {
	s.Helper()
	a, err := s.store.Get(s.Context(), name)
	s.ok(err)
	return a
}

func (s *suite) version(store Store) int64 {
	s.Helper()
	v, err := store.Version(s.Context())
	s.ok(err)
	return v
}

func (s *suite) names() []string {
	s.Helper()
	var names []string
	for a, err := range s.store.List(s.Context()) {
		s.ok(err)
		names = append(names, a.Name)
	}
	return names
}

// same compares all but what the store sets.
func (s *suite) same(got, want account.Account) {
	s.Helper()
	if !got.Expires.Equal(want.Expires) {
		s.Errorf("Expires is %v, want %v", got.Expires, want.Expires)
	}
	for _, a := range []*account.Account{&got, &want} {
		a.Expires, a.Created, a.Changed = time.Time{}, time.Time{}, time.Time{}
	}
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			s.Errorf("%s is %#v, want %#v", g.Type().Field(i).Name, g.Field(i), w.Field(i))
		}
	}
}

func (s *suite) sameNames(want ...string) {
	s.Helper()
	if got := s.names(); !slices.Equal(got, want) {
		s.Errorf("accounts are %q, want %q", got, want)
	}
}

// ended is a context that is over.
func (s *suite) ended() context.Context {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	return ctx
}
