//go:build unix

package peers

import (
	"fmt"
	"os"
	"path/filepath"
)

// vsftpd has one port a process.
func (u setup) vsftpd() ([]program, error) {
	if err := os.Mkdir(u.file("empty"), 0o555); err != nil {
		return nil, err
	}
	openssl, err := u.openssl()
	if err != nil {
		return nil, err
	}
	var both []program
	for _, l := range []listen{{u.explicit, false}, {u.implicit, true}} {
		conf, err := u.write(fmt.Sprintf("vsftpd-%d.conf", l.port), u.vsftpdConf(l))
		if err != nil {
			return nil, err
		}
		both = append(both, program{
			args: []string{filepath.Join(u.root, "usr/sbin/vsftpd"), conf},
			env: []string{
				"LD_LIBRARY_PATH=" + u.libraries(), "LD_PRELOAD=" + filepath.Join(u.root, "pam.so"),
				"OPENSSL_CONF=" + openssl, "SEALIFT_PEER_USER=" + u.User, "SEALIFT_PEER_PASSWORD=" + u.Password,
			},
			listens: []listen{l},
		})
	}
	return both, nil
}

// vsftpdConf: the account is a guest, a name that PAM knows and the system does
// not. seccomp_sandbox kills sessions on kernels newer than vsftpd, and the
// namespaces of isolate need rights that root lacks in a container. Its
// ssl_ciphers are 3DES unless told.
func (u setup) vsftpdConf(l listen) string {
	return fmt.Sprintf(`listen=YES
listen_address=127.0.0.1
listen_port=%d
background=NO
anonymous_enable=NO
local_enable=YES
guest_enable=YES
guest_username=daemon
nopriv_user=nobody
virtual_use_local_privs=YES
local_root=%s
chroot_local_user=YES
allow_writeable_chroot=YES
secure_chroot_dir=%s
write_enable=YES
chmod_enable=YES
mdtm_write=YES
local_umask=022
file_open_mode=0666
utf8_filesystem=YES
max_clients=0
max_per_ip=0
max_login_fails=10
delay_failed_login=0
pasv_min_port=%d
pasv_max_port=%d
tcp_wrappers=NO
session_support=NO
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
xferlog_enable=YES
log_ftp_protocol=YES
debug_ssl=YES
vsftpd_log_file=%s
ssl_enable=YES
implicit_ssl=%s
ssl_tlsv1=YES
ssl_ciphers=HIGH
force_local_logins_ssl=YES
force_local_data_ssl=%s
require_ssl_reuse=%s
rsa_cert_file=%s
rsa_private_key_file=%s
`, l.port, u.Home, u.file("empty"), passiveFirst, passiveLast, u.file("vsftpd.log"),
		yesNo(l.implicit), yesNo(!u.ClearData), yesNo(u.RequireReuse), u.CertFile, u.KeyFile)
}

func yesNo(yes bool) string {
	if yes {
		return "YES"
	}
	return "NO"
}
