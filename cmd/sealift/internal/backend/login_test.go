package backend

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/storage"
)

func TestPassword(t *testing.T) {
	f := newFixture(t, "alice")
	f.add("closed", func(a *account.Account) { a.Disabled = true })
	f.add("over", func(a *account.Account) { a.Expires = time.Now().Add(-time.Second) })
	f.add("none", func(a *account.Account) { a.PasswordHash = "" })
	for _, tt := range []struct {
		why, user, password string
		want                error
	}{
		{"the right one", "alice", password, nil},
		{"a wrong one", "alice", "secreT", ftpserver.ErrRefused},
		{"names are compared byte by byte", "Alice", password, ftpserver.ErrRefused},
		{"nobody", "nobody", password, ftpserver.ErrRefused},
		{"a disabled account", "closed", password, ftpserver.ErrRefused},
		{"an account whose time is over", "over", password, ftpserver.ErrRefused},
		{"an account without a password takes none, not even an empty one", "none", "", ftpserver.ErrRefused},
	} {
		t.Run(tt.why, func(t *testing.T) {
			c := withPassword(tt.user)
			c.Password = tt.password
			g, err := f.Login(t.Context(), c)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if err == nil && g.User != tt.user {
				t.Errorf("it is the account %q", g.User)
			}
		})
	}
	if log := f.log.String(); !strings.Contains(log, "wrong password") || strings.Contains(log, "secret") || strings.Contains(log, "secreT") {
		t.Errorf("the log tells the reason and no password:\n%s", log)
	}
}

func TestThrottled(t *testing.T) {
	f := newFixture(t, "alice")
	wrong := withPassword("alice")
	wrong.Password = "wrong"
	var err error
	for range 100 {
		if _, err = f.Login(t.Context(), wrong); errors.Is(err, ftpserver.ErrThrottled) {
			break
		}
	}
	if !errors.Is(err, ftpserver.ErrThrottled) {
		t.Fatalf("after 100 wrong passwords: %v", err)
	}
	if _, err := f.Login(t.Context(), ftpserver.Credentials{User: "alice", Remote: client}); err != ftpserver.ErrThrottled {
		t.Errorf("at USER in clear: %v", err)
	}
}

func TestStoreAway(t *testing.T) {
	f := newFixture(t, "alice")
	cert := newCertificate(t, "alice")
	f.store.away.Store(true)
	for why, c := range map[string]ftpserver.Credentials{
		"password":    withPassword("alice"),
		"in clear":    {User: "alice", Remote: client},
		"certificate": {Certificate: cert, Remote: client},
	} {
		_, err := f.Login(t.Context(), c)
		for _, no := range []error{nil, ftpserver.ErrRefused, ftpserver.ErrNeedTLS, ftpserver.ErrCertificate, ftpserver.ErrThrottled} {
			if errors.Is(err, no) {
				t.Errorf("%s: %v looks like an answer about the account", why, err)
			}
		}
	}
}

func TestInClear(t *testing.T) {
	f := newFixture(t, "open")
	f.add("strict", func(a *account.Account) { a.Policy = map[string]string{"policy.unprotected_commands": "deny"} })
	f.add("closed", func(a *account.Account) { a.Disabled = true })
	for _, tt := range []struct {
		why, user string
		allowed   bool // by the server
		want      error
	}{
		{"the server lets nobody", "open", false, ftpserver.ErrNeedTLS},
		{"this account may", "open", true, ftpserver.ErrRefused},
		{"this one may not", "strict", true, ftpserver.ErrNeedTLS},
		{"nobody is as one who may not", "nobody", true, ftpserver.ErrNeedTLS},
		{"and so is a closed one", "closed", true, ftpserver.ErrNeedTLS},
	} {
		t.Run(tt.why, func(t *testing.T) {
			f.set(func(s *Settings) { s.Config.Policy.UnprotectedCommands = tt.allowed })
			if _, err := f.Login(t.Context(), ftpserver.Credentials{User: tt.user, Remote: client}); err != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := os.Stat(f.home("open")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("to ask is no login, but the home was made")
	}
}

func TestCertificate(t *testing.T) {
	certificates := map[string]*x509.Certificate{}
	for _, name := range []string{"alice", "bob", "both", "nobody"} {
		certificates[name] = newCertificate(t, name)
	}
	of := func(names ...string) func(*account.Account) {
		return func(a *account.Account) {
			for _, name := range names {
				a.CertificateRules = append(a.CertificateRules, account.CertificateNames(certificates[name])[0])
			}
		}
	}
	f := newFixture(t, "plain")
	f.add("alice", of("alice", "both"))
	f.add("bob", of("bob", "both"))
	f.add("careful", of("nobody"), func(a *account.Account) {
		a.CertificateRules = []string{"cn:careful"}
		a.Policy = map[string]string{"policy.certificate_login": "with-password", "policy.client_certificate": "require"}
	})
	instead := func(p *ftpserver.Policy) {
		p.CertificateLogin, p.ClientCertificate = true, ftpserver.CertificateRequest
	}
	with := func(p *ftpserver.Policy) { p.ClientCertificate = ftpserver.CertificateRequire }
	for _, tt := range []struct {
		why          string
		policy       func(*ftpserver.Policy)
		user, shown  string
		withPassword bool
		want         error
	}{
		{"the handshake alone", instead, "", "alice", false, nil},
		{"USER of its account", instead, "alice", "alice", false, nil},
		{"USER of another account", instead, "bob", "alice", false, ftpserver.ErrCertificate},
		{"USER of nobody", instead, "nobody", "alice", false, ftpserver.ErrCertificate},
		{"a certificate of nobody", instead, "alice", "nobody", false, ftpserver.ErrRefused},
		{"one of two accounts names none", instead, "", "both", false, ftpserver.ErrRefused},
		{"but USER tells which", instead, "bob", "both", false, nil},
		{"and not a third", instead, "plain", "both", false, ftpserver.ErrCertificate},
		{"the policy wants the password", with, "alice", "alice", false, ftpserver.ErrRefused},
		{"and gets it", with, "alice", "alice", true, nil},
		{"the right password with somebody else's certificate", with, "bob", "alice", true, ftpserver.ErrCertificate},
		{"or with one of two others", with, "plain", "both", true, ftpserver.ErrCertificate},
		{"an account without rules takes any that is trusted", with, "plain", "nobody", true, nil},
		{"one with rules takes its own alone where one is required", with, "alice", "nobody", true, ftpserver.ErrCertificate},
		{"and any where not", instead, "alice", "nobody", true, nil},
		{"an account may be stricter than the server", instead, "careful", "nobody", true, ftpserver.ErrCertificate},
	} {
		t.Run(tt.why, func(t *testing.T) {
			f.set(func(s *Settings) {
				s.Config.Policy = ftpserver.Policy{}
				tt.policy(&s.Config.Policy)
			})
			c := withPassword(tt.user)
			if c.HasPassword = tt.withPassword; !c.HasPassword {
				c.Password = ""
			}
			c.Certificate = certificates[tt.shown]
			if _, err := f.Login(t.Context(), c); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestHome(t *testing.T) {
	for _, tt := range []struct {
		why    string
		create bool
		change func(*fixture, *account.Account)
		want   error
	}{
		{"is made at the first login", true, func(*fixture, *account.Account) {}, nil},
		{"with those above it", true, func(f *fixture, a *account.Account) { a.Home = f.home("x/y/z") }, nil},
		{"is not made where that is off", false, func(*fixture, *account.Account) {}, ftpserver.ErrRefused},
		{"may be there", false, func(f *fixture, a *account.Account) { a.Home = f.dir }, nil},
		{"a mount is never made", true, func(f *fixture, a *account.Account) {
			a.Mounts = []account.Mount{{Path: "/in", Dir: f.home("missing")}}
		}, ftpserver.ErrRefused},
	} {
		t.Run(tt.why, func(t *testing.T) {
			f := newFixture(t)
			f.set(func(s *Settings) { s.Config.Accounts.CreateHome = tt.create })
			f.add("alice", func(a *account.Account) { tt.change(f, a) })
			g, err := f.Login(t.Context(), withPassword("alice"))
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil {
				if err := upload(t, g, "f", 1); err != nil {
					t.Error(err)
				}
			} else if !strings.Contains(f.log.String(), "not there") {
				t.Errorf("the log does not say why:\n%s", &f.log)
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	if len(perms) != 10 || permOf(account.All) != ftpserver.PermAll {
		t.Errorf("%d pairs, all together %b", len(perms), permOf(account.All))
	}
	for bundle, want := range map[account.Permissions]ftpserver.Perm{
		account.ReadOnly: ftpserver.PermReadOnly, account.UploadOnly: ftpserver.PermUploadOnly, 0: 0,
		account.Append | account.Attributes: ftpserver.PermAppend | ftpserver.PermAttributes,
	} {
		if got := permOf(bundle); got != want || PermissionsOf(got) != bundle {
			t.Errorf("%s is %b, and back %s", bundle, got, PermissionsOf(got))
		}
	}
}

func TestGrant(t *testing.T) {
	f := newFixture(t)
	writeFile(t, f.home("shared/there"), 3)
	f.add("alice", func(a *account.Account) {
		a.Permissions = account.ReadOnly | account.Write
		a.Mounts = []account.Mount{{Path: "/in", Dir: f.home("shared"), Permissions: account.ReadOnly}}
		a.UploadRate, a.DownloadRate, a.MaxSessions = 1, 2, 3
		a.Administrator, a.ASCIIOff, a.CertificateReply331 = true, true, true
		a.Policy = map[string]string{"policy.session_binding": "require"}
	})
	g := f.mustLogin(withPassword("alice"))
	if g.Perm != ftpserver.PermReadOnly|ftpserver.PermWrite || g.Mounts["/in"] != ftpserver.PermReadOnly {
		t.Errorf("perms %b, mounts %v", g.Perm, g.Mounts)
	}
	if g.UploadRate != 1 || g.DownloadRate != 2 || g.Sessions != 3 || !g.Administrator || !g.ASCIIOff || !g.CertificateReply331 || g.Symlinks {
		t.Errorf("%+v", g)
	}
	if g.Policy.Binding != ftpserver.BindRequire || g.Usage != nil {
		t.Errorf("policy %+v, usage %v", g.Policy, g.Usage != nil)
	}
	if info, err := g.Files.Stat(t.Context(), "/in/there"); err != nil || info.Size != 3 {
		t.Errorf("the mount shows %+v, %v", info, err)
	}
}

// TestWrongOverride: what was to be stricter must not become laxer because
// nobody understands it.
func TestWrongOverride(t *testing.T) {
	f := newFixture(t)
	f.add("alice", func(a *account.Account) { a.Policy = map[string]string{"policy.renamed": "deny"} })
	if _, err := f.Login(t.Context(), withPassword("alice")); err == nil {
		t.Error("it logged in")
	}
}

func TestSetPassword(t *testing.T) {
	f := newFixture(t, "alice")
	g := f.mustLogin(withPassword("alice"))
	var reply ftp.Reply
	for _, tt := range []struct {
		why, old, next string
		want           func(error) bool
	}{
		{"a wrong one", "wrong", "next", func(err error) bool { return err == ftpserver.ErrRefused }},
		{"one that nobody could send", password, "a\nb", func(err error) bool { return errors.As(err, &reply) && reply.Code == ftp.CodeBadArgument }},
		{"the right one", password, "next", func(err error) bool { return err == nil }},
	} {
		if err := g.SetPassword(t.Context(), tt.old, tt.next); !tt.want(err) {
			t.Errorf("%s: %v", tt.why, err)
		}
	}
	c := withPassword("alice")
	c.Password = "next"
	f.mustLogin(c)
}

func TestCancelled(t *testing.T) {
	f := newFixture(t, "alice")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Login(ctx, withPassword("alice")); err == nil || errors.Is(err, ftpserver.ErrRefused) {
		t.Errorf("a client that left: %v", err)
	}
}

var _ storage.Meter = meter{}
