package ftpserver

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// replyFor makes an error a reply. No text of an error goes to the client;
// what is not expected goes to the log.
func (s *session) replyFor(err error, cmd ftp.Command, c codes) ftp.Reply {
	var chosen ftp.Reply
	var unfinished *storage.UnfinishedError
	is := func(target error) bool { return errors.Is(err, target) }
	say := func(code ftp.Code, text string) ftp.Reply { return ftp.Reply{Code: code, Text: text} }
	switch {
	case errors.As(err, &chosen):
		return chosen
	case errors.As(err, &unfinished):
		return ftp.Replyf(ftp.CodeUnavailable, "Unfinished upload, %d bytes; resume with REST %d and STOR, or delete it",
			unfinished.Size, unfinished.Size)
	case is(storage.ErrName):
		return say(c.denied, "That name is not allowed here")
	case is(storage.ErrNotDir):
		return say(c.denied, "Not a directory")
	case is(storage.ErrIsDir):
		return say(c.denied, "That is a directory")
	case is(storage.ErrNotEmpty):
		return say(c.denied, "The directory is not empty")
	case is(storage.ErrNotRegular):
		return say(c.denied, "Not a regular file")
	case is(storage.ErrBusy):
		return say(ftp.CodeBusy, "Another upload builds on the same bytes; try again later")
	case is(storage.ErrOffset):
		return say(ftp.CodeBadOffset, "The offset fits nothing that is there; SIZE tells how much is")
	case is(storage.ErrNoSpace):
		return say(ftp.CodeNoSpace, "The disk is full")
	case is(storage.ErrQuota):
		return say(ftp.CodeQuota, "Quota exceeded; see SITE QUOTA")
	case is(storage.ErrUnsupported):
		return say(c.stands, "That cannot be done in this folder")
	case is(fs.ErrNotExist):
		return say(c.absent, absentText(c))
	case is(fs.ErrExist):
		return say(c.stands, "Something of that name stands there")
	case is(fs.ErrPermission):
		return say(c.right, replyNoRight)
	case is(errKicked), is(net.ErrClosed), is(context.Canceled):
		return say(ftp.CodeClosing, "The session ends")
	}
	s.cfg.Log.Error("command failed", append(s.logFields(), "verb", cmd.Verb, "error", err.Error())...)
	return say(ftp.CodeLocalError, "Local error; the server's log says more")
}

// absentText: lftp takes 450 with this text for an empty listing.
func absentText(c codes) string {
	if c.absent == ftp.CodeBusy {
		return "No files found"
	}
	return "No such file or directory"
}

// copyTo copies a whole file into w, and commits or aborts it.
func copyTo(w storage.Writer, from io.Reader) (int64, error) {
	buffer := chunkBuffers.Get().(*[]byte)
	defer chunkBuffers.Put(buffer)
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{from}, *buffer)
	if err != nil {
		return n, errors.Join(err, w.Abort())
	}
	return n, w.Commit()
}
