package backend

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/storage"
)

// member is an account that has sessions. They share its trees, its ledger,
// and what it may do now.
type member struct {
	name string
	now  atomic.Pointer[standing] // nil until the first login is through

	mu    sync.Mutex // held while standing is made anew
	trees []*tree    // the last one is in use; sessions may still have files open in the others

	arriving int       // logins on their way; Backend.mu guards it
	used     time.Time // when the last login came or went; Backend.mu guards it
}

// standing is what an account may do at a moment.
type standing struct {
	account  account.Account
	settings *Settings
	grant    ftpserver.Grant // without what differs from session to session
	gone     bool            // nothing any more
}

// errClosed: the account of a session may do nothing any more.
var errClosed = errors.New("the account is closed")

func (st *standing) closed(now time.Time) bool { return st.gone || !st.account.Usable(now) }

// arrive is the member of that name, for a login. The caller settles it.
func (b *Backend) arrive(name string) *member {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.members[name]
	if m == nil {
		m = &member{name: name}
		b.members[name] = m
	}
	m.arriving++
	return m
}

func (b *Backend) settle(m *member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m.arriving--
	m.used = time.Now()
}

// update makes the member stand as the account is now; m.mu is held.
func (b *Backend) update(ctx context.Context, m *member, a account.Account) error {
	s := b.settings.Load()
	before := m.now.Load()
	if before != nil && !before.gone && before.settings == s && reflect.DeepEqual(before.account, a) {
		return nil
	}
	policy, err := s.Config.AccountPolicy(a.Policy)
	if err != nil {
		return err
	}
	t, err := b.treeFor(m, a, s)
	if err != nil {
		return err
	}
	g := ftpserver.Grant{
		User: a.Name, Files: t.files, Perm: permOf(a.Permissions), Mounts: mountPerms(a.Mounts), Policy: &policy,
		UploadRate: a.UploadRate, DownloadRate: a.DownloadRate, Sessions: a.MaxSessions,
		Administrator: a.Administrator, ASCIIOff: a.ASCIIOff, CertificateReply331: a.CertificateReply331,
	}
	if g.Usage, err = b.quota(ctx, a, t); err != nil {
		return err
	}
	if before != nil && before.account.Home != a.Home {
		b.homes.at(before.account.Home).forget(a.Name)
	}
	m.now.Store(&standing{account: a, settings: s, grant: g})
	return nil
}

// treeFor is the tree in use, or a new one if another is planned.
func (b *Backend) treeFor(m *member, a account.Account, s *Settings) (*tree, error) {
	if n := len(m.trees); n > 0 && m.trees[n-1].plan == planOf(a, s) {
		return m.trees[n-1], nil
	}
	t, err := b.homes.openTree(a, s)
	if err != nil {
		return nil, err
	}
	m.trees = append(m.trees, t)
	return t, nil
}

// quota begins, goes on with or ends the count of what the home holds. It is
// nil where there is no limit.
func (b *Backend) quota(ctx context.Context, a account.Account, t *tree) (func() ftpserver.Usage, error) {
	h := b.homes.at(a.Home)
	if a.QuotaBytes == 0 && a.QuotaFiles == 0 {
		h.forget(a.Name)
		return nil, nil
	}
	l, err := h.open(a.Name, func() (bytes, files int64, err error) { return t.home.Usage(ctx) })
	if err != nil {
		return nil, err
	}
	l.SetLimits(a.QuotaBytes, a.QuotaFiles)
	return func() (u ftpserver.Usage) {
		u.Bytes, u.Files, u.MaxBytes, u.MaxFiles = l.Usage()
		return u
	}, nil
}

// perms pairs the account's words with the server's.
var perms = []struct {
	permission account.Permissions
	perm       ftpserver.Perm
}{
	{account.List, ftpserver.PermList},
	{account.Read, ftpserver.PermRead},
	{account.Write, ftpserver.PermWrite},
	{account.Append, ftpserver.PermAppend},
	{account.Overwrite, ftpserver.PermOverwrite},
	{account.Delete, ftpserver.PermDelete},
	{account.Rename, ftpserver.PermRename},
	{account.Mkdir, ftpserver.PermMkdir},
	{account.Rmdir, ftpserver.PermRmdir},
	{account.Attributes, ftpserver.PermAttributes},
}

func permOf(p account.Permissions) (perm ftpserver.Perm) {
	for _, pair := range perms {
		if p.Has(pair.permission) {
			perm |= pair.perm
		}
	}
	return perm
}

func mountPerms(mounts []account.Mount) map[storage.Path]ftpserver.Perm {
	narrowed := map[storage.Path]ftpserver.Perm{}
	for _, m := range mounts {
		if p, err := storage.Resolve(storage.Root, m.Path); err == nil {
			narrowed[p] = permOf(m.Permissions)
		}
	}
	return narrowed
}

// GrantOf is what an account may do, without files: for the question whether
// it could.
func GrantOf(a account.Account, policy ftpserver.Policy) ftpserver.Grant {
	return ftpserver.Grant{User: a.Name, Perm: permOf(a.Permissions), Mounts: mountPerms(a.Mounts), Policy: &policy}
}

// login is what one session has shown.
type login struct {
	backend         *Backend
	member          *member
	remote          netip.Addr
	certificate     *x509.Certificate
	withoutPassword bool // the certificate stood for it
}

// renew is the Grant of the moment. It reads memory alone.
func (l *login) renew() (ftpserver.Grant, error) {
	st := l.member.now.Load()
	if st.closed(time.Now()) || l.lostCertificate(st) {
		return ftpserver.Grant{}, errClosed
	}
	g := st.grant
	g.Renew = l.renew
	g.SetPassword = func(ctx context.Context, old, next string) error {
		return l.backend.changePassword(ctx, l.member.name, old, next, l.remote)
	}
	return g, nil
}

// lostCertificate tells whether the certificate does not open the account any
// more: it was taken back, or stands for the password and is not the
// account's now.
func (l *login) lostCertificate(st *standing) bool {
	if l.certificate == nil {
		return false
	}
	revoked := l.backend.settings.Load().Revoked
	return revoked != nil && revoked(l.certificate) || l.withoutPassword && !st.account.Match(l.certificate)
}

// PermissionsOf is the account's word for what a Grant allows.
func PermissionsOf(perm ftpserver.Perm) (p account.Permissions) {
	for _, pair := range perms {
		if perm&pair.perm != 0 {
			p |= pair.permission
		}
	}
	return p
}
