package probe

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/sealift/sealift/ftp"
)

// features are the lines of FEAT: a name, and what stands behind it.
type features []feature

type feature struct{ name, params string }

func parseFeatures(r ftp.Reply) (all features) {
	if r.Code != ftp.CodeStatus {
		return nil
	}
	lines := strings.Split(r.Text, "\n")
	if len(lines) < 3 {
		return nil
	}
	for _, line := range lines[1 : len(lines)-1] {
		name, params, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name != "" {
			all = append(all, feature{strings.ToUpper(name), params})
		}
	}
	return all
}

func (f features) has(name string) bool {
	return slices.ContainsFunc(f, func(one feature) bool { return one.name == name })
}

func (f features) params(name string) string {
	for _, one := range f {
		if one.name == name {
			return one.params
		}
	}
	return ""
}

// harmless is what is sent to see whether a claimed feature is there: any
// answer but "unknown" and "not implemented" will do. A name is one that does
// not exist. What is not in here is not tried, because it would change the
// connection (AUTH, CCC, REIN), belongs before the login (HOST) or stands for
// no command (TVFS). EPRT is tried with this machine's address.
var harmless = map[string]string{
	"PBSZ": "PBSZ 0", "PROT": "PROT P", "SSCN": "SSCN",
	"AVBL": "AVBL", "CLNT": "CLNT sealift-doctor", "CSID": "CSID Name=sealift-doctor;",
	"COMB": "COMB", "DSIZ": "DSIZ " + absent, "RMDA": "RMDA " + absent,
	"EPSV": "EPSV", "PASV": "PASV",
	"HASH": "HASH " + absent, "MD5": "MD5 " + absent, "XCRC": "XCRC " + absent, "XMD5": "XMD5 " + absent,
	"XSHA": "XSHA " + absent, "XSHA1": "XSHA1 " + absent, "XSHA256": "XSHA256 " + absent, "XSHA512": "XSHA512 " + absent,
	"LANG": "LANG en",
	"MDTM": "MDTM " + absent, "SIZE": "SIZE " + absent, "MLST": "MLST " + absent,
	"MFMT": "MFMT 20200101000000 " + absent, "MFCT": "MFCT 20200101000000 " + absent, "MFF": "MFF Modify=20200101000000; " + absent,
	"MODE": "MODE S", "RANG": "RANG 1 0", "REST": "REST 0", "UTF8": "OPTS UTF8 ON",
}

// absent is a name that nobody has.
const absent = "sealift-doctor-absent-4d1e7c"

// probeFeatures sends every command that FEAT claims.
func probeFeatures(ctx context.Context, p *Patient) Finding {
	if len(p.feat) == 0 {
		return warning("FEAT lists nothing").because("Clients then guess what the server can do, and mostly guess too little.")
	}
	c, err := p.in(ctx)
	if err != nil {
		return trouble(err)
	}
	var hollow []string
	tried := map[string]bool{}
	for _, f := range p.feat {
		line, known := harmless[f.name]
		if f.name == "EPRT" {
			line, known = "EPRT "+ftp.FormatExtended(netip.AddrPortFrom(c.local(), 50000)), true
		}
		if !known || tried[f.name] {
			continue
		}
		tried[f.name] = true
		r, err := c.ask(ctx, line)
		if err != nil {
			return trouble(err)
		}
		if r.Code == ftp.CodeUnknown || r.Code == ftp.CodeRefused {
			hollow = append(hollow, f.name+" ("+said(r)+")")
		}
	}
	p.leave() // no transfer must follow the EPRT
	if len(hollow) > 0 {
		return warning("claimed, and then not there: %s", list(hollow))
	}
	return ok("%s of FEAT tried, each is there", count(len(tried), "command", "commands"))
}
