package certs

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// pki is a root, a CA below it, and what that CA issues.
type pki struct {
	root, sub *Authority
}

func newPKI(t *testing.T) pki {
	t.Helper()
	root := newSub(t, nil, "Test Root")
	return pki{root, newSub(t, root, "Test Sub")}
}

// newSub is a CA below another one, or a root.
func newSub(t *testing.T, above *Authority, name string, changes ...func(*x509.Certificate)) *Authority {
	t.Helper()
	key := newTestKey(t)
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: start.Add(-day), NotAfter: start.Add(3650 * day),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
	}
	for _, change := range changes {
		change(template)
	}
	if above == nil {
		return &Authority{made[*x509.Certificate](t)(sign(template, nil, key.Public(), key)), key}
	}
	return &Authority{made[*x509.Certificate](t)(sign(template, above.Certificate, key.Public(), above.Key)), key}
}

// leaf is a certificate for ftp.test of 90 days, with changes.
func (p pki) leaf(t *testing.T, changes ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	return leafBy(t, p.sub, newTestKey(t), changes...)
}

func leafTemplate(changes ...func(*x509.Certificate)) *x509.Certificate {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "ftp.test"}, DNSNames: []string{"ftp.test"},
		NotBefore: start.Add(-day), NotAfter: start.Add(90 * day),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, change := range changes {
		change(template)
	}
	return template
}

// leafBy is issued by a CA, or self-signed.
func leafBy(t *testing.T, a *Authority, key crypto.Signer, changes ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	if a == nil {
		return made[*x509.Certificate](t)(sign(leafTemplate(changes...), nil, key.Public(), key))
	}
	return made[*x509.Certificate](t)(sign(leafTemplate(changes...), a.Certificate, key.Public(), a.Key))
}

type certificates = []*x509.Certificate

// inspection is one of a chain that is right in all but what the test says.
func (p pki) inspection(chain ...*x509.Certificate) Inspection {
	pool := x509.NewCertPool()
	pool.AddCert(p.root.Certificate)
	return Inspection{Chain: chain, Roots: Pool{pool, certificates{p.root.Certificate}}, Names: []string{"ftp.test"}, Now: start}
}

// said are the findings as one text.
func said(r Report) (all string) {
	for _, f := range r.Findings {
		all += strings.Join([]string{string(f.Level), string(f.Kind), f.Problem, f.Why, f.Hint}, " | ") + "\n"
	}
	return all
}

// wanted is what a row of a table expects of an inspection.
type wanted struct {
	kind  Kind // "" for no finding at all
	level Level
	says  []string // words of the finding
}

func (w wanted) check(t *testing.T, why string, r Report) {
	t.Helper()
	if w.kind == "" {
		if len(r.Findings) > 0 || !r.Trusted {
			t.Errorf("%s: trusted %v, with findings:\n%s", why, r.Trusted, said(r))
		}
		return
	}
	if r.Trusted != (w.level != Failure) {
		t.Errorf("%s: trusted is %v:\n%s", why, r.Trusted, said(r))
	}
	for _, f := range r.Findings {
		if f.Kind != w.kind || f.Level != w.level {
			continue
		}
		if f.Problem == "" || f.Why == "" || f.Hint == "" {
			t.Errorf("%s: a finding has to say what, why and what to do: %+v", why, f)
		}
		for _, word := range w.says {
			if !strings.Contains(f.Problem+f.Why+f.Hint, word) {
				t.Errorf("%s: no %q in %+v", why, word, f)
			}
		}
		return
	}
	t.Errorf("%s: no %s of kind %s among:\n%s", why, w.level, w.kind, said(r))
}

func TestInspectTrust(t *testing.T) {
	p, other := newPKI(t), newPKI(t)
	leaf, sub, root := p.leaf(t), p.sub.Certificate, p.root.Certificate
	self := leafBy(t, nil, newTestKey(t))
	aia := p.leaf(t, func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://ca.test/sub.crt"} })
	narrow := newSub(t, p.root, "Narrow", func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"elsewhere.test"}, true
	})
	short := newSub(t, newSub(t, p.root, "Short", func(c *x509.Certificate) { c.MaxPathLenZero = true }), "Below")
	mail := newSub(t, p.root, "Mail", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })
	for _, tt := range []struct {
		why string
		in  Inspection
		wanted
	}{
		{"nothing is wrong", p.inspection(leaf, sub), wanted{}},
		{"no certificate at all", Inspection{}, wanted{KindInvalid, Failure, nil}},
		{"a self-signed one that is trusted itself", trustAll(p.inspection(self), self), wanted{}},
		{"a self-signed one that nobody trusts", p.inspection(self), wanted{KindSelfSigned, Failure, []string{`"ftp.test" is self-signed`, "--ca"}}},
		{"another CA, whose root is sent", p.inspection(other.leaf(t), other.sub.Certificate, other.root.Certificate),
			wanted{KindUnknownIssuer, Failure, []string{`ends in the CA "Test Root"`, "--ca FILE"}}},
		{"another CA of the same name", p.inspection(other.leaf(t), other.sub.Certificate),
			wanted{KindUnknownIssuer, Failure, []string{`"Test Sub" names CN=Test Root as its issuer`, "another key"}}},
		{"a CA that nobody here knows", p.inspection(leafBy(t, newSub(t, nil, "Stranger"), newTestKey(t))),
			wanted{KindUnknownIssuer, Failure, []string{"issued by CN=Stranger, which is not trusted", "--ca FILE"}}},
		{"the intermediate is missing, its address is a hint", p.inspection(aia),
			wanted{KindMissingIntermediate, Failure, []string{"lacks the certificate of CN=Test Sub", "http://ca.test/sub.crt"}}},
		{"the intermediate is missing, but known", func() Inspection {
			in := p.inspection(leaf)
			in.Intermediates = certificates{sub}
			return in
		}(), wanted{KindMissingIntermediate, Warning, []string{"CN=Test Sub", "append it"}}},
		{"a CA that may not issue for the name", p.inspection(leafBy(t, narrow, newTestKey(t)), narrow.Certificate),
			wanted{KindInvalid, Failure, []string{"name constraints"}}},
		{"a CA below one that may have none", p.inspection(leafBy(t, short, newTestKey(t)), short.Certificate), wanted{KindUnknownIssuer, Failure, nil}},
		{"a CA for mail alone", p.inspection(leafBy(t, mail, newTestKey(t)), mail.Certificate), wanted{KindInvalid, Failure, []string{"for this purpose"}}},
		{"the private CA of a server is its own affair", func() Inspection {
			in := p.inspection(other.leaf(t), other.sub.Certificate, other.root.Certificate)
			in.PrivateCA = true
			return in
		}(), wanted{KindUnknownIssuer, Note, []string{"clients must be told"}}},
		{"the leaf comes last", p.inspection(sub, leaf), wanted{KindWrongOrder, Failure, []string{`begins with "Test Sub"`, "1. ftp.test, 2. Test Sub", "install"}}},
		{"CAs in the wrong order", p.inspection(leaf, root, sub), wanted{KindWrongOrder, Warning, []string{"1. ftp.test, 2. Test Sub, 3. Test Root"}}},
		{"the root is sent", p.inspection(leaf, sub, root), wanted{KindRootIncluded, Note, []string{"Test Root"}}},
		{"a stranger in the chain", p.inspection(leaf, sub, self), wanted{KindSuperfluous, Warning, []string{"ftp.test", "take them out"}}},
		{"the same certificate twice", p.inspection(leaf, sub, sub), wanted{KindSuperfluous, Warning, []string{"Test Sub"}}},
	} {
		tt.check(t, tt.why, Inspect(tt.in))
	}
}

func TestInspectDates(t *testing.T) {
	p := newPKI(t)
	leaf := func(from, to time.Duration) *x509.Certificate {
		return p.leaf(t, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = start.Add(from), start.Add(to) })
	}
	oldSub := newSub(t, p.root, "Old Sub", func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Hour) })
	oldRoot := newSub(t, nil, "Old Root", func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Hour) })
	old := pki{oldRoot, newSub(t, oldRoot, "Sub of the old")}
	for _, tt := range []struct {
		why string
		in  Inspection
		wanted
	}{
		{"it has ended", p.inspection(leaf(-20*day, -day), p.sub.Certificate),
			wanted{KindExpired, Failure, []string{"has ended on 1999-12-31 00:00:00 UTC", "if today is not 2000-01-01, set the clock"}}},
		{"it has not begun", p.inspection(leaf(5*day, 20*day), p.sub.Certificate),
			wanted{KindNotYetValid, Failure, []string{"not valid before 2000-01-06", "set the clock"}}},
		{"it begins soon: a clock is wrong", p.inspection(leaf(time.Hour, 20*day), p.sub.Certificate),
			wanted{KindNotYetValid, Failure, []string{"1h0m0s from now", "compare the clock"}}},
		{"it ends soon", p.inspection(leaf(-day, 6*day), p.sub.Certificate), wanted{KindEndsSoon, Warning, []string{"less than 7 days", "renewed"}}},
		{"the intermediate has ended", p.inspection(leafBy(t, oldSub, newTestKey(t)), oldSub.Certificate), wanted{KindExpired, Failure, []string{"Old Sub"}}},
		{"the root has ended, which is not sent", old.inspection(old.leaf(t), old.sub.Certificate), wanted{KindExpired, Failure, []string{"Old Root"}}},
		{"more than 398 days", p.inspection(leaf(-day, 400*day), p.sub.Certificate), wanted{KindLongLife, Note, []string{"401 days"}}},
	} {
		r := Inspect(tt.in)
		tt.check(t, tt.why, r)
		if r.Has(KindUnknownIssuer) || r.Has(KindInvalid) {
			t.Errorf("%s: a wrong date does not make the issuer a stranger:\n%s", tt.why, said(r))
		}
	}
}

func TestInspectNames(t *testing.T) {
	p := newPKI(t)
	names := func(host string, legacy bool, changes ...func(*x509.Certificate)) Inspection {
		in := p.inspection(p.leaf(t, changes...), p.sub.Certificate)
		in.Names, in.LegacyCN = []string{host}, legacy
		if host == "" {
			in.Names = nil
		}
		return in
	}
	dns := func(list ...string) func(*x509.Certificate) { return func(c *x509.Certificate) { c.DNSNames = list } }
	cn := func(name string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.Subject.CommonName = name }
	}
	ip := func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} }
	mail := func(c *x509.Certificate) { c.DNSNames, c.EmailAddresses = nil, []string{"a@ftp.test"} }
	uri := func(c *x509.Certificate) { c.DNSNames, c.URIs = nil, []*url.URL{{Scheme: "ftp", Host: "ftp.test"}} }
	for _, tt := range []struct {
		why string
		in  Inspection
		wanted
	}{
		{"case does not matter", names("FTP.test", false), wanted{}},
		{"nor a dot at the end", names("ftp.test.", false), wanted{}},
		{"an address", names("192.0.2.1", false, ip), wanted{}},
		{"umlauts are A-labels in certificates", names("bücher.test", false, dns("xn--bcher-kva.test")), wanted{}},
		{"another name", names("www.test", false, ip), wanted{KindWrongName, Failure, []string{"not for www.test; it is for: ftp.test, 192.0.2.1", "issued for www.test"}}},
		{"an address that it does not have", names("192.0.2.9", false, ip), wanted{KindWrongName, Failure, []string{"it is for: ftp.test, 192.0.2.1"}}},
		{"what is no name", names("a b", false), wanted{KindWrongName, Failure, []string{`"a b" is no host name`}}},
		{"an address as a name", names("192.0.2.1", false, dns("192.0.2.1")), wanted{KindWrongName, Failure, []string{"stands there as a name", "IP:192.0.2.1"}}},
		{"an address as a name, not asked for", names("", false, dns("192.0.2.1")), wanted{KindBadName, Warning, []string{"IP:192.0.2.1"}}},
		{"the common name counts no more", names("ftp.test", false, dns()), wanted{KindCommonNameOnly, Failure, []string{"only the common name is ftp.test", "DNS:ftp.test"}}},
		{"unless one insists", names("ftp.test", true, dns()), wanted{KindCommonNameOnly, Warning, []string{"--legacy-cn"}}},
		{"with e-mail addresses alone, too (RFC 6125 §6.4.4)", names("ftp.test", true, mail), wanted{KindCommonNameOnly, Warning, nil}},
		{"but not beside a URI", names("ftp.test", true, uri), wanted{KindCommonNameOnly, Failure, nil}},
		{"nor beside names in the SAN", names("old.test", true, cn("old.test")), wanted{KindCommonNameOnly, Failure, []string{"the subjectAltName has: ftp.test"}}},
		{"an address in the common name never counted", names("192.0.2.1", true, dns(), cn("192.0.2.1")), wanted{KindNoNames, Failure, nil}},
		{"no name at all", names("www.test", true, dns()), wanted{KindNoNames, Failure, []string{`its common name is "ftp.test"`, "subjectAltName"}}},
		{"no name at all, and none asked for", names("", false, dns()), wanted{KindNoNames, Warning, nil}},
		{"a wildcard is for one level", names("a.files.test", false, dns("*.files.test")), wanted{KindWildcard, Note, []string{"neither files.test nor ftp.eu.files.test"}}},
		{"not for two", names("a.b.files.test", false, dns("*.files.test")), wanted{KindWrongName, Failure, []string{"*.files.test covers ftp.files.test, but neither"}}},
		{"nor for none", names("files.test", false, dns("*.files.test")), wanted{KindWrongName, Failure, []string{"but neither files.test"}}},
		{"a wildcard over a top-level domain", names("ftp.test", false, dns("ftp.test", "*.test")), wanted{KindBadName, Warning, []string{"top-level"}}},
		{"a star within a word", names("ftp.test", false, dns("ftp.test", "f*.a.test")), wanted{KindBadName, Warning, []string{"star elsewhere"}}},
	} {
		tt.check(t, tt.why, Inspect(tt.in))
	}
}

func TestInspectTheLeaf(t *testing.T) {
	p := newPKI(t)
	key := newTestKey(t)
	usage := func(u ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = u }
	}
	ca := func(c *x509.Certificate) { c.IsCA = true }
	chain := func(leaf *x509.Certificate) Inspection { return p.inspection(leaf, p.sub.Certificate) }
	client := func(in Inspection) Inspection { in.Purpose, in.Names = ForClient, nil; return in }
	keyed := func(in Inspection, key crypto.Signer) Inspection { in.Key = key.Public(); return in }
	selfCA := leafBy(t, nil, newTestKey(t), ca)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	weak, _ := rsaPair(t, 1024)
	for _, tt := range []struct {
		why string
		in  Inspection
		wanted
	}{
		{"the key fits", keyed(chain(leafBy(t, p.sub, key)), key), wanted{}},
		{"another key", keyed(chain(p.leaf(t)), key), wanted{KindWrongKey, Failure, []string{`not that of the certificate "ftp.test"`, "requested"}}},
		{"a client's", client(chain(p.leaf(t, usage(x509.ExtKeyUsageClientAuth)))), wanted{}},
		{"a client's where a server is due", chain(p.leaf(t, usage(x509.ExtKeyUsageClientAuth))), wanted{KindWrongPurpose, Failure, []string{"is clientAuth, without serverAuth"}}},
		{"a server's where a client is due", client(chain(p.leaf(t))), wanted{KindWrongPurpose, Failure, []string{"is serverAuth, without clientAuth"}}},
		{"no extended key usage is any", client(chain(p.leaf(t, usage()))), wanted{}},
		{"and so is any", chain(p.leaf(t, usage(x509.ExtKeyUsageAny))), wanted{}},
		{"a key that may only encrypt", chain(p.leaf(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })),
			wanted{KindWrongUsage, Failure, []string{"lacks digitalSignature"}}},
		{"a CA alone", p.inspection(p.sub.Certificate), wanted{KindCAAsLeaf, Failure, []string{`"Test Sub" is the certificate of a CA`, "own certificate first"}}},
		{"a CA that another issued", chain(p.leaf(t, ca)), wanted{KindCAAsLeaf, Failure, nil}},
		{"what openssl req -x509 makes", trustAll(p.inspection(selfCA), selfCA), wanted{KindCAAsLeaf, Warning, []string{"CA:FALSE"}}},
		{"RSA of 1024 bits", p.inspection(weak), wanted{KindWeakKey, Failure, []string{"1024 bits; 2048 are the least", "ECDSA P-256"}}},
		{"a key that Windows does not know", chain(leafBy(t, p.sub, edwards)), wanted{KindRareKey, Warning, []string{"Ed25519"}}},
	} {
		tt.check(t, tt.why, Inspect(tt.in))
	}
}

func trustAll(in Inspection, more ...*x509.Certificate) Inspection {
	in.Roots.CertPool = in.Roots.CertPool.Clone()
	for _, cert := range more {
		in.Roots.CertPool.AddCert(cert)
	}
	return in
}

func TestInspectRevoked(t *testing.T) {
	p, other := newPKI(t), newPKI(t)
	leaf := p.leaf(t)
	list := func(a *Authority, next time.Time, serials ...*big.Int) *x509.RevocationList {
		return made[*x509.RevocationList](t)(x509.ParseRevocationList(testCRL(t, a, next, serials...)))
	}
	with := func(lists ...*x509.RevocationList) Inspection {
		in := p.inspection(leaf, p.sub.Certificate)
		in.Lists = lists
		return in
	}
	later := func(in Inspection) Inspection { in.Now = start.Add(2 * day); return in }
	next, serial := start.Add(day), leaf.SerialNumber
	for _, tt := range []struct {
		why string
		in  Inspection
		wanted
	}{
		{"a list without it", with(list(p.sub, next, big.NewInt(1))), wanted{}},
		{"a list with it", with(list(p.sub, next, serial)), wanted{KindRevoked, Failure, []string{`"ftp.test" was revoked by its CA on 2000-01-01`, "new key"}}},
		{"the intermediate was taken back", with(list(p.sub, next), list(p.root, next, p.sub.Certificate.SerialNumber)), wanted{KindRevoked, Failure, []string{"Test Sub"}}},
		{"the list of a stranger of the same name is not believed", with(list(other.sub, next, serial)), wanted{KindUselessCRL, Warning, []string{"signature is wrong"}}},
		{"the list of the root says nothing of the leaf", with(list(p.root, next, serial)), wanted{KindUselessCRL, Warning, []string{`no list says whether "ftp.test"`}}},
		{"an old list", later(with(list(p.sub, next))), wanted{KindUselessCRL, Warning, []string{"out of date", "2000-01-02"}}},
	} {
		tt.check(t, tt.why, Inspect(tt.in))
	}
}

// TestInspectSaysAllAtOnce: who mends one thing must not find the next.
func TestInspectSaysAllAtOnce(t *testing.T) {
	p := newPKI(t)
	old := p.leaf(t, func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Hour) })
	in := p.inspection(p.sub.Certificate, old)
	in.Names = []string{"a.test", "ftp.test", "b.test"}
	r := Inspect(in)
	if len(r.Failures()) != 4 || !r.Has(KindExpired) || !r.Has(KindWrongOrder) || r.Has(KindUnknownIssuer) {
		t.Errorf("want an end, an order and two names:\n%s", said(r))
	}
	for i, f := range r.Findings[1:] {
		if f.Level == Failure && r.Findings[i].Level != Failure {
			t.Errorf("a failure stands behind less:\n%s", said(r))
		}
	}
}

func TestArrange(t *testing.T) {
	p := newPKI(t)
	key := newTestKey(t)
	leaf, former := leafBy(t, p.sub, key), p.leaf(t)
	sub, root := p.sub.Certificate, p.root.Certificate
	for _, tt := range []struct {
		why         string
		all         certificates
		key         crypto.PublicKey
		chain, rest certificates
	}{
		{"nothing", nil, nil, nil, nil},
		{"as it should be", certificates{leaf, sub, root}, nil, certificates{leaf, sub, root}, nil},
		{"upside down", certificates{root, sub, leaf}, nil, certificates{leaf, sub, root}, nil},
		{"two leaves: the first", certificates{former, leaf, sub}, nil, certificates{former, sub}, certificates{leaf}},
		{"two leaves: that of the key", certificates{former, leaf, sub}, key.Public(), certificates{leaf, sub}, certificates{former}},
		{"CAs alone: the one that issued nothing", certificates{root, sub}, nil, certificates{sub, root}, nil},
		{"a gap", certificates{leaf, root}, nil, certificates{leaf}, certificates{root}},
	} {
		chain, rest := Arrange(tt.all, tt.key)
		if strings.Join(titles(chain), " ") != strings.Join(titles(tt.chain), " ") || strings.Join(titles(rest), " ") != strings.Join(titles(tt.rest), " ") {
			t.Errorf("%s: %v, rest %v", tt.why, titles(chain), titles(rest))
		}
		if len(tt.chain) > 0 && !chain[0].Equal(tt.chain[0]) {
			t.Errorf("%s: it is the other leaf", tt.why)
		}
	}
}
