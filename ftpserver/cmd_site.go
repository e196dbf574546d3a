package ftpserver

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// siteCommands is the table of SITE words; policy, arguments and rights are
// those of any other command.
var siteCommands map[string]*command

func init() {
	siteCommands = map[string]*command{
		"CHMOD": {run: (*session).siteChmod, args: argPath, needs: needLogin, perm: PermAttributes, help: "644 path: set permission bits"},
		"UTIME": {run: (*session).siteUtime, args: argPath, needs: needLogin, perm: PermAttributes,
			help: "YYYYMMDDHHMM[SS] path: set when a file was changed"},
		"MKDIR": {run: (*session).siteMkdir, args: argPath, needs: needLogin, perm: PermMkdir, help: "path: make a directory and those above it"},
		"RMDIR": {run: (*session).siteRmdir, args: argPath, needs: needLogin, perm: PermRmdir, help: "path: as RMDA"},
		"CPFR":  {run: (*session).siteCopyFrom, args: argPath, needs: needLogin, perm: PermRead, help: "path: copy from; SITE CPTO follows"},
		"CPTO": {run: (*session).siteCopyTo, args: argPath, needs: needLogin | needCopying, perm: permUpload,
			help: "path: copy to"},
		"SYMLINK": {run: (*session).siteSymlink, args: argPath, needs: needLogin, perm: PermWrite, help: "target name: make a link"},
		"PSWD":    {run: (*session).sitePassword, args: argPath, needs: needLogin, help: "old new: change the own password"},
		"QUOTA":   {run: (*session).siteQuota, needs: needLogin, help: "what the account holds and may hold"},
		"WHO":     {run: (*session).siteWho, needs: needLogin, help: "sessions, for administrators"},
		"IDLE":    {run: (*session).siteIdle, args: argWords, needs: needLogin, help: "seconds: the own idle time, within the server's"},
		"HELP":    {run: (*session).siteHelpRow, args: argOptional, needs: needLogin, help: "this text"},
	}
}

var noSiteWord = ftp.Reply{Code: ftp.CodeUnknown, Text: "No SITE word of that name; see SITE HELP"}

// site runs a SITE word (RFC 959 §4.1.3), under the same policy as the rest.
func (s *session) site(_ context.Context, arg string) (ftp.Reply, error) {
	word, rest, _ := strings.Cut(strings.TrimLeft(arg, " "), " ")
	word = strings.ToUpper(word)
	c := s.siteRow(word)
	if c == nil {
		s.state.Renaming, s.state.Copying = false, false
		return noSiteWord, nil
	}
	return s.carryOut(c, ftp.Command{Verb: "SITE " + word, Arg: c.args.word(rest)}), nil
}

// siteRow is the row of a word: ours, or one of the embedder's.
func (s *session) siteRow(word string) *command {
	if c := siteCommands[word]; c != nil && (word != "SYMLINK" || s.grant.Symlinks) {
		return c
	}
	for _, own := range s.cfg.Site {
		if own.Word == word {
			return &command{args: argOptPath, needs: needLogin, perm: own.Perm, help: own.Help,
				run: func(s *session, ctx context.Context, arg string) (ftp.Reply, error) {
					return own.Run(ctx, s.grant, arg), nil
				}}
		}
	}
	return nil
}

// siteWords are those that this session could use.
func (s *session) siteWords() []string {
	var words []string
	for word := range siteCommands {
		words = append(words, word)
	}
	for _, own := range s.cfg.Site {
		words = append(words, own.Word)
	}
	slices.Sort(words)
	return slices.DeleteFunc(slices.Compact(words), func(word string) bool {
		c := s.siteRow(word)
		return c == nil || !s.offers(c) || !s.offersSite(word)
	})
}

// offersSite reports whether a word could ever do something for this session.
func (s *session) offersSite(word string) bool {
	in := s.state.Login == LoggedIn
	switch word {
	case "WHO":
		return !in || s.grant.Administrator
	case "PSWD":
		return s.cfg.TLS != nil && !s.state.Cleared && (!in || s.grant.SetPassword != nil)
	}
	return true
}

func featSite(s *session) string {
	words := s.siteWords()
	for i, word := range words {
		words[i] = "SITE " + word
	}
	return strings.Join(words, "\n")
}

func (s *session) siteHelp() ftp.Reply {
	lines := s.siteWords()
	for i, word := range lines {
		lines[i] = word + " " + s.siteRow(word).help
	}
	return ftp.Reply{Code: ftp.CodeHelp, Text: "SITE words:\n" + strings.Join(lines, "\n") + "\nEnd"}
}

func (s *session) siteHelpRow(context.Context, string) (ftp.Reply, error) {
	return ok(s.siteHelp().Text)
}

func ok(text string) (ftp.Reply, error) { return ftp.Reply{Code: ftp.CodeOK, Text: text}, nil }

func badSite(form string) (ftp.Reply, error) {
	return ftp.Reply{Code: ftp.CodeBadArgument, Text: "Use SITE " + form}, nil
}

func (s *session) siteChmod(ctx context.Context, arg string) (ftp.Reply, error) {
	digits, name, _ := strings.Cut(arg, " ")
	mode, err := parseMode(digits)
	if err != nil || name == "" {
		return badSite("CHMOD 644 path")
	}
	if err := s.setAttr(ctx, name, storage.Attr{Mode: &mode}); err != nil {
		return ftp.Reply{}, err
	}
	return ok("Permissions set")
}

// siteUtime knows two forms: "time path", and "path atime mtime ctime UTC".
func (s *session) siteUtime(ctx context.Context, arg string) (ftp.Reply, error) {
	name, when, known := parseUtime(arg)
	if !known {
		return badSite("UTIME YYYYMMDDHHMMSS path")
	}
	if err := s.setAttr(ctx, name, storage.Attr{ModTime: &when}); err != nil {
		return ftp.Reply{}, err
	}
	return ok("Time set")
}

func parseUtime(arg string) (name string, when time.Time, known bool) {
	stamp, rest, _ := strings.Cut(arg, " ")
	if when, err := parseStamp(stamp); err == nil && rest != "" {
		return rest, when, true
	}
	fields := strings.Fields(arg)
	if len(fields) < 5 || !strings.EqualFold(fields[len(fields)-1], "UTC") {
		return "", time.Time{}, false
	}
	tail := strings.Join(fields[len(fields)-4:], " ")
	when, err := parseStamp(fields[len(fields)-3])
	name, found := strings.CutSuffix(arg, " "+tail)
	return name, when, err == nil && found && name != ""
}

// parseStamp reads 12 or 14 digits.
func parseStamp(s string) (time.Time, error) {
	if len(s) == len("200601021504") {
		s += "00"
	}
	return ftp.ParseTime(s)
}

// siteMkdir makes a directory and those above it that are missing.
func (s *session) siteMkdir(ctx context.Context, arg string) (ftp.Reply, error) {
	p, err := s.resolve(arg, PermMkdir)
	if err != nil {
		return ftp.Reply{}, err
	}
	var missing []storage.Path
	for dir := p; dir != storage.Root; dir = dir.Dir() {
		info, err := s.grant.Files.Stat(ctx, dir)
		if err == nil && info.Type == storage.Dir {
			break
		}
		if err == nil {
			return ftp.Reply{}, storage.ErrNotDir
		}
		if hasControl(dir.Base()) {
			return ftp.Reply{}, storage.ErrName
		}
		missing = append(missing, dir)
	}
	for _, dir := range slices.Backward(missing) {
		if s.grant.permAt(dir)&PermMkdir == 0 {
			return ftp.Reply{}, fs.ErrPermission
		}
		if err := s.grant.Files.Mkdir(ctx, dir); err != nil {
			return ftp.Reply{}, err
		}
	}
	return ok("Made")
}

func (s *session) siteRmdir(ctx context.Context, arg string) (ftp.Reply, error) {
	reply, err := s.rmda(ctx, arg)
	if err != nil {
		return ftp.Reply{}, err
	}
	return ok(reply.Text)
}

// siteCopyFrom notes what SITE CPTO copies.
func (s *session) siteCopyFrom(ctx context.Context, arg string) (ftp.Reply, error) {
	info, p, err := s.file(ctx, arg, PermRead)
	if err == nil && info.Unfinished {
		err = &storage.UnfinishedError{Size: info.Size}
	}
	if err != nil {
		return ftp.Reply{}, err
	}
	s.copying, s.state.Copying = p, true
	return ftp.Reply{Code: ftp.CodePending, Text: "SITE CPTO comes next"}, nil
}

// siteCopyTo copies a file within the account's tree; it needs the rights of
// a download there and an upload here.
func (s *session) siteCopyTo(ctx context.Context, arg string) (ftp.Reply, error) {
	to, err := s.resolveNew(arg, permUpload)
	if err != nil {
		return ftp.Reply{}, err
	}
	from, err := s.grant.Files.Open(ctx, s.copying, 0)
	if err != nil {
		return ftp.Reply{}, err
	}
	defer from.Close()
	w, err := s.grant.Files.Create(ctx, to, storage.Mode{Allow: allow(s.grant.permAt(to))})
	if err != nil {
		return ftp.Reply{}, err
	}
	n, err := copyTo(w, from)
	if err != nil {
		return ftp.Reply{}, err
	}
	return ftp.Replyf(ftp.CodeFileOK, "Copied %d bytes", n), nil
}

// siteSymlink makes a link; the storage lets none lead out of the tree.
func (s *session) siteSymlink(ctx context.Context, arg string) (ftp.Reply, error) {
	target, name, two := strings.Cut(arg, " ")
	if !two || name == "" {
		return badSite("SYMLINK target name")
	}
	to, err := s.resolve(target, 0)
	if err != nil {
		return ftp.Reply{}, err
	}
	p, err := s.resolveNew(name, PermWrite)
	if err != nil {
		return ftp.Reply{}, err
	}
	if err := s.grant.Files.Symlink(ctx, to, p); err != nil {
		return ftp.Reply{}, err
	}
	return ok("Linked")
}

// sitePassword changes the account's own password; under TLS alone.
func (s *session) sitePassword(ctx context.Context, arg string) (ftp.Reply, error) {
	old, next, two := strings.Cut(arg, " ")
	switch {
	case !two || next == "":
		return badSite("PSWD old new")
	case s.state.Security != Secure:
		return ftp.Reply{Code: ftp.CodePolicy, Text: "A password is changed under TLS alone"}, nil
	case s.grant.SetPassword == nil:
		return ftp.Reply{Code: ftp.CodeUnavailable, Text: "This account's password is not kept here"}, nil
	}
	err := s.grant.SetPassword(ctx, old, next)
	s.srv.event(s, "password change", "done", err == nil)
	if err == ErrRefused {
		return ftp.Reply{Code: ftp.CodeNotLoggedIn, Text: "Wrong password"}, nil
	}
	if err != nil {
		return ftp.Reply{}, err
	}
	return ok("Password changed")
}

// siteQuota says what the account holds and may hold.
func (s *session) siteQuota(context.Context, string) (ftp.Reply, error) {
	if s.grant.Usage == nil {
		return ok("No quota")
	}
	u := s.grant.Usage()
	return ok(fmt.Sprintf("%d bytes of %s in %d files of %s", u.Bytes, orNone(u.MaxBytes), u.Files, orNone(u.MaxFiles)))
}

func orNone(limit int64) string {
	if limit == 0 {
		return "any number"
	}
	return fmt.Sprint(limit)
}

// siteWho lists sessions.
func (s *session) siteWho(context.Context, string) (ftp.Reply, error) {
	if !s.grant.Administrator {
		return ftp.Reply{Code: ftp.CodeUnavailable, Text: "Only administrators may ask"}, nil
	}
	lines := []string{"Sessions:"}
	for _, i := range s.srv.Sessions() {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s %s %s %s %s", i.ID, i.Remote, i.User, i.Verb, i.Path), " "))
	}
	return ok(strings.Join(append(lines, "End"), "\n"))
}

// siteIdle shortens the session's own idle time.
func (s *session) siteIdle(_ context.Context, arg string) (ftp.Reply, error) {
	n, err := ftp.ParseNumber(arg)
	most := s.srv.config.Load().Limits.IdleTimeout
	if err != nil || n < 1 || n > int64(most/time.Second) {
		return ftp.Replyf(ftp.CodeBadArgument, "SITE IDLE takes 1 to %d seconds", most/time.Second), nil
	}
	own := *s.cfg
	own.Limits.IdleTimeout = time.Duration(n) * time.Second
	s.cfg = &own
	return ok("Idle time set")
}
