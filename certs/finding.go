package certs

import "slices"

// A Kind is what a finding is about: a word that stays.
type Kind string

// The kinds of findings.
const (
	KindUnknownIssuer       Kind = "unknown-issuer"
	KindSelfSigned          Kind = "self-signed"
	KindMissingIntermediate Kind = "missing-intermediate"
	KindWrongOrder          Kind = "wrong-order"
	KindSuperfluous         Kind = "superfluous-certificate"
	KindRootIncluded        Kind = "root-included"
	KindWrongName           Kind = "wrong-name"
	KindCommonNameOnly      Kind = "common-name-only"
	KindNoNames             Kind = "no-names"
	KindBadName             Kind = "bad-name"
	KindWildcard            Kind = "wildcard"
	KindExpired             Kind = "expired"
	KindEndsSoon            Kind = "ends-soon"
	KindNotYetValid         Kind = "not-yet-valid"
	KindLongLife            Kind = "long-life"
	KindWeakKey             Kind = "weak-key"
	KindRareKey             Kind = "rare-key"
	KindWeakSignature       Kind = "weak-signature"
	KindWrongKey            Kind = "wrong-key"
	KindCAAsLeaf            Kind = "ca-as-leaf"
	KindWrongPurpose        Kind = "wrong-purpose"
	KindWrongUsage          Kind = "wrong-key-usage"
	KindRevoked             Kind = "revoked"
	KindUselessCRL          Kind = "useless-crl"
	KindNotPEM              Kind = "not-pem"
	KindKeyInFile           Kind = "key-in-file"
	KindInvalid             Kind = "invalid-chain"
)

// A Level is how much a finding matters.
type Level string

// The levels: with one Failure the chain is not to be trusted; a Warning is
// what some clients stumble over; a Note is worth knowing.
const (
	Failure Level = "failure"
	Warning Level = "warning"
	Note    Level = "note"
)

// A Finding is one thing about a certificate or its chain. The texts are
// whole, without a full stop at their end, and hold words of the certificate,
// which may be a stranger's: escape them before they reach a terminal.
type Finding struct {
	Kind    Kind   `json:"kind"`
	Level   Level  `json:"level"`
	Subject string `json:"subject,omitempty"` // of the certificate; "" if it is about the chain
	Problem string `json:"problem"`           // what is wrong
	Why     string `json:"why"`               // why that matters
	Hint    string `json:"hint,omitempty"`    // what to do
}

// Report is what an inspection has found.
type Report struct {
	Trusted  bool      `json:"trusted"` // no Failure is among the Findings
	Findings []Finding `json:"findings"`
}

// Failures are the findings because of which nobody trusts the chain.
func (r Report) Failures() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Level != Failure })
}

// Has tells whether there is a finding of that kind.
func (r Report) Has(k Kind) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Kind == k })
}

var levels = []Level{Failure, Warning, Note}

// reportOf sorts findings by how much they matter.
func reportOf(findings []Finding) Report {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return slices.Index(levels, a.Level) - slices.Index(levels, b.Level)
	})
	r := Report{Findings: findings}
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	r.Trusted = len(r.Failures()) == 0
	return r
}
