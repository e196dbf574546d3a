package probe

// remedyFor says what to do about a probe's finding: in the words of the
// software if there are any, else in general.
func remedyFor(id string, s Software) string {
	if own := remedies[id][s]; own != "" && s != Unknown {
		return s.String() + ": " + own
	}
	return remedies[id][Unknown]
}

// Remedies that several probes share.
const (
	noSetting  = "no setting changes it; a newer version, or other software, may."
	checkAfter = "no setting changes it. Let clients check what they sent: by SIZE, or by fetching it again."
)

// remedies are by probe and software; Unknown has the general one. A key that
// is no probe is shared by several.
var remedies = map[string]map[Software]string{
	"address": {
		Unknown: "Take the address out of the DNS, or let the server listen on it and the firewall pass it.",
	},
	"greeting": {
		Unknown:         "Set a greeting without name and version.",
		Vsftpd:          "ftpd_banner=Welcome",
		ProFTPD:         "ServerIdent off",
		Pyftpdlib:       `handler.banner = "Welcome"`,
		FileZillaServer: "the protocol settings have a custom welcome message.",
		SFTPGo:          `ftpd.banner in the configuration.`,
		MicrosoftFTP:    "FTP Messages: Suppress default banner.",
	},
	"greeting-speed": {
		Unknown:  "Switch look-ups of the client's name (reverse DNS, ident) off.",
		Vsftpd:   "reverse_lookup_enable=NO, and tcp_wrappers=NO if nothing needs it.",
		ProFTPD:  "UseReverseDNS off and IdentLookups off",
		PureFTPd: "--dontresolve (Debian: echo yes > /etc/pure-ftpd/conf/DontResolve)",
	},
	"auth": {
		Unknown:         "Switch explicit TLS on, with a certificate.",
		Vsftpd:          "ssl_enable=YES, rsa_cert_file=FILE, rsa_private_key_file=FILE; ssl_ciphers=HIGH, or there are no common ciphers.",
		ProFTPD:         "load mod_tls; TLSEngine on, TLSRSACertificateFile or TLSECCertificateFile, and the same with Key.",
		PureFTPd:        "--tls 2 (Debian: echo 2 > /etc/pure-ftpd/conf/TLS), certificate and key in /etc/ssl/private/pure-ftpd.pem.",
		Pyftpdlib:       "use TLS_FTPHandler, with certfile and keyfile.",
		FileZillaServer: "Server listeners: Require explicit FTP over TLS.",
		SFTPGo:          "certificate_file and certificate_key_file, and tls_mode 1 in ftpd.bindings.",
		MicrosoftFTP:    "FTP SSL Settings: choose a certificate, and Require SSL connections.",
	},
	"plain-login": {
		Unknown:         "Let the server demand TLS before USER.",
		Vsftpd:          "force_local_logins_ssl=YES (and, if anonymous logins are on, force_anon_logins_ssl=YES).",
		ProFTPD:         "TLSRequired on",
		PureFTPd:        "--tls 2, or 3 (Debian: echo 2 > /etc/pure-ftpd/conf/TLS)",
		Pyftpdlib:       "handler.tls_control_required = True",
		FileZillaServer: "Server listeners: Require explicit FTP over TLS.",
		SFTPGo:          "tls_mode 1 in ftpd.bindings.",
		MicrosoftFTP:    "FTP SSL Settings: Require SSL connections.",
		Sealift:         `[policy] unprotected_commands = "deny"`,
	},
	"auth-forms": {
		Unknown: "A newer version of the server.",
		SFTPGo:  noSetting,
	},
	"auth-twice": {
		Unknown:  "A newer version of the server.",
		PureFTPd: noSetting,
		SFTPGo:   noSetting,
	},
	"auth-injection": {
		Unknown:   "A newer version of the server; until then, only let clients in that use implicit TLS.",
		Pyftpdlib: "upgrade, and run this again.",
	},
	"order": {
		Unknown: "A newer version of the server.",
		SFTPGo:  noSetting,
	},
	"prot-levels": {
		Unknown:  "A newer version of the server. Clients should send PROT P and nothing else.",
		PureFTPd: noSetting,
		SFTPGo:   noSetting,
	},
	"http-in-tls": {
		Unknown: "Give the server a certificate of its own, that no web server has (RFC 9325 §3.7).",
	},
	"long-line": {
		Unknown:   "A newer version of the server.",
		Pyftpdlib: noSetting,
	},
	"tls-versions": {
		Unknown:         "Offer TLS 1.2 and 1.3, and nothing older.",
		Vsftpd:          "newer versions have ssl_tlsv1=NO and ssl_tlsv1_1=NO; with others MinProtocol = TLSv1.2 in openssl.cnf.",
		ProFTPD:         "TLSProtocol TLSv1.2 TLSv1.3",
		PureFTPd:        "MinProtocol = TLSv1.2 in openssl.cnf.",
		Pyftpdlib:       "handler.ssl_context with minimum_version = ssl.TLSVersion.TLSv1_2",
		FileZillaServer: "the minimum TLS version in the listener's settings.",
		SFTPGo:          "min_tls_version 12 in ftpd.bindings.",
		MicrosoftFTP:    "switch TLS 1.0 and 1.1 off in SCHANNEL (registry or IISCrypto), for all services of the machine.",
		Sealift:         `[tls] profile = "intermediate"`,
	},
	"tls-suites": {
		Unknown:      "Offer ECDHE with AES-GCM or ChaCha20-Poly1305 alone.",
		Vsftpd:       "ssl_ciphers=ECDHE+AESGCM:ECDHE+CHACHA20",
		ProFTPD:      "TLSCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20",
		PureFTPd:     "--tlsciphersuite ECDHE+AESGCM:ECDHE+CHACHA20 (Debian: /etc/pure-ftpd/conf/TLSCipherSuite)",
		Pyftpdlib:    `handler.ssl_context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")`,
		SFTPGo:       "tls_cipher_suites in ftpd.bindings.",
		MicrosoftFTP: "the order of cipher suites in the group policy, for all services of the machine.",
		Sealift:      `[tls] profile = "intermediate", and no cipher_suites.`,
	},
	"post-quantum": {
		Unknown: "It comes with the TLS library: OpenSSL from 3.5 on, Go from 1.24 on.",
	},
	"alpn": {
		Unknown: "Give the server a certificate of its own, that no web server has (RFC 9325 §3.7).",
	},
	"tls-resumption": {
		Unknown: "Switch session tickets on in the server's TLS.",
		ProFTPD: "TLSSessionTickets on, or a TLSSessionCache.",
	},
	"certificate-chain": {
		Unknown: "Have it issued by a public authority, and let the server send the whole chain.",
	},
	"certificate-dates": {
		Unknown:  "Renew it, and restart or reload the server: many keep the old one until then.",
		Vsftpd:   "it reads the certificate at its start alone: restart it after every renewal.",
		ProFTPD:  "reload it after every renewal: systemctl reload proftpd.",
		PureFTPd: "it reads the certificate at its start alone: restart it after every renewal.",
		Sealift:  "the files are watched; nothing has to be restarted.",
	},
	"login": {
		Unknown: "Check user and password; the server's log says more.",
		Vsftpd:  "check user and password. If the log says 500 OOPS, it is the configuration: a writeable root in a chroot, or a missing home.",
	},
	"features": {
		Unknown: "A newer version of the server.",
		ProFTPD: "load the language module's tables, or LangEngine off, if it is LANG.",
	},
	"mlsd": {
		Unknown: "A newer version of the server; until then clients read LIST.",
		Vsftpd:  noSetting,
	},
	"rest-numbers": {
		Unknown: "A newer version of the server.",
	},
	"epsv-all": {
		Unknown: "A newer version of the server.",
	},
}
