//go:build unix

package peers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/sealift/sealift/certs"
)

// installation is what ./scripts/peers brought.
type installation struct {
	kind    Kind
	root    string
	version string
}

// Dir is the folder of ./scripts/peers.
func Dir() (string, error) {
	if dir := os.Getenv("SEALIFT_PEERS"); dir != "" {
		return dir, nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "sealift-peers"), err
}

func find(kind Kind) (installation, error) {
	dir, err := Dir()
	if err != nil {
		return installation{}, err
	}
	root := filepath.Join(dir, string(kind))
	if _, err := os.Stat(filepath.Join(root, "complete")); err != nil {
		return installation{}, fmt.Errorf("%s: %w", kind, ErrMissing)
	}
	packages, err := os.ReadFile(filepath.Join(root, "packages"))
	return installation{kind, root, version(kind, string(packages))}, err
}

// version finds the server's own package among those unpacked, which are
// written as name_version_architecture.
func version(kind Kind, packages string) string {
	own := map[Kind]string{VsFTPd: "vsftpd", ProFTPD: "proftpd-core", PureFTPd: "pure-ftpd", Pyftpdlib: "python3-pyftpdlib"}[kind]
	for line := range strings.Lines(packages) {
		if rest, ok := strings.CutPrefix(line, own+"_"); ok {
			version, _, _ := strings.Cut(rest, "_")
			return strings.ReplaceAll(version, "%3a", ":")
		}
	}
	return "unknown"
}

// setup is all that a server's configuration is made of.
type setup struct {
	Options
	installation
	state              string
	explicit, implicit int // ports
}

// program is one process to start, and where it then listens.
type program struct {
	args    []string
	env     []string
	listens []listen
}

type listen struct {
	port     int
	implicit bool
}

func (u setup) file(name string) string { return filepath.Join(u.state, name) }

// write makes a file that root alone reads.
func (u setup) write(name, text string) (string, error) {
	path := u.file(name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// libraries is where the dynamic linker looks first.
func (u setup) libraries() string {
	var all []string
	for _, pattern := range []string{"usr/lib/*-linux-gnu*", "lib/*-linux-gnu*"} {
		found, _ := filepath.Glob(filepath.Join(u.root, pattern))
		all = append(all, found...)
	}
	return strings.Join(all, ":")
}

// hash is the password as crypt(3) knows it, cheap to check: measurements are
// of the servers, not of a hash function.
func (u setup) hash() (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(u.Password), bcrypt.MinCost)
	return string(hash), err
}

// openssl limits the versions of TLS in every program that uses OpenSSL, with
// no regard to what it can be told itself.
func (u setup) openssl() (string, error) {
	return u.write("openssl.cnf", fmt.Sprintf(`openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = limits
[limits]
MinProtocol = %s
MaxProtocol = %s
`, versionName(u.MinTLS), versionName(u.MaxTLS)))
}

func versionName(v uint16) string {
	if v == tls.VersionTLS12 {
		return "TLSv1.2"
	}
	return "TLSv1.3"
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// freePorts are ports that nobody has at this moment.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", address(0))
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func prepareHome(home string) error {
	if !filepath.IsAbs(home) {
		return fmt.Errorf("home %s is not an absolute path", home)
	}
	if err := os.Mkdir(home, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for dir := filepath.Dir(home); dir != "/"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if info.Mode()&1 == 0 {
			return fmt.Errorf("home %s: not everybody may pass through %s, which is %v", home, dir, info.Mode())
		}
	}
	return os.Chown(home, UID, GID)
}

// prepareTLS makes the certificate if there is none.
func (s *Server) prepareTLS(o *Options) error {
	if o.CertFile != "" {
		return nil
	}
	now := time.Now()
	authority, err := certs.NewAuthority("Test of "+string(s.Kind), now)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert, err := authority.IssueServer(key.Public(), []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}, now)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	s.CAFile = filepath.Join(s.state, "ca.pem")
	o.CertFile, o.KeyFile = filepath.Join(s.state, "cert.pem"), filepath.Join(s.state, "key.pem")
	return errors.Join(
		writePEM(s.CAFile, "CERTIFICATE", authority.Certificate.Raw),
		writePEM(o.CertFile, "CERTIFICATE", cert.Raw),
		writePEM(o.KeyFile, "PRIVATE KEY", private))
}

func writePEM(name, kind string, der []byte) error {
	return os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
