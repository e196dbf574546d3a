package shell

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
)

// A command is a row of the table, from which everything about it comes: how
// it is called, completed and explained.
type command struct {
	names       []string // the first is shown in front
	args        string
	about       string
	least, most int // arguments; most -1: any number
	remote      bool
	complete    []kind // of each argument, the last of all that follow
	run         func(s *Shell, ctx context.Context, args []word) error
}

func (c *command) usage() string { return strings.TrimSpace(c.names[0] + " " + c.args) }

// table is set in init, since help is in it and reads it.
var table []command

func init() {
	table = []command{
		{[]string{"open", "connect"}, "URL", "connect to a server: ftpes://USER@HOST/PATH", 1, 1, false, none, (*Shell).open},
		{[]string{"close", "disconnect"}, "", "end the connection", 0, 0, false, none, (*Shell).close},
		{[]string{"ls", "dir"}, "[-R] [PATH…]", "list a folder, with sizes and times", 0, -1, true, theirs, (*Shell).ls},
		{[]string{"nlist"}, "[-R] [PATH…]", "list names alone", 0, -1, true, theirs, (*Shell).nlist},
		{[]string{"cd"}, "[PATH]", `change the remote folder; "-" is the last one, nothing the login's`, 0, 1, true, theirFolders, (*Shell).cd},
		{[]string{"lcd"}, "[DIR]", "change the local directory", 0, 1, false, ours, (*Shell).lcd},
		{[]string{"pwd"}, "", "show the remote folder", 0, 0, true, none, (*Shell).pwd},
		{[]string{"lpwd"}, "", "show the local directory", 0, 0, false, none, (*Shell).lpwd},
		{[]string{"get", "recv"}, "[-r] PATH [LOCAL]", "download a file, with -r a folder", 1, 3, true, []kind{remoteName, localName}, (*Shell).get},
		{[]string{"mget"}, "[-r] PATH…", "download several files; patterns of * ? [ ]", 1, -1, true, theirs, (*Shell).mget},
		{[]string{"put", "send"}, "[-r] LOCAL [PATH]", "upload a file, with -r a folder", 1, 3, true, []kind{localName, remoteName}, (*Shell).put},
		{[]string{"mput"}, "[-r] LOCAL…", "upload several files; patterns", 1, -1, true, ours, (*Shell).mput},
		{[]string{"cat"}, "PATH…", "show files", 1, -1, true, theirs, (*Shell).cat},
		{[]string{"rm", "delete", "mrm", "mdelete"}, "[-r] PATH…", "remove files, with -r folders; patterns", 1, -1, true, theirs, (*Shell).rm},
		{[]string{"mkdir"}, "[-p] PATH…", "make folders, with -p also those above", 1, -1, true, theirFolders, (*Shell).mkdir},
		{[]string{"rmdir"}, "PATH…", "remove empty folders", 1, -1, true, theirFolders, (*Shell).rmdir},
		{[]string{"mv", "rename"}, "PATH PATH", "rename, or move into a folder", 2, 2, true, theirs, (*Shell).mv},
		{[]string{"stat"}, "PATH…", "show what the server tells about files", 1, -1, true, theirs, (*Shell).stat},
		{[]string{"size"}, "PATH…", "show sizes in bytes", 1, -1, true, theirs, (*Shell).size},
		{[]string{"chmod"}, "MODE PATH…", "change rights: SITE CHMOD 640", 2, -1, true, theirs, (*Shell).chmod},
		{[]string{"quote", "literal"}, "COMMAND…", "send a command of FTP as it is", 1, -1, true, none, (*Shell).quote},
		{[]string{"site"}, "WORD…", "send SITE and the words", 1, -1, true, none, (*Shell).site},
		{[]string{"history"}, "", "show the lines typed before", 0, 0, false, none, (*Shell).showHistory},
		{[]string{"help", "?"}, "[COMMAND]", "show the commands, or one; !COMMAND runs one of this system", 0, 1, false, []kind{commandName}, (*Shell).help},
		{[]string{"exit", "quit", "bye"}, "", "leave", 0, 0, false, none, (*Shell).quit},
	}
}

func (s *Shell) quit(context.Context, []word) error { return errQuit }

func (s *Shell) close(context.Context, []word) error {
	s.Close()
	return nil
}

func (s *Shell) open(ctx context.Context, args []word) error { return s.Open(ctx, args[0].text) }

func (s *Shell) help(_ context.Context, args []word) error {
	if len(args) == 1 {
		c, err := find(args[0].text)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.o.Out, "%s: %s\n", c.usage(), c.about)
		if err == nil && len(c.names) > 1 {
			_, err = fmt.Fprintf(s.o.Out, "also: %s\n", strings.Join(c.names[1:], ", "))
		}
		return err
	}
	t := tabwriter.NewWriter(s.o.Out, 0, 0, 2, ' ', 0)
	for _, c := range table {
		fmt.Fprintf(t, "%s\t%s\n", c.usage(), c.about)
	}
	return t.Flush()
}

// options takes flags of one letter off the front of args.
func options(args []word, known string) (given map[byte]bool, rest []word) {
	given = map[byte]bool{}
	for len(args) > 0 && len(args[0].text) > 1 && args[0].text[0] == '-' {
		flags := args[0].text[1:]
		if strings.Trim(flags, known) != "" {
			break // a name that begins so
		}
		for i := range len(flags) {
			given[flags[i]] = true
		}
		args = args[1:]
	}
	return given, args
}
