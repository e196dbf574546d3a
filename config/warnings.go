package config

import (
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/tlsprofile"
)

// Warnings are the choices that an operator should know of, each a line; nil
// if there are none. Those that give up protection begin with INSECURE. They
// are printed by config check, at start, and in health.
func (c Config) Warnings() []string {
	found := c.policyWarnings()
	if t, err := tlsprofile.New(c.TLSOptions()); err == nil {
		found = append(found, tlsprofile.Warnings(t)...)
	}
	if len(c.ACME.Hosts) > 0 && c.TLS.Certificate != "" {
		found = append(found, "acme.hosts: without effect while tls.certificate is set")
	}
	for _, network := range c.Listen.ProxyProtocolFrom {
		if network.Bits() == 0 {
			found = append(found, "INSECURE: listen.proxy_protocol_from: anybody may claim any address")
		}
	}
	return found
}

func (c Config) policyWarnings() []string {
	p := c.Policy
	var found []string
	for _, w := range []struct {
		is   bool
		text string
	}{
		{p.UnprotectedCommands && p.UnprotectedData, `INSECURE: open policy: nothing demands TLS, passwords and files may travel in clear`},
		{p.UnprotectedCommands && !p.UnprotectedData, `INSECURE: policy.unprotected_commands = "allow": passwords may travel in clear`},
		{p.UnprotectedData && !p.UnprotectedCommands, `INSECURE: policy.unprotected_data = "allow": files and listings may travel in clear`},
		{p.KeepLogin, `INSECURE: policy.auth_after_login = "keep-login": the login may be that of somebody in the middle, who made it before TLS began`},
		{p.CCC, `INSECURE: policy.ccc = "allow": after CCC, commands and file names travel in clear and can be forged`},
		{p.AcceptMissingCloseNotify, `INSECURE: policy.missing_close_notify = "accept": an upload that was cut counts as whole`},
		{p.Binding == ftpserver.BindOff, `INSECURE: policy.session_binding = "off": data connections can be taken over by somebody else at the same address`},
		{p.CertificateLogin && p.ClientCertificate == ftpserver.CertificateOff, `policy.certificate_login = "instead-of-password": without effect while policy.client_certificate is "off"`},
		{c.Relax, `policy.accounts_may_relax = true: an account may be laxer than [policy]; sealift user show NAME tells`},
	} {
		if w.is {
			found = append(found, w.text)
		}
	}
	return found
}
