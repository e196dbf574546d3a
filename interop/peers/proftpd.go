//go:build unix

package peers

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"path/filepath"
)

// proftpd has its implicit port as a virtual host.
func (u setup) proftpd() ([]program, error) {
	hash, err := u.hash()
	if err != nil {
		return nil, err
	}
	users, err := u.write("users", fmt.Sprintf("%s:%s:%d:%d::%s:/bin/false\n", u.User, hash, UID, GID, u.Home))
	if err != nil {
		return nil, err
	}
	conf, err := u.proftpdConf(users)
	if err != nil {
		return nil, err
	}
	file, err := u.write("proftpd.conf", conf)
	if err != nil {
		return nil, err
	}
	return []program{{
		args:    []string{filepath.Join(u.root, "usr/sbin/proftpd"), "--nodaemon", "--config", file},
		env:     []string{"LD_LIBRARY_PATH=" + u.libraries()},
		listens: []listen{{u.explicit, false}, {u.implicit, true}},
	}}, nil
}

// proftpdConf has no TLSSessionCache: mod_tls_shmcache leaves shared memory
// behind when it is killed. Control and data connections of a session belong to
// one process, so its own cache and tickets are enough.
func (u setup) proftpdConf(users string) (string, error) {
	key := "RSA"
	if ec, err := leafIsECDSA(u.CertFile, u.KeyFile); err != nil {
		return "", err
	} else if ec {
		key = "EC"
	}
	protocols := "TLSv1.2 TLSv1.3"
	if u.MinTLS == u.MaxTLS {
		protocols = versionName(u.MinTLS)
	}
	required := "on"
	if u.ClearData {
		required = "ctrl"
	}
	reuse := "NoSessionReuseRequired"
	if u.RequireReuse {
		reuse = ""
	}
	return fmt.Sprintf(`ServerType standalone
ServerName Peer
DefaultAddress 127.0.0.1
SocketBindTight on
UseIPv6 off
UseReverseDNS off
Port %[1]d
User daemon
Group daemon
ModulePath %[2]s
LoadModule mod_tls.c
PidFile %[3]s/proftpd.pid
ScoreboardFile %[3]s/scoreboard
SystemLog %[3]s/proftpd.log
TransferLog none
WtmpLog off
MaxInstances none
<IfModule mod_delay.c>
DelayEngine off
</IfModule>
<IfModule mod_ctrls.c>
ControlsEngine off
</IfModule>
<Global>
AuthOrder mod_auth_file.c
AuthUserFile %[4]s
RequireValidShell off
DefaultRoot ~
Umask 022
AllowOverwrite on
AllowStoreRestart on
AllowRetrieveRestart on
TimesGMT on
MaxLoginAttempts 10
PassivePorts %[5]d %[6]d
TLSEngine on
TLSRequired %[14]s
TLSLog %[3]s/tls.log
TLSProtocol %[7]s
TLS%[8]sCertificateFile %[9]s
TLS%[8]sCertificateKeyFile %[10]s
TLSRenegotiate none
</Global>
%[11]s
<VirtualHost 127.0.0.1>
Port %[12]d
TLSOptions UseImplicitSSL %[13]s
</VirtualHost>
`, u.explicit, filepath.Join(u.root, "usr/lib/proftpd"), u.state, users, passiveFirst, passiveLast, protocols, key,
		u.CertFile, u.KeyFile, options(reuse), u.implicit, reuse, required), nil
}

func options(words string) string {
	if words == "" {
		return ""
	}
	return "TLSOptions " + words
}

// leafIsECDSA tells what key the certificate is for.
func leafIsECDSA(certFile, keyFile string) (bool, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return false, err
	}
	return pair.Leaf.PublicKeyAlgorithm == x509.ECDSA, nil
}
