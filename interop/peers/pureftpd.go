//go:build unix

package peers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func (u setup) pureFTPd() ([]program, error) {
	database, err := u.puredb()
	if err != nil {
		return nil, err
	}
	pair, err := u.joinedPair()
	if err != nil {
		return nil, err
	}
	openssl, err := u.openssl()
	if err != nil {
		return nil, err
	}
	return []program{{
		args: []string{
			filepath.Join(u.root, "usr/sbin/pure-ftpd"),
			"--bind", fmt.Sprintf("127.0.0.1,%d", u.explicit), "--ipv4only", "--dontresolve",
			"--login", "puredb:" + database, "--noanonymous", "--chrooteveryone", "--minuid", "1",
			"--tls", map[bool]string{false: "3", true: "2"}[u.ClearData], "--certfile", pair,
			"--maxclientsnumber", "10000", "--maxclientsperip", "10000", "--limitrecursion", "1000000:50",
			"--passiveportrange", fmt.Sprintf("%d:%d", passiveFirst, passiveLast),
			"--umask", "022:022", "--pidfile", u.file("pure-ftpd.pid"), "--syslogfacility", "none",
			"--altlog", "clf:" + u.file("transfers.log"),
		},
		env:     []string{"LD_LIBRARY_PATH=" + u.libraries(), "OPENSSL_CONF=" + openssl},
		listens: []listen{{u.explicit, false}},
	}}, nil
}

// puredb makes the database of accounts with the server's own tool, of a file
// whose first fields are as in passwd(5).
func (u setup) puredb() (string, error) {
	hash, err := u.hash()
	if err != nil {
		return "", err
	}
	users, err := u.write("users", fmt.Sprintf("%s:%s:%d:%d::%s/./::::::::::::\n", u.User, hash, UID, GID, u.Home))
	if err != nil {
		return "", err
	}
	database := u.file("users.pdb")
	make := exec.Command(filepath.Join(u.root, "usr/bin/pure-pw"), "mkdb", database, "-f", users)
	make.Env = []string{"LD_LIBRARY_PATH=" + u.libraries()}
	if out, err := make.CombinedOutput(); err != nil {
		return "", fmt.Errorf("pure-pw: %w\n%s", err, out)
	}
	return database, nil
}

// joinedPair is the key and the certificate in one file.
func (u setup) joinedPair() (string, error) {
	key, err := os.ReadFile(u.KeyFile)
	if err != nil {
		return "", err
	}
	cert, err := os.ReadFile(u.CertFile)
	if err != nil {
		return "", err
	}
	return u.write("pair.pem", string(key)+string(cert))
}
