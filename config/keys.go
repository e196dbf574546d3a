package config

import (
	"log/slog"
	"slices"
	"strings"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/tlsprofile"
)

// key is one key of sealift.toml. Reading, the environment, the template and
// overrides of accounts look at this table and nothing else.
type key struct {
	name  string // with its table: "policy.ccc"
	about string // for the template
	value func(*Config) value
}

// keys are in the order of the template; keys of a table stand together.
var keys = []key{
	{"data_dir", "state: sealift.db, certs/, control.sock",
		func(c *Config) value { return path{&c.DataDir} }},
	{"run_as", "user to become after binding, when started as root",
		func(c *Config) value { return text{&c.RunAs} }},

	{"listen.explicit", "explicit FTPS: address and port",
		func(c *Config) value { return addresses{&c.Listen.Explicit} }},
	{"listen.implicit", `implicit FTPS, [":990"]; off unless a client needs it`,
		func(c *Config) value { return addresses{&c.Listen.Implicit} }},
	{"listen.passive_ports", `range for data connections; "" = any port`,
		func(c *Config) value { return ports{&c.Listen.PassivePorts} }},
	{"listen.public_address", `PASV answer behind NAT, IPv4 or name; "" = the address that the client reached`,
		func(c *Config) value { return host{&c.Listen.PublicAddress} }},
	{"listen.proxy_protocol_from", "CIDRs of trusted load balancers",
		func(c *Config) value { return networks{&c.Listen.ProxyProtocolFrom} }},

	{"tls.certificate", `PEM chain, reloaded when the file changes; "" = sealift cert install, or the one made at first start`,
		func(c *Config) value { return path{&c.TLS.Certificate} }},
	{"tls.key", "PEM, mode 0600",
		func(c *Config) value { return path{&c.TLS.Key} }},
	{"tls.more", `for other names, chosen by SNI or HOST: [{ certificate = "FILE", key = "FILE" }]`,
		func(c *Config) value { return pairs{&c.TLS.More} }},
	{"tls.profile", "modern | intermediate | legacy",
		func(c *Config) value { return word(&c.TLS.Profile, tlsprofile.Profiles()...) }},
	{"tls.min_version", `"1.2", "1.3"; overrides the profile`,
		func(c *Config) value { return word(&c.TLS.MinVersion, versions...) }},
	{"tls.max_version", "",
		func(c *Config) value { return word(&c.TLS.MaxVersion, versions...) }},
	{"tls.cipher_suites", "IANA names; overrides the profile's TLS 1.2 list",
		func(c *Config) value { return texts{&c.TLS.CipherSuites} }},
	{"tls.client_ca", `PEM file: who may issue client certificates; "" = the own CA`,
		func(c *Config) value { return path{&c.TLS.ClientCA} }},
	{"tls.client_crl", "their revoked certificates, PEM or DER; the own CA's list counts without it",
		func(c *Config) value { return path{&c.TLS.ClientCRL} }},
	{"tls.strict_sni", "true: an unknown name in SNI ends the handshake",
		func(c *Config) value { return flag{&c.TLS.StrictSNI} }},

	{"acme.hosts", `names to get a certificate for from a public CA; ["ftp.example.org"]`,
		func(c *Config) value { return hostNames{&c.ACME.Hosts} }},
	{"acme.accept_terms", "true: you accept the terms of service of that CA",
		func(c *Config) value { return flag{&c.ACME.AcceptTerms} }},
	{"acme.email", "for notices of the CA",
		func(c *Config) value { return text{&c.ACME.Email} }},
	{"acme.directory", "",
		func(c *Config) value { return webURL{&c.ACME.Directory} }},
	{"acme.ca", "PEM: who signed the CA's own HTTPS certificate, if that is not public",
		func(c *Config) value { return path{&c.ACME.CA} }},
	{"acme.challenge", "http-01 | tls-alpn-01 | dns-01: how the names are proved",
		func(c *Config) value { return word(&c.ACME.Challenge, challengeHTTP, challengeALPN, challengeDNS) }},
	{"acme.listen", `where the CA asks; "" = ":80" for http-01, ":443" for tls-alpn-01`,
		func(c *Config) value { return address{&c.ACME.Listen} }},
	{"acme.dns_command", "for dns-01; called with present or cleanup, NAME, VALUE",
		func(c *Config) value { return texts{&c.ACME.DNSCommand} }},
	{"acme.eab_key_id", "external account binding, where the CA wants it",
		func(c *Config) value { return text{&c.ACME.EABKeyID} }},
	{"acme.eab_key_file", "its HMAC key, base64url",
		func(c *Config) value { return path{&c.ACME.EABKeyFile} }},

	{"policy.unprotected_commands", "deny | allow: logins and commands without TLS",
		func(c *Config) value { return allow(&c.Policy.UnprotectedCommands) }},
	{"policy.unprotected_data", "deny | allow: files and listings without TLS",
		func(c *Config) value { return allow(&c.Policy.UnprotectedData) }},
	{"policy.client_certificate", "off | request | require",
		func(c *Config) value { return choice(&c.Policy.ClientCertificate, certificates) }},
	{"policy.certificate_login", "with-password | instead-of-password",
		func(c *Config) value {
			return choice(&c.Policy.CertificateLogin, options[bool]{{"with-password", false}, {"instead-of-password", true}})
		}},
	{"policy.session_binding", "auto | require | off: data connections resume the session's TLS",
		func(c *Config) value { return choice(&c.Policy.Binding, bindings) }},
	{"policy.missing_close_notify", "refuse | accept: uploads without an authenticated end",
		func(c *Config) value {
			return choice(&c.Policy.AcceptMissingCloseNotify, options[bool]{{"refuse", false}, {"accept", true}})
		}},
	{"policy.auth_after_login", "log-in-again | keep-login (unsafe)",
		func(c *Config) value {
			return choice(&c.Policy.KeepLogin, options[bool]{{"log-in-again", false}, {"keep-login", true}})
		}},
	{"policy.active_mode", "allow | deny: PORT and EPRT",
		func(c *Config) value {
			return choice(&c.Policy.NoActive, options[bool]{{"allow", false}, {"deny", true}})
		}},
	{"policy.compression", "deny | allow: MODE Z",
		func(c *Config) value { return allow(&c.Policy.Compression) }},
	{"policy.ccc", "deny | allow: going back to clear commands",
		func(c *Config) value { return allow(&c.Policy.CCC) }},
	{"policy.accounts_may_relax", "true: an account may be laxer than this; stricter it may always be",
		func(c *Config) value { return flag{&c.Relax} }},

	{"accounts.create_home", "make an account's home at its first login",
		func(c *Config) value { return flag{&c.Accounts.CreateHome} }},

	{"uploads.keep_interrupted", "how long an interrupted upload can be resumed; 0 = discard",
		func(c *Config) value { return duration{&c.Uploads.KeepInterrupted, 0} }},

	{"limits.sessions", "", func(c *Config) value { return count{&c.Limits.Sessions, 1} }},
	{"limits.sessions_per_address", "", func(c *Config) value { return count{&c.Limits.SessionsPerAddress, 1} }},
	{"limits.sessions_per_user", "0 = no limit", func(c *Config) value { return count{&c.Limits.SessionsPerUser, 0} }},
	{"limits.idle_timeout", "between commands", func(c *Config) value { return duration{&c.Limits.IdleTimeout, shortest} }},
	{"limits.login_timeout", "from the connection to the login", func(c *Config) value { return duration{&c.Limits.LoginTimeout, shortest} }},
	{"limits.handshake_timeout", "", func(c *Config) value { return duration{&c.Limits.HandshakeTimeout, shortest} }},
	{"limits.stall_timeout", "a transfer that moves no byte", func(c *Config) value { return duration{&c.Limits.StallTimeout, shortest} }},
	{"limits.login_attempts", "wrong passwords until the connection is closed", func(c *Config) value { return count{&c.Limits.LoginAttempts, 1} }},
	{"limits.upload_rate", "bytes per second and session, 10M; 0 = no limit", func(c *Config) value { return size{&c.Limits.UploadRate} }},
	{"limits.download_rate", "", func(c *Config) value { return size{&c.Limits.DownloadRate} }},

	{"log.format", "text | json", func(c *Config) value { return word(&c.Log.Format, "text", "json") }},
	{"log.level", "debug | info | warn | error", func(c *Config) value { return choice(&c.Log.Level, levels) }},
	{"log.transfer_log", "xferlog format, for the tools that read it", func(c *Config) value { return path{&c.Log.TransferLog} }},
}

var (
	versions     = append([]string{""}, tlsprofile.Versions()...)
	certificates = options[ftpserver.ClientCertificate]{
		{"off", ftpserver.CertificateOff}, {"request", ftpserver.CertificateRequest}, {"require", ftpserver.CertificateRequire}}
	bindings = options[ftpserver.Binding]{
		{"auto", ftpserver.BindAuto}, {"require", ftpserver.BindRequire}, {"off", ftpserver.BindOff}}
	levels = options[slog.Level]{
		{"debug", slog.LevelDebug}, {"info", slog.LevelInfo}, {"warn", slog.LevelWarn}, {"error", slog.LevelError}}
)

func allow(p *bool) value { return choice(p, options[bool]{{"deny", false}, {"allow", true}}) }

// split is the table and the rest of a key's name.
func (k key) split() (table, rest string) {
	if table, rest, found := strings.Cut(k.name, "."); found {
		return table, rest
	}
	return "", k.name
}

// Keys are the names of all keys, in the order of the template.
func Keys() []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	return names
}

// tables are the names of the tables.
func tables() []string {
	var names []string
	for _, k := range keys {
		if table, _ := k.split(); table != "" && !slices.Contains(names, table) {
			names = append(names, table)
		}
	}
	return names
}

func keyNamed(name string) (key, bool) {
	i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
	if i < 0 {
		return key{}, false
	}
	return keys[i], true
}
