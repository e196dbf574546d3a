package probe

import "slices"

// The sections of a report.
const (
	sectionSelf        = "Own configuration"
	sectionConnection  = "Connection"
	sectionControl     = "Commands before the login"
	sectionTLS         = "TLS"
	sectionCertificate = "Certificate"
	sectionSession     = "Session"
	sectionData        = "Data connections"
	sectionFiles       = "Files"
	sectionEnd         = "End"
)

const cleanupID = "cleanup"

// Probes is the table of all probes, in the order in which they run.
func Probes() []Probe { return slices.Clone(table) }

// table is filled by init, since probes look into it.
var table []Probe

func init() {
	table = slices.Concat(selfProbes, connectionProbes, controlProbes, tlsProbes, certificateProbes,
		sessionProbes, dataProbes, protectionProbes, fileProbes, transferProbes, endProbes)
}
