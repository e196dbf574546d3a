package ftpserver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// maxStat is how many entries STAT sends over the control connection.
const maxStat = maxMatched

// featList tells what this session can do (RFC 2389 §3); a row of the table
// is left out where it would be refused for good.
func (s *session) featList(context.Context, string) (ftp.Reply, error) {
	var lines []string
	for _, c := range commands {
		if c.feat == nil || !s.offers(c) {
			continue
		}
		if text := c.feat(s); text != "" {
			lines = append(lines, strings.Split(text, "\n")...)
		}
	}
	lines = append(lines, "TVFS", "UTF8")
	slices.Sort(lines)
	return ftp.Reply{Code: ftp.CodeStatus, Text: "Features:\n" + strings.Join(lines, "\n") + "\nEnd"}, nil
}

// offers reports whether a login of this account could ever use the row.
func (s *session) offers(c *command) bool {
	switch {
	case s.state.Login == LoggedIn && c.perm != 0 && s.state.Perm&c.perm == 0:
		return false
	case c.needs.has(needTLS):
		return s.cfg.TLS != nil && !s.state.Cleared
	case c.needs.has(dialsOut):
		return !s.policy.NoActive
	}
	return true
}

func featAuth(s *session) string {
	if s.cfg.TLS == nil || s.state.Security == Secure || s.state.Cleared {
		return ""
	}
	return "AUTH TLS"
}

func featCCC(s *session) string {
	if !s.policy.CCC || s.state.Implicit || s.state.Cleared {
		return ""
	}
	return "CCC"
}

func featMLST(s *session) string { return "MLST " + s.facts.Feature() }

func featRMDA(s *session) string {
	if s.state.Login == LoggedIn && s.state.Perm&PermDelete == 0 {
		return ""
	}
	return "RMDA"
}

// opts sets options of a command (RFC 2389 §4).
func (s *session) opts(_ context.Context, arg string) (ftp.Reply, error) {
	name, value, given := strings.Cut(arg, " ")
	value = strings.Trim(value, " ")
	switch strings.ToUpper(name) {
	case "UTF8", "UTF-8":
		return optsUTF8(value), nil
	case "MLST":
		return s.optsMLST(value, given), nil
	case "HASH":
		return s.optsHash(value), nil
	case "MODE":
		return s.optsMode(value), nil
	}
	return ftp.Reply{Code: ftp.CodeBadArgument, Text: "OPTS knows UTF8, MLST and HASH"}, nil
}

func optsUTF8(value string) ftp.Reply {
	switch strings.ToUpper(value) {
	case "", "ON", "NLST":
		return ftp.Reply{Code: ftp.CodeOK, Text: "Names are UTF-8"}
	}
	return ftp.Reply{Code: ftp.CodeBadArgument, Text: "Names are always UTF-8"}
}

// optsMLST chooses the facts of MLST and MLSD (RFC 3659 §7.9).
func (s *session) optsMLST(list string, given bool) ftp.Reply {
	if strings.Contains(list, " ") {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "OPTS MLST needs a list of facts without blanks"}
	}
	s.facts = 0
	if given {
		s.facts = ftp.ParseFacts(list)
	}
	return ftp.Reply{Code: ftp.CodeOK, Text: strings.TrimRight("MLST OPTS "+s.facts.String(), " ")}
}

// optsMode sets the level of MODE Z.
func (s *session) optsMode(value string) ftp.Reply {
	words := strings.Fields(strings.ToUpper(value))
	if s.policy.Compression && len(words) == 3 && words[0] == "Z" && words[1] == "LEVEL" {
		if n, err := ftp.ParseNumber(words[2]); err == nil && n >= 1 && n <= 9 {
			s.deflate = int(n)
			return ftp.Replyf(ftp.CodeOK, "MODE Z LEVEL %d", n)
		}
	}
	return ftp.Reply{Code: ftp.CodeBadArgument, Text: "OPTS MODE takes Z LEVEL 1 to 9, where MODE Z is allowed"}
}

func (s *session) optsHash(name string) ftp.Reply {
	if name != "" {
		chosen, known := ftp.DigestNamed(name)
		if !known {
			return ftp.Reply{Code: ftp.CodeBadArgument, Text: "OPTS HASH knows SHA-256, SHA-512, SHA-1, MD5 and CRC32"}
		}
		s.digest = chosen.Name
	}
	return ftp.Reply{Code: ftp.CodeOK, Text: s.digest}
}

// helpText is made from the table.
func (s *session) helpText(_ context.Context, arg string) (ftp.Reply, error) {
	verb := strings.ToUpper(arg)
	if verb == "SITE" {
		return s.siteHelp(), nil
	}
	if verb == "" {
		return ftp.Reply{Code: ftp.CodeHelp, Text: "Commands; HELP VERB says more:\n" + columns(verbs()) + "\nEnd"}, nil
	}
	c := commands[verb]
	if c == nil {
		return ftp.Reply{Code: ftp.CodeRefused, Text: "No such verb; HELP lists them"}, nil
	}
	return ftp.Reply{Code: ftp.CodeHelp, Text: verb + " " + c.help}, nil
}

func verbs() []string {
	var all []string
	for verb, c := range commands {
		if c.refused.IsZero() {
			all = append(all, verb)
		}
	}
	slices.Sort(all)
	return all
}

// columns sets words in lines of eight.
func columns(words []string) string {
	var b strings.Builder
	for i, word := range words {
		if i > 0 && i%8 == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%-8s", word)
	}
	return b.String()
}

func (s *session) syst(context.Context, string) (ftp.Reply, error) {
	return ftp.Reply{Code: ftp.CodeSystem, Text: "UNIX Type: L8"}, nil
}

func (s *session) noop(context.Context, string) (ftp.Reply, error) {
	return ftp.Reply{Code: ftp.CodeOK, Text: "OK"}, nil
}

// lang knows English (RFC 2640 §4).
func (s *session) lang(_ context.Context, tag string) (ftp.Reply, error) {
	switch first, _, _ := strings.Cut(strings.ToUpper(tag), "-"); {
	case first == "" || first == "EN":
		return ftp.Reply{Code: ftp.CodeOK, Text: "English"}, nil
	case strings.ContainsFunc(tag, func(r rune) bool { return !isTagRune(r) }):
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "LANG needs a language tag"}, nil
	}
	return ftp.Reply{Code: ftp.CodeBadParameter, Text: "Only English is spoken here"}, nil
}

func isTagRune(r rune) bool {
	return r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// stat tells of the session, or lists over the control connection (RFC 959
// §4.1.3).
func (s *session) stat(ctx context.Context, arg string) (ftp.Reply, error) {
	if arg == "" {
		return ftp.Reply{Code: ftp.CodeStatus, Text: "Status:\n" + strings.Join(s.status(), "\n") + "\nEnd"}, nil
	}
	f, err := s.find(ctx, arg)
	if err != nil {
		return ftp.Reply{}, err
	}
	info, err := s.grant.Files.Stat(ctx, f.path)
	if err != nil {
		return ftp.Reply{}, err
	}
	code := ftp.CodeFileStatus
	if info.Type == storage.Dir {
		code = ftp.CodeDirStatus
	}
	text := []byte("Listing:\n")
	shown, line := 0, s.listLine()
	for info, err := range s.presentable(f.entries) {
		if err != nil {
			return ftp.Reply{}, err
		}
		if shown++; shown > maxStat {
			s.cfg.Log.Warn("listing cut", "session", s.id, "path", string(f.path), "names", maxStat)
			break
		}
		text = append(line(text, &info), '\n')
	}
	return ftp.Reply{Code: code, Text: string(append(text, "End"...))}, nil
}

func (s *session) status() []string {
	protection := "in clear"
	if s.tls != nil {
		protection = tlsInfo(s.tls.ConnectionState()).String()
	}
	lines := []string{
		"Logged in as " + s.user,
		"Control connection " + protection,
		"Data connections " + s.state.Protection.String(),
	}
	if t := s.running; t != nil {
		lines = append(lines, fmt.Sprintf("%s: %d bytes so far, in %v", t.verb, t.moved.Load(), time.Since(t.began).Round(time.Second)))
	}
	return lines
}
