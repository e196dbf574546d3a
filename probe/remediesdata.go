package probe

import "maps"

func init() { maps.Copy(remedies, dataRemedies) }

// dataRemedies are those about data connections and files.
var dataRemedies = map[string]map[Software]string{
	"passive-reach": {
		Unknown:         "Give the server a range of passive ports, and open it in every firewall and NAT on the way.",
		Vsftpd:          "pasv_min_port=50000 and pasv_max_port=50999; open these in the firewall.",
		ProFTPD:         "PassivePorts 50000 50999; open these in the firewall.",
		PureFTPd:        "--passiveportrange 50000:50999 (Debian: /etc/pure-ftpd/conf/PassivePortRange); open these in the firewall.",
		Pyftpdlib:       "handler.passive_ports = range(50000, 51000); open these in the firewall.",
		FileZillaServer: "Passive mode: use custom port range; open it in the firewall.",
		SFTPGo:          "ftpd.passive_port_range; open it in the firewall.",
		MicrosoftFTP:    "FTP Firewall Support: Data Channel Port Range (of the whole machine); open it in the firewall.",
		Sealift:         `[listen] passive_ports = "50000-50999"; open these in the firewall. sealift doctor --self tries them.`,
	},
	"epsv": {
		Unknown: "Switch EPSV on.",
		Vsftpd:  "take EPSV out of cmds_denied.",
	},
	"pasv-address": {
		Unknown:         "Tell the server the address by which clients reach it.",
		Vsftpd:          "pasv_address=ADDRESS, or a name with pasv_addr_resolve=YES.",
		ProFTPD:         "MasqueradeAddress ADDRESS",
		PureFTPd:        "--forcepassiveip ADDRESS (Debian: /etc/pure-ftpd/conf/ForcePassiveIP)",
		Pyftpdlib:       `handler.masquerade_address = "ADDRESS"`,
		FileZillaServer: "Passive mode: public IP or host name.",
		SFTPGo:          "force_passive_ip in ftpd.bindings.",
		MicrosoftFTP:    "FTP Firewall Support: External IP Address of Firewall.",
		Sealift:         `[listen] public_address = "ADDRESS OR NAME"`,
	},
	"passive-ports": {
		Unknown: "A larger range of passive ports, and a server that chooses among them at random.",
	},
	"passive-stranger": {
		Unknown:   "Let the server take data connections from the control connection's address alone.",
		Vsftpd:    "pasv_promiscuous=NO",
		ProFTPD:   "AllowForeignAddress off, and 1.3.9 or newer: 1.3.8 takes strangers all the same (proftpd#2272).",
		Pyftpdlib: "handler.permit_foreign_addresses = False",
		SFTPGo:    "passive_connections_security 0 in ftpd.bindings.",
	},
	"active": {
		Unknown: "Open the firewall for connections from the server's port 20, or tell clients to use passive mode.",
		Vsftpd:  "port_enable=YES; connect_from_port_20=YES if the firewall expects it.",
		SFTPGo:  "disable_active_mode false in ftpd.",
		Sealift: `[policy] active_mode = "allow"`,
	},
	"bounce": {
		Unknown:   "Let the server connect to the client's own address alone, or switch active mode off.",
		Vsftpd:    "port_promiscuous=NO",
		ProFTPD:   "AllowForeignAddress off",
		Pyftpdlib: "handler.permit_foreign_addresses = False and handler.permit_privileged_ports = False",
		SFTPGo:    "active_connections_security 0 in ftpd.bindings, or disable_active_mode true.",
		Sealift:   `[policy] active_mode = "deny"`,
	},
	"plain-data": {
		Unknown:         "Let the server demand PROT P.",
		Vsftpd:          "force_local_data_ssl=YES (and, if anonymous logins are on, force_anon_data_ssl=YES).",
		ProFTPD:         "TLSRequired on",
		PureFTPd:        "--tls 3 (Debian: echo 3 > /etc/pure-ftpd/conf/TLS)",
		Pyftpdlib:       "handler.tls_data_required = True",
		FileZillaServer: "Server listeners: Require explicit FTP over TLS.",
		SFTPGo:          "tls_mode 1 in ftpd.bindings.",
		MicrosoftFTP:    "FTP SSL Settings: Require SSL connections.",
		Sealift:         `[policy] unprotected_data = "deny"`,
	},
	"level-used": {
		Unknown:   "A newer version of the server. Clients should send PROT P right after the login, and never PROT C.",
		Pyftpdlib: "upgrade, and run this again.",
		SFTPGo:    noSetting,
	},
	"prot-case": {
		Unknown: "A newer version of the server. Clients should write PROT P.",
		SFTPGo:  noSetting,
	},
	"data-tls": {
		Unknown:  "The server's log says what it has against TLS on data connections; session tickets should be on.",
		PureFTPd: noSetting,
	},
	"data-unresumed": {
		Unknown: "Where all clients resume TLS sessions (FileZilla, lftp, curl, sealift do), let the server demand it.",
		Vsftpd:  "require_ssl_reuse=YES",
		ProFTPD: "leave NoSessionReuseRequired out of TLSOptions.",
		Sealift: `[policy] session_binding = "require" if no client of yours needs it; "auto" prefers the connection that resumes.`,
	},
	"data-race": {
		Unknown:   "Let the server demand that data connections resume the TLS session of their control connection.",
		Vsftpd:    "no setting helps: require_ssl_reuse takes the session of any other connection as well.",
		ProFTPD:   "leave NoSessionReuseRequired out of TLSOptions.",
		PureFTPd:  noSetting,
		Pyftpdlib: noSetting,
		SFTPGo:    noSetting,
		Sealift:   `[policy] session_binding = "auto" or "require"`,
	},
	"data-certificate": {
		Unknown: "Let control and data connections have the same certificate.",
	},
	"close-notify": {
		Unknown: "A newer version of the server. Let clients check sizes or digests.",
	},
	"round-trip": {
		Unknown: "The server's log says more.",
	},
	"truncated-upload": {
		Unknown:   "Let the server demand close_notify, if it can. Otherwise let clients check what they sent: by SIZE, or by fetching it again.",
		Vsftpd:    "strict_ssl_read_eof=YES and delete_failed_uploads=YES",
		ProFTPD:   checkAfter,
		PureFTPd:  checkAfter,
		Pyftpdlib: checkAfter,
		SFTPGo:    checkAfter,
		Sealift:   `[policy] missing_close_notify = "refuse"`,
	},
	"truncated-kept": {
		Unknown: "Let the server delete what is cut, or receive under another name.",
		Vsftpd:  "delete_failed_uploads=YES",
		ProFTPD: "HiddenStores on",
	},
	"overwrite": {
		Unknown:  "Let the server receive under another name and rename at the end, or let clients do so.",
		Vsftpd:   "no setting changes it; let clients upload under another name and rename.",
		ProFTPD:  "HiddenStores on",
		SFTPGo:   "common.upload_mode 1 (atomic).",
		PureFTPd: "--notruncate (Debian: echo yes > /etc/pure-ftpd/conf/NoTruncate)",
	},
	"stor-without-data": {
		Unknown: "Let the server receive under another name and rename at the end.",
		ProFTPD: "HiddenStores on",
	},
	"fast-close": {
		Unknown:   "Use clients that wait for the server's end of the data connection (FileZilla, curl, sealift), or TLS 1.2.",
		Vsftpd:    "TLS 1.2 alone helps (MaxProtocol = TLSv1.2 in openssl.cnf), or clients that wait for the end: FileZilla, curl, sealift.",
		Pyftpdlib: "handler.ssl_context with maximum_version = ssl.TLSVersion.TLSv1_2, or clients that wait for the end: FileZilla, sealift.",
	},
	"resume-download": {
		Unknown: "Let the server allow REST for downloads.",
		ProFTPD: "AllowRetrieveRestart on",
	},
	"resume-upload": {
		Unknown:  "Let the server allow REST for uploads, and the account overwrite.",
		ProFTPD:  "AllowStoreRestart on and AllowOverwrite on",
		PureFTPd: "no --keepallfiles and no --autorename, which forbid it.",
	},
	"modification-time": {
		Unknown: "A newer version of the server, or rights to change the file's attributes.",
		Vsftpd:  "mdtm_write=YES lets MDTM set it; there is no MFMT.",
		ProFTPD: "load mod_facts.",
	},
	"hash": {
		Unknown: "Let clients compare sizes, or fetch the file again.",
		ProFTPD: "LoadModule mod_digest.c and DigestEngine on",
		SFTPGo:  "hash_support 1 in ftpd.",
	},
	"names": {
		Unknown: "Let the server run with UTF-8 names.",
		Vsftpd:  "utf8_filesystem=YES, where the version has it.",
		ProFTPD: "LangEngine on and UseEncoding UTF-8 UTF-8",
	},
	"large-listing": {
		Unknown:  "Raise the server's limit for listings.",
		PureFTPd: "--limitrecursion 100000:20 (Debian: /etc/pure-ftpd/conf/LimitRecursion)",
	},
	"noop-in-transfer": {
		Unknown: "Let clients send TCP keep-alives, and routers keep idle connections for as long as a transfer takes.",
	},
	"abor": {
		Unknown: "Let clients close the data connection instead, or connect anew.",
		Vsftpd:  "async_abor_enable=YES helps only without TLS.",
	},
	"idle": {
		Unknown:         "Set the time limit for logins to a minute.",
		Vsftpd:          "accept_timeout=30, connect_timeout=30 and idle_session_timeout=60; there is none for the login alone.",
		ProFTPD:         "TimeoutLogin 60 and TLSTimeoutHandshake 15",
		PureFTPd:        "--maxidletime 2, in minutes (Debian: /etc/pure-ftpd/conf/MaxIdleTime)",
		Pyftpdlib:       "handler.timeout = 60, which is for logged-in clients too.",
		FileZillaServer: "the login timeout of the protocol settings.",
		Sealift:         `[limits] login_timeout = "60s" and handshake_timeout = "15s"`,
	},
	"self-config": {
		Unknown: "sealift config check names the keys.",
	},
	"self-address": {
		Unknown: `[listen] public_address = "ADDRESS OR NAME"`,
	},
	"self-passive": {
		Unknown: "Open the range of listen.passive_ports in the firewall, and pass it on where NAT stands in front.",
	},
}
