package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/daemon"
	"github.com/sealift/sealift/ftpserver"
)

// missing is a setting without which a client certificate has no effect.
type missing struct {
	Key   string `json:"key"`   // "policy.client_certificate"
	Value string `json:"value"` // as sealift.toml has it, without quotes
	Why   string `json:"why"`
}

// missing are the settings that a certificate of the account needs.
func (m *clientMaking) missing(owner account.Account) ([]missing, error) {
	found := []missing{}
	policy, err := m.config.AccountPolicy(owner.Policy)
	if err != nil {
		return nil, err
	}
	if m.config.Policy.ClientCertificate == ftpserver.CertificateOff {
		found = append(found, missing{"policy.client_certificate", "request", "the server asks clients for no certificate"})
	}
	switch {
	case policy.CertificateLogin || owner.PasswordHash != "":
	case m.config.Policy.CertificateLogin:
		fmt.Fprintf(m.h.stderr, "note: the account's own policy wants a password, and it has none: sealift user set %s policy.certificate_login=\n", shellWord(owner.Name))
	default:
		found = append(found, missing{"policy.certificate_login", "instead-of-password", "a password is wanted as well, and the account has none"})
	}
	if file := m.config.TLS.ClientCA; file != "" && !hasCA(file, certs.CAFile(m.dir())) {
		found = append(found, missing{"tls.client_ca", "", file + " does not have this authority; add ca.pem to it, or leave the key empty"})
	}
	return found, nil
}

// hasCA tells whether a file of CAs has the one in another.
func hasCA(file, ca string) bool {
	all, err := certs.LoadPool(file)
	if err != nil {
		return false
	}
	one, err := certs.LoadPool(ca)
	return err == nil && slices.ContainsFunc(all.Certificates, one.Certificates[0].Equal)
}

// printMissing prints the settings as they stand in sealift.toml.
func printMissing(w io.Writer, all []missing) {
	if len(all) == 0 {
		return
	}
	fmt.Fprint(w, "\nIt has no effect until sealift.toml says this, and sealift reload has made the server read it:\n\n")
	table := ""
	for _, setting := range all {
		of, key, _ := strings.Cut(setting.Key, ".")
		if of != table {
			fmt.Fprintf(w, "  [%s]\n", of)
			table = of
		}
		fmt.Fprintf(w, "  %s = %q  # %s\n", key, setting.Value, printable(setting.Why))
	}
}

// lines are what to paste: for each client, how it connects with the
// certificate. Those of the server's own certificate name its CA.
func (m *clientMaking) lines(ctx context.Context, done madeClient, owner account.Account) map[string]string {
	user := owner.Name
	if user == "" {
		user = "ACCOUNT"
	}
	address := m.address(ctx)
	ca := ""
	if _, installed := certs.Installed(m.dir()); m.config.TLS.Certificate == "" && !installed {
		ca = done.CA
	}
	lines := map[string]string{
		"sealift": certificateSealift(done, ca, user, address),
		"curl":    certificateCurl(done, ca, user, owner.PasswordHash != "", address),
		"lftp":    certificateLftp(done, ca, user, owner.PasswordHash != "", address),
	}
	if done.P12 != "" {
		lines["winscp"] = fmt.Sprintf(`open ftpes://%s@%s/ -clientcert="%s"`, user, address, filepath.Base(done.P12))
	}
	return lines
}

func certificateSealift(done madeClient, ca, user, address string) string {
	line := "sealift shell "
	if ca != "" {
		line += "--ca " + shellWord(ca) + " "
	}
	return line + "--cert " + shellWord(done.Certificate) + " --key " + shellWord(done.Key) + " " + shellWord("ftpes://"+user+"@"+address)
}

func certificateCurl(done madeClient, ca, user string, password bool, address string) string {
	line := "curl --ssl-reqd "
	if ca != "" {
		line += "--cacert " + shellWord(ca) + " "
	}
	if !password {
		user += ":"
	}
	return line + "--cert " + shellWord(dotted(done.Certificate)) + " --key " + shellWord(dotted(done.Key)) +
		" --user " + shellWord(user) + " ftp://" + address + "/"
}

// dotted makes a file name one that curl does not take for a nickname.
func dotted(file string) string {
	if filepath.IsAbs(file) || strings.ContainsRune(file, filepath.Separator) {
		return file
	}
	return "." + string(filepath.Separator) + file
}

func certificateLftp(done madeClient, ca, user string, password bool, address string) string {
	set := "set ftp:ssl-force yes; set ftp:ssl-protect-data yes"
	if ca != "" {
		set += fmt.Sprintf("; set ssl:ca-file %q", ca)
	}
	set += fmt.Sprintf("; set ssl:cert-file %q; set ssl:key-file %q", done.Certificate, done.Key)
	if !password {
		user += ","
	}
	return "lftp -e " + shellWord(set+"; open -u "+user+" ftp://"+address)
}

// address is where clients reach the server: as it says itself if it runs,
// else as the configuration says.
func (m *clientMaking) address(ctx context.Context) string {
	r := daemon.Ready{Config: m.config, Explicit: m.config.Listen.Explicit, CAFile: certs.CAFile(m.dir())}
	if st, err := control.Dial(m.config.DataDir).Status(ctx); err == nil && len(st.Explicit) > 0 {
		r.Explicit = st.Explicit
		if st.Certificate.Origin != control.Own {
			r.CAFile, r.Names = "", st.Certificate.Names
		}
	}
	if len(r.Explicit) == 0 {
		return "HOST"
	}
	address := reachable(r)
	host, port, err := net.SplitHostPort(address)
	switch public := m.config.Listen.PublicAddress; {
	case err != nil:
		return address
	case public != "":
		host = public
	case host == "":
		host = localAddress()
	}
	return net.JoinHostPort(host, port)
}

// printLines prints what to paste.
func printLines(w io.Writer, done madeClient) {
	fmt.Fprint(w, "\nTo log in, paste one of these:\n\n")
	for _, client := range []string{"sealift", "curl", "lftp"} {
		fmt.Fprintf(w, "  %s\n", done.Lines[client])
	}
	if line := done.Lines["winscp"]; line != "" {
		fmt.Fprintf(w, "\nWinSCP: Advanced, TLS/SSL, Client certificate file: %s; in a script: %s\n", printable(filepath.Base(done.P12)), line)
		fmt.Fprintf(w, "Cyberduck: add it to the keychain; it finds it there. FileZilla has no setting for client certificates.\n")
	}
}
