package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/certs"
)

var certificateProbes = []Probe{
	{ID: "certificate-chain", Section: sectionCertificate, Title: "Chain of trust", needs: needTLS, run: probeChain,
		Why: "A client that cannot verify the certificate refuses it, or worse, was told to take any."},
	{ID: "certificate-name", Section: sectionCertificate, Title: "Host name", needs: needTLS, run: probeName,
		Why: "A certificate counts for the names in its SAN alone (RFC 9525); the CN is not looked at."},
	{ID: "certificate-dates", Section: sectionCertificate, Title: "Dates", needs: needTLS, run: probeDates,
		Why: "When the certificate ends, every client that checks it stops working at once."},
	{ID: "certificate-key", Section: sectionCertificate, Title: "Key and signature", needs: needTLS, run: probeKey,
		Why: "RSA below 2048 bits, SHA-1 and MD5 can be forged (RFC 9325 §4.5)."},
	{ID: "certificate-form", Section: sectionCertificate, Title: "Purpose and order", needs: needTLS, run: probeForm,
		Why: "Clients differ in what they forgive: a chain out of order, a CA's certificate in the place of a server's."},
}

// The kinds of findings of each probe; certificate-form has the rest.
var (
	chainKinds = []certs.Kind{certs.KindUnknownIssuer, certs.KindSelfSigned, certs.KindMissingIntermediate, certs.KindInvalid, certs.KindRevoked}
	nameKinds  = []certs.Kind{certs.KindWrongName, certs.KindCommonNameOnly, certs.KindNoNames, certs.KindBadName, certs.KindWildcard}
	dateKinds  = []certs.Kind{certs.KindExpired, certs.KindEndsSoon, certs.KindNotYetValid, certs.KindLongLife}
	keyKinds   = []certs.Kind{certs.KindWeakKey, certs.KindRareKey, certs.KindWeakSignature}
)

func (p *Patient) chain() []*x509.Certificate { return p.state.PeerCertificates }

// inspect is the finding about some kinds of what may be wrong with the
// certificate; good is what to say if nothing is.
func (p *Patient) inspect(kinds []certs.Kind, good string) Finding {
	var worst Verdict
	var problems, reasons, remedies []string
	for _, f := range certs.Inspect(certs.Inspection{Chain: p.chain(), Roots: certs.Pool{CertPool: p.roots()}, Names: []string{p.o.Host}}).Findings {
		if !slices.Contains(kinds, f.Kind) {
			continue
		}
		worst = max(worst, verdictOf[f.Level])
		problems, reasons, remedies = append(problems, f.Problem), append(reasons, sentence(f.Why)), append(remedies, sentence(f.Hint))
	}
	if worst == OK {
		return ok("%s", good)
	}
	f := Finding{Verdict: worst, Summary: strings.Join(problems, "; "),
		Reason: strings.Join(slices.Compact(reasons), " "), Remedy: strings.Join(slices.Compact(remedies), " ")}
	if worst == Failure && p.o.Verify != nil && p.o.Verify(p.state) == nil {
		f.Verdict = Note
		f.Summary += "; it is trusted because it was named"
	}
	return f
}

var verdictOf = map[certs.Level]Verdict{certs.Failure: Failure, certs.Warning: Warning, certs.Note: Note}

// sentence is text with a capital and a full stop; "" stays.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

func probeChain(_ context.Context, p *Patient) Finding {
	issuer := p.chain()[len(p.chain())-1].Issuer
	f := p.inspect(chainKinds, count(len(p.chain()), "certificate", "certificates")+", the last issued by "+issuer.String())
	if f.Verdict == Failure {
		f.Remedy += " The pin of this one is " + certs.Pin(p.chain()[0]) + "."
	}
	return f
}

func probeName(_ context.Context, p *Patient) Finding {
	return p.inspect(nameKinds, "made out to "+p.o.Host)
}

func probeDates(_ context.Context, p *Patient) Finding {
	end := p.chain()[0].NotAfter
	left := int(time.Until(end).Hours() / 24)
	f := p.inspect(dateKinds, fmt.Sprintf("until %s, %s left", end.UTC().Format(time.DateOnly), count(left, "day", "days")))
	if f.Verdict == Failure || f.Verdict == Warning {
		f.Remedy += " " + remedyFor("certificate-dates", p.software)
	}
	return f
}

func probeKey(_ context.Context, p *Patient) Finding {
	leaf := p.chain()[0]
	return p.inspect(keyKinds, keyName(leaf)+", signed with "+leaf.SignatureAlgorithm.String())
}

func probeForm(_ context.Context, p *Patient) Finding {
	others := []certs.Kind{certs.KindWrongOrder, certs.KindSuperfluous, certs.KindRootIncluded,
		certs.KindCAAsLeaf, certs.KindWrongPurpose, certs.KindWrongUsage}
	return p.inspect(others, "a server's certificate, and its chain in order")
}

func keyName(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA of %d bits", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	}
	return c.PublicKeyAlgorithm.String()
}
