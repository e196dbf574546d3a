package ftpserver_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
)

// setup is a config section: lines of "key = value".
//
//	policy = strict                  the zero Policy; default: open, nothing demanded
//	unprotected_data = deny          and the other keys of the product's [policy]
//	alice.unprotected_data = deny    the same for an account, on top of the server's
//	alice.perm = list, read          rights; default: all
//	alice.mount./pub = list          rights below a directory
//	alice.password = secret          alice.certificate = both (password and certificate)
//	alice.ascii = off                alice.symlinks = allow, alice.administrator = yes,
//	alice.certificate_reply = 331    alice.sessions = 1
//	Limits.IdleTimeout = 50ms        any field of ftpserver.Limits
//	quota = 100                      bytes; file_quota = 2, capacity = 100 (the disk's)
//	ports = 1                        so many passive ports, chosen among free ones
//	public_address = 192.0.2.1       for PASV
//	tls = off                        certificate = none (or by-name, see byName), implicit = yes, ipv6 = yes, site = on (the word SHOUT)
//	fs/name = "text"                 a file; also: 100 bytes (see filler), want/name likewise
//	modify/name = 20200101000000     mode/name = 0600, link/name = target
type setup struct {
	policy   ftpserver.Policy
	accounts map[string]*account
	limits   ftpserver.Limits
	meter    meter
	capacity int64
	ports    int
	public   netip.Addr
	noTLS    bool
	noCert   bool
	byName   bool
	implicit bool
	host     string
	site     bool
	files    map[string]string
	want     map[string]string
	attrs    []func(*mem.FS) error
}

type account struct {
	name, password string
	wantsBoth      bool
	grant          ftpserver.Grant
}

func parseSetup(config string) (*setup, error) {
	s := &setup{
		policy: ftpserver.Policy{UnprotectedCommands: true, UnprotectedData: true},
		limits: ftpserver.Limits{LoginDelay: -1},
		host:   "127.0.0.1", files: map[string]string{}, want: map[string]string{}, accounts: map[string]*account{},
	}
	for _, name := range []string{"alice", "bob"} {
		s.accounts[name] = &account{name: name, password: "pw", grant: ftpserver.Grant{Perm: ftpserver.PermAll}}
	}
	for line := range strings.Lines(config) {
		key, value, found := strings.Cut(strings.TrimSpace(line), " = ")
		if key == "" || strings.HasPrefix(key, "#") {
			continue
		}
		if !found {
			return nil, fmt.Errorf("config: %q is not \"key = value\"", key)
		}
		if err := s.set(key, value); err != nil {
			return nil, fmt.Errorf("config: %s = %s: %w", key, value, err)
		}
	}
	return s, nil
}

var errKey = errors.New("no such key or value")

func (s *setup) set(key, value string) (err error) {
	prefix, name, _ := strings.Cut(key, "/")
	switch prefix {
	case "fs":
		s.files[name], err = bytesOf(value)
		return err
	case "want":
		s.want[name], err = bytesOf(value)
		return err
	case "modify", "mode", "link":
		return s.setAttr(prefix, name, value)
	}
	who, rest, dotted := strings.Cut(key, ".")
	switch acc := s.accounts[who]; {
	case acc != nil:
		return s.setAccount(acc, rest, value)
	case who == "Limits" && dotted:
		return setField(reflect.ValueOf(&s.limits).Elem().FieldByName(rest), value)
	}
	return s.setServer(key, value)
}

func (s *setup) setServer(key, value string) (err error) {
	switch key {
	case "quota":
		s.meter.now.MaxBytes, err = strconv.ParseInt(value, 10, 64)
	case "file_quota":
		s.meter.now.MaxFiles, err = strconv.ParseInt(value, 10, 64)
	case "capacity":
		s.capacity, err = strconv.ParseInt(value, 10, 64)
	case "ports":
		s.ports, err = strconv.Atoi(value)
	case "public_address":
		s.public, err = netip.ParseAddr(value)
	case "tls":
		s.noTLS = value == "off"
	case "certificate":
		s.noCert, s.byName = value != "one", value == "by-name"
	case "implicit":
		s.implicit = value == "yes"
	case "site":
		s.site = value == "on"
	case "ipv6":
		s.host = "::1"
	default:
		return setPolicy(&s.policy, key, value)
	}
	return err
}

func setPolicy(p *ftpserver.Policy, key, value string) error {
	switch key + "=" + value {
	case "policy=open":
		*p = ftpserver.Policy{UnprotectedCommands: true, UnprotectedData: true}
	case "policy=strict":
		*p = ftpserver.Policy{}
	case "unprotected_commands=allow", "unprotected_commands=deny":
		p.UnprotectedCommands = value == "allow"
	case "unprotected_data=allow", "unprotected_data=deny":
		p.UnprotectedData = value == "allow"
	case "compression=allow":
		p.Compression = true
	case "client_certificate=request":
		p.ClientCertificate = ftpserver.CertificateRequest
	case "client_certificate=require":
		p.ClientCertificate = ftpserver.CertificateRequire
	case "certificate_login=instead-of-password", "certificate_login=with-password":
		p.CertificateLogin = value == "instead-of-password"
	case "session_binding=require":
		p.Binding = ftpserver.BindRequire
	case "session_binding=off":
		p.Binding = ftpserver.BindOff
	case "missing_close_notify=accept":
		p.AcceptMissingCloseNotify = true
	case "auth_after_login=keep-login":
		p.KeepLogin = true
	case "active_mode=deny":
		p.NoActive = true
	case "ccc=allow", "ccc=deny":
		p.CCC = value == "allow"
	default:
		return errKey
	}
	return nil
}

func (s *setup) setAccount(a *account, key, value string) (err error) {
	g := &a.grant
	if dir, isMount := strings.CutPrefix(key, "mount."); isMount {
		if g.Mounts == nil {
			g.Mounts = map[storage.Path]ftpserver.Perm{}
		}
		g.Mounts[storage.Path(dir)], err = permsOf(value)
		return err
	}
	switch key {
	case "perm":
		g.Perm, err = permsOf(value)
	case "password":
		a.password = value
	case "certificate":
		a.wantsBoth = value == "both"
	case "ascii":
		g.ASCIIOff = value == "off"
	case "symlinks":
		g.Symlinks = value == "allow"
	case "administrator":
		g.Administrator = value == "yes"
	case "certificate_reply":
		g.CertificateReply331 = value == "331"
	case "sessions":
		g.Sessions, err = strconv.Atoi(value)
	default:
		if g.Policy == nil {
			own := s.policy
			g.Policy = &own
		}
		return setPolicy(g.Policy, key, value)
	}
	return err
}

var permNames = map[string]ftpserver.Perm{
	"none": 0, "all": ftpserver.PermAll, "list": ftpserver.PermList, "read": ftpserver.PermRead, "write": ftpserver.PermWrite,
	"append": ftpserver.PermAppend, "overwrite": ftpserver.PermOverwrite, "delete": ftpserver.PermDelete,
	"rename": ftpserver.PermRename, "mkdir": ftpserver.PermMkdir, "rmdir": ftpserver.PermRmdir, "attributes": ftpserver.PermAttributes,
}

func permsOf(list string) (perm ftpserver.Perm, err error) {
	for name := range strings.SplitSeq(list, ",") {
		p, known := permNames[strings.TrimSpace(name)]
		if !known {
			return 0, errKey
		}
		perm |= p
	}
	return perm, nil
}

func setField(field reflect.Value, value string) error {
	if !field.IsValid() {
		return errKey
	}
	if field.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(value)
		field.SetInt(int64(d))
		return err
	}
	n, err := strconv.ParseInt(value, 10, 64)
	field.SetInt(n)
	return err
}

func (s *setup) setAttr(kind, name, value string) error {
	p := storage.Path("/" + name)
	set := func(a storage.Attr) {
		s.attrs = append(s.attrs, func(tree *mem.FS) error { return tree.SetAttr(context.Background(), p, a) })
	}
	switch kind {
	case "modify":
		when, err := ftp.ParseTime(value)
		set(storage.Attr{ModTime: &when})
		return err
	case "mode":
		n, err := strconv.ParseUint(value, 8, 9)
		mode := fs.FileMode(n)
		set(storage.Attr{Mode: &mode})
		return err
	}
	target := storage.Path("/" + value)
	s.attrs = append(s.attrs, func(tree *mem.FS) error { return tree.Symlink(context.Background(), target, p) })
	return nil
}

// plant puts the files in, then sets what is to be set.
func (s *setup) plant(tree *mem.FS) error {
	for name, content := range s.files {
		if err := write(tree, name, content); err != nil {
			return err
		}
	}
	for _, set := range s.attrs {
		if err := set(tree); err != nil {
			return err
		}
	}
	return nil
}

// needsTLS reports whether this account may not log in in clear; names that
// do not exist are treated like those that may not.
func (s *setup) needsTLS(acc *account) bool {
	demands := func(a *account) bool { return a.grant.Policy != nil && !a.grant.Policy.UnprotectedCommands }
	if acc != nil {
		return demands(acc)
	}
	return demands(s.accounts["alice"]) || demands(s.accounts["bob"])
}

func (s *setup) serverConfig(t testing.TB, log *logBuffer) ftpserver.Config {
	t.Helper()
	c := ftpserver.Config{Policy: s.policy, Limits: s.limits, Log: log.logger()}
	if !s.noTLS {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ClientCAs: authority().pool}
	}
	if !s.noTLS && !s.noCert {
		c.TLS.Certificates = []tls.Certificate{authority().issue("server")}
	}
	if s.byName {
		c.TLS.GetCertificate = byName
	}
	if s.ports > 0 {
		c.PassivePorts = freePorts(t, s.ports)
	}
	if s.public.IsValid() {
		c.PublicAddress = func(netip.Addr) netip.Addr { return s.public }
	}
	if s.site {
		c.Site = []ftpserver.SiteWord{{Word: "SHOUT", Help: "text: say it loudly", Perm: ftpserver.PermRead,
			Run: func(_ context.Context, g ftpserver.Grant, arg string) ftp.Reply {
				return ftp.Reply{Code: ftp.CodeOK, Text: g.User + " says " + strings.ToUpper(arg)}
			}}}
	}
	return c
}

// byName serves the certificate of the name that is asked for: of
// ftp.example.com and files.example.com, without a name "server", else none.
func byName(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	switch name := hello.ServerName; name {
	case "ftp.example.com", "files.example.com":
		cert := authority().issue(name)
		return &cert, nil
	case "":
		cert := authority().issue("server")
		return &cert, nil
	}
	return nil, nil
}

// bytesOf reads a Go string, or "n bytes [from m]" of the filler.
func bytesOf(value string) (string, error) {
	if strings.HasPrefix(value, `"`) {
		return strconv.Unquote(value)
	}
	if !byteCount.MatchString(value) {
		return "", fmt.Errorf("%q is neither a Go string nor a number of bytes", value)
	}
	var n, from int
	fmt.Sscanf(value, "%d bytes from %d", &n, &from)
	return filler(n, from), nil
}

// filler is text without line ends that tells where in it one is.
func filler(n, from int) string {
	const letters = "abcdefghijklmnopqrstuvw"
	start := from % len(letters)
	return strings.Repeat(letters, (start+n)/len(letters)+1)[start : start+n]
}
