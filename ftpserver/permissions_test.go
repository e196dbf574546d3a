package ftpserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/ftp"
)

const (
	anyUpload = PermWrite | PermAppend | PermOverwrite
	anySight  = PermList | PermRead | anyUpload
)

// permissionRows say which rights a command needs (contract.md, "Permissions
// of an account"). Commands before the last one prepare it; their replies are
// not looked at.
var permissionRows = []struct {
	why     string
	lines   []string
	any     Perm // one of these is needed
	all     Perm // each of these is needed
	granted ftp.Code
	denied  []ftp.Code
}{
	{"downloading reads", []string{"RETR file"}, 0, PermRead, 226, codesOf(550)},
	{"a new file is written", []string{"STOR new"}, 0, PermWrite, 226, codesOf(553)},
	{"a file that stands there is overwritten", []string{"STOR file"}, 0, PermOverwrite, 226, codesOf(553)},
	{"going on at the end of a file appends", []string{"REST 7", "STOR file"}, 0, PermAppend, 226, codesOf(553)},
	{"going on in the middle of a file loses its end", []string{"REST 3", "STOR file"}, 0, PermOverwrite, 226, codesOf(553)},
	{"APPE to nothing writes", []string{"APPE new"}, 0, PermWrite, 226, codesOf(553)},
	{"APPE to a file appends; 550 is for one that may not grow", []string{"APPE file"}, 0, PermAppend, 226, codesOf(550, 553)},
	{"APPE behind REST is STOR", []string{"REST 7", "APPE file"}, 0, PermAppend, 226, codesOf(550, 553)},
	{"a new name is written", []string{"STOU"}, 0, PermWrite, 226, codesOf(553)},
	{"listing", []string{"LIST"}, 0, PermList, 226, codesOf(550)},
	{"listing a file", []string{"LIST file"}, 0, PermList, 226, codesOf(550)},
	{"listing a pattern", []string{"LIST f*"}, 0, PermList, 226, codesOf(550)},
	{"listing names", []string{"NLST"}, 0, PermList, 226, codesOf(550)},
	{"listing facts", []string{"MLSD"}, 0, PermList, 226, codesOf(550)},
	{"facts", []string{"MLST file"}, 0, PermList, 250, codesOf(550)},
	{"listing over the control connection", []string{"STAT dir"}, 0, PermList, 212, codesOf(550)},
	{"a file over the control connection", []string{"STAT file"}, 0, PermList, 213, codesOf(550)},
	{"how large is for readers and writers", []string{"SIZE file"}, anySight, 0, 213, codesOf(550)},
	{"so is how old", []string{"MDTM file"}, anySight, 0, 213, codesOf(550)},
	{"deleting", []string{"DELE file"}, 0, PermDelete, 250, codesOf(550)},
	{"what will be renamed", []string{"RNFR file"}, 0, PermRename, 350, codesOf(550)},
	{"renaming", []string{"RNFR file", "RNTO renamed"}, 0, PermRename, 250, codesOf(503)},
	{"renaming onto a file overwrites it", []string{"RNFR file", "RNTO other"}, 0, PermRename | PermOverwrite, 250, codesOf(503, 553)},
	{"making a directory", []string{"MKD new"}, 0, PermMkdir, 257, codesOf(550)},
	{"removing a directory", []string{"RMD empty"}, 0, PermRmdir, 250, codesOf(550)},
	{"removing a tree deletes its files", []string{"RMDA dir"}, 0, PermRmdir | PermDelete, 250, codesOf(550)},
	{"removing a tree without files", []string{"RMDA empty"}, 0, PermRmdir, 250, codesOf(550)},
	{"setting a time", []string{"MFMT 20200101000000 file"}, 0, PermAttributes, 213, codesOf(550)},
	{"setting facts", []string{"MFF UNIX.mode=0600; file"}, 0, PermAttributes, 213, codesOf(550)},
	{"a digest reads", []string{"HASH file"}, 0, PermRead, 213, codesOf(552)},
	{"a range is of what is read", []string{"RANG 0 1"}, 0, PermRead, 350, codesOf(552)},
	{"MD5", []string{"MD5 file"}, 0, PermRead, 251, codesOf(550)},
	{"XCRC", []string{"XCRC file"}, 0, PermRead, 250, codesOf(550)},
	{"XMD5", []string{"XMD5 file"}, 0, PermRead, 250, codesOf(550)},
	{"XSHA", []string{"XSHA file"}, 0, PermRead, 250, codesOf(550)},
	{"XSHA1", []string{"XSHA1 file"}, 0, PermRead, 250, codesOf(550)},
	{"XSHA256", []string{"XSHA256 file"}, 0, PermRead, 250, codesOf(550)},
	{"XSHA512", []string{"XSHA512 file"}, 0, PermRead, 250, codesOf(550)},
	{"a digest of no bytes reads too", []string{"XCRC file 3 3"}, 0, PermRead, 250, codesOf(550)},
	{"space is for writers", []string{"AVBL"}, anyUpload, 0, 213, codesOf(550)},
	{"the size of a tree lists it", []string{"DSIZ"}, 0, PermList, 213, codesOf(550)},
	{"SITE CHMOD as MFF", []string{"SITE CHMOD 600 file"}, 0, PermAttributes, 200, codesOf(550)},
	{"SITE UTIME as MFMT", []string{"SITE UTIME 202001010000 file"}, 0, PermAttributes, 200, codesOf(550)},
	{"SITE MKDIR as MKD", []string{"SITE MKDIR new/er"}, 0, PermMkdir, 200, codesOf(550)},
	{"SITE RMDIR as RMDA", []string{"SITE RMDIR dir"}, 0, PermRmdir | PermDelete, 200, codesOf(550)},
	{"SITE CPFR as RETR", []string{"SITE CPFR file"}, 0, PermRead, 350, codesOf(550)},
	{"SITE CPTO as STOR", []string{"SITE CPFR file", "SITE CPTO new"}, 0, PermRead | PermWrite, 250, codesOf(503, 550)},
	{"SITE CPTO onto a file overwrites it", []string{"SITE CPFR file", "SITE CPTO other"}, 0, PermRead | PermOverwrite, 250, codesOf(503, 550)},
	{"SITE SYMLINK makes a name", []string{"SITE SYMLINK file link"}, 0, PermWrite, 200, codesOf(550)},
	{"SITE IDLE is everybody's", []string{"SITE IDLE 60"}, 0, 0, 200, nil},
	{"SITE QUOTA is everybody's", []string{"SITE QUOTA"}, 0, 0, 200, nil},
	{"SITE HELP is everybody's", []string{"SITE HELP"}, 0, 0, 200, nil},
	{"walking about is everybody's", []string{"CWD dir"}, 0, 0, 250, nil},
	{"up too", []string{"CDUP"}, 0, 0, 250, nil},
	{"asking where one is", []string{"PWD"}, 0, 0, 257, nil},
	{"an offset alone touches nothing", []string{"REST 3"}, 0, 0, 350, nil},
	{"a size alone takes nothing", []string{"ALLO 3"}, 0, 0, 200, nil},
}

func codesOf(codes ...ftp.Code) []ftp.Code { return codes }

var permissionTree = map[string]string{
	"file": "content", "other": "another", "dir/inner": "inner", "dir/sub/": "", "empty/": "",
}

// allowed reports whether rights suffice for a row.
func allowed(have, any, all Perm) bool { return have&all == all && (any == 0 || have&any != 0) }

// rightSets are no rights, all, each alone, and all but each.
func rightSets() []Perm {
	sets := []Perm{0, PermAll}
	for right := PermList; right < PermAll; right <<= 1 {
		sets = append(sets, right, PermAll&^right)
	}
	return sets
}

// security.md F2, §3: every verb asks the one authoriser. Each command is
// tried with each set of rights; a refusal changes nothing.
func TestPermissions(t *testing.T) {
	t.Parallel()
	for _, row := range permissionRows {
		t.Run(strings.Join(row.lines, ","), func(t *testing.T) {
			t.Parallel()
			accounts := grants{}
			addr := startServer(t, accounts, Config{Policy: openPolicy})
			for i, have := range rightSets() {
				user := fmt.Sprintf("user%d", i)
				files := treeOf(t, user, permissionTree)
				accounts[user] = Grant{Files: files, Perm: have, Symlinks: true, Usage: func() Usage { return Usage{MaxBytes: 1 << 20} }}
				before := content(t, files)
				p := loginPeer(t, addr, user)
				for _, line := range row.lines[:len(row.lines)-1] {
					p.do(line)
				}
				got := p.run(row.lines[len(row.lines)-1])
				switch {
				case allowed(have, row.any, row.all):
					if got.Code != row.granted {
						t.Errorf("%s: with %b got %v, want %d", row.why, have, got, row.granted)
					}
				case !slices.Contains(row.denied, got.Code):
					t.Errorf("%s: with %b got %v, want one of %v", row.why, have, got, row.denied)
				case !maps.Equal(before, content(t, files)):
					t.Errorf("%s: with %b it was refused, and something changed", row.why, have)
				}
				p.conn.Close()
			}
		})
	}
}

// Whatever has a right in its row has rows above.
func TestPermissionsAreComplete(t *testing.T) {
	tried := map[string]bool{}
	for _, row := range permissionRows {
		last := row.lines[len(row.lines)-1]
		word, rest, _ := strings.Cut(last, " ")
		if word == "SITE" {
			second, _, _ := strings.Cut(rest, " ")
			word += " " + second
		}
		tried[word] = true
	}
	same := map[string]string{"XMKD": "MKD", "XRMD": "RMD"}
	for verb, c := range commands {
		if c.perm != 0 && !tried[verb] && !tried[same[verb]] {
			t.Errorf("%s needs a right and is not tried", verb)
		}
	}
	for word, c := range siteCommands {
		if c.perm != 0 && !tried["SITE "+word] {
			t.Errorf("SITE %s needs a right and is not tried", word)
		}
	}
}
