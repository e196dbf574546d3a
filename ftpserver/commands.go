package ftpserver

import (
	"cmp"
	"context"

	"github.com/sealift/sealift/ftp"
)

// handler carries one command out, when nothing is to be said against it.
type handler func(s *session, ctx context.Context, arg string) (ftp.Reply, error)

// command is a row of the table: all that is known of a verb. Dispatch, FEAT,
// HELP and the tests read the table and nothing else.
type command struct {
	run     handler
	args    args
	needs   need
	perm    Perm  // one of these rights is needed
	codes   codes // of refusals that come from the storage
	refused ftp.Reply
	feat    feature
	help    string // arguments and what it does
}

// feature is a verb's line in FEAT, as the session stands; "" if none.
type feature func(s *session) string

// line is a feature that is always the same.
func line(text string) feature { return func(*session) string { return text } }

// codes are the replies to what storage refuses; 0 is 550.
type codes struct {
	absent ftp.Code // nothing stands there
	denied ftp.Code // no right, wrong type, a name that is not allowed
	right  ftp.Code // no right, where that differs from denied
	stands ftp.Code // what stands there may not become what was asked for, where that differs
}

func (c codes) orDefault() codes {
	if c.absent == 0 {
		c.absent = ftp.CodeUnavailable
	}
	if c.denied == 0 {
		c.denied = ftp.CodeUnavailable
	}
	c.right, c.stands = cmp.Or(c.right, c.denied), cmp.Or(c.stands, c.denied)
	return c
}

var (
	creates = codes{absent: ftp.CodeNameRefused, denied: ftp.CodeNameRefused}
	extends = codes{absent: ftp.CodeNameRefused, denied: ftp.CodeNameRefused, stands: ftp.CodeUnavailable}
	hashes  = codes{right: ftp.CodeQuota}
	lists   = codes{absent: ftp.CodeBusy}
)

const (
	needPort   = needLogin | needNoEPSVAll
	needsData  = needLogin | opensData
	permUpload = PermWrite | PermAppend | PermOverwrite
)

// commands is the table.
var commands map[string]*command

func init() {
	commands = map[string]*command{}
	for _, part := range []map[string]*command{
		accessCommands, dataCommands, transferCommands, fileCommands, directoryCommands, digestCommands, infoCommands, refusedCommands,
	} {
		for verb, c := range part {
			commands[verb] = c
		}
	}
	for alias, verb := range map[string]string{
		"XCWD": "CWD", "XCUP": "CDUP", "XPWD": "PWD", "XMKD": "MKD", "XRMD": "RMD", "XSHA": "XSHA1",
	} {
		row := *commands[verb]
		row.feat = nil
		row.help += " (as " + verb + ")"
		commands[alias] = &row
	}
}

var accessCommands = map[string]*command{
	"AUTH": {run: (*session).auth, args: argWords, needs: startsTLS | answersInClear, feat: featAuth,
		help: "TLS: secure the control connection"},
	"PBSZ": {run: (*session).pbsz, args: argWords, needs: needTLS | answersInClear, feat: line("PBSZ"),
		help: "0: protection buffer size, after AUTH and before PROT"},
	"PROT": {run: (*session).prot, args: argWords, needs: needTLS | needPBSZ | answersInClear, feat: line("PROT"),
		help: "C or P: data connections in clear or private"},
	"CCC": {run: (*session).ccc, needs: endsTLS | answersInClear, feat: featCCC,
		help: "back to a control connection in clear"},
	"USER": {run: (*session).userName, args: argWords, needs: carriesLogin,
		help: "name: who logs in"},
	"PASS": {run: (*session).password, args: argOptPath, needs: carriesLogin | needNamed,
		help: "password"},
	"ACCT": {run: (*session).acct, args: argIgnored, needs: carriesLogin | needNamed,
		help: "not needed here"},
	"REIN": {run: (*session).rein,
		help: "start anew, as if just connected"},
	"QUIT": {run: (*session).quit, needs: answersInClear,
		help: "end the session"},
	"HOST": {run: (*session).hostName, args: argWords, needs: needLoggedOut | answersInClear, feat: line("HOST"),
		help: "name: which of the server's names is meant, before the login"},
	"CLNT": {run: (*session).clnt, args: argWords, feat: line("CLNT"),
		help: "text: the name of the client program"},
}

var dataCommands = map[string]*command{
	"TYPE": {run: (*session).typ, args: argWords, needs: needLogin, help: "A, I or L 8: lines of text or plain bytes"},
	"MODE": {run: (*session).mode, args: argWords, needs: needLogin, feat: featMode, help: "S or, where it is allowed, Z: stream, or compressed"},
	"STRU": {run: (*session).stru, args: argWords, needs: needLogin, help: "F: file"},
	"PASV": {run: (*session).pasv, needs: needPort, help: "listen for the next data connection (IPv4)"},
	"EPSV": {run: (*session).epsv, args: argOptional, needs: needLogin, feat: line("EPSV"),
		help: "[1|2|ALL]: listen for the next data connection"},
	"PORT": {run: (*session).port, args: argWords, needs: needPort | dialsOut,
		help: "h1,h2,h3,h4,p1,p2: connect there for the next transfer"},
	"EPRT": {run: (*session).eprt, args: argWords, needs: needPort | dialsOut, feat: line("EPRT"),
		help: "|family|address|port|: connect there for the next transfer"},
	"REST": {run: (*session).rest, args: argWords, needs: needLogin, feat: line("REST STREAM"),
		help: "n: the next transfer begins at byte n"},
	"RANG": {run: (*session).rang, args: argWords, needs: needLogin, perm: PermRead, codes: hashes, feat: line("RANG STREAM"),
		help: "first last: the next RETR or HASH takes these bytes"},
	"ALLO": {run: (*session).allo, args: argWords, needs: needLogin,
		help: "n: the next upload will have n bytes"},
	"ABOR": {run: (*session).abor, needs: duringTransfer,
		help: "end the transfer that runs"},
}

var transferCommands = map[string]*command{
	"RETR": {run: (*session).retr, args: argPath, needs: needsData | usesOffset, perm: PermRead, help: "path: download a file"},
	"STOR": {run: (*session).stor, args: argPath, needs: needsData | usesOffset | uploads, perm: permUpload, codes: creates,
		help: "path: upload a file"},
	"APPE": {run: (*session).appe, args: argPath, needs: needsData | usesOffset | uploads, perm: permUpload, codes: extends,
		help: "path: upload to the end of a file"},
	"STOU": {run: (*session).stou, needs: needsData | uploads, perm: PermWrite, codes: creates,
		help: "upload a file under a new name"},
	"LIST": {run: (*session).list, args: argOptPath, needs: needsData, perm: PermList, codes: lists, help: "[path]: directory, for people"},
	"NLST": {run: (*session).nlst, args: argOptPath, needs: needsData, perm: PermList, codes: lists, help: "[path]: names in a directory"},
	"MLSD": {run: (*session).mlsd, args: argOptPath, needs: needsData, perm: PermList, help: "[path]: directory, for programs"},
}

var fileCommands = map[string]*command{
	"DELE": {run: (*session).dele, args: argPath, needs: needLogin, perm: PermDelete, help: "path: delete a file"},
	"RNFR": {run: (*session).rnfr, args: argPath, needs: needLogin, perm: PermRename, help: "path: rename from; RNTO follows"},
	"RNTO": {run: (*session).rnto, args: argPath, needs: needLogin | needRenaming, perm: PermRename, codes: creates,
		help: "path: rename to"},
	"SIZE": {run: (*session).size, args: argPath, needs: needLogin, perm: PermList | PermRead | permUpload, feat: line("SIZE"),
		help: "path: how many bytes RETR would send"},
	"MDTM": {run: (*session).mdtm, args: argPath, needs: needLogin, perm: PermList | PermRead | permUpload, feat: line("MDTM"),
		help: "path: when the file was changed, in UTC"},
	"MFMT": {run: (*session).mfmt, args: argPath, needs: needLogin, perm: PermAttributes, feat: line("MFMT"),
		help: "YYYYMMDDHHMMSS path: set when the file was changed"},
	"MFF": {run: (*session).mff, args: argPath, needs: needLogin, perm: PermAttributes, feat: line("MFF Modify;UNIX.mode;"),
		help: "Modify=…;UNIX.mode=…; path: set facts"},
	"MLST": {run: (*session).mlst, args: argOptPath, needs: needLogin, perm: PermList, feat: featMLST,
		help: "[path]: facts of a file"},
}

var directoryCommands = map[string]*command{
	"CWD":  {run: (*session).cwdTo, args: argPath, needs: needLogin, help: "path: change the working directory"},
	"CDUP": {run: (*session).cdup, needs: needLogin, help: "change to the directory above"},
	"PWD":  {run: (*session).pwd, needs: needLogin, help: "the working directory"},
	"MKD":  {run: (*session).mkd, args: argPath, needs: needLogin, perm: PermMkdir, help: "path: make a directory"},
	"RMD":  {run: (*session).rmd, args: argPath, needs: needLogin, perm: PermRmdir, help: "path: remove an empty directory"},
	"RMDA": {run: (*session).rmda, args: argPath, needs: needLogin, perm: PermRmdir, feat: featRMDA,
		help: "path: remove a directory and all that is in it"},
	"AVBL": {run: (*session).avbl, args: argOptPath, needs: needLogin, perm: permUpload, feat: line("AVBL"),
		help: "[path]: how many bytes may be added"},
	"DSIZ": {run: (*session).dsiz, args: argOptPath, needs: needLogin, perm: PermList, feat: line("DSIZ"),
		help: "[path]: the bytes of all files below"},
}

var infoCommands = map[string]*command{
	"FEAT": {run: (*session).featList, needs: answersInClear, help: "what the server can do"},
	"OPTS": {run: (*session).opts, args: argWords, help: "UTF8, MLST or HASH: options of a command"},
	"HELP": {run: (*session).helpText, args: argOptional, help: "[verb]: this text"},
	"SYST": {run: (*session).syst, help: "kind of system"},
	"STAT": {run: (*session).stat, args: argOptPath, needs: needLogin | duringTransfer, codes: lists,
		help: "[path]: the session, or a directory without a data connection"},
	"NOOP": {run: (*session).noop, needs: duringTransfer, help: "do nothing"},
	"LANG": {run: (*session).lang, args: argOptional, feat: line("LANG EN*"), help: "EN: language of the replies"},
	"SITE": {run: (*session).site, args: argPath, needs: needLogin | delegates, feat: featSite, help: "word: see HELP SITE"},
	"CSID": {run: (*session).csid, args: argOptional, feat: line("CSID"), help: "Name=…;: who is who"},
}

// Reasons to refuse a verb that is known.
const (
	noExchange = "TLS has no such exchange: AUTH TLS is all"
	useTLS     = "Protection is TLS here: see AUTH"
	noMeaning  = "That has no meaning here"
	useEPSV    = "Use EPSV, EPRT, PASV or PORT"
	noFXP      = "Transfers between servers are refused"
)

var refusedCommands = refuseAll(map[string][]string{
	useTLS:    {"MIC", "CONF", "ENC"},
	noMeaning: {"SMNT", "XRSQ", "XRCP", "XSEM", "XSEN", "MFCT", "THMB"},
	useEPSV:   {"LPRT", "LPSV", "SPSV"},
	noFXP:     {"SSCN", "CPSV", "CEPR", "PRET"},
})

func refuseAll(reasons map[string][]string) map[string]*command {
	rows := map[string]*command{
		"ADAT": {refused: ftp.Reply{Code: ftp.CodeBadSequence, Text: noExchange}, help: noExchange},
	}
	for why, verbs := range reasons {
		for _, verb := range verbs {
			rows[verb] = &command{refused: ftp.Reply{Code: ftp.CodeRefused, Text: why}, help: why}
		}
	}
	return rows
}
